//! All channels that are live here.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use funkturm_base::{ChannelId, Clock, Error, Kind, Utc90};
use funkturm_hls::window::Window;
use funkturm_service::{Context, metrics};
use prometheus::{IntCounterVec, IntGauge};
use uuid::Uuid;

use crate::{Config, shelf::Shelf};

/// All channels.
pub(crate) struct Live {
    pub(crate) config: Config,
    /// Changes with every start, so that transcoders see that the window is empty.
    pub(crate) id: Uuid,
    pub(crate) host: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) bytes: AtomicU64,
    pub(crate) pushes: IntCounterVec,
    pub(crate) requests: IntCounterVec,
    bytes_gauge: IntGauge,
    channels: ArcSwap<BTreeMap<ChannelId, Arc<Channel>>>,
    adding: Mutex<()>,
}

/// One channel.
pub(crate) struct Channel {
    /// What readers see.
    pub(crate) shelf: ArcSwap<Shelf>,
    /// What pushes change, one after the other.
    pub(crate) window: Mutex<Window>,
    /// When the last segment came, ticks.
    pub(crate) pushed: AtomicU64,
}

impl Channel {
    pub(crate) fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long ago the last segment came.
    pub(crate) fn idle(&self, now: Utc90) -> Duration {
        let ticks = now.0 - i64::try_from(self.pushed.load(Ordering::Relaxed)).unwrap_or(0);
        Duration::from_secs_f64((ticks.max(0)) as f64 / 90_000.0)
    }

    /// Whether it can be watched: its newest segment is not older than two target durations.
    pub(crate) fn on_air(&self, now: Utc90) -> bool {
        let window = self.window();
        let limit = Duration::from_secs(window.target() * 2 + 2);
        window.listed().is_some() && self.idle(now) < limit
    }
}

impl Live {
    pub(crate) fn new(config: Config, context: &Context) -> anyhow::Result<Arc<Self>> {
        let registry = &context.metrics;
        Ok(Arc::new(Self {
            config,
            id: Uuid::new_v4(),
            host: context.host.clone(),
            clock: Arc::clone(&context.clock),
            bytes: AtomicU64::new(0),
            pushes: metrics::counters(
                registry,
                "funkturm_origin_pushes_total",
                "Segments by what became of them.",
                &["result"],
            )?,
            requests: metrics::counters(
                registry,
                "funkturm_origin_requests_total",
                "Requests of players by kind.",
                &["kind"],
            )?,
            bytes_gauge: metrics::gauge(registry, "funkturm_origin_segment_bytes", "Segments in memory.")?,
            channels: ArcSwap::default(),
            adding: Mutex::new(()),
        }))
    }

    /// A channel, if it is live here.
    pub(crate) fn channel(&self, id: &str) -> Option<Arc<Channel>> {
        let id: ChannelId = id.parse().ok()?;
        self.channels.load().get(&id).cloned()
    }

    pub(crate) fn channels(&self) -> Arc<BTreeMap<ChannelId, Arc<Channel>>> {
        self.channels.load_full()
    }

    /// A channel, made if this is the first push for it.
    pub(crate) fn channel_or_new(&self, id: &ChannelId, grid: i64) -> Result<Arc<Channel>, Error> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = self.channels.load().get(id) {
            if channel.window().grid() == grid {
                return Ok(Arc::clone(channel));
            }
            // Another segment length: numbers mean other times now, so the channel begins anew.
            if channel.idle(self.clock.utc()) < Duration::from_secs(5) {
                return Err(Error::new(
                    Kind::Conflict,
                    "another transcoder pushes this channel with another grid",
                ));
            }
        }
        let keep = i64::from(self.config.window_seconds) * 90_000;
        let channel = Arc::new(Channel {
            shelf: ArcSwap::default(),
            window: Mutex::new(Window::new(grid, keep)),
            pushed: AtomicU64::new(0),
        });
        self.channels.rcu(|channels| {
            let mut channels = BTreeMap::clone(channels);
            channels.insert(id.clone(), Arc::clone(&channel));
            channels
        });
        Ok(channel)
    }

    /// Forgets channels that nobody pushes any more, and keeps memory within its bound.
    pub(crate) fn tidy(&self) {
        let now = self.clock.utc();
        let patience = Duration::from_secs(self.config.forget_seconds.into());
        if self.channels.load().values().any(|channel| channel.idle(now) > patience) {
            self.channels.rcu(|channels| {
                let mut channels = BTreeMap::clone(channels);
                channels.retain(|_, channel| channel.idle(now) <= patience);
                channels
            });
        }
        self.bound();
    }

    /// The longest windows give up their oldest segments until all fit.
    pub(crate) fn bound(&self) {
        let channels = self.channels.load_full();
        let mut bytes: u64 = channels.values().map(|channel| channel.window().bytes()).sum();
        while bytes > self.config.max_bytes {
            let length =
                |channel: &Channel| channel.window().listed().map_or(0, |(first, last)| last - first);
            let Some(channel) = channels.values().max_by_key(|channel| length(channel)) else { break };
            let mut window = channel.window();
            let before = window.bytes();
            if window.drop_first().is_none() {
                break;
            }
            bytes -= before - window.bytes();
            let mut shelf = Shelf::clone(&channel.shelf.load());
            shelf.rewrite(&window);
            channel.shelf.store(Arc::new(shelf));
        }
        self.bytes.store(bytes, Ordering::Relaxed);
        self.bytes_gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
