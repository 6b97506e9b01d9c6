//! The media services on one machine: child processes that are started again when they die.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use funkturm_service::{Context, Stop};
use slog::{info, warn};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::{Instant, sleep, timeout},
};

/// A child of `funkturm up`: this very program with other arguments.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    /// What it is called in the log.
    pub(crate) name: &'static str,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
}

/// After this long without a death, the next death is answered at once again.
const SETTLED: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a child may take to drain before it is killed.
const DRAIN: Duration = Duration::from_secs(8);

impl Media {
    /// A media service with its configuration file.
    pub(crate) fn service(name: &'static str, config: &Path) -> Self {
        let arguments = ["serve", name, "--child", "--config"].map(str::to_owned);
        Self { name, arguments: arguments.into_iter().chain([config.display().to_string()]).collect() }
    }

    /// The headend of the demo channels.
    pub(crate) fn headend() -> Self {
        Self { name: "headend", arguments: ["headend", "--child"].map(str::to_owned).to_vec() }
    }

    /// Keeps the child running until stop.
    pub(crate) async fn keep(self, context: Context) -> anyhow::Result<()> {
        let program = std::env::current_exe().context("this program's own file cannot be found")?;
        let mut pause = FIRST_PAUSE;
        while !context.stop.requested() {
            let started = Instant::now();
            let mut child = self.start(&program)?;
            // Taken out, since waiting for a child closes its standard input.
            let stdin = child.stdin.take();
            info!(context.log, "{} runs", self.name; "pid" => child.id());
            tokio::select! {
                ended = child.wait() => {
                    warn!(context.log, "{} ended ({}), starting it again", self.name, ended?;
                        "after_s" => started.elapsed().as_secs());
                }
                () = context.stop.wait() => return drain(child, stdin).await,
            }
            pause = if started.elapsed() > SETTLED { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            wait(pause, &context.stop).await;
        }
        Ok(())
    }

    fn start(&self, program: &PathBuf) -> anyhow::Result<Child> {
        // Its standard input is a pipe from here: when this process is gone, however it went, the pipe closes and
        // the child knows.
        Command::new(program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .process_group(0) // Ctrl-C on the terminal is for us; the children are told in their turn
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.name))
    }
}

async fn wait(pause: Duration, stop: &Stop) {
    tokio::select! {
        () = sleep(pause) => {}
        () = stop.wait() => {}
    }
}

/// Asks the child to end by closing its standard input, and kills it if it does not.
async fn drain(mut child: Child, stdin: Option<ChildStdin>) -> anyhow::Result<()> {
    drop(stdin);
    if timeout(DRAIN, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}
