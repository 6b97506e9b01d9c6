//! The worker process of one encoded channel: the same binary, told what to do over its standard input, and telling how it does
//! over its standard output. It ends when its standard input is closed, so it never outlives the service.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use funkturm_base::{ChannelId, SystemClock, Utc90};
use funkturm_contracts::channel::Profile;
use funkturm_service::{
    Stop,
    log::{Format, Level, Log},
};
use serde::{Deserialize, Serialize};
use slog::{error, o};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader},
    sync::watch,
};

use crate::{Config, hold::Held, runner::Runner, status::Health};

/// The worker takes no arguments: its job comes over standard input, since it has a token in it.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// What a worker is to do: the first line of its standard input. Each further line says until when the channel is its alone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) channel: ChannelId,
    pub(crate) profile: Profile,
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
    let (hold, held) = watch::channel(Utc90(0));
    let runner = Runner {
        log: log.logger.new(o!("channel" => job.channel.to_string())),
        channel: job.channel,
        profile: job.profile,
        held: Held(held),
        config: job.config,
        token: job.token,
        clock: Arc::new(SystemClock::default()),
        health: health.clone(),
        stop: stop.clone(),
    };
    tokio::spawn(tell(health));
    tokio::spawn(async move {
        follow(stdin, &hold).await;
        stop.trigger();
    });
    runner.run().await
}

/// Reads until when the channel is known to be this instance's alone, as long as something comes.
async fn follow(input: impl AsyncBufRead + Unpin, hold: &watch::Sender<Utc90>) {
    let mut lines = input.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(until) = serde_json::from_str(&line) {
            hold.send_replace(until);
        }
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_worker_knows_until_when_the_channel_is_its_alone() {
        let (hold, held) = watch::channel(Utc90(0));
        assert!(!Held(held.clone()).at(Utc90(0)), "not before it is told");
        let newest = serde_json::to_string(&Utc90(2_000)).unwrap();
        follow(
            format!("{}\nwhat is this?\n{newest}\n", serde_json::to_string(&Utc90(1_000)).unwrap())
                .as_bytes(),
            &hold,
        )
        .await;
        assert!(Held(held.clone()).at(Utc90(1_999)));
        assert!(!Held(held).at(Utc90(2_000)));
    }
}
