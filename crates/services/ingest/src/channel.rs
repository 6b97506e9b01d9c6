//! A channel: what its inputs deliver, which of them is on air, and what its readers get.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use funkturm_base::{ChannelId, Clock, TICKS_PER_SECOND};
use funkturm_contracts::{
    health::InputState,
    programme::{Epoch, EpochEnd, Heartbeat, Message, Track, Unit},
};
use funkturm_ts::{Break, Event};
use slog::{Logger, info, o, warn};

use crate::{
    config::Config,
    convert,
    hub::{Body, Group, Hub},
    selector::Selector,
};

/// Timestamps further ahead of now than this are from before the time of day was set back.
const AHEAD: i64 = 10 * TICKS_PER_SECOND;
/// The clocks of two inputs agree about as well as their senders' buffers do, so that an epoch of another input may begin
/// a moment before the end of the one before; whoever cuts segments leaves out what is there twice.
const OVERLAP: i64 = 2 * TICKS_PER_SECOND;

/// One channel.
pub(crate) struct Channel {
    /// Its id.
    pub(crate) id: ChannelId,
    log: Logger,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    state: Mutex<State>,
}

struct State {
    inputs: Vec<Input>,
    selector: Selector,
    hub: Hub,
    /// The epoch that readers are in, and the input that it is from.
    open: Option<(u64, usize)>,
    last_source: Option<usize>,
    last_epoch: u64,
    /// The last picture that readers got.
    last_pts: i64,
}

/// What one input delivers.
#[derive(Default)]
struct Input {
    shown: String,
    tracks: Vec<Track>,
    main: u8,
    group: Group,
    running: bool,
    /// Since when its epoch runs, or when it broke.
    since: Duration,
    last_unit: Option<Duration>,
}

impl Channel {
    /// A channel without inputs.
    pub(crate) fn new(id: ChannelId, config: Arc<Config>, clock: Arc<dyn Clock>, log: &Logger) -> Self {
        let log = log.new(o!("channel" => id.to_string()));
        let state = State {
            inputs: Vec::new(),
            selector: Selector::new(0, Duration::ZERO),
            hub: Hub::new(log.clone(), config.reader_queue_bytes),
            open: None,
            last_source: None,
            last_epoch: 0,
            last_pts: 0,
        };
        Self { id, log, clock, config, state: Mutex::new(state) }
    }

    /// Other inputs from now on, by their URLs without secrets, in order of preference.
    pub(crate) fn set_inputs(&self, shown: Vec<String>) {
        let mut state = self.lock();
        state.close("the channel's inputs were changed");
        let patience = Duration::from_secs(self.config.return_seconds);
        state.selector = Selector::new(shown.len(), patience);
        state.last_source = None;
        state.inputs = shown.into_iter().map(|shown| Input { shown, ..Input::default() }).collect();
    }

