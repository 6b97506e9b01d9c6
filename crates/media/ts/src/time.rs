//! The clocks of a transport stream: 33-bit timestamps at 90 kHz, PCRs at 27 MHz, and their arithmetic.

/// Ticks of PTS and DTS in a second.
pub const TICKS: i64 = 90_000;
/// Ticks of the PCR for one of a PTS.
pub const PCR_PER_TICK: u64 = 300;
/// PTS, DTS and the PCR's base begin anew after so many ticks: 26.5 hours (ISO/IEC 13818-1, 2.4.3.7).
pub const WRAP: i64 = 1 << 33;

/// `to - from` on the 33-bit clock, the short way round.
pub fn difference(to: u64, from: u64) -> i64 {
    let difference = (to.cast_signed() - from.cast_signed()).rem_euclid(WRAP);
    if difference >= WRAP / 2 { difference - WRAP } else { difference }
}

/// Moves a 33-bit timestamp.
pub fn shifted(timestamp: u64, by: i64) -> u64 {
    (timestamp.cast_signed() + by).rem_euclid(WRAP).cast_unsigned()
}

/// Reads a PTS or DTS out of its five bytes (2.4.3.6); none, if a marker bit is missing.
pub fn read_timestamp(bytes: [u8; 5]) -> Option<u64> {
    let [a, b, c, d, e] = bytes.map(u64::from);
    let markers = a & c & e & 1;
    (markers == 1).then_some(((a >> 1) & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1)
}

/// Writes a PTS or DTS; `prefix` is the four bits before it.
pub fn write_timestamp(prefix: u8, timestamp: u64) -> [u8; 5] {
    let byte = |shift: u32, mask: u64| u8::try_from((timestamp >> shift) & mask).unwrap_or_default();
    [
        prefix << 4 | byte(30, 7) << 1 | 1,
        byte(22, 0xff),
        byte(15, 0x7f) << 1 | 1,
        byte(7, 0xff),
        byte(0, 0x7f) << 1 | 1,
    ]
}

/// Reads a PCR (27 MHz) out of its six bytes.
pub fn read_pcr(bytes: [u8; 6]) -> u64 {
    let [a, b, c, d, e, f] = bytes.map(u64::from);
    let base = a << 25 | b << 17 | c << 9 | d << 1 | e >> 7;
    base * PCR_PER_TICK + ((e & 1) << 8 | f)
}

/// Writes a PCR (27 MHz).
pub fn write_pcr(pcr: u64) -> [u8; 6] {
    let base = (pcr / PCR_PER_TICK) % WRAP.cast_unsigned();
    let extension = pcr % PCR_PER_TICK;
    let byte = |value: u64| u8::try_from(value & 0xff).unwrap_or_default();
    [
        byte(base >> 25),
        byte(base >> 17),
        byte(base >> 9),
        byte(base >> 1),
        byte((base & 1) << 7 | 0x7e | extension >> 8),
        byte(extension),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn timestamps_come_back(timestamp in 0..1_u64 << 33, extension in 0..300_u64) {
            prop_assert_eq!(read_timestamp(write_timestamp(2, timestamp)), Some(timestamp));
            let pcr = timestamp * 300 + extension;
            prop_assert_eq!(read_pcr(write_pcr(pcr)), pcr);
        }

        #[test]
        fn a_shift_is_the_difference_also_over_the_wrap(from in 0..1_u64 << 33, by in -WRAP / 2..WRAP / 2) {
            prop_assert_eq!(difference(shifted(from, by), from), by);
        }
    }
}
