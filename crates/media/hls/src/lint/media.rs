//! Rules about initialization sections and segments, and what they measure.

use std::collections::BTreeMap;

use super::{
    mp4::{self, Fragments, Init},
    report::Page,
    rules::{
        CODECS_WRONG, DATE_MAPPING_DIFFERS, EXTINF_WRONG, INIT_UNUSABLE, KEYFRAMES_RARE, NOT_IDR, NOT_SYNC,
        RESOLUTION_WRONG, Rule, SEGMENT_BROKEN, TIMESTAMPS_BREAK,
    },
};
use crate::read::Segment;

/// What the multivariant playlist says about the media of a playlist.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Announced {
    pub(super) codecs: Vec<String>,
    pub(super) resolution: Option<(u32, u32)>,
}

/// What was measured of a playlist's media.
#[derive(Debug, Default)]
pub(super) struct Measured {
    inits: BTreeMap<String, Init>,
    segments: BTreeMap<u64, Piece>,
    /// By discontinuity number: date minus media time in seconds.
    offsets: BTreeMap<u64, f64>,
    /// Highest bit rate of neighbouring segments of about a target duration.
    peak: f64,
    bytes: f64,
    seconds: f64,
}

/// A measured segment.
#[derive(Clone, Copy, Debug)]
struct Piece {
    bytes: f64,
    seconds: f64,
    /// Where the next one's decoding begins, in seconds.
    end: f64,
    discontinuity_number: u64,
}

/// Measured segments that are kept for what comes next to them.
const KEPT: usize = 16;

impl Measured {
    /// Whether this initialization section was looked at.
    pub(super) fn knows_init(&self, url: &str) -> bool {
        self.inits.contains_key(url)
    }

    /// Looks at an initialization section.
    pub(super) fn init(&mut self, page: &mut Page<'_>, url: &str, body: &[u8], announced: &Announced) {
        let Some(init) = mp4::init(body) else {
            page.add(INIT_UNUSABLE, format!("{url} is not one"));
            return;
        };
        let fits = |codec: &String| {
            let (codec, real) = (codec.to_ascii_lowercase(), init.codec.to_ascii_lowercase());
            // HE-AAC may be signalled as AAC-LC in the media; HEVC is compared by its letters.
            codec == real
                || (real == "mp4a.40.2" && codec == "mp4a.40.5")
                || codec.starts_with(&format!("{real}."))
        };
        if !announced.codecs.is_empty() && !announced.codecs.iter().any(fits) {
            let seen = format!("{} in {url}, {} announced", init.codec, announced.codecs.join(","));
            page.add(CODECS_WRONG, seen);
        }
        if let (Some(sizes), Some(resolution)) = (init.sizes, announced.resolution)
            && !sizes.contains(&resolution)
        {
            let [(width, height), _] = sizes;
            let seen = format!("{width}x{height} in {url}, {}x{} announced", resolution.0, resolution.1);
            page.add(RESOLUTION_WRONG, seen);
        }
        self.inits.insert(url.to_owned(), init);
    }

    /// Looks at a segment whose initialization section is `init`, and measures it.
    pub(super) fn segment(
        &mut self,
        page: &mut Page<'_>,
        segment: &Segment,
        init: &str,
        body: &[u8],
        target: f64,
    ) {
        self.count(segment, body.len(), target);
        let Some(init) = self.inits.get(init).cloned() else { return };
        let mut add = |rule: &'static Rule, seen: String| page.add(rule, format!("{}: {seen}", segment.uri));
        let media = match mp4::fragments(body, &init, true) {
            Ok(media) => media,
            Err(problem) => return add(SEGMENT_BROKEN, problem),
        };
        if !media.begins_with_sync {
            add(NOT_SYNC, "the first sample depends on others".into());
        }
        if media.begins_with_idr == Some(false) {
            add(NOT_IDR, "the first picture is not an IDR".into());
        }
        let scale = f64::from(init.timescale.max(1));
        let real = media.duration as f64 / scale;
        if (real - segment.duration).abs() > 0.1 {
            add(EXTINF_WRONG, format!("EXTINF {:.3} s, media {real:.3} s", segment.duration));
        }
        if init.is_video() {
            let rarest = longest_without_sync(&media) as f64 / scale;
            if rarest > 2.1 {
                add(KEYFRAMES_RARE, format!("{rarest:.2} s without one"));
            }
        }
        self.timeline(segment, &media, scale, &mut add);
    }

