//! MPEG-2 video (and MPEG-1): where pictures begin (ISO/IEC 13818-2, 6.2), what they are, in which order they are shown.

use std::ops::Range;

use bytes::Bytes;

use super::{About, Entry, Order, Part, Syntax, VideoFormat};
use crate::{bits::Bits, codec::Codec};

/// The headers seen so far.
#[derive(Default)]
pub(super) struct Mpeg2 {
    format: Option<VideoFormat>,
    /// Of the header last sorted, until its slices come.
    structure: u32,
    /// Of the picture at hand: which field it was, and whether its frame has both.
    last: Option<(u32, bool)>,
}

const PICTURE: u8 = 0x00;
const SEQUENCE: u8 = 0xb3;
const EXTENSION: u8 = 0xb5;
const GROUP: u8 = 0xb8;
/// Picture structure of a whole frame; 1 and 2 are fields (6.3.10).
const FRAME: u32 = 3;

fn kind(unit: &[u8]) -> u8 {
    unit.first().copied().unwrap_or(GROUP)
}

/// Picture structure in a picture coding extension; none, if it is another extension (6.2.3.1).
fn structure(unit: &[u8]) -> Option<u32> {
    let mut bits = Bits::new(unit.get(1..)?);
    if bits.bits(4)? != 8 {
        return None;
    }
    bits.skip(16 + 2)?;
    bits.bits(2)
}

impl Syntax for Mpeg2 {
    fn sort(&mut self, head: &[u8]) -> Part {
        match kind(head) {
            PICTURE => {
                // MPEG-1 has no extension, and frames only.
                self.structure = FRAME;
                Part::Prefix
            }
            SEQUENCE | GROUP => Part::Prefix,
            EXTENSION => {
                self.structure = structure(head).unwrap_or(self.structure);
                Part::Other
            }
            // The first slice after a picture header decides; those after it are compared with itself.
            0x01..=0xaf if self.structure == 0 => Part::SamePicture,
            0x01..=0xaf => match self.last {
                Some((last, false)) if last != FRAME && self.structure != FRAME && last != self.structure => {
                    Part::SamePicture
                }
                _ => Part::NewPicture,
            },
            _ => Part::Other,
        }
    }

    fn accept(&mut self) {
        let structure = std::mem::take(&mut self.structure);
        if structure != 0 {
            let second = matches!(self.last, Some((last, false)) if last != FRAME && structure != FRAME && last != structure);
            self.last = Some((structure, second));
        }
    }

    fn complete(&mut self, _unit: &[u8]) {}

    fn describe(&mut self, data: &[u8], units: &[Range<usize>]) -> About {
        let units = || units.iter().filter_map(|unit| data.get(unit.clone()));
        let sequence = units().find(|unit| kind(unit) == SEQUENCE);
        if let Some(sequence) = sequence {
            let extension =
                units().find(|unit| kind(unit) == EXTENSION && unit.get(1).is_some_and(|b| b >> 4 == 1));
            self.format = format(sequence, extension).or(self.format.take());
        }
        let header = units().find(|unit| kind(unit) == PICTURE).and_then(|unit| {
            let mut bits = Bits::new(unit.get(1..)?);
            Some((bits.bits(10)?, bits.bits(3)?))
        });
        let new_group = units().any(|unit| kind(unit) == GROUP);
        let intra = matches!(header, Some((_, 1)));
        About {
            entry: if intra && sequence.is_some() { Entry::Clean } else { Entry::No },
            format: self.format.clone(),
            order: header.map(|(reference, _)| Order { reference, new_group }),
            missing: None,
        }
    }

    fn delimits(&self, _first: u8) -> bool {
        false
    }
}

/// Reads a sequence header (6.2.2.1) and its extension (6.2.2.3), which MPEG-1 does not have.
fn format(sequence: &[u8], extension: Option<&[u8]>) -> Option<VideoFormat> {
    let mut bits = Bits::new(sequence.get(1..)?);
    let (mut width, mut height) = (bits.bits(12)?, bits.bits(12)?);
    let (aspect, code) = (bits.bits(4)?, bits.bits(4)?);
    let (mut interlaced, mut profile, mut scale) = (false, 0, (1, 1));
    if let Some(extension) = extension {
        let mut bits = Bits::new(extension.get(1..)?);
        bits.skip(4)?;
        profile = bits.bits(8)?;
        interlaced = !bits.flag()?;
        let _chroma = bits.bits(2)?;
        width |= bits.bits(2)? << 12;
        height |= bits.bits(2)? << 12;
        bits.skip(12 + 1 + 8 + 1)?;
        scale = (bits.bits(2)? + 1, bits.bits(5)? + 1);
    }
    let (numerator, denominator) = match code {
        1 => (24_000, 1001),
        2 => (24, 1),
        3 => (25, 1),
        4 => (30_000, 1001),
        5 => (30, 1),
        6 => (50, 1),
        7 => (60_000, 1001),
        8 => (60, 1),
        _ => return None,
    };
    let frame_rate = super::rate(numerator * scale.0, denominator * scale.1);
    // What makes another decoder set-up: matrices and bit rate may change from header to header and do not.
    let mut identity = Vec::new();
    for value in [width, height, aspect, code, profile, interlaced.into()] {
        identity.extend_from_slice(&value.to_be_bytes());
    }
    Some(VideoFormat {
        codec: Codec::Mpeg2Video,
        width,
        height,
        interlaced,
        frame_rate,
        sequence: identity.into(),
        picture: Bytes::new(),
    })
}
