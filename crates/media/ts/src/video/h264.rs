//! H.264: where pictures begin (ITU-T H.264, 7.4.1.2.3 and 7.4.1.2.4), which of them one can begin at, what they are.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use super::{About, Entry, Part, Syntax, VideoFormat, joined};
use crate::{bits::Bits, codec::Codec};

/// What of the stream's headers is needed to tell pictures apart.
#[derive(Default)]
pub(super) struct H264 {
    sequences: BTreeMap<u32, (Bytes, Sequence)>,
    /// With the number of the sequence parameter set that each refers to.
    pictures: BTreeMap<u32, (Bytes, u32)>,
    last: Option<Slice>,
    sorted: Option<Slice>,
    /// The last slice was in the second field of a frame, so that a third is of another one.
    second_field: bool,
}

/// A sequence parameter set, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sequence {
    id: u32,
    frame_number_bits: u32,
    frames_only: bool,
    separate_planes: bool,
    width: u32,
    height: u32,
    frame_rate: Option<(u32, u32)>,
}

/// The beginning of a slice header (7.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    idr: bool,
    reference: bool,
    first_macroblock: u32,
    kind: u32,
    picture_set: u32,
    frame_number: u32,
    /// Which field; none, if it is of a frame.
    bottom: Option<bool>,
}

impl Slice {
    fn intra(self) -> bool {
        matches!(self.kind % 5, 2 | 4)
    }
}

const SEI: u8 = 6;
const SEQUENCE: u8 = 7;
const PICTURE: u8 = 8;
const DELIMITER: u8 = 9;

fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |byte| byte & 0x1f)
}

impl Syntax for H264 {
    fn sort(&mut self, head: &[u8]) -> Part {
        match kind(head) {
            1 | 2 | 5 => self.slice(head).map_or(Part::Other, |slice| self.compare(slice)),
            SEI..=DELIMITER | 14..=18 => Part::Prefix,
            _ => Part::Other,
        }
    }

    fn accept(&mut self) {
        if let (Some(last), Some(new)) = (self.last, self.sorted) {
            let pair = last.bottom.is_some() && new.bottom.is_some_and(|bottom| Some(!bottom) == last.bottom);
            self.second_field = match self.differs(last, new) {
                true => false,
                false => self.second_field || pair,
            };
        }
        self.last = self.sorted;
    }

    fn complete(&mut self, unit: &[u8]) {
        match kind(unit) {
            SEQUENCE => {
                if let Some(sequence) = Sequence::read(unit) {
                    keep(&mut self.sequences, sequence.id, unit, sequence);
                }
            }
            PICTURE => {
                let mut bits = Bits::of_nal(unit.get(1..).unwrap_or_default());
                if let (Some(id @ 0..=255), Some(sequence)) = (bits.ue(), bits.ue()) {
                    keep(&mut self.pictures, id, unit, sequence);
                }
            }
            _ => {}
        }
    }

    fn describe(&mut self, data: &[u8], units: &[Range<usize>]) -> About {
        let units = || units.iter().filter_map(|unit| data.get(unit.clone()));
        let slices = || units().filter(|unit| matches!(kind(unit), 1 | 2 | 5)).map(|unit| self.slice(unit));
        let nothing = About { entry: Entry::No, format: None, order: None, missing: None };
        let Some(Some(first)) = slices().next() else { return nothing };
        let Some((picture, sequence)) = self.pictures.get(&first.picture_set) else { return nothing };
        let Some((sequence_set, sequence)) = self.sequences.get(sequence) else { return nothing };
        // The second field of an I frame may be P, so the first field decides.
        let intra = slices().flatten().filter(|slice| slice.bottom == first.bottom).all(Slice::intra);
        let entry = if first.idr {
            Entry::Clean
        } else if intra && units().any(|unit| kind(unit) == SEQUENCE || recovers_at_once(unit)) {
            // Encoders that do not mark recovery points at least repeat the headers where one can begin.
            Entry::Open
        } else {
            Entry::No
        };
        let complete = [SEQUENCE, PICTURE].iter().all(|wanted| units().any(|unit| kind(unit) == *wanted));
        let missing = (entry != Entry::No && !complete).then(|| joined([sequence_set, picture]));
        let format = VideoFormat {
            codec: Codec::H264,
            width: sequence.width,
            height: sequence.height,
            interlaced: !sequence.frames_only,
            frame_rate: sequence.frame_rate,
            sequence: sequence_set.clone(),
            picture: picture.clone(),
        };
        About { entry, format: Some(format), order: None, missing }
    }

    fn delimits(&self, first: u8) -> bool {
        kind(&[first]) == DELIMITER
    }
}

fn keep<T>(sets: &mut BTreeMap<u32, (Bytes, T)>, id: u32, unit: &[u8], value: T) {
    if sets.get(&id).is_none_or(|(kept, _)| kept != unit) {
        sets.insert(id, (Bytes::copy_from_slice(unit), value));
    }
}

impl H264 {
    fn compare(&mut self, slice: Slice) -> Part {
        self.sorted = Some(slice);
        match self.last {
            Some(last) if !self.differs(last, slice) => Part::SamePicture,
            _ => Part::NewPicture,
        }
    }

