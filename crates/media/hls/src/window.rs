//! The live window of one channel: which segments there are, in every rendition, and which of them are listed.
//!
//! A segment's number is its cell of the UTC grid, so pushes may come twice, late and in any order. A number is listed when
//! every rendition has it that is alive, or when the others have waited long enough; what a playlist says about it is
//! decided then, for all renditions at once, and stays. See docs/hls.md.

mod rates;
mod rendition;
mod target;
mod types;
mod waiting;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

pub use rates::Rates;
pub use rendition::Rendition;
pub use types::{Cell, Frame, Media, Put, Segment, TICKS};
use waiting::{Arrived, Take, Waiting, reference};

/// More than this between the end of a segment and the beginning of the next is a break in the timeline.
const BREAK: i64 = TICKS / 2;

/// How long the first number of a window, or of an epoch, waits at least: nobody knows yet which renditions there will be,
/// and pushes of what a transcoder kept come all at once, in any order.
const GATHER: Duration = Duration::from_secs(1);

/// How long a number waits at least for the one before it, which may only have been overtaken.
const OVERTAKEN: Duration = Duration::from_millis(500);

/// How much longer than its cell lasts a cut segment waits for a whole one from another transcoder, in eighths of the target
/// duration: two transcoders are not further apart, and 6.2.1 allows no more than half of one.
const PATIENCE: u32 = 3;

/// A rendition is expected to have a number if it was brought with one of so many before.
const EXPECTED: u64 = 2;

/// The multivariant playlist offers a rendition that has one of so many of the last listed numbers.
const OFFERED: usize = 3;

/// The window.
#[derive(Clone, Debug)]
pub struct Window {
    grid: i64,
    keep: i64,
    /// EXT-X-TARGETDURATION, seconds; decided when the first number is listed.
    target: Option<u64>,
    renditions: BTreeMap<String, Rendition>,
    /// By epoch and rendition: the newest number that was brought. Only what is recent enough to be expected again.
    brought: BTreeMap<(u64, String), u64>,
    /// What is not listed yet.
    waiting: BTreeMap<u64, Waiting>,
    listed: VecDeque<Cell>,
    /// Where the last number with media ends in the reference rendition, and its epoch.
    end: Option<(i64, u64)>,
    /// When each listed number was listed, and the length of the longest playlist since; in the same order.
    stays: VecDeque<Stay>,
    /// Numbers that were listed, and can be loaded for a while yet.
    left: VecDeque<Left>,
    discontinuity_sequence: u64,
    length: i64,
    bytes: u64,
    listed_at: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Stay {
    since: Duration,
    longest: i64,
}

#[derive(Clone, Copy, Debug)]
struct Left {
    number: u64,
    until: Duration,
    bytes: u64,
}

fn duration(ticks: i64) -> Duration {
    Duration::from_micros(u64::try_from(ticks.max(0)).unwrap_or(0) * 100 / 9)
}

impl Window {
    /// An empty window over a grid of `grid` ticks that lists at least `keep` ticks once there is so much.
    pub fn new(grid: i64, keep: i64) -> Self {
        let grid = grid.max(TICKS);
        Self {
            grid,
            keep,
            target: None,
            renditions: BTreeMap::new(),
            brought: BTreeMap::new(),
            waiting: BTreeMap::new(),
            listed: VecDeque::new(),
            end: None,
            stays: VecDeque::new(),
            left: VecDeque::new(),
            discontinuity_sequence: 0,
            length: 0,
            bytes: 0,
            listed_at: None,
        }
    }

    /// Length of a grid cell, ticks.
    pub fn grid(&self) -> i64 {
        self.grid
    }

    /// EXT-X-TARGETDURATION, seconds; the grid's length while nothing is listed.
    pub fn target(&self) -> u64 {
        self.target.unwrap_or_else(|| u64::try_from(self.grid / TICKS).unwrap_or(1))
    }

    fn target_ticks(&self) -> i64 {
        i64::try_from(self.target()).unwrap_or(1) * TICKS
    }

    /// The renditions by name.
    pub fn renditions(&self) -> &BTreeMap<String, Rendition> {
        &self.renditions
    }

    /// The listed numbers, in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &Cell> {
        self.listed.iter()
    }

    /// The first and the last listed number; none while nothing is listed.
    pub fn listed(&self) -> Option<(u64, u64)> {
        Some((self.listed.front()?.number, self.listed.back()?.number))
    }

    /// When the last number was listed.
    pub fn listed_at(&self) -> Option<Duration> {
        self.listed_at
    }

    /// Length of the playlists, ticks.
    pub fn length(&self) -> i64 {
        self.length
    }

