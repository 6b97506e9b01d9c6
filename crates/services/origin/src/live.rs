//! All channels that are live here.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use funkturm_base::{ChannelId, Clock, Error, Kind};
use funkturm_hls::window::Window;
use funkturm_service::Context;
use slog::{Logger, info, warn};
use uuid::Uuid;

use crate::{Config, gate::Gate, meters::Meters, shelf::Shelf};

/// All channels.
pub(crate) struct Live {
    pub(crate) config: Config,
    pub(crate) gate: Gate,
    /// Changes with every start, so that transcoders see that the window is empty.
    pub(crate) id: Uuid,
    pub(crate) host: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) meters: Meters,
    log: Logger,
    /// Bytes of segments, as they were counted last.
    bytes: AtomicU64,
    /// By id, which is looked up with text as it stands in a URL.
    channels: ArcSwap<HashMap<String, Arc<Channel>>>,
    adding: Mutex<()>,
}

/// One channel.
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    /// What readers see.
    pub(crate) shelf: ArcSwap<Shelf>,
    /// What pushes change, one after the other; never held while anything is waited for.
    window: Mutex<Window>,
    /// When the last segment came, milliseconds of the monotonic clock.
    pushed: AtomicU64,
}

impl Channel {
    pub(crate) fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A segment came.
    pub(crate) fn touch(&self, now: Duration) {
        self.pushed.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long ago the last segment came.
    pub(crate) fn idle(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_millis(self.pushed.load(Ordering::Relaxed)))
    }
}

