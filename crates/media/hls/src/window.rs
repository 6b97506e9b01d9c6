//! The live window of one channel: which segments there are, in every rendition, and which of them are listed.
//!
//! A segment's number is its cell of the UTC grid. All renditions list the same numbers; one that nobody produced is a gap.
//! Discontinuities are decided once for the channel, in its reference rendition, so that all renditions agree.

use std::collections::{BTreeMap, BTreeSet};

/// Ticks in a second.
pub const TICKS: i64 = 90_000;

/// More than this between the end of a segment and the beginning of the next is a break in the timeline.
const BREAK: i64 = TICKS / 2;

/// A rendition that is so many segments behind the others no longer holds them up.
const PATIENCE: u64 = 2;

/// A segment, without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its earliest presentation time, ticks of 1/90000 s since the Unix epoch.
    pub start: i64,
    /// Its length in ticks.
    pub duration: i64,
    /// The epoch it is from.
    pub epoch: u64,
    /// Names its initialization section.
    pub init: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its pictures that stand alone.
    pub frames: Vec<Frame>,
}

/// A picture that stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First byte in the segment.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// When it is shown, ticks.
    pub time: i64,
}

/// What a rendition carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Media {
    /// Pictures.
    Video {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Pictures per second.
        frame_rate: f64,
    },
    /// Sound.
    Audio {
        /// ISO 639-2.
        language: Option<String>,
        /// What viewers read.
        label: String,
        /// Channels.
        channels: u32,
        /// With spoken description.
        description: bool,
        /// Plays unless another one is chosen.
        default: bool,
    },
}

/// One rendition of the channel.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// RFC 6381.
    pub codecs: String,
    /// What it carries.
    pub media: Media,
    /// Its segments by number.
    pub segments: BTreeMap<u64, Segment>,
    /// Highest bit rate of a whole segment so far; it only grows, so that playlists do not flutter.
    pub peak: u64,
    /// I-frames of segments that have left the window: the media sequence number of its I-frame playlist.
    pub frames_gone: u64,
}

impl Rendition {
    /// Whether it is pictures.
    pub fn is_video(&self) -> bool {
        matches!(self.media, Media::Video { .. })
    }

    /// Bits per second over all its segments, rounded up to 10 kbit/s.
    pub fn average(&self) -> u64 {
        let (bytes, ticks) = self.segments.values().fold((0, 0), |(bytes, ticks), segment| {
            (bytes + segment.size, ticks + u64::try_from(segment.duration).unwrap_or(0))
        });
        (bytes * 8 * TICKS as u64 / ticks.max(1)).div_ceil(10_000) * 10_000
    }
}

/// The window.
#[derive(Clone, Debug)]
pub struct Window {
    grid: i64,
    keep: i64,
    renditions: BTreeMap<String, Rendition>,
    /// Discontinuities before segments that have left.
    discontinuities_gone: u64,
    /// Length of the longest segment so far, whole seconds: only a source with long gaps between key pictures makes it
    /// longer than the grid.
    target: u64,
    first: Option<u64>,
    /// Breaks behind segments that have left: their tags stay until their own segments leave.
    edge: Option<u64>,
}

/// What became of a segment that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is in.
    New,
    /// It was there already, from another transcoder.
    Known,
    /// It is older than the window.
    Late,
}

impl Window {
    /// An empty window over a grid of `grid` ticks that keeps `keep` ticks, never less than three segments.
    pub fn new(grid: i64, keep: i64) -> Self {
        Self {
            grid: grid.max(TICKS),
            keep: keep.max(3 * grid),
            renditions: BTreeMap::new(),
            discontinuities_gone: 0,
            target: u64::try_from(grid.max(TICKS).div_euclid(TICKS)).unwrap_or(1),
            first: None,
            edge: None,
        }
    }

    /// Length of a grid cell, ticks.
    pub fn grid(&self) -> i64 {
        self.grid
    }

    /// The renditions by name.
    pub fn renditions(&self) -> &BTreeMap<String, Rendition> {
        &self.renditions
    }

