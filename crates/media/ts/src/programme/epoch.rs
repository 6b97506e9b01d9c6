//! Where an epoch begins, what belongs to it, and what breaks it.

use std::collections::VecDeque;

use super::{Break, Event, Unit};
use crate::{
    clock::Clock,
    time::{TICKS, difference},
    track::{Format, RawUnit, TrackInfo},
    video::Entry,
};

/// No picture for so long is silence.
const SILENCE: i64 = TICKS * 3 / 2;
/// A step of the decoding time further than this ahead, or this far back, is a jump.
const JUMP: i64 = 5 * TICKS;
const JUMP_BACK: i64 = TICKS;
/// The sender's clock may go so far away from the time of day.
const DRIFT: i64 = TICKS;
/// A picture is sent at most so long before it is shown.
const MAX_LEAD: i64 = 10 * TICKS;
/// So many pictures that do not fit the clock prove the clock wrong.
const DOUBTS: u32 = 3;
/// So many frames in another format prove that it changed, and not that bits were flipped.
const CONFIRMED: u32 = 3;
/// Sound that comes before the picture that it belongs to is kept: two seconds of it, in several languages.
const MAX_HELD: usize = 512;
/// After a change of the picture parameter set alone, another one within this time shows that the source changes them
/// all the time, which is its right and no break.
const PICTURE_SETS: i64 = 10 * TICKS;

/// The running epoch, or what is gathered until one can begin.
#[derive(Default)]
pub(super) struct Epoch {
    id: Option<i64>,
    /// The track that decides: pictures, or the first sound.
    main: usize,
    tracks: Vec<State>,
    /// A decoding time of the main track, and the UTC tick that it stands for.
    anchor: Option<(u64, i64)>,
    /// Nothing that is shown before this belongs to the epoch.
    begin: i64,
    last_id: i64,
    /// The latest picture of the epoch before, so that the next one does not begin before it.
    last_shown: i64,
    held: VecDeque<(usize, RawUnit)>,
    doubts: u32,
    last_picture_set: Option<i64>,
    picture_sets_vary: bool,
    pub(super) count: u64,
    pub(super) last_break: Option<Break>,
    pub(super) last_picture: Option<i64>,
    /// Since when pictures come that no epoch can begin with.
    pub(super) waiting_since: Option<i64>,
}

/// Where a track is.
#[derive(Default)]
struct State {
    /// Decoding time of its last unit, as sent and on the timeline; none until it joined the epoch.
    last: Option<(u64, i64)>,
    format: Option<Format>,
    /// Frames in a row that were in another format.
    others: u32,
}

impl Epoch {
    /// Other tracks from now on.
    pub(super) fn reset(&mut self, main: usize, tracks: usize) {
        self.main = main;
        self.tracks = std::iter::repeat_with(State::default).take(tracks).collect();
        self.held.clear();
        (self.doubts, self.picture_sets_vary, self.last_picture_set) = (0, false, None);
    }

    pub(super) fn running(&self) -> bool {
        self.id.is_some()
    }

    pub(super) fn format(&self, track: usize) -> Option<&Format> {
        self.tracks.get(track)?.format.as_ref()
    }

    pub(super) fn mapping(&self) -> Option<(u64, i64)> {
        self.anchor
    }

    /// How many seconds without a picture have passed, if that is too many.
    pub(super) fn silence(&self, at: i64) -> Option<f64> {
        let silence = at - self.id.and(self.last_picture)?;
        (silence > SILENCE).then_some(silence as f64 / TICKS as f64)
    }

    /// Ends the epoch, if one is running.
    pub(super) fn end(&mut self, reason: Break, out: &mut Vec<Event>) {
        self.held.clear();
        self.anchor = None;
        for track in &mut self.tracks {
            (track.last, track.others) = (None, 0);
        }
        if let Some(id) = self.id.take() {
            self.last_break = Some(reason.clone());
            out.push(Event::EpochEnd { id, reason });
        }
    }

    /// Takes the next unit of a track.
    pub(super) fn take(
        &mut self,
        track: usize,
        unit: RawUnit,
        clock: &mut Clock,
        at: i64,
        infos: impl FnOnce() -> Vec<TrackInfo>,
        out: &mut Vec<Event>,
    ) {
        if track == self.main {
            self.last_picture = Some(at);
        }
        if self.id.is_some()
            && let Some(reason) = self.broken_by(track, &unit, clock, at)
        {
            self.end(reason, out);
        }
        self.waiting_since = self.waiting_since.or(Some(at)).filter(|_| self.id.is_none());
        if self.id.is_some() {
            self.pass(track, unit, out);
        } else if track == self.main
            && unit.entry != Entry::No
            && !unit.damaged
            && self.fits(&unit, clock, at)
        {
            self.start(track, unit, clock, infos(), out);
        } else if track != self.main {
            if self.held.len() == MAX_HELD {
                self.held.pop_front();
            }
            self.held.push_back((track, unit));
        }
    }

