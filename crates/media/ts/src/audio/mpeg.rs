//! MPEG-1 and MPEG-2 audio, layers I to III (ISO/IEC 11172-3, 2.4.2.3; 13818-3).

use super::{AudioFormat, Frame, Look};
use crate::codec::Codec;

/// Kilobits per second by index: MPEG-1 layers I, II, III, then MPEG-2 layer I and layers II and III.
const BITRATES: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

pub(super) fn look(bytes: &[u8]) -> Look {
    let [a, b, c, d, ..] = *bytes else { return Look::More };
    header(a, b, c, d).map_or(Look::None, Look::Frame)
}

fn header(a: u8, b: u8, c: u8, d: u8) -> Option<Frame> {
    if a != 0xff || b & 0xe0 != 0xe0 {
        return None;
    }
    // 3 is MPEG-1, 2 is MPEG-2, 0 is what half of all decoders call MPEG-2.5.
    let (version, layer) = (b >> 3 & 3, 4 - (b >> 1 & 3));
    if version == 1 || layer == 4 {
        return None;
    }
    let mpeg1 = version == 3;
    let table = match (mpeg1, layer) {
        (true, _) => layer - 1,
        (false, 1) => 3,
        (false, _) => 4,
    };
    // Index 0 is "free format", which has no length: nobody broadcasts it.
    let kilobits = BITRATES.get(usize::from(table))?.get(usize::from(c >> 4)).filter(|rate| **rate > 0)?;
    let base = *[44_100_u32, 48_000, 32_000].get(usize::from(c >> 2 & 3))?;
    let sample_rate = match version {
        3 => base,
        2 => base / 2,
        _ => base / 4,
    };
    let padding = u32::from(c >> 1 & 1);
    let (samples, length) = match layer {
        1 => (384, (12_000 * kilobits / sample_rate + padding) * 4),
        3 if !mpeg1 => (576, 72_000 * kilobits / sample_rate + padding),
        _ => (1152, 144_000 * kilobits / sample_rate + padding),
    };
    let channels = if d >> 6 == 3 { 1 } else { 2 };
    let format = AudioFormat { codec: Codec::MpegAudio, sample_rate, channels, profile: layer };
    Some(Frame { length: usize::try_from(length).ok()?, samples, format, dependent: false })
}
