//! A private Redis.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rustix::process::Signal;

use crate::{
    Options, Progress, StoreError,
    folders::Folders,
    process::{self, Plan, Process},
    programs,
};

const SOCKET: &str = "redis.sock";
/// Writes everything, exits.
const QUIT: (Signal, &str) = (Signal::TERM, "TERM");
/// What cannot stand in the path of a URL.
const NOT_IN_PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?');

/// A running Redis. Dropping it tells it to end; [`Redis::stop`] waits for that too.
pub struct Redis {
    process: Process,
    socket: PathBuf,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// It is not installed or does not start; the error says what to do.
    pub async fn start(options: Options, progress: Progress) -> Result<Self, StoreError> {
        process::blocking(move || Self::start_blocking(&options, &progress)).await
    }

    fn start_blocking(options: &Options, progress: &Progress) -> Result<Self, StoreError> {
        let folders = Folders::open(options, SOCKET)?;
        let data = folders.state.join("redis");
        let program = programs::redis()?;
        folders.make(&data)?;
        process::end_leftover(&data.join("redis.pid"), &data, QUIT.0)?;
        progress("starting Redis");
        let socket = folders.sockets.join(SOCKET);
        let plan = Plan {
            folders: &folders,
            program: &program,
            arguments: arguments(&data, &socket, options.durable),
            quit: QUIT,
            log: folders.state.join("redis.log"),
        };
        let process = Process::start(plan)?;
        process.until_ready(|| answers(&socket).unwrap_or(false))?;
        Ok(Self { process, socket })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", utf8_percent_encode(&self.socket.to_string_lossy(), NOT_IN_PATH))
    }

    /// Returns when it has ended, which it should not do by itself, with the reason.
    pub async fn gone(&self) -> StoreError {
        self.process.gone().await
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.process.stop().await;
    }

    /// Ends it at once, as a power failure would: for tests.
    pub fn kill(&self) {
        self.process.kill(Signal::KILL);
    }

    /// Halts it, as a machine that hangs would: for tests.
    pub fn halt(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }
}

fn arguments(data: &Path, socket: &Path, durable: bool) -> Vec<String> {
    let (data, pid_file) = (data.display().to_string(), data.join("redis.pid").display().to_string());
    let socket = socket.display().to_string();
    // Every write goes to its log, within a second to the disk; snapshots besides would double the work.
    let fsync = if durable { "everysec" } else { "no" };
    [
        ["--dir", data.as_str()],
        ["--pidfile", pid_file.as_str()],
        ["--port", "0"],
        ["--unixsocket", socket.as_str()],
        ["--unixsocketperm", "700"],
        ["--daemonize", "no"],
        ["--save", ""],
        ["--appendonly", "yes"],
        ["--appendfsync", fsync],
        ["--loglevel", "warning"],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

/// Asks it for a sign of life; while it reads its data it answers with an error.
fn answers(socket: &Path) -> std::io::Result<bool> {
    let mut connection = UnixStream::connect(socket)?;
    connection.set_read_timeout(Some(Duration::from_millis(500)))?;
    connection.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG")
}
