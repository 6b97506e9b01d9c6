//! A whole process: start, readiness, the admin listener, systemd, the end. The process is this test program
//! once more, told by its environment to be a service.

use std::{
    io::{BufRead, BufReader},
    os::unix::net::UnixDatagram,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use funkturm_service::{Context, Payload, Reply, Routes, Service, ServiceMain, config, run, testing::until};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A service with an endless answer and a task that takes a moment to end.
struct Sample;

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    database: String,
    fail: bool,
    window_seconds: u32,
}

impl ServiceMain for Sample {
    const NAME: &'static str = "sample";
    type Config = Settings;

    fn check(config: &Settings) -> Result<(), String> {
        if config.window_seconds > 900 { Err("window_seconds is at most 900".into()) } else { Ok(()) }
    }

    async fn build(config: Settings, context: Context) -> anyhow::Result<Service> {
        let stop = context.stop.clone();
        context.spawn("worker", async move {
            anyhow::ensure!(!config.fail, "the worker was told to fail");
            stop.wait().await;
            Ok(())
        });
        let routes = Routes::new().get("/endless", |_| async {
            let beats = futures_util::stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Ok(bytes::Bytes::from_static(b"beat")), ()))
            });
            Ok(Reply::new(Payload::Stream(Box::pin(beats))))
        });
        Ok(Service { routes, openapi: utoipa::openapi::OpenApi::default() })
    }
}

const CONFIG: &str = "FUNKTURM_TEST_PROCESS";

#[test]
#[ignore = "this is the process that the others start"]
#[expect(clippy::disallowed_methods, reason = "a test has no other way to give its exit status")]
fn as_a_process() {
    let Some(file) = std::env::var_os(CONFIG) else { return };
    let args = config::Args { config: Some(file.into()), settings: Vec::new() };
    let ended = run::run::<Sample>(&args, false);
    let known = [0, 1, run::EX_CONFIG].into_iter().find(|code| ended == ExitCode::from(*code));
    std::process::exit(known.map_or(99, i32::from));
}

struct Process {
    child: Child,
    _folder: tempfile::TempDir,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl Process {
    fn start(settings: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings)
    }

    /// Starts it with a folder in which the socket `notify` is systemd's, if it is there.
    fn start_in(folder: tempfile::TempDir, settings: &str) -> Self {
        let file = folder.path().join("sample.toml");
        std::fs::write(&file, format!("[process]\nlog.format = \"json\"\n{settings}")).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::as_a_process", "--ignored", "--nocapture"])
            .env(CONFIG, &file)
            .envs(
                folder
                    .path()
                    .join("notify")
                    .exists()
                    .then(|| ("NOTIFY_SOCKET", folder.path().join("notify"))),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Every line is JSON: nothing goes past the log.
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, _folder: folder, lines }
    }

    /// The next line of the log with this in its message.
    fn line(&self, part: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no line with {part:?}"));
            let message = line["message"].as_str().unwrap_or_else(|| panic!("not a record: {line}"));
            if message.contains(part) {
                return line;
            }
        }
    }

    /// Where its admin and its public listener are.
    fn listens(&self) -> (String, String) {
        let at = |line: Value| format!("http://{}", line["address"].as_str().unwrap());
        (at(self.line("admin listens")), at(self.line("sample listens")))
    }

    fn signal(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    async fn ended(&mut self) -> i32 {
        until("the process to end", Duration::from_secs(20), || {
            std::future::ready(self.child.try_wait().unwrap())
        })
        .await
        .unwrap()
        .code()
        .unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn get(url: String) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn ready(admin: &str) {
    until("readiness", Duration::from_secs(10), || async {
        (get(format!("{admin}/ready")).await.0 == 200).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_answers_from_beginning_to_end() {
    let mut process =
        Process::start("shutdown_seconds = 2\n[sample]\ndatabase = \"postgres://sample:s3cret@db/sample\"\n");
    let (admin, public) = process.listens();
    ready(&admin).await;
    assert_eq!(get(format!("{admin}/live")).await.0, 200);
    let (_, shown) = get(format!("{admin}/config")).await;
    assert!(
        shown.contains("postgres://sample:…@db/sample") && shown.contains("window_seconds = 0"),
        "{shown}"
    );
    assert!(get(format!("{admin}/metrics")).await.1.contains("process_resident_memory_bytes"));

    let client = reqwest::Client::new();
    let level = format!("{admin}/log-level");
    assert_eq!(get(level.clone()).await.1, "info\n");
    assert_eq!(client.put(&level).body("loud").send().await.unwrap().status(), 400);
    assert_eq!(client.put(&level).body("debug").send().await.unwrap().status(), 204);
    assert_eq!(get(level).await.1, "debug\n");
    assert_eq!(get(format!("{public}/nothing")).await.0, 404);
    let line = process.line("request");
    while process.line("request")["path"] != "/nothing" {}
    assert_eq!(line["level"], "debug");

    let mut endless = reqwest::get(format!("{public}/endless")).await.unwrap();
    assert!(endless.chunk().await.unwrap().is_some());
    process.signal();
    until("the end to begin", Duration::from_secs(5), || async {
        let (status, why) = get(format!("{admin}/ready")).await;
        (status == 503 && why.contains("stopping")).then_some(())
    })
    .await
    .unwrap();
    assert!(endless.chunk().await.unwrap().is_some(), "what runs has its time");
    until("the public listener to close", Duration::from_secs(5), || async {
        reqwest::get(format!("{public}/healthz")).await.is_err().then_some(())
    })
    .await
    .unwrap();
    assert_eq!(process.ended().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once() {
    let mut process = Process::start("shutdown_seconds = 600\n");
    let (admin, public) = process.listens();
    ready(&admin).await;
    let mut endless = reqwest::get(format!("{public}/endless")).await.unwrap();
    assert!(endless.chunk().await.unwrap().is_some());
    process.signal();
    process.line("SIGTERM: stopping");
    process.signal();
    process.line("told twice");
    assert_eq!(process.ended().await, 1);
}

#[tokio::test]
async fn a_failed_task_ends_the_process_as_failed() {
    let mut process = Process::start("[sample]\nfail = true\n");
    assert_eq!(process.line("task failed")["task"], "worker");
    process.line("the worker was told to fail");
    assert_eq!(process.ended().await, 1);
}

#[test]
fn a_configuration_that_cannot_be_used_is_told_apart() {
    for (settings, told) in [
        ("[sample]\nwindow_second = 1\n", "window_second"),
        ("[sample]\nwindow_seconds = 901\n", "at most 900"),
        ("[smaple]\n", "[smaple]"),
        ("[sample\n", "line "),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), settings).unwrap();
        let args = config::Args { config: Some(file.path().into()), settings: Vec::new() };
        let problem = format!("{:#}", run::check::<Sample>(&args).unwrap_err());
        assert!(problem.contains(told) && problem.contains(file.path().to_str().unwrap()), "{problem}");
    }
}

#[tokio::test]
async fn systemd_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut process = Process::start_in(folder, "");
    let told = || {
        let mut text = [0; 256];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).trim().to_owned()
    };
    process.listens();
    assert_eq!(told(), "READY=1");
    process.signal();
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(process.ended().await, 0);
}
