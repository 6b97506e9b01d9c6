//! Reading bytes and bits out of borrowed memory, where running out is an answer and not a fault.

/// Reads big-endian numbers off the front of a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from(self.u8()?) << 8 | u16::from(self.u8()?))
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// What a 12-bit length in the next 16 bits says.
    pub(crate) fn take_12(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()? & 0x0fff;
        self.take(length.into())
    }

    /// What a length in the next byte says.
    pub(crate) fn take_8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }
}

/// Reads bits, most significant first, leaving out the emulation prevention bytes of NAL units where asked to.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    byte: usize,
    bit: u32,
    zeros: u32,
    escaped: bool,
}

impl<'a> Bits<'a> {
    /// Plain bits.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, byte: 0, bit: 0, zeros: 0, escaped: false }
    }

    /// The bits of a NAL unit: 00 00 03 is two zero bytes (H.264, 7.4.1).
    pub(crate) fn of_nal(data: &'a [u8]) -> Self {
        Self { escaped: true, ..Self::new(data) }
    }

    pub(crate) fn bit(&mut self) -> Option<u32> {
        let byte = *self.data.get(self.byte)?;
        let bit = u32::from(byte) >> (7 - self.bit) & 1;
        self.bit += 1;
        if self.bit == 8 {
            self.bit = 0;
            self.byte += 1;
            self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
            if self.escaped && self.zeros >= 2 && self.data.get(self.byte) == Some(&3) {
                self.byte += 1;
                self.zeros = 0;
            }
        }
        Some(bit)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        Some(self.bit()? == 1)
    }

    pub(crate) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |value, _| Some(value << 1 | self.bit()?))
    }

    pub(crate) fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.bit().map(|_| ()))
    }

    /// Unsigned Exp-Golomb code (H.264, 9.1).
    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// Signed Exp-Golomb code.
    pub(crate) fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 1 { code / 2 + 1 } else { -(code / 2) }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golomb_codes_and_emulation_bytes_are_read() {
        // 1 | 010 | 011 | 00100 | ...
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0000]);
        assert_eq!([bits.ue(), bits.ue(), bits.ue(), bits.ue()], [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(bits.ue(), None);
        let mut bits = Bits::of_nal(&[0, 0, 3, 1]);
        assert_eq!(bits.bits(24), Some(1));
        let mut bits = Bits::new(&[0b0100_1100]);
        assert_eq!([bits.se(), bits.se()], [Some(1), Some(-1)]);
    }

    #[test]
    fn lengths_beyond_the_end_give_nothing() {
        assert_eq!(Bytes(&[0xf0, 3, 1, 2]).take_12(), None);
        assert_eq!(Bytes(&[2, 1, 2]).take_8(), Some([1, 2].as_slice()));
        assert_eq!(Bytes(&[1]).u16(), None);
    }
}
