//! AAC in ADTS frames (ISO/IEC 13818-7, 6.2).

use super::{AudioFormat, Frame, Look};
use crate::{bits::Bits, codec::Codec};

/// Sampling frequencies by their index (ISO/IEC 14496-3, table 1.18).
pub(super) const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
const HEADER: usize = 7;

/// Channels of a channel configuration; 0, if the frame's inside says it.
pub(super) fn channels(configuration: u32) -> u8 {
    match configuration {
        1..=6 => u8::try_from(configuration).unwrap_or(0),
        7 | 12 | 14 => 8,
        11 => 7,
        _ => 0,
    }
}

pub(super) fn look(bytes: &[u8]) -> Look {
    if bytes.len() < HEADER {
        return Look::More;
    }
    header(bytes).map_or(Look::None, Look::Frame)
}

fn header(bytes: &[u8]) -> Option<Frame> {
    let mut bits = Bits::new(bytes);
    if bits.bits(12)? != 0xfff {
        return None;
    }
    bits.skip(1)?;
    if bits.bits(2)? != 0 {
        return None;
    }
    bits.skip(1)?;
    let profile = bits.bits(2)?;
    let sample_rate = *RATES.get(usize::try_from(bits.bits(4)?).ok()?)?;
    bits.skip(1)?;
    let channels = channels(bits.bits(3)?);
    bits.skip(4)?;
    let length = usize::try_from(bits.bits(13)?).ok().filter(|length| *length > HEADER)?;
    bits.skip(11)?;
    let blocks = bits.bits(2)? + 1;
    let profile = u8::try_from(profile).ok()?;
    let format = AudioFormat { codec: Codec::AacAdts, sample_rate, channels, profile };
    Some(Frame { length, samples: 1024 * blocks, format, dependent: false })
}
