//! Sections and PES packets cut into transport packets.

use bytes::{Buf, Bytes};

use crate::{
    codec::Codec,
    packet::{NULL_PID, PACKET, SYNC},
    time::write_timestamp,
};

/// Writes a section as packets of `pid`, the last one stuffed.
pub(super) fn write_section(out: &mut Vec<u8>, pid: u16, counter: &mut u8, section: &[u8]) {
    // The pointer field in front of the first byte: the section begins at once.
    let mut rest: &[u8] = &[&[0], section].concat();
    let mut first = true;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(PACKET - 4));
        header(out, pid, first, 0x10, counter);
        out.extend_from_slice(now);
        out.resize(out.len() + PACKET - 4 - now.len(), 0xff);
        (rest, first) = (later, false);
    }
}

/// Writes a packet that only fills up.
pub(super) fn write_null(out: &mut Vec<u8>) {
    header(out, NULL_PID, false, 0x10, &mut 15);
    out.resize(out.len() + PACKET - 4, 0xff);
}

/// Writes a packet that only carries a PCR.
pub(super) fn write_pcr_only(out: &mut Vec<u8>, pid: u16, counter: u8, pcr: [u8; 6]) {
    // Without payload the counter does not move (2.4.3.3).
    header(out, pid, false, 0x20, &mut counter.wrapping_sub(1));
    out.extend_from_slice(&[183, 0x10]);
    out.extend_from_slice(&pcr);
    out.resize(out.len() + PACKET - 4 - 8, 0xff);
}

/// A PES packet on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    head: Bytes,
    body: Bytes,
    random_access: bool,
    first: bool,
}

impl Outgoing {
    /// A unit as one PES packet, its length given wherever it fits into 16 bits and the stream is sound.
    pub(super) fn new(codec: Codec, unit: &super::AccessUnit) -> Self {
        let with_dts = codec.is_video() && unit.dts != unit.pts;
        let optional: u8 = if with_dts { 10 } else { 5 };
        let length = unit.data.len() + 3 + usize::from(optional);
        let length = if codec.is_video() { 0 } else { u16::try_from(length).unwrap_or(0) };
        let stream_id = match codec {
            Codec::H264 | Codec::Hevc | Codec::Mpeg2Video => 0xe0,
            Codec::Ac3 | Codec::Eac3 => 0xbd,
            _ => 0xc0,
        };
        let mut head = vec![0, 0, 1, stream_id];
        head.extend_from_slice(&length.to_be_bytes());
        // Data alignment: the unit begins with its first byte.
        head.extend_from_slice(&[0x84, if with_dts { 0xc0 } else { 0x80 }, optional]);
        head.extend_from_slice(&write_timestamp(if with_dts { 3 } else { 2 }, unit.pts));
        if with_dts {
            head.extend_from_slice(&write_timestamp(1, unit.dts));
        }
        Self {
            head: head.into(),
            body: unit.data.clone(),
            random_access: unit.random_access && codec.is_video(),
            first: true,
        }
    }

    /// Nothing is left.
    pub(super) fn done(&self) -> bool {
        self.head.is_empty() && self.body.is_empty()
    }

    /// Writes the next packet.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, pid: u16, counter: &mut u8, pcr: Option<[u8; 6]>) {
        let flags = u8::from(self.first && self.random_access) << 6 | u8::from(pcr.is_some()) << 4;
        let mut adaptation = Vec::new();
        if flags != 0 {
            adaptation.push(flags);
            adaptation.extend(pcr.into_iter().flatten());
        }
        let rest = self.head.len() + self.body.len();
        let space = PACKET - 4 - if adaptation.is_empty() { 0 } else { 1 + adaptation.len() };
        let with_field = !adaptation.is_empty() || rest < space;
        header(out, pid, self.first, if with_field { 0x30 } else { 0x10 }, counter);
        if with_field {
            // A field of length 0 is one byte of stuffing; a longer one begins with its flags.
            let length = (PACKET - 4 - 1).saturating_sub(rest).max(adaptation.len());
            if length > 0 && adaptation.is_empty() {
                adaptation.push(0);
            }
            adaptation.resize(length, 0xff);
            out.push(u8::try_from(length).unwrap_or(u8::MAX));
            out.extend_from_slice(&adaptation);
        }
        let mut space = PACKET - (out.len() - 1) % PACKET - 1;
        for part in [&mut self.head, &mut self.body] {
            let now = part.len().min(space);
            out.extend_from_slice(part.get(..now).unwrap_or_default());
            part.advance(now);
            space -= now;
        }
        self.first = false;
    }
}

fn header(out: &mut Vec<u8>, pid: u16, start: bool, control: u8, counter: &mut u8) {
    *counter = counter.wrapping_add(1) & 0x0f;
    let [high, low] = pid.to_be_bytes();
    out.extend_from_slice(&[SYNC, high & 0x1f | u8::from(start) << 6, low, control | *counter]);
}
