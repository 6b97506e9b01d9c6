//! One channel: its programme stream from ingest, its packaging, its pushes.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use funkturm_base::{ChannelId, Clock};
use funkturm_contracts::{
    channel::Profile,
    client::{CallError, Peer},
    programme::Message,
};
use funkturm_pipeline::packager::{OUTPUT_QUEUE, Output};
use funkturm_service::Stop;
use slog::{Logger, debug, info};
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

use crate::{
    Config,
    hold::Held,
    packaging::{self, Packaging},
    push::{self, Pusher},
    status::Health,
};

/// What a runner needs.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) channel: ChannelId,
    pub(crate) profile: Profile,
    /// Until when nobody else can be at work on the channel.
    pub(crate) held: Held,
    pub(crate) config: Config,
    pub(crate) token: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Logger,
    pub(crate) health: Health,
    pub(crate) stop: Stop,
}

/// Between two tries to reach ingest.
const PAUSE: Duration = Duration::from_millis(500);

impl Runner {
    /// Runs the channel until stop.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let (sender, messages) = mpsc::channel(packaging::QUEUE);
        let (output, outputs) = mpsc::channel(OUTPUT_QUEUE);
        let packaging =
            Packaging::new(self.config.settings(self.profile), output, self.health.clone(), self.log.clone());
        let thread = std::thread::Builder::new()
            .name(format!("pack {}", self.channel))
            .spawn(move || packaging.work(messages))
            .context("no thread for the packager")?;
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().deliver(outputs));
        self.receive(sender).await;
        // The sender is gone, so the thread finishes its epoch, and with its output the pushers end.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(3), all).await;
        Ok(())
    }

    /// Reads the programme stream from one ingest after the other.
    async fn receive(&self, messages: mpsc::Sender<Message>) {
        let peers: Vec<Peer> = self
            .config
            .ingest
            .iter()
            .filter_map(|base| Peer::new(base.clone(), self.token.clone()).ok())
            .collect();
        for peer in peers.iter().cycle() {
            let ended = tokio::select! {
                ended = self.read(peer, &messages) => ended,
                () = self.stop.wait() => return,
            };
            match ended {
                Ok(()) => info!(self.log, "ingest ended the programme stream"; "ingest" => peer.base()),
                Err(error) => {
                    debug!(self.log, "no programme stream: {error}"; "ingest" => peer.base());
                    self.health.problem(match error.status() {
                        Some(404) => "ingest does not have this channel (yet)".to_owned(),
                        _ => format!("no programme stream from ingest: {error}"),
                    });
                }
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = self.stop.wait() => return,
            }
        }
    }

    async fn read(&self, peer: &Peer, messages: &mpsc::Sender<Message>) -> Result<(), CallError> {
        let mut stream = peer.programme(&self.channel).await?;
        info!(self.log, "reads the programme stream"; "ingest" => peer.base());
        while let Some(message) = stream.next().await? {
            // Waiting here slows ingest's connection down, and ingest cuts off who is too slow: then it begins anew.
            if messages.send(message).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hands what the packager makes to every origin.
    async fn deliver(self, mut outputs: mpsc::Receiver<Output>) {
        let mut pushers = JoinSet::new();
        let mut queues = Vec::new();
        for base in &self.config.origins {
            let Ok(peer) = Peer::new(base.clone(), self.token.clone()) else { continue };
            let (queue, outputs) = mpsc::channel(push::QUEUE);
            let pusher = Pusher::new(
                self.channel.clone(),
                peer,
                Arc::clone(&self.clock),
                self.log.clone(),
                self.stop.clone(),
                self.held.clone(),
            );
            pushers.spawn(pusher.work(outputs));
            queues.push(queue);
        }
        while let Some(output) = outputs.recv().await {
            if let Output::Segment { number, segment, .. } = &output {
                self.health.made(*number, segment, self.clock.utc());
            }
            for queue in &queues {
                // An origin that has not answered for more than a minute loses what it would not want any more.
                let _ = queue.try_send(output.clone());
            }
        }
        drop(queues);
        while pushers.join_next().await.is_some() {}
    }
}