    /// EXT-X-DISCONTINUITY-SEQUENCE. It begins with the time that was listed first, so that it is higher after a restart.
    pub fn discontinuity_sequence(&self) -> u64 {
        self.discontinuity_sequence
    }

    /// Bytes of all segments that are to be kept: waiting, listed, or gone from the playlists but still to be had.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of the segments that are no longer listed.
    pub fn left_bytes(&self) -> u64 {
        self.left.iter().map(|left| left.bytes).sum()
    }

    /// Segments with lower numbers are not needed any more.
    pub fn oldest_kept(&self) -> u64 {
        let oldest = self.left.front().map(|left| left.number);
        oldest.or_else(|| self.listed.front().map(|cell| cell.number)).unwrap_or(0)
    }

    /// Whether the multivariant playlist offers a rendition: it has one of the last few numbers.
    pub fn offers(&self, name: &str) -> bool {
        let Some(rendition) = self.renditions.get(name) else { return false };
        self.listed.iter().rev().take(OFFERED).any(|cell| rendition.segments.contains_key(&cell.number))
    }

    /// Puts a segment in. `codecs` and `media` describe its rendition. It is listed by [`Self::advance`].
    pub fn put(
        &mut self,
        now: Duration,
        name: &str,
        codecs: &str,
        media: &Media,
        number: u64,
        segment: Segment,
    ) -> Put {
        let newest = self.brought.entry((segment.epoch, name.to_owned())).or_default();
        *newest = (*newest).max(number);
        if self.listed.back().is_some_and(|last| number <= last.number) {
            let known = self.renditions.get(name).is_some_and(|r| r.segments.contains_key(&number));
            return if known { Put::Known } else { Put::Late };
        }
        let take = self.waiting.entry(number).or_insert_with(|| Waiting::new(now)).take(segment.epoch);
        if let Some(known) = take.get(name).map(|arrived| &arrived.segment) {
            if !known.cut || (segment.cut && segment.duration <= known.duration) {
                return Put::Known;
            }
            self.bytes -= known.size;
        }
        self.bytes += segment.size;
        let arrived = Arrived { at: now, codecs: codecs.to_owned(), media: media.clone(), segment };
        take.insert(name.to_owned(), arrived);
        Put::New
    }

    /// Lists what is ready, lets go what is too old. Whether anything changed for players.
    pub fn advance(&mut self, now: Duration) -> bool {
        let mut changed = false;
        while self.listed.is_empty() && self.drop_incomplete() {}
        while let Some((number, epoch)) = self.ready(now) {
            self.list(now, number, epoch);
            changed = true;
        }
        if changed {
            self.trim();
            for stay in &mut self.stays {
                stay.longest = stay.longest.max(self.length);
            }
        }
        while self.left.front().is_some_and(|left| left.until <= now) {
            self.forget_one_left();
            changed = true;
        }
        changed
    }

    /// Lets go of the oldest waiting number if the one after it has renditions that it lacks. Sound begins before pictures do where they
    /// are encoded; a playlist should not begin with a gap for that.
    fn drop_incomplete(&mut self) -> bool {
        let mut waiting = self.waiting.values();
        let (Some(first), Some(second)) = (waiting.next(), waiting.next()) else { return false };
        if second.names().all(|name| first.names().any(|known| known == name)) {
            return false;
        }
        if let Some((_, dropped)) = self.waiting.pop_first() {
            self.bytes -= dropped.bytes();
        }
        true
    }

    /// The next number, and which epoch's take of it, if it can be listed now.
    fn ready(&self, now: Duration) -> Option<(u64, u64)> {
        let (&number, waiting) = self.waiting.first_key_value()?;
        let epoch = self.choose(number, waiting)?;
        let take = waiting.takes.get(&epoch)?;
        let waited = now.saturating_sub(waiting.since);
        let target = duration(self.target_ticks());
        let cell_end = i64::try_from(number + 1).unwrap_or(i64::MAX / self.grid) * self.grid;
        let may_become_whole = take
            .values()
            .map(|one| (one.at, &one.segment))
            .filter(|(_, one)| one.cut && !one.alone)
            .any(|(at, one)| now < at + duration(cell_end - one.end()) + target * PATIENCE / 8);
        let due = match (self.end, self.listed.back()) {
            (Some((_, before)), Some(last)) if before == epoch => {
                // 1.5 target durations after the number before is the latest that is allowed (6.2.1).
                let latest = self.listed_at.unwrap_or_default() + target * 7 / 5;
                let all = self.expected(number, Some(epoch)).all(|name| take.contains_key(name));
                (last.number + 1 == number && all && !may_become_whole)
                    || (now >= latest && waited >= OVERTAKEN)
            }
            _ if may_become_whole => false,
            // Sound is ready before pictures are; with the next number there, all of this one should be.
            (before, _) => {
                let all = self.expected(number, None).all(|name| take.contains_key(name));
                let all = (before.is_some() && all) || self.waiting.len() > 1;
                // The very first one, without pictures: they come with the next number, if this is no radio.
                if before.is_none() && !reference(take)?.media.is_video() {
                    waited >= target * 5 / 4
                } else {
                    waited >= GATHER && (all || waited >= target * 3 / 4)
                }
            }
        };
        due.then_some((number, epoch))
    }

