//! As much of ISO BMFF (ISO/IEC 14496-12) as it takes to see whether media is what its playlist says.

/// An initialization section of one track.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Init {
    pub(super) timescale: u32,
    /// The RFC 6381 string of its sample entry, as far as it can be told; HEVC by its four letters only.
    pub(super) codec: String,
    /// Coded size, and the size for display, of video.
    pub(super) sizes: Option<[(u32, u32); 2]>,
    /// Bytes of a NAL unit's length.
    nal_length: usize,
    default_flags: u32,
}

impl Init {
    pub(super) fn is_video(&self) -> bool {
        self.sizes.is_some()
    }
}

/// The media of a segment, or of a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fragments {
    /// First decode time, in the track's timescale.
    pub(super) decode_time: u64,
    /// Earliest presentation time, in the track's timescale.
    pub(super) start: i64,
    /// All samples' durations together.
    pub(super) duration: u64,
    /// Presentation times of the samples that can be decoded alone.
    pub(super) sync_times: Vec<i64>,
    /// Whether the first sample can be decoded alone.
    pub(super) begins_with_sync: bool,
    /// Whether the first picture is an IDR (H.264), or a random access picture (HEVC); none where it cannot be told.
    pub(super) begins_with_idr: Option<bool>,
}

/// Iterates over boxes: type and body. Ends where a box does not fit.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8], usize)> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let head = bytes.get(at..)?;
        let size = u32_at(head, 0)?;
        let kind = *head.get(4..)?.first_chunk::<4>()?;
        let (start, size) = match size {
            0 => (8, head.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*head.get(8..)?.first_chunk()?)).ok()?),
            size => (8, usize::try_from(size).ok()?),
        };
        let body = head.get(start..size)?;
        let begin = at;
        at += size;
        Some((kind, body, begin))
    })
}

fn find<'b>(bytes: &'b [u8], path: &[&[u8; 4]]) -> Option<&'b [u8]> {
    let (first, rest) = path.split_first()?;
    let found = boxes(bytes).find(|(kind, ..)| kind == *first)?.1;
    if rest.is_empty() { Some(found) } else { find(found, rest) }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// Reads an initialization section; none if it is malformed.
pub(super) fn init(bytes: &[u8]) -> Option<Init> {
    let moov = find(bytes, &[b"moov"])?;
    let trak = find(moov, &[b"trak"])?;
    let mdhd = find(trak, &[b"mdia", b"mdhd"])?;
    let timescale = u32_at(mdhd, if mdhd.first() == Some(&1) { 20 } else { 12 })?;
    let stsd = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let (kind, entry, _) = boxes(stsd.get(8..)?).next()?;
    let default_flags = find(moov, &[b"mvex", b"trex"]).and_then(|trex| u32_at(trex, 20)).unwrap_or(0);
    let name = std::str::from_utf8(&kind).ok()?.to_owned();
    let mut init = Init { timescale, codec: name.clone(), sizes: None, nal_length: 4, default_flags };
    if let Some(width) = find(trak, &[b"tkhd"]).and_then(display_size).filter(|(width, _)| *width > 0) {
        init.sizes = Some([(u16_at(entry, 24)?.into(), u16_at(entry, 26)?.into()), width]);
        let inner = entry.get(78..)?;
        if let Some(avc) = find(inner, &[b"avcC"]) {
            let [profile, compatibility, level] = *avc.get(1..)?.first_chunk()?;
            init.codec = format!("{name}.{profile:02x}{compatibility:02x}{level:02x}");
            init.nal_length = usize::from(avc.get(4)? & 3) + 1;
        } else if let Some(hevc) = find(inner, &[b"hvcC"]) {
            init.nal_length = usize::from(hevc.get(21)? & 3) + 1;
        }
    } else if name == "mp4a" {
        let esds = find(entry.get(28..)?, &[b"esds"])?;
        init.codec = sound_codec(esds.get(4..)?)?;
    }
    Some(init)
}

/// Width and height of a track header, which are 16.16 fixed point.
fn display_size(tkhd: &[u8]) -> Option<(u32, u32)> {
    let at = if tkhd.first() == Some(&1) { 88 } else { 76 };
    Some((u32_at(tkhd, at)? >> 16, u32_at(tkhd, at + 4)? >> 16))
}

/// `mp4a.OO.A` out of the descriptors of an `esds` (ISO/IEC 14496-1, 7.2.6).
fn sound_codec(descriptors: &[u8]) -> Option<String> {
    let (tag, stream) = descriptor(descriptors)?;
    if tag != 3 {
        return None;
    }
    let (_, config) = descriptor(stream.get(3..)?)?;
    let object_type = *config.first()?;
    if object_type != 0x40 {
        return Some(format!("mp4a.{object_type:02x}"));
    }
    let (_, specific) = descriptor(config.get(13..)?)?;
    let audio = u16_at(specific, 0)?;
    let audio = match audio >> 11 {
        31 => 32 + ((audio >> 5) & 0x3f),
        audio => audio,
    };
    Some(format!("mp4a.40.{audio}"))
}