    /// EXT-X-TARGETDURATION, seconds.
    pub fn target(&self) -> u64 {
        self.target
    }

    /// Puts a segment in. `codecs` and `media` describe its rendition.
    pub fn put(&mut self, name: &str, codecs: &str, media: &Media, number: u64, segment: Segment) -> Put {
        if self.first.is_some_and(|first| number < first) {
            return Put::Late;
        }
        let rendition = self.renditions.entry(name.to_owned()).or_insert_with(|| Rendition {
            codecs: codecs.to_owned(),
            media: media.clone(),
            segments: BTreeMap::new(),
            peak: 0,
            frames_gone: 0,
        });
        if rendition.segments.contains_key(&number) {
            return Put::Known;
        }
        codecs.clone_into(&mut rendition.codecs);
        rendition.media = media.clone();
        // A short piece at an epoch's edge says nothing about the rate.
        let seconds = segment.duration as f64 / TICKS as f64;
        if segment.duration >= self.grid / 2 {
            let rate = (segment.size as f64 * 8.0 / seconds) as u64;
            rendition.peak = rendition.peak.max(rate.div_ceil(10_000) * 10_000);
        }
        self.target = self.target.max(seconds.round() as u64);
        rendition.segments.insert(number, segment);
        Put::New
    }

    /// The numbers that playlists list, first and last; none while nothing can be.
    ///
    /// A number is listed when every rendition has it that is not hopelessly behind.
    pub fn listed(&self) -> Option<(u64, u64)> {
        let lasts: Vec<u64> =
            self.renditions.values().filter_map(|r| r.segments.keys().next_back().copied()).collect();
        let newest = *lasts.iter().max()?;
        let last = *lasts.iter().filter(|last| **last + PATIENCE > newest).min()?;
        let first = self.renditions.values().filter_map(|r| r.segments.keys().next().copied()).min()?;
        (first <= last).then_some((first, last))
    }

    /// The rendition that decides for all: the best pictures, or the first sound.
    fn reference(&self) -> Option<&Rendition> {
        let videos = self.renditions.iter().filter(|(_, rendition)| rendition.is_video());
        let newest = |rendition: &Rendition| rendition.segments.keys().next_back().copied().unwrap_or(0);
        let best = videos.map(|(_, rendition)| rendition).max_by_key(|rendition| newest(rendition));
        best.or_else(|| self.renditions.values().next())
    }

    /// The numbers before which the timeline breaks.
    pub fn discontinuities(&self) -> BTreeSet<u64> {
        let Some(reference) = self.reference() else { return BTreeSet::new() };
        let pairs = reference.segments.iter().zip(reference.segments.iter().skip(1));
        pairs
            .filter(|((_, before), (_, after))| {
                before.epoch != after.epoch || (after.start - before.start - before.duration).abs() > BREAK
            })
            .map(|(_, (number, _))| *number)
            .chain(self.edge)
            .collect()
    }

    /// EXT-X-DISCONTINUITY-SEQUENCE.
    pub fn discontinuities_gone(&self) -> u64 {
        self.discontinuities_gone
    }

    /// Takes out what is older than the window; the numbers that left.
    pub fn trim(&mut self) -> Vec<u64> {
        let mut gone = Vec::new();
        while let Some((first, last)) = self.listed() {
            let length = i64::try_from(last + 1 - first).unwrap_or(i64::MAX).saturating_mul(self.grid);
            if length <= self.keep {
                break;
            }
            gone.extend(self.drop_first());
        }
        gone
    }

