//! An elementary stream in the making: bytes, with the places where timestamps belong and where something is missing.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::pes::Sink;

/// The longest access unit that is put together: a UHD picture at 200 Mbit/s is below 2 MiB.
const MAX_BUFFER: usize = 8 << 20;
/// PES packets that may begin within one access unit; more is nonsense.
const MAX_MARKS: usize = 256;

/// Bytes of an elementary stream that are not yet cut into units. The first byte is at place 0.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: BytesMut,
    marks: VecDeque<Mark>,
    breaks: VecDeque<Break>,
    /// The buffer overflowed: what it held is gone.
    overflowed: bool,
}

/// A PES packet begins here.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: usize,
    stamp: Stamp,
}

/// What a PES packet's header says about the first unit that begins in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) pts: Option<u64>,
    pub(crate) dts: Option<u64>,
    /// When the header was on the wire, UTC in ticks.
    pub(crate) sent: i64,
}

/// Bytes are missing here.
#[derive(Clone, Copy, Debug)]
struct Break {
    at: usize,
    /// A PES packet begins right behind it, so what follows is whole.
    whole_after: bool,
}

/// A piece that was cut off the front.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) data: Bytes,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) damaged: bool,
}

impl Sink for Buffer {
    fn begin(&mut self, stamp: Stamp) {
        let at = self.bytes.len();
        if let Some(last) = self.breaks.back_mut().filter(|last| last.at == at) {
            last.whole_after = true;
            if at == 0 {
                self.breaks.pop_back();
            }
        }
        if self.marks.len() == MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(Mark { at, stamp });
    }

    fn data(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > MAX_BUFFER {
            self.bytes.clear();
            self.marks.clear();
            self.breaks.clear();
            self.overflowed = true;
            self.broken();
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn broken(&mut self) {
        let at = self.bytes.len();
        if self.breaks.back().is_none_or(|last| last.at != at) && self.breaks.len() < MAX_MARKS {
            self.breaks.push_back(Break { at, whole_after: false });
        }
    }
}

impl Buffer {
    /// What is there.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether everything was thrown away since this was last asked.
    pub(crate) fn take_overflow(&mut self) -> bool {
        std::mem::take(&mut self.overflowed)
    }

    /// A PES packet begins at this place.
    pub(crate) fn marked_at(&self, at: usize) -> bool {
        self.marks.iter().any(|mark| mark.at == at)
    }

    /// Bytes are missing before the first one.
    pub(crate) fn broken_at_start(&self) -> bool {
        self.breaks.front().is_some_and(|gap| gap.at == 0)
    }

    /// Where bytes are missing, between (excluding) the beginning and `end`.
    pub(crate) fn first_break(&self, end: usize) -> Option<usize> {
        self.breaks.iter().map(|gap| gap.at).find(|at| (1..end).contains(at))
    }

    /// Takes a unit of so many bytes off the front. Its timestamps are those of the last PES packet that began at or
    /// before its first byte and was not yet used up by another unit.
    pub(crate) fn cut(&mut self, length: usize) -> Piece {
        let length = length.min(self.bytes.len());
        let mut stamp = None;
        while let Some(mark) = self.marks.pop_front_if(|mark| mark.at == 0) {
            stamp = Some(mark.stamp);
        }
        // A break right behind a unit may have taken its end, one right before it its beginning.
        let damaged = self.breaks.iter().any(|gap| gap.at <= length);
        self.forget(length);
        Piece { data: self.bytes.split_to(length).freeze(), stamp, damaged }
    }

    /// Throws away so many bytes; timestamps that began in them go to the unit that follows.
    pub(crate) fn skip(&mut self, length: usize) {
        let length = length.min(self.bytes.len());
        self.forget(length);
        bytes::Buf::advance(&mut self.bytes, length);
    }

    /// Throws away everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, length: usize) {
        for mark in &mut self.marks {
            mark.at = mark.at.saturating_sub(length);
        }
        self.breaks.retain_mut(|gap| {
            let behind = gap.at > length || gap.at == length && !gap.whole_after;
            gap.at = gap.at.saturating_sub(length);
            behind
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pts: u64) -> Stamp {
        Stamp { pts: Some(pts), ..Stamp::default() }
    }

    fn cut(buffer: &mut Buffer, length: usize) -> (Option<u64>, bool) {
        let piece = buffer.cut(length);
        (piece.stamp.and_then(|stamp| stamp.pts), piece.damaged)
    }

    #[test]
    fn a_timestamp_belongs_to_the_first_unit_that_begins_in_its_packet() {
        let mut buffer = Buffer::default();
        buffer.begin(at(1));
        buffer.data(&[0; 10]);
        // This packet begins within the second unit, so its time is the third's.
        buffer.begin(at(2));
        buffer.data(&[0; 10]);
        assert_eq!(cut(&mut buffer, 6), (Some(1), false));
        assert_eq!(cut(&mut buffer, 6), (None, false));
        assert_eq!(cut(&mut buffer, 6), (Some(2), false));
        assert_eq!(cut(&mut buffer, 2), (None, false));
    }

    #[test]
    fn damage_stays_with_the_units_that_it_can_have_touched() {
        let mut buffer = Buffer::default();
        buffer.begin(at(1));
        buffer.data(&[0; 10]);
        buffer.broken();
        buffer.data(&[0; 10]);
        buffer.broken();
        buffer.begin(at(2));
        buffer.data(&[0; 10]);
        assert!(!buffer.cut(5).damaged);
        assert!(buffer.cut(10).damaged, "the gap is in the middle of it");
        assert!(buffer.cut(5).damaged, "its end may be missing");
        assert!(!buffer.cut(10).damaged, "it begins with a packet");
        buffer.broken();
        buffer.data(&[0; 4]);
        assert!(buffer.cut(4).damaged, "its beginning may be missing");
    }
}
