//! Pictures: a byte stream with start codes cut into access units, whichever way they lie in PES packets.

mod h264;
mod hevc;
mod mpeg2;

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::{
    codec::Codec,
    es::{Buffer, Piece},
};

/// How pictures are coded, from the stream's own headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoFormat {
    /// Which codec.
    pub codec: Codec,
    /// Width of what is shown, in pixels.
    pub width: u32,
    /// Height of what is shown, of a whole frame, in pixels.
    pub height: u32,
    /// Frames may consist of two fields.
    pub interlaced: bool,
    /// Frames (not fields) in a second as a fraction, where the headers say it.
    pub frame_rate: Option<(u32, u32)>,
    /// The sequence parameter set in use, or what stands for it: another one needs another decoder set-up.
    pub(crate) sequence: Bytes,
    /// The picture parameter set that the picture begins with; empty in MPEG-2.
    pub(crate) picture: Bytes,
}

/// Where decoding can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Not here.
    No,
    /// At a picture after which nothing refers to anything before it (IDR; HEVC IRAP; MPEG-2 I picture).
    Clean,
    /// At an intra picture with a recovery point: pictures shown before it may be missing something.
    Open,
}

/// A picture, cut out.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) piece: Piece,
    pub(crate) entry: Entry,
    /// How it is coded; none before the headers came.
    pub(crate) format: Option<VideoFormat>,
    /// MPEG-2 only: its place in display order, from which missing timestamps are reckoned.
    pub(crate) order: Option<Order>,
}

/// Where a picture belongs in display order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Temporal reference within the group of pictures.
    pub(crate) reference: u32,
    /// A new group begins with it.
    pub(crate) new_group: bool,
}

/// What a start code begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What comes before a picture: headers, delimiters.
    Prefix,
    /// Coded data of another picture than the last.
    NewPicture,
    /// More coded data of the picture at hand, or its second field.
    SamePicture,
    /// What decides nothing.
    Other,
}

/// What of a picture its codec's syntax tells.
struct About {
    entry: Entry,
    format: Option<VideoFormat>,
    order: Option<Order>,
    /// Parameter sets to be put in front, because the picture needs them and does not bring them.
    missing: Option<Bytes>,
}

/// The syntax of a codec. A "unit" begins after its start code.
trait Syntax: Send {
    /// Sorts a unit by its first bytes; compares coded data with that of the last [`Syntax::accept`].
    fn sort(&mut self, head: &[u8]) -> Part;
    /// The coded data sorted last belongs to the picture at hand from now on.
    fn accept(&mut self);
    /// Takes a whole unit, for headers that sorting needs.
    fn complete(&mut self, unit: &[u8]);
    /// Says what a whole picture is.
    fn describe(&mut self, data: &[u8], units: &[Range<usize>]) -> About;
    /// Whether a unit that begins with this byte has to stay the first one of a picture.
    fn delimits(&self, first: u8) -> bool;
}

/// So many bytes after a start code decide what it begins.
const HEAD: usize = 32;

/// Cuts an elementary stream into pictures.
pub(crate) struct Splitter {
    buffer: Buffer,
    syntax: Box<dyn Syntax>,
    /// The units are NAL units.
    nal_units: bool,
    /// The buffer was searched for start codes up to here.
    searched: usize,
    /// The units of the picture at hand, by where they are behind their start codes; the last one is open.
    units: Vec<Range<usize>>,
    /// The picture at hand has coded data.
    has_picture: bool,
    /// Where the next picture may begin, with the number of units before it.
    candidate: Option<(usize, usize)>,
}

impl Splitter {
    /// A splitter for a video codec.
    pub(crate) fn new(codec: Codec) -> Self {
        let syntax: Box<dyn Syntax> = match codec {
            Codec::H264 => Box::<h264::H264>::default(),
            Codec::Hevc => Box::<hevc::Hevc>::default(),
            _ => Box::<mpeg2::Mpeg2>::default(),
        };
        Self {
            buffer: Buffer::default(),
            syntax,
            nal_units: codec != Codec::Mpeg2Video,
            searched: 0,
            units: Vec::new(),
            has_picture: false,
            candidate: None,
        }
    }

    /// Where the bytes go.
    pub(crate) fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    /// Hands on every picture that is complete: its successor has begun.
    pub(crate) fn run(&mut self, each: &mut dyn FnMut(Picture)) {
        if self.buffer.take_overflow() {
            self.forget();
        }
        self.search(HEAD, each);
    }