    /// Looks at the byte range of an I-frame whose initialization section is `init`.
    pub(super) fn i_frame(&self, init: &str, body: &[u8]) -> Result<(), String> {
        let Some(init) = self.inits.get(init) else { return Ok(()) };
        let media = mp4::fragments(body, init, false)?;
        if media.begins_with_sync && media.begins_with_idr != Some(false) {
            Ok(())
        } else {
            Err("the picture depends on others".into())
        }
    }

    /// Where the segment lies on the timeline, beside its neighbour and beside its date.
    fn timeline(
        &mut self,
        segment: &Segment,
        media: &Fragments,
        scale: f64,
        add: &mut impl FnMut(&'static Rule, String),
    ) {
        let begin = media.decode_time as f64 / scale;
        let before = segment.number.checked_sub(1).and_then(|number| self.segments.get(&number));
        if let Some(before) =
            before.filter(|before| before.discontinuity_number == segment.discontinuity_number)
        {
            let jump = begin - before.end;
            if before.end > 0.0 && jump.abs() > 0.1 {
                add(
                    TIMESTAMPS_BREAK,
                    format!("decoding begins {jump:+.3} s from where the segment before ends"),
                );
            }
        }
        if let Some(piece) = self.segments.get_mut(&segment.number) {
            piece.end = begin + media.duration as f64 / scale;
        }
        let Some(date) = segment.date_time else { return };
        let offset = date.timestamp_micros() as f64 / 1e6 - media.start as f64 / scale;
        let known = *self.offsets.entry(segment.discontinuity_number).or_insert(offset);
        if (known - offset).abs() > 0.25 {
            add(DATE_MAPPING_DIFFERS, format!("{:+.3} s from the segments before it", offset - known));
        }
        while self.offsets.len() > KEPT {
            self.offsets.pop_first();
        }
    }

    /// Adds a segment to what was measured: peak and average (RFC 8216bis 4.4.6.2, 1.1).
    fn count(&mut self, segment: &Segment, bytes: usize, target: f64) {
        let piece = Piece {
            bytes: bytes as f64,
            seconds: segment.duration,
            end: 0.0,
            discontinuity_number: segment.discontinuity_number,
        };
        if self.segments.insert(segment.number, piece).is_some() {
            return;
        }
        self.bytes += piece.bytes;
        self.seconds += piece.seconds;
        let (mut bytes, mut seconds) = (0.0, 0.0);
        for number in (0..=segment.number).rev() {
            let Some(piece) = self.segments.get(&number) else { break };
            bytes += piece.bytes;
            seconds += piece.seconds;
            if seconds > 1.5 * target {
                break;
            }
            if seconds >= 0.5 * target {
                self.peak = self.peak.max(bytes * 8.0 / seconds);
            }
        }
        while self.segments.len() > KEPT {
            self.segments.pop_first();
        }
    }

    /// Peak segment bit rate so far.
    pub(super) fn peak(&self) -> f64 {
        self.peak
    }

    /// Average bit rate, and over how many seconds.
    pub(super) fn average(&self) -> (f64, f64) {
        (self.bytes * 8.0 / self.seconds.max(0.001), self.seconds)
    }

    /// By discontinuity number: date minus media time in seconds.
    pub(super) fn date_offsets(&self) -> impl Iterator<Item = (u64, f64)> {
        self.offsets.iter().map(|(number, offset)| (*number, *offset))
    }

    pub(super) fn date_offset(&self, number: u64) -> Option<f64> {
        self.offsets.get(&number).copied()
    }
}

/// The longest time without a picture that stands alone, in the track's timescale.
fn longest_without_sync(media: &Fragments) -> i64 {
    let end = media.start + i64::try_from(media.duration).unwrap_or(0);
    let ends = media.sync_times.iter().skip(1).chain(std::iter::once(&end));
    media.sync_times.iter().zip(ends).map(|(one, next)| next - one).max().unwrap_or(end - media.start)
}
