//! AC-3 and Enhanced AC-3 (ETSI TS 102 366, 4.3 and E.1.2): one reader, because a stream may mix them.

use super::{AudioFormat, Frame, Look};
use crate::{bits::Bits, codec::Codec};

/// Kilobits per second by half the frame size code (table 4.13).
const BITRATES: [u32; 19] =
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
/// Loudspeakers by audio coding mode, without low frequencies (table 4.3).
const CHANNELS: [u8; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
const HEADER: usize = 8;

pub(super) fn look(bytes: &[u8]) -> Look {
    if bytes.len() < HEADER {
        return Look::More;
    }
    let mut bits = Bits::new(bytes);
    if bits.bits(16) != Some(0x0b77) {
        return Look::None;
    }
    // The bit stream identification stands in the same place in both.
    let version = bytes.get(5).map_or(0, |byte| byte >> 3);
    let frame = match version {
        0..=10 => ac3(&mut bits),
        11..=16 => eac3(&mut bits),
        _ => None,
    };
    frame.map_or(Look::None, Look::Frame)
}

fn ac3(bits: &mut Bits) -> Option<Frame> {
    bits.skip(16)?;
    let rate_code = bits.bits(2)?;
    let size = bits.bits(6)?;
    bits.skip(5 + 3)?;
    let mode = bits.bits(3)?;
    // Mixing levels, each there only for some modes, stand before the low frequency flag.
    let centre = if mode & 1 == 1 && mode != 1 { 2 } else { 0 };
    let surround = if mode & 4 != 0 { 2 } else { 0 };
    bits.skip(centre + surround + if mode == 2 { 2 } else { 0 })?;
    let channels = channels(mode, bits.flag()?)?;
    let kilobits = BITRATES.get(usize::try_from(size / 2).ok()?)?;
    let (sample_rate, words) = match rate_code {
        0 => (48_000, kilobits * 2),
        1 => (44_100, kilobits * 96_000 / 44_100 + size % 2),
        2 => (32_000, kilobits * 3),
        _ => return None,
    };
    let format = AudioFormat { codec: Codec::Ac3, sample_rate, channels, profile: 0 };
    Some(Frame { length: usize::try_from(words).ok()? * 2, samples: 1536, format, dependent: false })
}

fn eac3(bits: &mut Bits) -> Option<Frame> {
    let kind = bits.bits(2)?;
    let substream = bits.bits(3)?;
    let words = bits.bits(11)? + 1;
    let (sample_rate, blocks) = match (bits.bits(2)?, bits.bits(2)?) {
        (3, 3) => return None,
        (3, half) => (*[24_000, 22_050, 16_000].get(usize::try_from(half).ok()?)?, 6),
        (code, blocks) => (
            *[48_000, 44_100, 32_000].get(usize::try_from(code).ok()?)?,
            *[1, 2, 3, 6].get(usize::try_from(blocks).ok()?)?,
        ),
    };
    let mode = bits.bits(3)?;
    let channels = channels(mode, bits.flag()?)?;
    let format = AudioFormat { codec: Codec::Eac3, sample_rate, channels, profile: 0 };
    // Type 1 depends on the frame before; other substreams than the first are further programmes.
    let dependent = kind == 1 || substream != 0;
    Some(Frame { length: usize::try_from(words).ok()? * 2, samples: 256 * blocks, format, dependent })
}

fn channels(mode: u32, low_frequencies: bool) -> Option<u8> {
    Some(CHANNELS.get(usize::try_from(mode).ok()?)? + u8::from(low_frequencies))
}