impl Live {
    pub(crate) fn new(config: Config, gate: Gate, context: &Context) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            config,
            gate,
            id: Uuid::new_v4(),
            host: context.host.clone(),
            clock: Arc::clone(&context.clock),
            meters: Meters::new(&context.metrics)?,
            log: context.log.clone(),
            bytes: AtomicU64::new(0),
            channels: ArcSwap::default(),
            adding: Mutex::new(()),
        }))
    }

    /// A channel, if it is live here.
    pub(crate) fn channel(&self, id: &str) -> Option<Arc<Channel>> {
        self.channels.load().get(id).cloned()
    }

    /// All channels, in the order of their ids.
    pub(crate) fn channels(&self) -> Vec<Arc<Channel>> {
        let mut channels: Vec<_> = self.channels.load().values().cloned().collect();
        channels.sort_by(|one, other| one.id.cmp(&other.id));
        channels
    }

    /// Bytes of segments in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// A channel, made if this is the first push for it.
    pub(crate) fn channel_or_new(&self, id: &ChannelId, grid: i64) -> Result<Arc<Channel>, Error> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        if let Some(channel) = self.channel(id.as_str()) {
            let known = channel.window().grid();
            if known == grid {
                return Ok(channel);
            }
            // Another segment length: numbers mean other times now, so the channel begins anew. But not while both come, which
            // is what it is when something came within the last three segments.
            let patience =
                Duration::from_secs(u64::try_from(3 * known / funkturm_base::TICKS_PER_SECOND).unwrap_or(18));
            if channel.idle(now) < patience {
                let message = "another transcoder pushes this channel with another segment length";
                return Err(Error::new(Kind::Conflict, message));
            }
        }
        let keep = i64::from(self.config.window_seconds) * funkturm_base::TICKS_PER_SECOND;
        let channel = Arc::new(Channel {
            id: id.clone(),
            shelf: ArcSwap::default(),
            window: Mutex::new(Window::new(grid, keep)),
            pushed: AtomicU64::new(0),
        });
        channel.touch(now);
        self.channels.rcu(|channels| {
            let mut channels = HashMap::clone(channels);
            channels.insert(id.to_string(), Arc::clone(&channel));
            channels
        });
        info!(self.log, "channel is new here"; "channel" => %id);
        Ok(channel)
    }

    /// Lists what has waited long enough, forgets what nobody pushes any more, keeps memory within its bound.
    pub(crate) fn tidy(&self) {
        let now = self.clock.monotonic();
        for channel in self.channels() {
            let mut window = channel.window();
            self.advance(&channel, &mut window, now);
        }
        let patience = Duration::from_secs(self.config.forget_seconds.into());
        if self.channels.load().values().any(|channel| channel.idle(now) > patience) {
            self.channels.rcu(|channels| {
                let mut channels = HashMap::clone(channels);
                channels.retain(|_, channel| channel.idle(now) <= patience);
                channels
            });
            info!(self.log, "channels are forgotten: nothing came for {patience:?}");
        }
        self.bound();
    }

    /// Moves a channel's window on, and its playlists with it. Whether anything changed.
    pub(crate) fn advance(&self, channel: &Channel, window: &mut Window, now: Duration) -> bool {
        let (target, listed) = (window.target(), window.listed().is_some());
        if !window.advance(now) {
            return false;
        }
        if listed && window.target() != target {
            warn!(self.log, "a segment is longer than all before it let expect, so the target duration grows, which \
                players do not like: are key pictures very rare in this source?";
                "channel" => %channel.id, "target_seconds" => window.target());
        }
        let mut shelf = Shelf::clone(&channel.shelf.load());
        shelf.rewrite(window);
        channel.shelf.store(Arc::new(shelf));
        true
    }

    /// A segment of so many bytes came.
    pub(crate) fn grown(&self, bytes: usize) {
        let bytes = bytes as u64;
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.config.max_bytes {
            self.bound();
        }
    }

    /// Counts the bytes, and keeps them within the bound. The longest windows give up their oldest numbers until what is listed
    /// leaves a tenth for what is not listed any more, but was promised to stay for a while; only if even that is not
    /// enough, the promise is broken.
    fn bound(&self) {
        let channels = self.channels();
        let max = self.config.max_bytes;
        let (mut listed, mut left) = (0, 0);
        for channel in &channels {
            let window = channel.window();
            let gone = window.left_bytes();
            (listed, left) = (listed + window.bytes() - gone, left + gone);
        }
        while listed > max / 10 * 9 {
            let Some(freed) = self.shrink_longest(&channels) else { break };
            (listed, left) = (listed - freed, left + freed);
        }
        while listed + left > max {
            let Some(freed) = self.break_a_promise(&channels) else { break };
            left -= freed;
        }
        self.bytes.store(listed + left, Ordering::Relaxed);
        self.meters.bytes.set(i64::try_from(listed + left).unwrap_or(i64::MAX));
        self.meters.channels.set(i64::try_from(channels.len()).unwrap_or(i64::MAX));
    }

    /// Unlists the oldest number of the longest window; how many bytes that was. None if every window is as short as it may be.
    fn shrink_longest(&self, channels: &[Arc<Channel>]) -> Option<u64> {
        let mut by_length: Vec<_> =
            channels.iter().map(|channel| (channel.window().length(), channel)).collect();
        by_length.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        by_length.into_iter().find_map(|(_, channel)| {
            let mut window = channel.window();
            let before = window.left_bytes();
            if !window.shrink() {
                return None;
            }
            self.rewrite(channel, &window);
            Some(window.left_bytes() - before)
        })
    }

    /// Gives up the oldest segments of the channel with the most that are not listed any more; how many bytes that was.
    fn break_a_promise(&self, channels: &[Arc<Channel>]) -> Option<u64> {
        let channel = channels.iter().max_by_key(|channel| channel.window().left_bytes())?;
        let mut window = channel.window();
        let before = window.bytes();
        if !window.forget_one_left() {
            return None;
        }
        self.meters.broken_promises.inc();
        self.rewrite(channel, &window);
        Some(before - window.bytes())
    }

    fn rewrite(&self, channel: &Channel, window: &Window) {
        let mut shelf = Shelf::clone(&channel.shelf.load());
        shelf.rewrite(window);
        channel.shelf.store(Arc::new(shelf));
    }
}
