//! One rendition of the window: its listed segments, its bit rates, the sequence of its I-frame playlist.

use std::collections::BTreeMap;

use super::{Arrived, Media, Rates, Segment};

/// More I-frames than a cell ever has. An I-frame playlist's sequence begins at its first cell's number times this, so that it
/// is higher after a restart than it was before.
pub(super) const FRAMES_IN_CELL: u64 = 64;

/// One rendition of the channel.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// RFC 6381.
    pub codecs: String,
    /// What it carries.
    pub media: Media,
    /// Its listed segments by number. A listed number that is missing here is a gap.
    pub segments: BTreeMap<u64, Segment>,
    /// Its bit rates.
    pub rates: Rates,
    /// Those of its I-frame playlist.
    pub i_frame_rates: Rates,
    /// Media sequence number of the first entry of its I-frame playlist.
    pub i_frame_sequence: u64,
    /// The first number that it had. What is missing after it is a gap in its I-frame playlist; what is missing before is not
    /// there at all.
    pub since: u64,
    /// The initialization section of the last segment that left: gaps before the first one that is listed are still under it.
    pub init_before: Option<String>,
}

impl Rendition {
    pub(super) fn new(arrived: &Arrived, number: u64) -> Self {
        Self {
            codecs: arrived.codecs.clone(),
            media: arrived.media.clone(),
            segments: BTreeMap::new(),
            rates: Rates::default(),
            i_frame_rates: Rates::default(),
            i_frame_sequence: number * FRAMES_IN_CELL,
            since: number,
            init_before: None,
        }
    }

    pub(super) fn add(&mut self, number: u64, arrived: Arrived, target: i64) {
        self.codecs = arrived.codecs;
        self.media = arrived.media;
        let segment = arrived.segment;
        self.rates.add(segment.size, segment.duration, target);
        self.i_frame_rates.add(frame_bytes(&segment), segment.duration, target);
        self.segments.insert(number, segment);
    }

    /// Takes a number out; the size of its segment.
    pub(super) fn remove(&mut self, number: u64) -> u64 {
        let removed = self.segments.remove(&number);
        if number >= self.since {
            // What has no pictures is one entry: a gap.
            self.i_frame_sequence += removed.as_ref().map_or(1, |segment| segment.frames.len().max(1) as u64);
        }
        let Some(segment) = removed else { return 0 };
        self.rates.remove(segment.size, segment.duration);
        self.i_frame_rates.remove(frame_bytes(&segment), segment.duration);
        self.init_before = Some(segment.init);
        segment.size
    }

    /// The initialization section that playlists begin with.
    pub fn first_init(&self) -> &str {
        let first = || self.segments.values().next().map(|segment| &segment.init);
        self.init_before.as_ref().or_else(first).map_or("", String::as_str)
    }
}

fn frame_bytes(segment: &Segment) -> u64 {
    segment.frames.iter().map(|frame| frame.length).sum()
}
