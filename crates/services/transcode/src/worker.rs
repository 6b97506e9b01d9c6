//! The worker process of one encoded channel: the same binary, told what to do over its standard input, and telling how it does
//! over its standard output. It ends when its standard input is closed, so it never outlives the service.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use funkturm_base::{ChannelId, SystemClock};
use funkturm_contracts::channel::Profile;
use funkturm_service::{
    Stop,
    log::{Format, Level, Log},
};
use serde::{Deserialize, Serialize};
use slog::{error, o};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::{Config, runner::Runner, status::Health};

/// The worker takes no arguments: its job comes over standard input, since it has a token in it.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// What a worker is to do: the first line of its standard input.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) channel: ChannelId,
    pub(crate) profile: Profile,
    pub(crate) redundant: bool,
    pub(crate) config: Config,
    pub(crate) token: Option<String>,
    pub(crate) format: Format,
    pub(crate) level: Level,
}

/// Runs a worker.
pub fn run(_: &Args) -> ExitCode {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let ended = runtime.block_on(work());
            runtime.shutdown_timeout(Duration::from_secs(1));
            ended
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let log = Log::open(Format::default(), Level::default());
            error!(log.logger, "the worker cannot work: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

async fn work() -> anyhow::Result<()> {
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    stdin.read_line(&mut line).await?;
    let job: Job = serde_json::from_str(&line)
        .context("this is started by the transcode service, with its job on standard input")?;
    let log = Log::open(job.format, job.level);
    funkturm_pipeline::init(&log.logger)?;
    let health = Health::new(job.channel.clone());
    let stop = Stop::default();
    let runner = Runner {
        log: log.logger.new(o!("channel" => job.channel.to_string())),
        channel: job.channel,
        profile: job.profile,
        redundant: job.redundant,
        config: job.config,
        token: job.token,
        clock: Arc::new(SystemClock::default()),
        health: health.clone(),
        stop: stop.clone(),
    };
    tokio::spawn(tell(health));
    let parent = stop.clone();
    tokio::spawn(async move {
        // Nothing more comes: only the end does.
        let mut sink = [0; 64];
        while matches!(stdin.read(&mut sink).await, Ok(1..)) {}
        parent.trigger();
    });
    runner.run().await
}

/// Tells every second how the channel does.
async fn tell(health: Health) {
    let mut stdout = tokio::io::stdout();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Ok(mut line) = serde_json::to_vec(&health.get()) else { return };
        line.push(b'\n');
        if stdout.write_all(&line).await.is_err() || stdout.flush().await.is_err() {
            return;
        }
    }
}
