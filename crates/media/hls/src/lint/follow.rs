//! Rules about a media playlist that is loaded again and again.

use std::{collections::BTreeMap, time::Duration};

use super::{
    media::Measured,
    report::Report,
    rules::{
        AFTER_END, BREAK_RENUMBERED, LATE, SEGMENT_CHANGED, SEQUENCE_BACK, TAIL_REMOVED, TARGET_CHANGED,
        TYPE_OF_LIVE, WINDOW_FEW_SEGMENTS, WINDOW_SHORT, WINDOW_UNDER_THREE,
    },
};
use crate::read::{Media, Segment};

/// What a playlist is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// The stream of a variant, or a playlist that stands alone.
    Main,
    /// A rendition of a group.
    Alternative,
    /// Pictures that stand alone.
    IFrames,
}

/// A media playlist that is being followed.
#[derive(Debug)]
pub(super) struct Follow {
    pub(super) url: String,
    pub(super) role: Role,
    /// As it was last.
    pub(super) last: Option<Media>,
    pub(super) measured: Measured,
    known: BTreeMap<u64, Known>,
    /// When the last load without the newest segment was asked for: it appeared after that.
    before_newest: Option<Duration>,
    /// When the load came that had the newest segment first.
    newest_seen: Option<Duration>,
    /// Whether this stall was reported.
    stalled: bool,
}

/// A segment that is, or was, listed.
#[derive(Debug)]
struct Known {
    segment: Segment,
    /// It cannot have appeared earlier; none if it was there from the start.
    appeared: Option<Duration>,
    /// Length of the longest playlist that listed it, in seconds.
    longest: f64,
}

/// A segment that has left its playlist, and has to be there for a while.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) uri: String,
    /// It must be there until then.
    pub(super) until: Duration,
}

/// What a load brought.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) new: Vec<Segment>,
    pub(super) removed: Vec<Removed>,
}

impl Follow {
    pub(super) fn new(url: String, role: Role) -> Self {
        Self {
            url,
            role,
            last: None,
            measured: Measured::default(),
            known: BTreeMap::new(),
            before_newest: None,
            newest_seen: None,
            stalled: false,
        }
    }

    /// When to load again after a load that was asked for at `asked`: often enough to see when segments appear, and now and then
    /// what should not change any more.
    pub(super) fn next_load(&self, asked: Duration) -> Duration {
        let seconds = match &self.last {
            Some(last) if last.ended => 3.0 * last.target_duration as f64,
            Some(last) => (last.target_duration as f64 / 3.0).clamp(0.5, 4.0),
            None => 2.0,
        };
        asked + Duration::from_secs_f64(seconds.max(0.5))
    }

    /// Takes a load that was asked for at `asked` and came at `now`.
    pub(super) fn load(
        &mut self,
        report: &mut Report,
        asked: Duration,
        now: Duration,
        playlist: Media,
    ) -> Change {
        let removed = match self.last.take() {
            Some(before) => {
                self.compare(report, now, &before, &playlist);
                self.removed(report, now, &playlist)
            }
            None => Vec::new(),
        };
        let new = self.learn(report, asked, now, &playlist);
        self.last = Some(playlist);
        Change { new, removed }
    }

    fn compare(&mut self, report: &mut Report, now: Duration, before: &Media, playlist: &Media) {
        let url = &self.url;
        if before.target_duration != playlist.target_duration {
            let seen = format!("{}, then {}", before.target_duration, playlist.target_duration);
            report.add(now, TARGET_CHANGED, url, seen);
        }
        if playlist.media_sequence < before.media_sequence {
            let seen = format!("{}, then {}", before.media_sequence, playlist.media_sequence);
            report.add(now, SEQUENCE_BACK, url, seen);
        }
        if playlist.last_number() < before.last_number() && playlist.media_sequence >= before.media_sequence {
            let show = |number: Option<u64>| number.map_or("nothing".to_owned(), |number| number.to_string());
            let seen =
                format!("the last was {}, then {}", show(before.last_number()), show(playlist.last_number()));
            report.add(now, TAIL_REMOVED, url, seen);
        }
        if before.ended && before.segments != playlist.segments {
            report.add(now, AFTER_END, url, "segments changed after EXT-X-ENDLIST");
        }
        for segment in &playlist.segments {
            let Some(known) = self.known.get(&segment.number) else { continue };
            if let Some(difference) = difference(&known.segment, segment) {
                report.add(now, SEGMENT_CHANGED, url, format!("{}: {difference}", segment.number));
            } else if known.segment.discontinuity_number != segment.discontinuity_number {
                let (one, two) = (known.segment.discontinuity_number, segment.discontinuity_number);
                report.add(now, BREAK_RENUMBERED, url, format!("{}: {one}, then {two}", segment.number));
            }
        }
    }