    /// Whether a slice is of another frame than the one before; the two fields of a frame are taken as one picture.
    fn differs(&self, last: Slice, new: Slice) -> bool {
        if last.frame_number != new.frame_number || last.bottom.is_some() != new.bottom.is_some() {
            return true;
        }
        if last.bottom != new.bottom {
            // The other field: the second of this frame, or the first of the next. An IDR is always a first one.
            return self.second_field || new.idr && !last.idr;
        }
        last.idr != new.idr || last.reference != new.reference || new.first_macroblock == 0
    }

    fn slice(&self, unit: &[u8]) -> Option<Slice> {
        let first = *unit.first()?;
        let mut bits = Bits::of_nal(unit.get(1..)?.get(..super::HEAD).unwrap_or(unit.get(1..)?));
        let (first_macroblock, kind, picture_set) = (bits.ue()?, bits.ue()?, bits.ue()?);
        let mut slice = Slice {
            idr: first & 0x1f == 5,
            reference: first & 0x60 != 0,
            first_macroblock,
            kind,
            picture_set,
            frame_number: 0,
            bottom: None,
        };
        let sequence = self.pictures.get(&picture_set).and_then(|(_, id)| self.sequences.get(id));
        if let Some((_, sequence)) = sequence {
            if sequence.separate_planes {
                bits.skip(2)?;
            }
            slice.frame_number = bits.bits(sequence.frame_number_bits)?;
            if !sequence.frames_only && bits.flag()? {
                slice.bottom = Some(bits.flag()?);
            }
        }
        Some(slice)
    }
}

/// An SEI unit with a recovery point at this very picture (D.2.8).
fn recovers_at_once(unit: &[u8]) -> bool {
    const RECOVERY_POINT: u32 = 6;
    let Some((header, body)) = unit.split_first() else { return false };
    if header & 0x1f != SEI {
        return false;
    }
    let mut bits = Bits::of_nal(body);
    while let (Some(kind), Some(length)) = (sei_number(&mut bits), sei_number(&mut bits)) {
        if kind == RECOVERY_POINT {
            return bits.ue() == Some(0);
        }
        if bits.skip(length * 8).is_none() {
            return false;
        }
    }
    false
}

/// A number in an SEI header: every byte of 255 is followed by another (7.3.2.3.1).
fn sei_number(bits: &mut Bits) -> Option<u32> {
    let mut number = 0;
    loop {
        let byte = bits.bits(8)?;
        number += byte;
        if byte != 255 {
            return Some(number);
        }
    }
}

impl Sequence {
    /// Reads a sequence parameter set (7.3.2.1.1).
    fn read(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::of_nal(unit.get(1..)?);
        let profile = bits.bits(8)?;
        bits.skip(16)?;
        let id = bits.ue().filter(|id| *id < 32)?;
        let (mut chroma, mut separate_planes) = (1, false);
        if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
            chroma = bits.ue()?;
            separate_planes = chroma == 3 && bits.flag()?;
            bits.ue()?;
            bits.ue()?;
            bits.skip(1)?;
            if bits.flag()? {
                skip_scaling_lists(&mut bits, if chroma == 3 { 12 } else { 8 })?;
            }
        }
        let frame_number_bits = bits.ue().filter(|bits| *bits <= 12)? + 4;
        skip_order_count(&mut bits)?;
        bits.ue()?;
        bits.skip(1)?;
        let (columns, rows) = (bits.ue()? + 1, bits.ue()? + 1);
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.skip(1)?;
        }
        bits.skip(1)?;
        let fields = if frames_only { 1 } else { 2 };
        let (mut width, mut height) = (columns.checked_mul(16)?, rows.checked_mul(16 * fields)?);
        if bits.flag()? {
            let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
            let across = if matches!(chroma, 1 | 2) && !separate_planes { 2 } else { 1 };
            let down = fields * if chroma == 1 { 2 } else { 1 };
            width = width.checked_sub(left.checked_add(right)?.checked_mul(across)?)?;
            height = height.checked_sub(top.checked_add(bottom)?.checked_mul(down)?)?;
        }
        let frame_rate = if bits.flag()? { frame_rate(&mut bits) } else { None };
        Some(Self { id, frame_number_bits, frames_only, separate_planes, width, height, frame_rate })
    }
}

fn skip_scaling_lists(bits: &mut Bits, lists: u32) -> Option<()> {
    for list in 0..lists {
        if !bits.flag()? {
            continue;
        }
        let (mut last, mut next) = (8_i32, 8_i32);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.se()? + 256) % 256;
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

fn skip_order_count(bits: &mut Bits) -> Option<()> {
    match bits.ue()? {
        0 => bits.ue().map(|_| ()),
        1 => {
            bits.skip(1)?;
            bits.se()?;
            bits.se()?;
            let cycle = bits.ue().filter(|cycle| *cycle < 256)?;
            (0..cycle).try_for_each(|_| bits.se().map(|_| ()))
        }
        _ => Some(()),
    }
}

/// Frames per second from the VUI (E.1.1): the time scale counts fields.
fn frame_rate(bits: &mut Bits) -> Option<(u32, u32)> {
    const EXTENDED_ASPECT: u32 = 255;
    if bits.flag()? && bits.bits(8)? == EXTENDED_ASPECT {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.skip(1)?;
    }
    if bits.flag()? {
        bits.skip(4)?;
        if bits.flag()? {
            bits.skip(24)?;
        }
    }
    if bits.flag()? {
        bits.ue()?;
        bits.ue()?;
    }
    if !bits.flag()? {
        return None;
    }
    let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
    super::rate(scale, units.checked_mul(2)?)
}