    /// The stream ends or is interrupted: hands on what is there.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(Picture)) {
        self.search(1, each);
        let mut end = self.buffer.bytes().len();
        if let Some(last) = self.units.last_mut() {
            last.end = end;
        }
        if let Some((at, count)) = self.candidate {
            end = at;
            self.units.truncate(count);
        }
        self.cut(end, each);
        self.buffer.clear();
        self.forget();
    }

    fn forget(&mut self) {
        self.units.clear();
        (self.searched, self.has_picture, self.candidate) = (0, false, None);
    }

    /// Takes every start code behind which there are at least so many bytes.
    fn search(&mut self, needed: usize, each: &mut dyn FnMut(Picture)) {
        while let Some(code) = find_start_code(self.buffer.bytes(), self.searched) {
            let rest = self.buffer.bytes().get(code + 3..).unwrap_or_default();
            if rest.len() < needed {
                // Wait for what decides; this start code is found again then.
                self.searched = code;
                return;
            }
            let begin = self.close(code);
            let rest = self.buffer.bytes().get(code + 3..).unwrap_or_default();
            let part = self.syntax.sort(rest.get(..HEAD).unwrap_or(rest));
            self.take(code, begin, part, each);
        }
        self.searched = self.searched.max(self.buffer.bytes().len().saturating_sub(2));
    }

    /// Ends the unit before the start code at `code`, and says where what follows begins.
    fn close(&mut self, code: usize) -> usize {
        // NAL units never end in a zero byte: one before a start code belongs to that, unless a PES packet begins in
        // between. MPEG-2's headers may end in zeros.
        let zero = self.nal_units
            && code > 0
            && self.buffer.bytes().get(code - 1) == Some(&0)
            && !self.buffer.marked_at(code);
        let begin = code - usize::from(zero);
        if let Some(last) = self.units.last_mut() {
            last.end = begin.max(last.start);
            if let Some(unit) = self.buffer.bytes().get(last.clone()) {
                self.syntax.complete(unit);
            }
        }
        begin
    }

    /// Takes note of a start code at `code`; with the zero byte before it, it begins at `begin`.
    fn take(&mut self, mut code: usize, begin: usize, part: Part, each: &mut dyn FnMut(Picture)) {
        if self.units.is_empty() && begin > 0 {
            // The end of something whose beginning was never seen.
            self.buffer.skip(begin);
            code -= begin;
        }
        if self.has_picture {
            match part {
                Part::Other => {}
                Part::Prefix => {
                    self.candidate.get_or_insert((begin, self.units.len()));
                }
                Part::SamePicture => self.candidate = None,
                Part::NewPicture => {
                    let (at, count) = self.candidate.take().unwrap_or((begin, self.units.len()));
                    let later = self.units.split_off(count.min(self.units.len()));
                    self.cut(at, each);
                    self.units = later.into_iter().map(|unit| unit.start - at..unit.end - at).collect();
                    code -= at;
                }
            }
        }
        if matches!(part, Part::NewPicture | Part::SamePicture) {
            self.syntax.accept();
            self.has_picture = true;
        }
        self.units.push(code + 3..code + 3);
        self.searched = code + 3;
    }

    /// Cuts the picture at hand off; what has no coded data in it is dropped.
    fn cut(&mut self, length: usize, each: &mut dyn FnMut(Picture)) {
        let mut piece = self.buffer.cut(length);
        let units = std::mem::take(&mut self.units);
        if !std::mem::take(&mut self.has_picture) {
            return;
        }
        let about = self.syntax.describe(&piece.data, &units);
        if let Some(missing) = about.missing {
            let first = units.first().and_then(|unit| piece.data.get(unit.start));
            let second = first.filter(|first| self.syntax.delimits(**first)).and(units.get(1));
            let at = second.map_or(0, |second| second.start.saturating_sub(3));
            piece.data = inserted(&piece.data, at, &missing);
        }
        each(Picture { piece, entry: about.entry, format: about.format, order: about.order });
    }
}

fn inserted(data: &Bytes, at: usize, what: &Bytes) -> Bytes {
    let (before, after) = data.split_at(at.min(data.len()));
    let mut joined = BytesMut::with_capacity(data.len() + what.len());
    joined.extend_from_slice(before);
    joined.extend_from_slice(what);
    joined.extend_from_slice(after);
    joined.freeze()
}

/// The first 00 00 01 at or after `from`.
fn find_start_code(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 2;
    loop {
        // The byte 01 is rare in coded data, and finding it is what machines are fast at.
        at += memchr::memchr(1, bytes.get(at..)?)?;
        if bytes.get(at - 2..at) == Some(&[0, 0]) {
            return Some(at - 2);
        }
        at += 1;
    }
}

/// Parameter sets as they go in front of a picture, each behind a start code.
fn joined<'a>(sets: impl IntoIterator<Item = &'a Bytes>) -> Bytes {
    let mut joined = BytesMut::new();
    for set in sets {
        joined.extend_from_slice(&[0, 0, 0, 1]);
        joined.extend_from_slice(set);
    }
    joined.freeze()
}

/// A frame rate in lowest terms; none, if it is not one of television (1 to 300 per second).
fn rate(numerator: u32, denominator: u32) -> Option<(u32, u32)> {
    let (mut a, mut b) = (numerator, denominator);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 || denominator == 0 || numerator < denominator || numerator / denominator > 300 {
        return None;
    }
    Some((numerator / a, denominator / a))
}
