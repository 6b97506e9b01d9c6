//! Streams that arrive faster than they are to be shown (files by HTTP, HLS segments, bursts) at their own pace, by their
//! own clock.

use std::time::Duration;

use funkturm_ts::{PACKET, Transport, time};
use tokio::time::{Instant, sleep_until};

use crate::feed::Feed;

/// A clock that goes back, or ahead by more than this, was set anew: the stream goes on at once.
const LEAP: i64 = time::TICKS;
/// So late the pace is taken anew instead of catching up.
const LATE: Duration = Duration::from_secs(2);
/// Between two clock references at most so much is held back: a stream without any is passed on as it comes.
const MAX_HELD: usize = 1 << 20;

/// When each part of a stream is due.
#[derive(Debug, Default)]
struct Pace {
    /// The PID whose clock counts, and its last reading.
    clock: Option<(u16, u64)>,
    due: Duration,
}

impl Pace {
    /// When a packet with a clock reference (90 kHz) is due; none, if the clock is another programme's.
    fn reference(&mut self, pid: u16, pcr: u64, now: Duration) -> Option<Duration> {
        let (followed, last) = *self.clock.get_or_insert((pid, pcr));
        if followed != pid {
            return None;
        }
        let step = time::difference(pcr, last);
        self.clock = Some((pid, pcr));
        if (0..LEAP).contains(&step) {
            self.due += Duration::from_micros(step.unsigned_abs() * 100 / 9);
        }
        if self.due + LATE < now || self.due.is_zero() {
            self.due = now;
        }
        Some(self.due)
    }

    /// The stream was interrupted: another clock may follow.
    fn interrupted(&mut self) {
        self.clock = None;
    }
}

/// Hands bytes to a feed when they are due.
pub(super) struct Paced<'a> {
    feed: &'a Feed,
    transport: Transport,
    pace: Pace,
    began: Instant,
    held: Vec<u8>,
}

impl<'a> Paced<'a> {
    pub(super) fn new(feed: &'a Feed) -> Self {
        let (transport, pace) = Default::default();
        Self { feed, transport, pace, began: Instant::now(), held: Vec::new() }
    }

    /// Takes the next bytes and returns when all of them that have a time were handed on.
    pub(super) async fn push(&mut self, bytes: &[u8]) {
        let now = self.began.elapsed();
        let (pace, held) = (&mut self.pace, &mut self.held);
        let mut parts = Vec::new();
        self.transport.push(bytes, 0, |received| {
            let packet = received.packet;
            let pcr = packet.adaptation().and_then(|field| field.pcr).map(|pcr| pcr / time::PCR_PER_TICK);
            if let Some(due) = pcr.and_then(|pcr| pace.reference(packet.pid(), pcr, now)) {
                // What came before this clock reference was due between the last one and this one.
                parts.push((due, std::mem::take(held)));
            }
            held.extend_from_slice(packet.bytes());
        });
        for (due, part) in parts {
            sleep_until(self.began + due).await;
            self.feed.push(&part, None);
        }
        if self.held.len() > MAX_HELD {
            self.feed.push(&std::mem::take(&mut self.held), None);
        }
    }

    /// The stream was interrupted, and goes on with whatever comes next.
    pub(super) fn interrupted(&mut self) {
        self.feed.push(&std::mem::take(&mut self.held), None);
        self.transport = Transport::default();
        self.pace.interrupted();
    }
}

/// What is handed on at once consists of whole packets.
const _: () = assert!(MAX_HELD > PACKET);
