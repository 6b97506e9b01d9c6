//! CRC-32 of sections (ISO/IEC 13818-1, annex A): polynomial 0x04C11DB7, not reflected, no final inversion.

const TABLE: [u32; 256] = table();

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where iterators cannot be used")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000_0000 != 0 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// The CRC of a section; 0 over one that ends in its own CRC.
pub(crate) fn crc32(section: &[u8]) -> u32 {
    section.iter().fold(u32::MAX, |crc, byte| {
        let [top, ..] = crc.to_be_bytes();
        crc << 8 ^ TABLE.get(usize::from(top ^ byte)).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_check_value_of_crc_32_mpeg_2() {
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
        assert_eq!(crc32(&[b"123456789".as_slice(), &0x0376_e6e7_u32.to_be_bytes()].concat()), 0);
    }
}
