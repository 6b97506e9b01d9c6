//! A transport packet and its header (ISO/IEC 13818-1, 2.4.3).

use crate::time;

/// Bytes of a packet.
pub const PACKET: usize = 188;
/// What every packet begins with.
pub const SYNC: u8 = 0x47;
/// Packets of this PID are only there to fill up.
pub const NULL_PID: u16 = 0x1fff;
/// There are so many PIDs.
pub const PIDS: usize = 0x2000;

/// A packet, borrowed from wherever it was received.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a>(&'a [u8; PACKET]);

/// What the adaptation field says (2.4.3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adaptation {
    /// The continuity counter or the clock may jump here.
    pub discontinuity: bool,
    /// The sender says that decoding can begin here; not to be relied upon.
    pub random_access: bool,
    /// The programme clock, 27 MHz.
    pub pcr: Option<u64>,
}

impl<'a> Packet<'a> {
    /// A packet; none, if it does not begin with the sync byte.
    pub fn new(bytes: &'a [u8; PACKET]) -> Option<Self> {
        (bytes[0] == SYNC).then_some(Self(bytes))
    }

    /// A packet out of a slice of exactly its length.
    pub fn from_slice(bytes: &'a [u8]) -> Option<Self> {
        Self::new(bytes.try_into().ok()?)
    }

    /// The whole packet.
    pub fn bytes(&self) -> &'a [u8; PACKET] {
        self.0
    }

    /// A device on the way found bits in it that it could not repair.
    pub fn transport_error(&self) -> bool {
        self.0[1] & 0x80 != 0
    }

    /// A PES packet or a section begins in it.
    pub fn starts_unit(&self) -> bool {
        self.0[1] & 0x40 != 0
    }

    /// Which stream it belongs to.
    pub fn pid(&self) -> u16 {
        u16::from(self.0[1] & 0x1f) << 8 | u16::from(self.0[2])
    }

    /// Its payload is encrypted.
    pub fn scrambled(&self) -> bool {
        self.0[3] & 0xc0 != 0
    }

    /// Whether it has any payload.
    pub fn has_payload(&self) -> bool {
        self.0[3] & 0x10 != 0
    }

    /// Counts the packets of its PID that have payload, modulo 16.
    pub fn continuity(&self) -> u8 {
        self.0[3] & 0x0f
    }

    /// The adaptation field; none, if there is none or it is malformed.
    pub fn adaptation(&self) -> Option<Adaptation> {
        if self.0[3] & 0x20 == 0 {
            return None;
        }
        let field = self.0.get(5..5 + usize::from(self.0[4]))?;
        let Some(flags) = field.first() else { return Some(Adaptation::default()) };
        let pcr = if flags & 0x10 != 0 {
            field.get(1..7).and_then(|pcr| pcr.try_into().ok()).map(time::read_pcr)
        } else {
            None
        };
        Some(Adaptation { discontinuity: flags & 0x80 != 0, random_access: flags & 0x40 != 0, pcr })
    }

    /// Where the payload begins in the packet; its end, if there is none.
    pub fn payload_start(&self) -> usize {
        if !self.has_payload() {
            return PACKET;
        }
        let adaptation = if self.0[3] & 0x20 != 0 { 1 + usize::from(self.0[4]) } else { 0 };
        (4 + adaptation).min(PACKET)
    }

    /// The payload; empty, if there is none or the header is malformed.
    pub fn payload(&self) -> &'a [u8] {
        self.0.get(self.payload_start()..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_the_standard_says() {
        let mut bytes = [0xff; PACKET];
        bytes[..14].copy_from_slice(&[0x47, 0x41, 0x23, 0x35, 7, 0xd0, 0, 0, 0, 1, 0x7e, 5, 0xaa, 0xbb]);
        let packet = Packet::new(&bytes).unwrap();
        assert_eq!((packet.pid(), packet.continuity()), (0x123, 5));
        assert!(packet.starts_unit() && packet.has_payload());
        assert!(!packet.transport_error() && !packet.scrambled());
        let adaptation = packet.adaptation().unwrap();
        assert!(adaptation.discontinuity && adaptation.random_access);
        assert_eq!(adaptation.pcr, Some(2 * 300 + 5));
        assert_eq!(packet.payload()[..2], [0xaa, 0xbb]);
    }

    #[test]
    fn a_length_beyond_the_packet_is_harmless() {
        let mut bytes = [0xff; PACKET];
        bytes[..5].copy_from_slice(&[0x47, 0x01, 0, 0x30, 200]);
        let packet = Packet::new(&bytes).unwrap();
        assert_eq!(packet.adaptation(), None);
        assert!(packet.payload().is_empty());
        bytes[4] = 183;
        assert!(Packet::new(&bytes).unwrap().payload().is_empty());
        bytes[0] = 0x46;
        assert!(Packet::new(&bytes).is_none());
    }
}
