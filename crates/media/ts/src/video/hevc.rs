//! HEVC: where pictures begin (ITU-T H.265, 7.4.2.4.4), which of them one can begin at, what they are.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use super::{About, Entry, Part, Syntax, VideoFormat, joined};
use crate::{bits::Bits, codec::Codec};

/// The parameter sets seen so far.
#[derive(Default)]
pub(super) struct Hevc {
    video: BTreeMap<u32, Bytes>,
    sequences: BTreeMap<u32, (Bytes, Sequence)>,
    /// With the number of the sequence parameter set that each refers to.
    pictures: BTreeMap<u32, (Bytes, u32)>,
}

/// A sequence parameter set, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sequence {
    id: u32,
    video: u32,
    width: u32,
    height: u32,
}

const VIDEO: u8 = 32;
const SEQUENCE: u8 = 33;
const PICTURE: u8 = 34;
const DELIMITER: u8 = 35;

fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |byte| byte >> 1 & 0x3f)
}

/// Pictures that nothing after them in display order reaches back over (BLA, IDR, CRA).
fn is_entry(kind: u8) -> bool {
    matches!(kind, 16..=21)
}

impl Syntax for Hevc {
    fn sort(&mut self, head: &[u8]) -> Part {
        match (kind(head), head) {
            (0..=31, [_, _, first, ..]) if first & 0x80 != 0 => Part::NewPicture,
            (0..=31, _) => Part::SamePicture,
            (VIDEO..=DELIMITER | 39 | 41..=44 | 48..=55, _) => Part::Prefix,
            _ => Part::Other,
        }
    }

    fn accept(&mut self) {}

    fn complete(&mut self, unit: &[u8]) {
        let mut bits = Bits::of_nal(unit.get(2..).unwrap_or_default());
        match kind(unit) {
            VIDEO => {
                if let Some(id) = bits.bits(4)
                    && self.video.get(&id).is_none_or(|kept| kept != unit)
                {
                    self.video.insert(id, Bytes::copy_from_slice(unit));
                }
            }
            SEQUENCE => {
                if let Some(sequence) = Sequence::read(&mut bits)
                    && self.sequences.get(&sequence.id).is_none_or(|(kept, _)| kept != unit)
                {
                    self.sequences.insert(sequence.id, (Bytes::copy_from_slice(unit), sequence));
                }
            }
            PICTURE => {
                if let (Some(id @ 0..=63), Some(sequence)) = (bits.ue(), bits.ue())
                    && self.pictures.get(&id).is_none_or(|(kept, _)| kept != unit)
                {
                    self.pictures.insert(id, (Bytes::copy_from_slice(unit), sequence));
                }
            }
            _ => {}
        }
    }

    fn describe(&mut self, data: &[u8], units: &[Range<usize>]) -> About {
        let units = || units.iter().filter_map(|unit| data.get(unit.clone()));
        let nothing = About { entry: Entry::No, format: None, order: None, missing: None };
        let Some(slice) = units().find(|unit| kind(unit) < VIDEO) else { return nothing };
        let Some(picture) = picture_set(slice).and_then(|id| self.pictures.get(&id)) else { return nothing };
        let Some((sequence_set, sequence)) = self.sequences.get(&picture.1) else { return nothing };
        let entry = if is_entry(kind(slice)) { Entry::Clean } else { Entry::No };
        let complete =
            [VIDEO, SEQUENCE, PICTURE].iter().all(|wanted| units().any(|unit| kind(unit) == *wanted));
        let missing = (entry != Entry::No && !complete)
            .then(|| joined(self.video.get(&sequence.video).into_iter().chain([sequence_set, &picture.0])));
        let format = VideoFormat {
            codec: Codec::Hevc,
            width: sequence.width,
            height: sequence.height,
            // Fields of HEVC are pictures of their own; whether they are is in SEI messages only.
            interlaced: false,
            frame_rate: None,
            sequence: sequence_set.clone(),
            picture: picture.0.clone(),
        };
        About { entry, format: Some(format), order: None, missing }
    }

    fn delimits(&self, first: u8) -> bool {
        kind(&[first]) == DELIMITER
    }
}

/// The picture parameter set that a slice refers to (7.3.6.1).
fn picture_set(slice: &[u8]) -> Option<u32> {
    let mut bits = Bits::of_nal(slice.get(2..)?);
    bits.skip(1)?;
    if matches!(kind(slice), 16..=23) {
        bits.skip(1)?;
    }
    bits.ue()
}

impl Sequence {
    /// Reads a sequence parameter set up to the conformance window (7.3.2.2.1).
    fn read(bits: &mut Bits) -> Option<Self> {
        let video = bits.bits(4)?;
        let layers = bits.bits(3)?;
        bits.skip(1)?;
        skip_profile(bits, layers)?;
        let id = bits.ue().filter(|id| *id < 16)?;
        let chroma = bits.ue()?;
        let separate_planes = chroma == 3 && bits.flag()?;
        let (mut width, mut height) = (bits.ue()?, bits.ue()?);
        if bits.flag()? {
            let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
            let across = if matches!(chroma, 1 | 2) && !separate_planes { 2 } else { 1 };
            let down = if chroma == 1 { 2 } else { 1 };
            width = width.checked_sub(left.checked_add(right)?.checked_mul(across)?)?;
            height = height.checked_sub(top.checked_add(bottom)?.checked_mul(down)?)?;
        }
        Some(Self { id, video, width, height })
    }
}

/// Passes over profile, tier and level (7.3.3).
fn skip_profile(bits: &mut Bits, layers: u32) -> Option<()> {
    bits.skip(96)?;
    let mut present = Vec::new();
    for _ in 0..layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if layers > 0 {
        bits.skip(2 * (8 - layers))?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Some(())
}