    /// Which of the epochs that brought a number is to be listed: the one that is listed already, as long as it brings all of it,
    /// else the oldest that does; if none does, the first that there is.
    fn choose(&self, number: u64, waiting: &Waiting) -> Option<u64> {
        let listed = self.end.map(|(_, epoch)| epoch).filter(|epoch| waiting.takes.contains_key(epoch));
        let epochs = || listed.into_iter().chain(waiting.takes.keys().copied());
        let whole = |epoch: &u64| {
            waiting.takes.get(epoch).is_some_and(|take| {
                self.expected(number, None).all(|name| take.contains_key(name))
                    && !take.values().any(|arrived| arrived.segment.cut)
            })
        };
        epochs().find(whole).or_else(|| epochs().next())
    }

    /// The renditions that a number should have, by what one epoch, or any, brought lately.
    fn expected(&self, number: u64, epoch: Option<u64>) -> impl Iterator<Item = &String> {
        let recent = self.brought.iter().filter(move |(_, newest)| **newest + EXPECTED >= number);
        recent.filter(move |((of, _), _)| epoch.is_none_or(|epoch| epoch == *of)).map(|((_, name), _)| name)
    }

    fn list(&mut self, now: Duration, number: u64, epoch: u64) {
        let Some(mut waiting) = self.waiting.remove(&number) else { return };
        let Some(mut take) = waiting.takes.remove(&epoch) else { return };
        self.bytes -= waiting.bytes();
        self.brought.retain(|_, newest| *newest + EXPECTED >= number);
        let Some(reference) = reference(&take).map(|one| one.segment.clone()) else { return };
        let (start, length) = (reference.start, reference.duration);
        // Where a part of one rendition stands beside the whole of another, dates and breaks would be wrong for one of them.
        let does_not_fit = |other: &Segment| {
            let apart = (other.start - start).abs().max((other.end() - reference.end()).abs());
            !reference.alone && other.cut != reference.cut && apart > BREAK
        };
        for (_, other) in take.extract_if(.., |_, arrived| does_not_fit(&arrived.segment)) {
            self.bytes -= other.segment.size;
        }
        self.decide_target(&take);
        let filled = self.fill(now, number, start);
        let discontinuity =
            self.end.is_some_and(|(end, before)| before != epoch || (start - end - filled).abs() > BREAK);
        if self.end.is_none() {
            self.discontinuity_sequence = first_discontinuity(start);
        }
        self.push_cell(now, Cell { number, discontinuity, start, duration: length });
        self.end = Some((start + length, epoch));
        self.listed_at = Some(now);
        let target = self.target_ticks();
        for (name, arrived) in take {
            let rendition = self.renditions.entry(name).or_insert_with(|| Rendition::new(&arrived, number));
            rendition.add(number, arrived, target);
        }
        for rendition in self.renditions.values_mut().filter(|one| !one.segments.contains_key(&number)) {
            rendition.rates.gap();
            rendition.i_frame_rates.gap();
        }
    }

    /// Before the first number is listed, out of everything that is there. Later only if a segment is longer than what was
    /// foreseen: then the rule that segments are not above it (4.4.3.1) weighs more than that it does not change.
    fn decide_target(&mut self, next: &Take) {
        // Where segments begin as cells do, nothing has to be foreseen.
        let free = |media: &Media| matches!(media, Media::Video { on_grid: false, .. });
        let all = self.waiting.values().flat_map(|waiting| waiting.takes.values()).chain([next]);
        let foreseen = match self.target {
            Some(target) => target,
            None => {
                let video = all.flat_map(BTreeMap::values).filter(|arrived| free(&arrived.media));
                target::target(self.grid, video.map(|arrived| &arrived.segment))
            }
        };
        let longest = next.values().map(|arrived| arrived.segment.duration).max().unwrap_or(0);
        let longest = u64::try_from((longest + TICKS / 2) / TICKS).unwrap_or(0);
        self.target = Some(foreseen.max(longest));
    }