    /// Takes what an input's programme gave.
    pub(crate) fn take(&self, input: usize, events: impl Iterator<Item = Event>) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        for event in events {
            match event {
                Event::EpochStart { tracks, .. } => state.begin(input, convert::tracks(tracks), now),
                Event::Unit(unit) => self.unit(&mut state, input, convert::unit(unit), now),
                Event::EpochEnd { reason, .. } => self.broken(&mut state, input, &reason, now),
                Event::Section { .. } => {}
            }
        }
    }

    /// Decides anew which input is on air.
    pub(crate) fn decide(&self) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let delivering = state.delivering(now, self.config.loss());
        if state.selector.decide(now, &delivering) {
            let active = state.selector.active();
            let shown = active.and_then(|active| state.inputs.get(active)).map(|input| input.shown.clone());
            match active {
                Some(1..) => {
                    warn!(self.log, "a replacement is on air"; "input" => shown, "preference" => active);
                }
                _ => info!(self.log, "the preferred input is on air"; "input" => shown),
            }
        }
        self.take_up(&mut state);
    }

    /// Hands on what has gathered for the readers.
    pub(crate) fn flush(&self) {
        self.lock().hub.flush();
    }

    /// A sign of life for the readers.
    pub(crate) fn beat(&self) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let receiving = state.delivering(now, self.config.loss()).iter().any(Option::is_some);
        state.hub.send(&Message::Heartbeat(Heartbeat { utc: self.clock.utc(), receiving }));
    }

    /// A new reader: the running epoch's beginning, what decoding can begin with, and everything from then on.
    pub(crate) fn join(&self, name: String) -> Body {
        let mut state = self.lock();
        let mut begin = Vec::new();
        if let Some((id, source)) = state.open
            && let Some(input) = state.inputs.get(source)
        {
            begin.push(input.epoch(id));
            begin.extend(input.group.units().iter().cloned().map(Message::Unit));
        }
        state.hub.join(name, begin)
    }

    /// Ends the stream of every reader: the channel is gone, or the process stops.
    pub(crate) fn close(&self, why: &str) {
        let mut state = self.lock();
        state.close(why);
        state.hub.close();
    }

    /// What each input is at the moment.
    pub(crate) fn states(&self) -> Vec<InputState> {
        let now = self.clock.monotonic();
        let state = self.lock();
        let delivering = state.delivering(now, self.config.loss());
        (0..state.inputs.len()).map(|input| state.selector.state(input, now, &delivering)).collect()
    }

    /// Readers at the moment, and those cut off since start.
    pub(crate) fn readers(&self) -> (usize, u64) {
        self.lock().hub.readers()
    }

    fn unit(&self, state: &mut State, source: usize, unit: Unit, now: Duration) {
        let Some(input) = state.inputs.get_mut(source) else { return };
        let main = unit.track == input.main;
        if main {
            input.last_unit = Some(now);
        }
        let begins = main && unit.random_access && !unit.damaged;
        let pts = unit.pts.0;
        input.group.push(unit.clone(), begins, self.config.picture_group_bytes);
        if state.open.is_some_and(|(_, open)| open == source) {
            if main {
                state.last_pts = state.last_pts.max(pts);
            }
            state.hub.send(&Message::Unit(unit));
        } else if begins {
            self.take_up(state);
        }
    }

    fn broken(&self, state: &mut State, source: usize, reason: &Break, now: Duration) {
        let Some(input) = state.inputs.get_mut(source) else { return };
        match reason {
            Break::Ended(_) => info!(self.log, "epoch ended: {reason}"; "input" => &input.shown),
            _ => warn!(self.log, "epoch ended: {reason}"; "input" => &input.shown),
        }
        input.group.clear();
        (input.running, input.since) = (false, now);
        if matches!(reason, Break::Silence(_)) {
            // The last picture, which only the silence completed, is no sign of life.
            input.last_unit = None;
        }
        if state.open.is_some_and(|(_, open)| open == source) {
            state.close(&reason.to_string());
        }
    }

    /// Takes up the input that should be on air, if it is not and there is something to begin with. The one before goes
    /// on until then.
    fn take_up(&self, state: &mut State) {
        let Some(active) = state.selector.active() else { return };
        if state.open.is_some_and(|(_, open)| open == active) {
            return;
        }
        let Some(input) = state.inputs.get(active).filter(|input| input.running) else { return };
        let Some(first) = input.group.units().first().map(|unit| unit.pts.0) else { return };
        let set_back = state.last_pts - self.clock.utc().0 > AHEAD;
        let repeats = state.last_source != Some(active) && first + OVERLAP <= state.last_pts;
        if repeats && !set_back {
            return;
        }
        let units = input.group.units().to_vec();
        let reason = format!("switched to {}", input.shown);
        state.close(&reason);
        state.open(active, first, &units);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, source: usize, tracks: Vec<Track>, now: Duration) {
        let Some(input) = self.inputs.get_mut(source) else { return };
        input.main = tracks.iter().find(|track| track.codec.is_video()).map_or(0, |track| track.index);
        input.tracks = tracks;
        input.group.clear();
        (input.running, input.since) = (true, now);
    }

    /// Since when each input has delivered without a break; none for those that do not.
    fn delivering(&self, now: Duration, loss: Duration) -> Vec<Option<Duration>> {
        let delivering = |input: &Input| {
            let recent = |then: Duration| now.saturating_sub(then) < loss;
            if !input.last_unit.is_some_and(recent) {
                return None;
            }
            match input.running {
                true => Some(input.since),
                // Just after a break it may go on at once, but has to prove itself again.
                false => Some(now).filter(|_| recent(input.since)),
            }
        };
        self.inputs.iter().map(delivering).collect()
    }

    fn open(&mut self, source: usize, first: i64, units: &[Unit]) {
        let Some(input) = self.inputs.get(source) else { return };
        let id = u64::try_from(first).unwrap_or(0).max(self.last_epoch + 1);
        self.last_epoch = id;
        self.open = Some((id, source));
        self.last_source = Some(source);
        let (epoch, main) = (input.epoch(id), input.main);
        self.hub.send(&epoch);
        // The time of day may have been set back since the last epoch.
        self.last_pts = first;
        for unit in units {
            if unit.track == main {
                self.last_pts = self.last_pts.max(unit.pts.0);
            }
            self.hub.send(&Message::Unit(unit.clone()));
        }
    }

    fn close(&mut self, reason: &str) {
        if let Some((id, _)) = self.open.take() {
            self.hub.send(&Message::EpochEnd(EpochEnd { id, reason: reason.to_owned() }));
        }
    }
}

impl Input {
    fn epoch(&self, id: u64) -> Message {
        Message::EpochStart(Epoch { id, input: self.shown.clone(), tracks: self.tracks.clone() })
    }
}
