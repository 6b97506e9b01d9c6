//! Sections: put together out of packets, checked, and gathered into tables (ISO/IEC 13818-1, 2.4.4).

use crate::{
    bits::Bytes,
    crc::crc32,
    transport::{Continuity, Received},
};

/// The longest section, header and CRC included (private sections; PSI proper is at most 1024).
const MAX_SECTION: usize = 4096;
const HEADER: usize = 3;

/// A whole section in long form with a correct CRC.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// Which kind of table.
    pub table: u8,
    /// Which table of that kind: programme number, transport stream, service.
    pub extension: u16,
    /// Version of the table, 0 to 31.
    pub version: u8,
    /// It holds now, rather than next.
    pub current: bool,
    /// Its number within the table.
    pub number: u8,
    /// The last section's number.
    pub last: u8,
    /// What is between the header and the CRC.
    pub body: &'a [u8],
    /// All of it, for those who keep sections as they are (SCTE-35, EIT).
    pub bytes: &'a [u8],
}

impl<'a> Section<'a> {
    /// Reads a section in long form; the CRC is taken as checked.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Bytes(bytes);
        let table = rest.u8()?;
        let long = rest.u16()? & 0x8000 != 0;
        if !long {
            // Short form (TDT, SCTE-35): nothing of the header below is there.
            let body = bytes.get(HEADER..)?;
            return Some(Self {
                table,
                extension: 0,
                version: 0,
                current: true,
                number: 0,
                last: 0,
                body,
                bytes,
            });
        }
        let extension = rest.u16()?;
        let flags = rest.u8()?;
        let (number, last) = (rest.u8()?, rest.u8()?);
        let body = rest.0.get(..rest.0.len().checked_sub(4)?)?;
        Some(Self {
            table,
            extension,
            version: flags >> 1 & 0x1f,
            current: flags & 1 != 0,
            number,
            last,
            body,
            bytes,
        })
    }
}

/// Puts the sections of one PID together.
#[derive(Debug, Default)]
pub struct Assembler {
    buffer: Vec<u8>,
    /// The buffer holds the beginning of a section.
    open: bool,
    crc_errors: u64,
}

impl Assembler {
    /// Takes a packet and hands on every section that is complete with it.
    pub fn push(&mut self, received: &Received, mut each: impl FnMut(Section)) {
        match received.continuity {
            Continuity::Duplicate => return,
            Continuity::Gap => self.open = false,
            Continuity::Good => {}
        }
        let mut payload = Bytes(received.packet.payload());
        if !received.packet.starts_unit() {
            if self.open {
                self.buffer.extend_from_slice(payload.0);
                self.complete(&mut each);
            }
            return;
        }
        let Some(end_of_last) = payload.take_8() else {
            self.open = false;
            return;
        };
        if self.open {
            self.buffer.extend_from_slice(end_of_last);
            self.complete(&mut each);
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(payload.0);
        self.open = true;
        self.complete(&mut each);
    }

    /// Sections whose CRC was wrong.
    pub fn crc_errors(&self) -> u64 {
        self.crc_errors
    }

    fn complete(&mut self, each: &mut impl FnMut(Section)) {
        let mut from = 0;
        while let Some(rest) = self.buffer.get(from..) {
            let [table, high, low, ..] = *rest else { break };
            // 0xff where a section could begin is stuffing to the end of the packet.
            if table == 0xff {
                self.open = false;
                break;
            }
            let length = HEADER + (usize::from(high & 0x0f) << 8 | usize::from(low));
            if length > MAX_SECTION {
                self.open = false;
                break;
            }
            let Some(section) = rest.get(..length) else { break };
            from += length;
            // DVB's TDT alone has no CRC; nothing of what we read does without.
            let has_crc = high & 0x80 != 0 || table == SCTE35;
            if has_crc && crc32(section) != 0 {
                self.crc_errors += 1;
                continue;
            }
            if let Some(section) = Section::read(section) {
                each(section);
            }
        }
        self.buffer.drain(..from.min(self.buffer.len()));
        if self.buffer.first() == Some(&0xff) {
            self.open = false;
        }
    }
}

/// Table of SCTE-35 splice information: short form, but with a CRC.
pub(crate) const SCTE35: u8 = 0xfc;

/// Gathers the sections of one table until all of a version are there.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    version: Option<(u16, u8)>,
    bodies: Vec<Option<Vec<u8>>>,
    complete: bool,
}

impl Gathered {
    /// Takes a section; gives the bodies of all, once for each version.
    pub(crate) fn push(&mut self, section: &Section) -> Option<Vec<Vec<u8>>> {
        if !section.current || section.number > section.last {
            return None;
        }
        let version = (section.extension, section.version);
        let count = usize::from(section.last) + 1;
        if self.version != Some(version) || self.bodies.len() != count {
            self.version = Some(version);
            self.bodies = vec![None; count];
            self.complete = false;
        }
        let place = self.bodies.get_mut(usize::from(section.number))?;
        if place.as_deref() != Some(section.body) {
            // A sender that changes a table without a new version is believed, too.
            self.complete = false;
            *place = Some(section.body.to_vec());
        }
        if self.complete {
            return None;
        }
        let bodies: Option<Vec<_>> = self.bodies.iter().cloned().collect();
        self.complete = bodies.is_some();
        bodies
    }
}