    /// Whether a picture to begin at agrees with the clock: just after a jump the pictures may still be old ones.
    fn fits(&mut self, unit: &RawUnit, clock: &Clock, at: i64) -> bool {
        let fits = clock.lead(unit.stamped.pts, at).is_none_or(|lead| (-TICKS..MAX_LEAD).contains(&lead));
        self.doubts = if fits { 0 } else { self.doubts + 1 };
        fits || self.doubts >= DOUBTS
    }

    fn start(
        &mut self,
        track: usize,
        unit: RawUnit,
        clock: &mut Clock,
        tracks: Vec<TrackInfo>,
        out: &mut Vec<Event>,
    ) {
        // The picture's time is when its first byte was on the wire. Time does not go back from epoch to epoch.
        let sent = unit.stamped.sent;
        let begin = sent.max(self.last_shown.min(sent + TICKS)).max(self.last_id + 1);
        let dts = begin - difference(unit.stamped.pts, unit.stamped.dts);
        (self.id, self.begin, self.last_id) = (Some(begin), begin, begin);
        self.anchor = Some((unit.stamped.dts, dts));
        self.count += 1;
        (self.doubts, self.waiting_since) = (0, None);
        clock.begin_epoch();
        for state in &mut self.tracks {
            state.format = None;
        }
        out.push(Event::EpochStart { id: begin, tracks });
        self.pass(track, unit, out);
        for (track, unit) in std::mem::take(&mut self.held) {
            self.pass(track, unit, out);
        }
    }

    /// Why the epoch cannot go on with this unit.
    fn broken_by(&mut self, track: usize, unit: &RawUnit, clock: &Clock, at: i64) -> Option<Break> {
        let seconds = |ticks: i64| ticks as f64 / TICKS as f64;
        let main = track == self.main;
        let state = self.tracks.get_mut(track)?;
        if let (Some((last, _)), Some((anchor, _))) = (state.last, self.anchor) {
            let step = difference(unit.stamped.dts, last);
            // Sound may pause, as long as it agrees with the pictures when it returns.
            let away = if main { step } else { difference(unit.stamped.dts, anchor) };
            if step < -JUMP_BACK || away.abs() > JUMP {
                return Some(Break::Jump(seconds(if step < -JUMP_BACK { step } else { away })));
            }
        }
        let drift = clock.drift();
        if drift.abs() > DRIFT {
            return Some(Break::Drift(seconds(drift)));
        }
        match (&state.format, &unit.format) {
            (Some(Format::Video(old)), Some(Format::Video(new))) => {
                if unit.entry == Entry::No || unit.damaged || old == new {
                    return None;
                }
                let only_picture_set = old.sequence == new.sequence;
                if only_picture_set {
                    self.picture_sets_vary |=
                        self.last_picture_set.is_some_and(|last| at - last < PICTURE_SETS);
                    self.last_picture_set = Some(at);
                    if self.picture_sets_vary {
                        return None;
                    }
                }
                let change = unit.format.as_ref().map(ToString::to_string).unwrap_or_default();
                Some(Break::Format(change))
            }
            (Some(old), Some(new)) if old != new => {
                state.others += 1;
                (state.others >= CONFIRMED).then(|| Break::Format(new.to_string()))
            }
            _ => {
                state.others = 0;
                None
            }
        }
    }

    /// Puts a unit of the running epoch onto the timeline.
    fn pass(&mut self, track: usize, unit: RawUnit, out: &mut Vec<Event>) {
        let (Some((anchor, anchored)), Some(state)) = (self.anchor, self.tracks.get_mut(track)) else {
            return;
        };
        if state.others > 0 {
            return;
        }
        let RawUnit { stamped, entry, damaged, format, duration, data } = unit;
        let away = difference(stamped.dts, anchor);
        // A track that is still, or already, on another clock than the pictures joins when they agree.
        if state.last.is_none() && away.abs() > JUMP {
            return;
        }
        let last = state.last.map_or(i64::MIN, |(_, last)| last);
        let dts = (anchored + away).max(last.saturating_add(1));
        let pts = (anchored + away + difference(stamped.pts, stamped.dts)).max(dts);
        if track == self.main {
            self.anchor = Some((stamped.dts, anchored + away));
        }
        if pts < self.begin {
            // Pictures that reach back over the beginning, and sound from before it.
            return;
        }
        if track == self.main {
            self.last_shown = self.last_shown.max(pts);
        }
        state.last = Some((stamped.dts, dts));
        if state.format.is_none() || duration == 0 && entry != Entry::No && !damaged {
            state.format = format.or(state.format.take());
        }
        let Ok(track) = u8::try_from(track) else { return };
        out.push(Event::Unit(Unit { track, random_access: entry != Entry::No, damaged, pts, dts, data }));
    }
}
