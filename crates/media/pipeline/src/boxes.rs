//! Just enough ISO BMFF (ISO/IEC 14496-12) to look into a fragment and to set its time.

use bytes::Bytes;

/// What a fragment (`moof` and `mdat`) of one track holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Where its decode time lies in the bytes, eight of them.
    time_at: usize,
    /// Its samples' durations added up, in the track's timescale.
    pub duration: u64,
    /// The same if its last sample were no longer than the one before: where pictures are missing after it, it is.
    pub steady: u64,
    /// Where the duration of its last sample lies, if samples have durations of their own, and that duration.
    last: Option<(usize, u32)>,
    /// Where its `moof` begins: other boxes may come before.
    pub start: usize,
    /// Where its first sample ends.
    pub first_sample_end: usize,
}

/// Iterates over boxes: type, where its body begins and ends.
fn boxes(bytes: &[u8], mut at: usize, end: usize) -> impl Iterator<Item = ([u8; 4], usize, usize)> {
    std::iter::from_fn(move || {
        let head = bytes.get(at..end)?;
        let size = u32::from_be_bytes(*head.first_chunk()?);
        let kind = *head.get(4..)?.first_chunk::<4>()?;
        let (body, size) = match size {
            0 => (at + 8, head.len()),
            1 => (at + 16, usize::try_from(u64::from_be_bytes(*head.get(8..)?.first_chunk()?)).ok()?),
            size => (at + 8, size as usize),
        };
        let next = at.checked_add(size)?;
        if next > end || next < body {
            return None;
        }
        at = next;
        Some((kind, body, next))
    })
}

fn find(bytes: &[u8], (start, end): (usize, usize), kind: [u8; 4]) -> Option<(usize, usize)> {
    boxes(bytes, start, end).find(|(one, ..)| *one == kind).map(|(_, start, end)| (start, end))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Looks into a fragment with a wide decode time; none if it is malformed, or has more than one track.
pub(crate) fn fragment(bytes: &[u8]) -> Option<Fragment> {
    let moof = boxes(bytes, 0, bytes.len()).find(|(kind, ..)| kind == b"moof")?;
    let traf = find(bytes, (moof.1, moof.2), *b"traf")?;
    let tfhd = find(bytes, traf, *b"tfhd")?;
    let tfdt = find(bytes, traf, *b"tfdt")?;
    let trun = find(bytes, traf, *b"trun")?;
    let defaults = Defaults::read(bytes, tfhd.0)?;
    if *bytes.get(tfdt.0)? != 1 {
        return None;
    }
    let flags = u32_at(bytes, trun.0)? & 0xff_ffff;
    let count = u32_at(bytes, trun.0 + 4)? as usize;
    let mut at = trun.0 + 8;
    let mut data = 0;
    if flags & 1 != 0 {
        data = u32_at(bytes, at)? as usize;
        at += 4;
    }
    if flags & 4 != 0 {
        at += 4;
    }
    let (mut duration, mut first_size, mut last) = (0_u64, None, None);
    let mut surplus = 0;
    for _ in 0..count {
        let own = (flags & 0x100 != 0).then_some(at);
        let mut field = |flag: u32, default: u32| -> Option<u32> {
            if flags & flag == 0 {
                return Some(default);
            }
            at += 4;
            u32_at(bytes, at - 4)
        };
        let length = field(0x100, defaults.duration)?;
        duration += u64::from(length);
        surplus = last.map_or(0, |(_, before)| u64::from(length.saturating_sub(before)));
        last = own.map(|at| (at, length));
        let size = field(0x200, defaults.size)?;
        first_size.get_or_insert(size as usize);
        field(0x400, 0)?;
        field(0x800, 0)?;
    }
    let moof_start = moof.1 - 8;
    Some(Fragment {
        time_at: tfdt.0 + 4,
        duration,
        steady: duration - surplus,
        last,
        start: moof_start,
        first_sample_end: moof_start + data + first_size?,
    })
}

struct Defaults {
    duration: u32,
    size: u32,
}

impl Defaults {
    fn read(bytes: &[u8], tfhd: usize) -> Option<Self> {
        let flags = u32_at(bytes, tfhd)? & 0xff_ffff;
        let mut at = tfhd + 8;
        let mut take = |flag: u32, width: usize| -> Option<u32> {
            if flags & flag == 0 {
                return Some(0);
            }
            at += width;
            u32_at(bytes, at - 4)
        };
        take(0x1, 8)?;
        take(0x2, 4)?;
        let duration = take(0x8, 4)?;
        let size = take(0x10, 4)?;
        Some(Self { duration, size })
    }
}

/// Makes a fragment last `duration` ticks of the track's timescale, by its last sample, where that has a duration of its own and
/// would not come to nothing.
pub(crate) fn set_duration(bytes: &mut [u8], fragment: &Fragment, duration: u64) {
    if let Some((at, last)) = fragment.last
        && let Some(last) = (u64::from(last) + duration).checked_sub(fragment.duration)
        && let Ok(last @ 1..) = u32::try_from(last)
        && let Some(place) = bytes.get_mut(at..at + 4)
    {
        place.copy_from_slice(&last.to_be_bytes());
    }
}

/// Sets a fragment's decode time, in the track's timescale.
pub(crate) fn set_decode_time(bytes: &mut [u8], fragment: &Fragment, time: u64) {
    if let Some(place) = bytes.get_mut(fragment.time_at..fragment.time_at + 8) {
        place.copy_from_slice(&time.to_be_bytes());
    }
}

/// The timescale of the first track of an initialization section (`moov/trak/mdia/mdhd`).
pub(crate) fn timescale(init: &Bytes) -> Option<u32> {
    let moov = find(init, (0, init.len()), *b"moov")?;
    let trak = find(init, moov, *b"trak")?;
    let mdia = find(init, trak, *b"mdia")?;
    let (mdhd, _) = find(init, mdia, *b"mdhd")?;
    let wide = *init.get(mdhd)? == 1;
    u32_at(init, mdhd + if wide { 20 } else { 12 })
}

/// Takes the times of making out of an initialization section (`mvhd`, `tkhd`, `mdhd`), so that two transcoders make the same
/// one.
pub(crate) fn forget_creation(init: &mut [u8]) {
    let Some(moov) = find(init, (0, init.len()), *b"moov") else { return };
    let mut places = vec![find(init, moov, *b"mvhd")];
    for (kind, start, end) in boxes(init, moov.0, moov.1).collect::<Vec<_>>() {
        if kind == *b"trak" {
            places.push(find(init, (start, end), *b"tkhd"));
            places.push(find(init, (start, end), *b"mdia").and_then(|mdia| find(init, mdia, *b"mdhd")));
        }
    }
    for (at, _) in places.into_iter().flatten() {
        let length = if init.get(at) == Some(&1) { 16 } else { 8 };
        if let Some(times) = init.get_mut(at + 4..at + 4 + length) {
            times.fill(0);
        }
    }
}