/// A descriptor's tag and body; its length has 7 bits in each byte.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    let mut length = 0_usize;
    for _ in 0..4 {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        length = (length << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((*tag, rest.get(..length).unwrap_or(rest)))
}

/// Reads the fragments of a segment; of its beginning, where it is not `whole`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn fragments(bytes: &[u8], init: &Init, whole: bool) -> Result<Fragments, String> {
    let mut read = Fragments {
        decode_time: 0,
        start: i64::MAX,
        duration: 0,
        sync_times: Vec::new(),
        begins_with_sync: false,
        begins_with_idr: None,
    };
    let mut end = 0;
    let mut any = false;
    for (kind, body, begin) in boxes(bytes) {
        end = begin + body.len() + 8;
        if &kind != b"moof" {
            continue;
        }
        let fragment =
            Fragment::read(body, init).ok_or("a movie fragment is malformed, or has no decode time")?;
        if !fragment.relative {
            return Err("a movie fragment does not have default-base-is-moof".into());
        }
        if any && fragment.decode_time != read.decode_time + read.duration {
            return Err("the movie fragments of the segment do not follow each other in time".into());
        }
        if !any {
            read.decode_time = fragment.decode_time;
            let data = fragment.data.map(|offset| begin + offset).unwrap_or_default();
            let first = fragment.samples.first().and_then(|sample| bytes.get(data..data + sample.size));
            read.begins_with_sync = fragment.samples.first().is_some_and(|sample| sample.sync);
            read.begins_with_idr = first.and_then(|sample| begins_with_idr(sample, init));
        }
        any = true;
        for sample in &fragment.samples {
            let time = i64::try_from(read.decode_time + read.duration).unwrap_or(0) + sample.offset;
            read.start = read.start.min(time);
            if sample.sync {
                read.sync_times.push(time);
            }
            read.duration += sample.duration;
        }
    }
    if !any || read.duration == 0 {
        return Err("there is no movie fragment with samples in it".into());
    }
    if whole && end != bytes.len() {
        return Err("its last box is cut short".into());
    }
    Ok(read)
}

struct Fragment {
    decode_time: u64,
    relative: bool,
    /// Where its first sample lies, from the `moof` on.
    data: Option<usize>,
    samples: Vec<Sample>,
}

struct Sample {
    duration: u64,
    size: usize,
    /// Presentation after decoding.
    offset: i64,
    sync: bool,
}

/// Bit of sample flags: cannot be decoded alone (8.8.3.1).
const NON_SYNC: u32 = 1 << 16;

impl Fragment {
    fn read(moof: &[u8], init: &Init) -> Option<Self> {
        let traf = find(moof, &[b"traf"])?;
        let tfhd = find(traf, &[b"tfhd"])?;
        let tfdt = find(traf, &[b"tfdt"])?;
        let decode_time = match tfdt.first()? {
            1 => u64::from_be_bytes(*tfdt.get(4..)?.first_chunk()?),
            _ => u32_at(tfdt, 4)?.into(),
        };
        let flags = u32_at(tfhd, 0)? & 0xff_ffff;
        let mut fields = Fields { bytes: tfhd, at: 8, flags };
        fields.optional(0x1, 8)?;
        fields.optional(0x2, 4)?;
        let duration = fields.optional(0x8, 4)?.unwrap_or(0);
        let size = fields.optional(0x10, 4)?.unwrap_or(0);
        let sample_flags = fields.optional(0x20, 4)?.unwrap_or(init.default_flags);
        let defaults = Defaults { duration, size, flags: sample_flags };
        let mut fragment =
            Self { decode_time, relative: flags & 0x2_0000 != 0, data: None, samples: Vec::new() };
        for (_, trun, _) in boxes(traf).filter(|(kind, ..)| kind == b"trun") {
            fragment.run(trun, &defaults)?;
        }
        Some(fragment)
    }

    fn run(&mut self, trun: &[u8], defaults: &Defaults) -> Option<()> {
        let flags = u32_at(trun, 0)? & 0xff_ffff;
        let count = u32_at(trun, 4)?;
        let mut fields = Fields { bytes: trun, at: 8, flags };
        let data = fields.optional(0x1, 4)?;
        if self.samples.is_empty() {
            self.data = data.map(|data| data as usize);
        }
        let mut first_flags = fields.optional(0x4, 4)?;
        for _ in 0..count {
            let duration = fields.optional(0x100, 4)?.unwrap_or(defaults.duration);
            let size = fields.optional(0x200, 4)?.unwrap_or(defaults.size);
            let own = fields.optional(0x400, 4)?;
            let offset = fields.optional(0x800, 4)?.unwrap_or(0);
            let flags = first_flags.take().or(own).unwrap_or(defaults.flags);
            self.samples.push(Sample {
                duration: duration.into(),
                size: size as usize,
                offset: (offset as i32).into(),
                sync: flags & NON_SYNC == 0,
            });
        }
        Some(())
    }
}

struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

/// Fields that are there if a flag says so.
struct Fields<'b> {
    bytes: &'b [u8],
    at: usize,
    flags: u32,
}

impl Fields<'_> {
    /// The low 32 bits of a field of `width` bytes. The outer none means that the box is cut short.
    fn optional(&mut self, flag: u32, width: usize) -> Option<Option<u32>> {
        if self.flags & flag == 0 {
            return Some(None);
        }
        self.at += width;
        u32_at(self.bytes, self.at - 4).map(Some)
    }
}

/// Whether the first picture of a sample is an IDR (H.264), or a random access picture (HEVC).
fn begins_with_idr(sample: &[u8], init: &Init) -> Option<bool> {
    let hevc = match init.codec.get(..4)? {
        "avc1" | "avc3" => false,
        "hvc1" | "hev1" => true,
        _ => return None,
    };
    let mut rest = sample;
    while rest.len() > init.nal_length {
        let (length, behind) = rest.split_at(init.nal_length);
        let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
        let head = *behind.first()?;
        let kind = if hevc { (head >> 1) & 0x3f } else { head & 0x1f };
        match (hevc, kind) {
            (false, 1..=5) => return Some(kind == 5),
            (true, 0..=31) => return Some((16..=21).contains(&kind)),
            _ => rest = behind.get(length..)?,
        }
    }
    None
}
