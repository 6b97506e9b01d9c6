//! AAC in LATM frames with LOAS sync (ISO/IEC 14496-3, 1.7).

use super::{AudioFormat, Frame, Look, adts};
use crate::{bits::Bits, codec::Codec};

/// The configuration of the stream, which not every frame repeats.
#[derive(Debug, Default)]
pub(super) struct Latm {
    config: Option<(AudioFormat, u32)>,
}

const HEADER: usize = 3;

impl Latm {
    pub(super) fn look(&mut self, bytes: &[u8]) -> Look {
        let [a, b, c, ..] = *bytes else { return Look::More };
        if a != 0x56 || b & 0xe0 != 0xe0 {
            return Look::None;
        }
        let length = usize::from(b & 0x1f) << 8 | usize::from(c);
        let Some(element) = bytes.get(HEADER..HEADER + length) else { return Look::More };
        if let Some(config) = config(element) {
            self.config = Some(config);
        }
        match self.config {
            Some((format, samples)) => {
                Look::Frame(Frame { length: HEADER + length, samples, format, dependent: false })
            }
            None => Look::None,
        }
    }
}

/// Format and samples of a frame, if the frame says them (AudioMuxElement and StreamMuxConfig, tables 1.41 and 1.42).
fn config(element: &[u8]) -> Option<(AudioFormat, u32)> {
    let mut bits = Bits::new(element);
    let same_as_before = bits.flag()?;
    if same_as_before {
        return None;
    }
    let version = bits.bits(1)?;
    if version == 1 && bits.flag()? {
        return None;
    }
    if version == 1 {
        value(&mut bits)?;
    }
    bits.skip(1)?;
    let frames = bits.bits(6)? + 1;
    bits.skip(4 + 3)?;
    if version == 1 {
        value(&mut bits)?;
    }
    let mut kind = object_type(&mut bits)?;
    let sample_rate = rate(&mut bits)?;
    let channels = adts::channels(bits.bits(4)?);
    if matches!(kind, 5 | 29) {
        // Explicit SBR: the rate above is the core's.
        rate(&mut bits)?;
        kind = object_type(&mut bits)?;
    }
    let samples = if bits.flag()? { 960 } else { 1024 };
    let profile = u8::try_from(kind).ok()?;
    Some((AudioFormat { codec: Codec::AacLatm, sample_rate, channels, profile }, samples * frames))
}

fn object_type(bits: &mut Bits) -> Option<u32> {
    match bits.bits(5)? {
        31 => Some(32 + bits.bits(6)?),
        kind => Some(kind),
    }
}

fn rate(bits: &mut Bits) -> Option<u32> {
    match bits.bits(4)? {
        15 => bits.bits(24).filter(|rate| (1_000..=192_000).contains(rate)),
        index => adts::RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

/// A number that says its own length (LatmGetValue, table 1.43).
fn value(bits: &mut Bits) -> Option<u32> {
    let bytes = bits.bits(2)? + 1;
    bits.bits(8 * bytes)
}