    fn removed(&mut self, report: &mut Report, now: Duration, playlist: &Media) -> Vec<Removed> {
        let gone: Vec<u64> = self.known.range(..playlist.media_sequence).map(|(number, _)| *number).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        let (url, length) = (&self.url, playlist.duration());
        if let Some(kind) = &playlist.playlist_type {
            report.add(now, TYPE_OF_LIVE, url, format!("segments leave a playlist of type {kind}"));
        }
        if !playlist.ended && length < 3.0 * playlist.target_duration as f64 {
            let seen = format!("{length:.3} s left with a target duration of {} s", playlist.target_duration);
            report.add(now, WINDOW_UNDER_THREE, url, seen);
        }
        if self.role != Role::IFrames && !playlist.ended {
            if playlist.segments.len() < 6 {
                report.add(now, WINDOW_FEW_SEGMENTS, url, format!("{} segments", playlist.segments.len()));
            }
            // The last one is not whole yet when the first one leaves.
            if length + playlist.target_duration as f64 * 1.5 < 900.0 {
                report.add(now, WINDOW_SHORT, url, format!("{length:.0} s"));
            }
        }
        let left = gone.into_iter().filter_map(|number| self.known.remove(&number));
        left.filter(|known| !known.segment.gap)
            .filter_map(|known| {
                let stays = known.segment.duration + known.longest;
                Some(Removed {
                    uri: known.segment.uri,
                    until: known.appeared? + Duration::from_secs_f64(stays),
                })
            })
            .collect()
    }

    /// Remembers what is listed; the segments that are new.
    fn learn(
        &mut self,
        report: &mut Report,
        asked: Duration,
        now: Duration,
        playlist: &Media,
    ) -> Vec<Segment> {
        let first_load = self.newest_seen.is_none();
        let length = playlist.duration();
        let newest = self.known.keys().next_back().copied();
        let mut new = Vec::new();
        for segment in &playlist.segments {
            let appeared = if first_load { None } else { self.before_newest };
            let known = self.known.entry(segment.number).or_insert_with(|| {
                new.push(segment.clone());
                Known { segment: segment.clone(), appeared, longest: 0.0 }
            });
            known.longest = known.longest.max(length);
        }
        let grew = playlist.last_number() > newest;
        self.lateness(report, asked, grew, playlist);
        if grew {
            self.newest_seen = Some(now);
            self.stalled = false;
        }
        self.before_newest = Some(asked);
        new
    }

    /// A new segment appeared after the last load without it, and the one before no later than the load that had it: if even
    /// the time between these is too long, it was late, however rarely we look.
    fn lateness(&mut self, report: &mut Report, asked: Duration, grew: bool, playlist: &Media) {
        let Some(seen) = self.newest_seen.filter(|_| !playlist.ended) else { return };
        let limit = Duration::from_secs_f64(1.5 * playlist.target_duration as f64);
        let without = if grew { self.before_newest.unwrap_or(seen) } else { asked };
        let waited = without.saturating_sub(seen);
        if waited > limit && !self.stalled {
            self.stalled = true;
            let seen = format!("nothing new for more than {:.1} s", waited.as_secs_f64());
            report.add(asked, LATE, &self.url, seen);
        }
    }
}

/// What is different in a segment that should be the same.
fn difference(before: &Segment, now: &Segment) -> Option<String> {
    if before.uri != now.uri {
        Some(format!("{}, then {}", before.uri, now.uri))
    } else if (before.duration - now.duration).abs() > 1e-9 {
        Some(format!("EXTINF {}, then {}", before.duration, now.duration))
    } else if before.gap != now.gap {
        Some(format!("EXT-X-GAP {}, then {}", before.gap, now.gap))
    } else if before.byte_range != now.byte_range {
        Some("another byte range".into())
    } else if before.map != now.map {
        Some("another EXT-X-MAP".into())
    } else if before.date_time.is_some() && now.date_time.is_some() && before.date_time != now.date_time {
        Some("another EXT-X-PROGRAM-DATE-TIME".into())
    } else {
        None
    }
}