    /// Lists the numbers between the last one and `number`, which nobody brought, as gaps that are together as long as what is
    /// missing (6.2.1). How long they are together, ticks.
    fn fill(&mut self, now: Duration, number: u64, start: i64) -> i64 {
        let (Some((end, _)), Some(last)) = (self.end, self.listed.back().map(|last| last.number)) else {
            return 0;
        };
        let missing = number - last - 1;
        if missing == 0 {
            return 0;
        }
        let each = ((start - end) / i64::try_from(missing).unwrap_or(i64::MAX))
            .clamp(TICKS / 1000, self.target_ticks());
        // After hours of silence there is no use in a playlist that is nothing but gaps.
        let most = u64::try_from(self.keep.max(3 * self.target_ticks()) / self.grid).unwrap_or(3) + 3;
        let listed = missing.min(most);
        for number in number - listed..number {
            let back = i64::try_from(number - last - 1).unwrap_or(0) * each;
            self.push_cell(now, Cell { number, discontinuity: false, start: end + back, duration: each });
        }
        if missing > listed {
            while self.listed.front().is_some_and(|first| first.number <= last) {
                self.unlist();
            }
        }
        i64::try_from(missing).unwrap_or(0) * each
    }

    fn push_cell(&mut self, now: Duration, cell: Cell) {
        self.length += cell.duration;
        self.listed.push_back(cell);
        self.stays.push_back(Stay { since: now, longest: 0 });
    }

    /// Unlists what is older than the window, and gaps at its beginning, which are of no use to anyone.
    fn trim(&mut self) {
        while let Some(first) = self.listed.front() {
            let gap =
                self.renditions.values().all(|rendition| !rendition.segments.contains_key(&first.number));
            if !self.may_unlist() || !(gap || self.length - first.duration >= self.keep) {
                break;
            }
            self.unlist();
        }
    }

    /// What is left would be at least three target durations long (6.2.2).
    fn may_unlist(&self) -> bool {
        self.listed.front().is_some_and(|first| self.length - first.duration >= 3 * self.target_ticks())
    }

    /// Unlists the oldest number to save memory, unless the window is as short as it may be. Its segments can still be had for
    /// a while.
    pub fn shrink(&mut self) -> bool {
        let may = self.may_unlist();
        if may {
            self.unlist();
        }
        may
    }

    fn unlist(&mut self) {
        let (Some(cell), Some(stay)) = (self.listed.pop_front(), self.stays.pop_front()) else { return };
        self.length -= cell.duration;
        self.discontinuity_sequence += u64::from(cell.discontinuity);
        let mut bytes = 0;
        for rendition in self.renditions.values_mut() {
            bytes += rendition.remove(cell.number);
        }
        self.renditions.retain(|_, rendition| !rendition.segments.is_empty());
        // From when it appeared: its own length, which is not above the target, and that of the longest playlist it was in (6.2.2).
        let until = stay.since + duration(self.target_ticks() + stay.longest);
        self.left.push_back(Left { number: cell.number, until, bytes });
    }

    /// Gives up the oldest segments that are no longer listed, though somebody may still want them; none if there are none.
    pub fn forget_one_left(&mut self) -> bool {
        let Some(left) = self.left.pop_front() else { return false };
        self.bytes = self.bytes.saturating_sub(left.bytes);
        true
    }

    /// Whether some rendition's listed or waiting segments need an initialization section.
    pub fn needs_init(&self, name: &str, init: &str) -> bool {
        let listed = self.renditions.get(name).into_iter().flat_map(|rendition| rendition.segments.values());
        let takes = self.waiting.values().flat_map(|waiting| waiting.takes.values());
        let waiting = takes.filter_map(|take| take.get(name)).map(|arrived| &arrived.segment);
        listed.chain(waiting).any(|segment| segment.init == init)
    }
}

/// What EXT-X-DISCONTINUITY-SEQUENCE begins with: the ten minutes since 2026 began. Breaks are rarer than that, so it is higher after
/// a restart; and it stays small, because hls.js walks through all numbers from 0 to it with each playlist (1.7: the array
/// `initPTS`), which takes ten seconds where it is the number of a segment.
fn first_discontinuity(start: i64) -> u64 {
    const YEAR_2026: i64 = 1_767_225_600;
    const TEN_MINUTES: i64 = 600;
    u64::try_from((start / 90_000 - YEAR_2026) / TEN_MINUTES).unwrap_or(0)
}

#[cfg(test)]
mod tests;
