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

use crate::hold::Held;

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
    held: Held,
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
        held: Held,
    ) -> Self {
        Self {
            channel,
            peer,
            clock,
            log,
            stop,
            held,
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
        let Some((number, segment, data)) = self.ring.get_mut(self.sent) else { return Ok(()) };
        // Said anew each time: after a while without network, another may be at work by now.
        segment.alone = self.held.at(self.clock.utc());
        let (number, segment) = (*number, &*segment);
        let send = || self.peer.push_segment(&self.channel, number, segment, data.clone());
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;

    use funkturm_base::{ManualClock, Utc90};
    use funkturm_contracts::segment::{Media, Rendition, SEGMENT_HEADER};
    use funkturm_service::{
        Routes, reply,
        testing::{TestServer, serve, until},
    };
    use http::StatusCode;
    use tokio::sync::watch;

    use super::*;

    /// An origin that remembers what it was told of each segment.
    #[derive(Clone, Default)]
    struct Origin(Arc<Mutex<Vec<Segment>>>);

    impl Origin {
        async fn serve(&self) -> TestServer {
            let (told, id) = (Arc::clone(&self.0), Uuid::new_v4());
            let routes =
                Routes::new().put("/internal/v1/segments/{channel}/{rendition}/{number}", move |request| {
                    told.lock()
                        .unwrap()
                        .push(serde_json::from_str(request.header(SEGMENT_HEADER).unwrap()).unwrap());
                    async move { Ok(reply::json(StatusCode::OK, &Receipt { origin: id, known: false })) }
                });
            serve(routes).await.unwrap()
        }

        /// Whether each segment was said to be nobody else's, once so many have come.
        async fn alone(&self, count: usize) -> Vec<bool> {
            let all = || self.0.lock().unwrap().iter().map(|segment| segment.alone).collect::<Vec<_>>();
            until("segments", Duration::from_secs(10), || async { (all().len() == count).then(all) })
                .await
                .unwrap()
        }
    }

    fn part(start: Utc90) -> Output {
        let media = Media::Audio {
            language: None,
            label: "Deutsch".into(),
            channels: 2,
            description: false,
            default: true,
        };
        let segment = Segment {
            rendition: Rendition { name: "a0".into(), codecs: "mp4a.40.2".into(), media },
            grid: 2 * TICKS_PER_SECOND,
            start,
            duration: TICKS_PER_SECOND,
            epoch: 7,
            cut: true,
            alone: false,
            init: "0".into(),
            independent_frames: vec![],
        };
        Output::Segment { number: 1, segment: Box::new(segment), data: Bytes::from_static(b"a part") }
    }

    #[tokio::test]
    async fn a_part_is_nobody_elses_only_while_the_lease_is_good() {
        let (origin, clock) = (Origin::default(), Arc::new(ManualClock::at(Utc90(1_000 * TICKS_PER_SECOND))));
        let server = origin.serve().await;
        let (hold, held) = watch::channel(clock.utc() + Duration::from_secs(4));
        let (queue, outputs) = mpsc::channel(QUEUE);
        let peer = Peer::new(server.url(), Some("service-token".into())).unwrap();
        let pusher = Pusher::new(
            "ard".parse().unwrap(),
            peer,
            clock.clone(),
            Logger::root(slog::Discard, slog::o!()),
            Stop::default(),
            Held(held),
        );
        let work = tokio::spawn(pusher.work(outputs));
        queue.send(part(clock.utc())).await.unwrap();
        assert_eq!(origin.alone(1).await, [true]);
        clock.advance(Duration::from_secs(5));
        queue.send(part(clock.utc())).await.unwrap();
        assert_eq!(origin.alone(2).await, [true, false], "nobody knows who has the lease by now");
        hold.send_replace(clock.utc() + Duration::from_secs(4));
        queue.send(part(clock.utc())).await.unwrap();
        assert_eq!(origin.alone(3).await, [true, false, true]);
        drop(queue);
        work.await.unwrap();
    }
}
