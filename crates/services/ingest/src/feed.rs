//! What one source receives, handed to every programme that somebody wants of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use funkturm_base::{Clock, Utc90};
use funkturm_ts::{Event, Found, Health, Programme, Scan, Stats, Transport};

use crate::channel::Channel;

/// The receiving end of a source. Several channels may take programmes out of it.
pub(crate) struct Feed {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    transport: Transport,
    taps: Vec<Tap>,
    /// Where somebody only wants to know what there is.
    scan: Option<Scan>,
    trouble: Option<String>,
    /// Packets that came but were of no use, such as RTP packets out of their order.
    lost: u64,
    /// Counters of half a minute ago, so that what happens now is told from what happened once.
    before: Snapshot,
    recent: Snapshot,
}

/// Continuity errors so far, at an instant.
#[derive(Clone, Copy, Default)]
struct Snapshot {
    at: i64,
    errors: u64,
}

/// So long counts as "now" for errors.
const RECENT: i64 = 30 * funkturm_base::TICKS_PER_SECOND;

/// A programme that a channel takes.
struct Tap {
    channel: Arc<Channel>,
    input: usize,
    programme: Programme,
    events: Vec<Event>,
}

impl Tap {
    fn deliver(&mut self) {
        if !self.events.is_empty() {
            self.channel.take(self.input, self.events.drain(..));
        }
    }
}

/// The programmes of a source.
pub(crate) struct Scanned {
    pub(crate) programmes: Vec<Found>,
    /// Everything that was announced has come.
    pub(crate) complete: bool,
}

/// How a source and one programme of it do.
pub(crate) struct Report {
    pub(crate) stats: Stats,
    pub(crate) programme: Health,
    /// What keeps the source from being received.
    pub(crate) trouble: Option<String>,
    /// Packets of RTP that never came.
    pub(crate) lost: u64,
    /// Continuity errors in the last half minute.
    pub(crate) recent_errors: u64,
}

impl Feed {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// One that only lists the programmes.
    pub(crate) fn scanning(clock: Arc<dyn Clock>) -> Self {
        let feed = Self::new(clock);
        feed.lock().scan = Some(Scan::default());
        feed
    }

    /// What was found so far, where it was made to list the programmes.
    pub(crate) fn scanned(&self) -> Option<Scanned> {
        let state = self.lock();
        state.scan.as_ref().map(|scan| Scanned { programmes: scan.programmes(), complete: scan.complete() })
    }

    /// What keeps the source from being received.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Bytes that have arrived, when they did; just now, if nobody knows better.
    pub(crate) fn push(&self, bytes: &[u8], at: Option<Utc90>) {
        let at = at.unwrap_or_else(|| self.clock.utc()).0;
        let State { transport, taps, scan, .. } = &mut *self.lock();
        transport.push(bytes, at, |packet| {
            if let Some(scan) = scan {
                scan.push(packet);
            }
            for tap in &mut *taps {
                tap.programme.push(packet, at, &mut tap.events);
            }
        });
        taps.iter_mut().for_each(Tap::deliver);
    }

    /// Lets time pass. To be called a few times a second.
    pub(crate) fn tick(&self) {
        let at = self.clock.utc().0;
        let mut state = self.lock();
        state.transport.tick(at);
        for tap in &mut state.taps {
            tap.programme.tick(at, &mut tap.events);
            tap.deliver();
        }
        if (at - state.recent.at).abs() > RECENT / 2 {
            let errors = state.transport.stats().continuity_errors;
            state.before = std::mem::replace(&mut state.recent, Snapshot { at, errors });
        }
    }

    /// What keeps the source from being received; nothing, if it is.
    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    /// Counts packets of RTP that never came.
    pub(crate) fn count_lost(&self, packets: u64) {
        self.lock().lost += packets;
    }

    /// Packets received so far.
    pub(crate) fn packets(&self) -> u64 {
        self.lock().transport.stats().packets
    }

    /// A channel takes a programme from now on.
    pub(crate) fn attach(&self, channel: Arc<Channel>, input: usize, programme: Option<u16>) {
        let programme = Programme::new(programme);
        self.lock().taps.push(Tap { channel, input, programme, events: Vec::new() });
    }

    /// A channel takes nothing any more.
    pub(crate) fn detach(&self, channel: &Channel) {
        self.lock().taps.retain(|tap| tap.channel.id != channel.id);
    }

    /// Nobody takes anything.
    pub(crate) fn idle(&self) -> bool {
        self.lock().taps.is_empty()
    }

    /// How the source and the programme of a channel's input do.
    pub(crate) fn report(&self, channel: &Channel, input: usize) -> Option<Report> {
        let at = self.clock.utc().0;
        let state = self.lock();
        let tap = state.taps.iter().find(|tap| tap.channel.id == channel.id && tap.input == input)?;
        let stats = state.transport.stats().clone();
        Some(Report {
            recent_errors: stats.continuity_errors - state.before.errors.min(stats.continuity_errors),
            stats,
            programme: tap.programme.health(at),
            trouble: state.trouble.clone(),
            lost: state.lost,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