    /// Takes the oldest number out, unless that would leave less than three target durations (RFC 8216bis, 6.2.2).
    pub fn drop_first(&mut self) -> Option<u64> {
        let (first, last) = self.listed()?;
        let left = i64::try_from(last - first).unwrap_or(0) * self.grid;
        if left < 3 * i64::try_from(self.target).unwrap_or(0) * TICKS {
            return None;
        }
        // The tag belongs to the segment behind the break, so it goes, and is counted, with that one.
        let breaks = self.discontinuities();
        self.discontinuities_gone += u64::from(breaks.contains(&first));
        self.edge = self.edge.filter(|edge| *edge != first);
        for rendition in self.renditions.values_mut() {
            if let Some(segment) = rendition.segments.remove(&first) {
                rendition.frames_gone += segment.frames.len() as u64;
            }
        }
        self.renditions.retain(|_, rendition| !rendition.segments.is_empty());
        self.first = Some(first + 1);
        let oldest = self.reference().and_then(|reference| reference.segments.keys().next().copied());
        self.edge = self.edge.or(oldest.filter(|oldest| breaks.contains(oldest)));
        Some(first)
    }

    /// Bytes of all its segments.
    pub fn bytes(&self) -> u64 {
        self.renditions
            .values()
            .flat_map(|rendition| rendition.segments.values())
            .map(|segment| segment.size)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: i64 = 6 * TICKS;

    pub(crate) fn video() -> Media {
        Media::Video { width: 1280, height: 720, frame_rate: 25.0 }
    }

    fn segment(number: u64, epoch: u64) -> Segment {
        let frames = (0..3).map(|n| Frame {
            offset: n * 100,
            length: 50,
            time: number as i64 * GRID + n as i64 * 2 * TICKS,
        });
        Segment {
            start: number as i64 * GRID,
            duration: GRID,
            epoch,
            init: "i".into(),
            size: 750_000,
            frames: frames.collect(),
        }
    }

    fn put(window: &mut Window, name: &str, number: u64, epoch: u64) -> Put {
        window.put(name, "avc1.64001f", &video(), number, segment(number, epoch))
    }

    #[test]
    fn a_number_is_listed_when_every_rendition_has_it() {
        let mut window = Window::new(GRID, 10 * GRID);
        for name in ["v0", "v1"] {
            put(&mut window, name, 100, 1);
        }
        put(&mut window, "v0", 101, 1);
        assert_eq!(window.listed(), Some((100, 100)));
        put(&mut window, "v1", 101, 1);
        assert_eq!(window.listed(), Some((100, 101)));
        // One that has died does not hold up the others for ever.
        put(&mut window, "v0", 102, 1);
        put(&mut window, "v0", 103, 1);
        assert_eq!(window.listed(), Some((100, 103)));
    }

    #[test]
    fn what_two_transcoders_push_is_kept_once() {
        let mut window = Window::new(GRID, 10 * GRID);
        assert_eq!(put(&mut window, "v0", 100, 1), Put::New);
        assert_eq!(put(&mut window, "v0", 100, 1), Put::Known);
    }

    #[test]
    fn the_window_moves_on_and_counts_what_left() {
        let mut window = Window::new(GRID, 5 * GRID);
        for number in 100..104 {
            put(&mut window, "v0", number, 1);
        }
        for number in 104..112 {
            put(&mut window, "v0", number, 2);
            window.trim();
        }
        assert_eq!(window.listed(), Some((107, 111)));
        assert_eq!(window.discontinuities_gone(), 1);
        assert_eq!(window.renditions()["v0"].frames_gone, 21);
        assert_eq!(put(&mut window, "v0", 101, 1), Put::Late);
    }

    #[test]
    fn gaps_and_other_epochs_are_discontinuities() {
        let mut window = Window::new(GRID, 50 * GRID);
        for (number, epoch) in [(100, 1), (101, 1), (104, 1), (105, 2), (106, 2)] {
            put(&mut window, "v0", number, epoch);
        }
        assert_eq!(window.discontinuities().into_iter().collect::<Vec<_>>(), [104, 105]);
    }

    #[test]
    fn never_less_than_three_target_durations_are_left() {
        let mut window = Window::new(GRID, 0);
        for number in 100..120 {
            put(&mut window, "v0", number, 1);
            window.trim();
        }
        while window.drop_first().is_some() {}
        let (first, last) = window.listed().unwrap();
        assert_eq!(last - first + 1, 3);
    }
}
