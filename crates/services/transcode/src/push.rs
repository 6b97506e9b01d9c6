//! Pushing to one origin: in order, tried again until it is too late, and all anew when the origin has begun anew.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use funkturm_base::{ChannelId, Clock, TICKS_PER_SECOND};
use funkturm_contracts::{
    client::{CallError, Peer},
    segment::{Receipt, Segment},
};
use funkturm_pipeline::packager::Output;
use funkturm_service::Stop;
use slog::{Logger, info, warn};
use tokio::{sync::mpsc, time::sleep};
use uuid::Uuid;

/// What is kept for an origin that begins anew, and how long a push is tried, in ticks.
const KEPT: i64 = 60 * TICKS_PER_SECOND;
/// Outputs waiting for an origin that does not answer: more than a minute's.
pub(crate) const QUEUE: usize = 256;

/// Pushes one channel to one origin.
pub(crate) struct Pusher {
    channel: ChannelId,
    peer: Peer,
    clock: Arc<dyn Clock>,
    log: Logger,
    stop: Stop,
    /// By hash: renditions may share one, as two sounds of one kind do.
    inits: BTreeMap<String, Bytes>,
    /// The last minute, oldest first, and how many of them the origin has.
    ring: VecDeque<(u64, Box<Segment>, Bytes)>,
    sent: usize,
    origin: Option<Uuid>,
    failing: bool,
}

impl Pusher {
    pub(crate) fn new(
        channel: ChannelId,
        peer: Peer,
        clock: Arc<dyn Clock>,
        log: Logger,
        stop: Stop,
    ) -> Self {
        Self {
            channel,
            peer,
            clock,
            log,
            stop,
            inits: BTreeMap::new(),
            ring: VecDeque::new(),
            sent: 0,
            origin: None,
            failing: false,
        }
    }

    /// Works until there is nothing more to come, or the process stops.
    pub(crate) async fn work(mut self, mut outputs: mpsc::Receiver<Output>) {
        let mut pause = Duration::from_millis(100);
        loop {
            if self.sent >= self.ring.len() {
                match outputs.recv().await {
                    Some(output) => self.keep(output),
                    None => return,
                }
            }
            while let Ok(output) = outputs.try_recv() {
                self.keep(output);
            }
            match self.push().await {
                Ok(()) => {
                    pause = Duration::from_millis(100);
                    if std::mem::take(&mut self.failing) {
                        info!(self.log, "pushes arrive again"; "origin" => self.peer.base());
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        warn!(self.log, "a push failed and is tried again: {error}"; "origin" => self.peer.base());
                    }
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = self.stop.wait() => return,
                    }
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
    }

    fn keep(&mut self, output: Output) {
        match output {
            Output::Init { hash, data } => drop(self.inits.insert(hash, data)),
            Output::Segment { number, segment, data } => self.ring.push_back((number, segment, data)),
        }
        let oldest = self.clock.utc().0 - KEPT;
        while self.ring.front().is_some_and(|(_, segment, _)| segment.start.0 < oldest) {
            self.ring.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        if self.inits.len() > 64 {
            let needed = |hash: &String| self.ring.iter().any(|(_, segment, _)| segment.init == *hash);
            self.inits.retain(|hash, _| needed(hash));
        }
    }

    /// Pushes the next segment, after its initialization section where the origin lacks that.
    async fn push(&mut self) -> Result<(), CallError> {
        let Some((number, segment, data)) = self.ring.get(self.sent) else { return Ok(()) };
        let send = || self.peer.push_segment(&self.channel, *number, segment, data.clone());
        let mut pushed = send().await;
        if pushed.as_ref().is_err_and(|error| error.status() == Some(424))
            && let Some(init) = self.inits.get(&segment.init)
        {
            let name = &segment.rendition.name;
            self.peer.push_init(&self.channel, name, &segment.init, segment.grid, init.clone()).await?;
            pushed = send().await;
        }
        match pushed {
            Ok(receipt) => {
                self.sent += 1;
                self.note(&receipt);
                Ok(())
            }
            // The origin does not want it, and will not want it the next time either.
            Err(error)
                if error
                    .status()
                    .is_some_and(|status| (400..500).contains(&status) && status != 401 && status != 409) =>
            {
                warn!(self.log, "the origin refuses segment {number}: {error}");
                self.sent += 1;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// An origin that has begun anew gets the last minute again.
    fn note(&mut self, receipt: &Receipt) {
        if self.origin.replace(receipt.origin).is_some_and(|known| known != receipt.origin) {
            info!(self.log, "the origin began anew: it gets the window again"; "origin" => self.peer.base());
            self.sent = 0;
        }
    }
}
