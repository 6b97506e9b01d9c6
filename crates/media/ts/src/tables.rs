//! Tables that say what is in a stream: PAT, PMT, SDT.

use crate::{
    bits::Bytes,
    codec::{Codec, Role},
    text,
};

pub(crate) const PAT: u8 = 0x00;
pub(crate) const PMT: u8 = 0x02;
pub(crate) const SDT_ACTUAL: u8 = 0x42;

/// What is carried where (PMT; ISO/IEC 13818-1, 2.4.4.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pmt {
    /// The PID that carries the clock; `0x1fff`, if none does.
    pub pcr_pid: u16,
    /// The programme is encrypted: it has conditional access descriptors.
    pub encrypted: bool,
    /// The elementary streams.
    pub streams: Vec<Stream>,
}

/// An elementary stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Where it is.
    pub pid: u16,
    /// What it is.
    pub kind: Kind,
    /// ISO 639-2 code, lower case.
    pub language: Option<String>,
    /// What sound is for.
    pub role: Role,
}

/// What an elementary stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pictures or sound.
    Av(Codec),
    /// EBU teletext (ETSI EN 300 472).
    Teletext,
    /// DVB subtitles (ETSI EN 300 743).
    Subtitles,
    /// SCTE-35 splice information.
    Cues,
    /// Something else of this stream type.
    Other(u8),
}

/// The programmes of a stream with the PIDs of their PMTs, in the PAT's order.
pub(crate) fn read_pat(bodies: &[Vec<u8>]) -> Vec<(u16, u16)> {
    let mut programmes = Vec::new();
    for body in bodies {
        let mut body = Bytes(body);
        while let (Some(number), Some(pid)) = (body.u16(), body.u16()) {
            // Number 0 is the network information table.
            if number != 0 {
                programmes.push((number, pid & 0x1fff));
            }
        }
    }
    programmes
}

/// Reads a PMT's body.
pub(crate) fn read_pmt(body: &[u8]) -> Option<Pmt> {
    let mut body = Bytes(body);
    let pcr_pid = body.u16()? & 0x1fff;
    let encrypted = descriptors(body.take_12()?).any(|(tag, _)| tag == CONDITIONAL_ACCESS);
    let mut pmt = Pmt { pcr_pid, encrypted, streams: Vec::new() };
    while let (Some(stream_type), Some(pid)) = (body.u8(), body.u16()) {
        let Some(about) = body.take_12() else { break };
        pmt.encrypted |= descriptors(about).any(|(tag, _)| tag == CONDITIONAL_ACCESS);
        let (language, role) = language_and_role(about);
        pmt.streams.push(Stream { pid: pid & 0x1fff, kind: kind(stream_type, about), language, role });
    }
    Some(pmt)
}

/// What the SDT says about a programme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The programme's number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub provider: String,
}

/// Reads the bodies of an SDT (ETSI EN 300 468, 5.2.3).
pub(crate) fn read_sdt(bodies: &[Vec<u8>]) -> Vec<Service> {
    let mut services = Vec::new();
    for body in bodies {
        let mut body = Bytes(body.get(3..).unwrap_or_default());
        while let (Some(number), Some(_flags)) = (body.u16(), body.u8()) {
            let Some(about) = body.take_12() else { break };
            let service = descriptors(about).find(|(tag, _)| *tag == SERVICE).and_then(|(_, service)| {
                let mut service = Bytes(service);
                service.u8()?;
                let provider = text::decode(service.take_8()?);
                Some(Service { number, provider, name: text::decode(service.take_8()?) })
            });
            services.push(service.unwrap_or(Service { number, ..Service::default() }));
        }
    }
    services
}

const REGISTRATION: u8 = 0x05;
const CONDITIONAL_ACCESS: u8 = 0x09;
const LANGUAGE: u8 = 0x0a;
const SERVICE: u8 = 0x48;
const TELETEXT: u8 = 0x56;
const SUBTITLING: u8 = 0x59;
const AC3: u8 = 0x6a;
const EAC3: u8 = 0x7a;
const AAC: u8 = 0x7c;
const EXTENSION: u8 = 0x7f;
/// Extension descriptor: supplementary audio (EN 300 468, 6.4.11).
const SUPPLEMENTARY_AUDIO: u8 = 0x06;

/// The descriptors of a loop with their tags; what is cut off is left out.
fn descriptors(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = Bytes(bytes);
    std::iter::from_fn(move || Some((rest.u8()?, rest.take_8()?)))
}

fn kind(stream_type: u8, about: &[u8]) -> Kind {
    let has = |wanted: u8| descriptors(about).any(|(tag, _)| tag == wanted);
    let registered =
        |name: &[u8; 4]| descriptors(about).any(|(tag, body)| tag == REGISTRATION && body.starts_with(name));
    match stream_type {
        0x01 | 0x02 => Kind::Av(Codec::Mpeg2Video),
        0x03 | 0x04 => Kind::Av(Codec::MpegAudio),
        0x0f => Kind::Av(Codec::AacAdts),
        0x11 => Kind::Av(Codec::AacLatm),
        0x1b => Kind::Av(Codec::H264),
        0x24 => Kind::Av(Codec::Hevc),
        // ATSC's numbers, used far beyond ATSC.
        0x81 => Kind::Av(Codec::Ac3),
        0x87 => Kind::Av(Codec::Eac3),
        0x86 => Kind::Cues,
        // Private data: DVB tells what it is by a descriptor, others by a registration.
        0x06 if has(EAC3) || registered(b"EAC3") => Kind::Av(Codec::Eac3),
        0x06 if has(AC3) || registered(b"AC-3") => Kind::Av(Codec::Ac3),
        0x06 if has(AAC) => Kind::Av(Codec::AacLatm),
        0x06 if registered(b"HEVC") => Kind::Av(Codec::Hevc),
        0x06 if has(TELETEXT) => Kind::Teletext,
        0x06 if has(SUBTITLING) => Kind::Subtitles,
        other => Kind::Other(other),
    }
}

/// The language of the ISO 639 descriptor, and the role from its audio type unless a supplementary audio descriptor
/// says more.
fn language_and_role(about: &[u8]) -> (Option<String>, Role) {
    let (mut language, mut role) = (None, Role::Main);
    for (tag, body) in descriptors(about) {
        match (tag, body) {
            (LANGUAGE, [a, b, c, kind, ..]) => {
                language = language.or_else(|| code([*a, *b, *c]));
                role = match kind {
                    2 => Role::HardOfHearing,
                    3 => Role::Description,
                    _ => role,
                };
            }
            (EXTENSION, [SUPPLEMENTARY_AUDIO, flags, rest @ ..]) => {
                // Editorial classification, table 113: 1 and 3 describe pictures, 2 is for the hard of hearing.
                role = match flags >> 2 & 0x1f {
                    1 | 3 => Role::Description,
                    2 => Role::HardOfHearing,
                    _ => role,
                };
                if let (1, [a, b, c, ..]) = (flags & 1, rest) {
                    language = code([*a, *b, *c]).or(language);
                }
            }
            (TELETEXT | SUBTITLING, [a, b, c, ..]) => language = language.or_else(|| code([*a, *b, *c])),
            _ => {}
        }
    }
    (language, role)
}

fn code(letters: [u8; 3]) -> Option<String> {
    let letters = letters.map(|letter| letter.to_ascii_lowercase());
    letters.iter().all(u8::is_ascii_lowercase).then(|| letters.iter().map(|l| char::from(*l)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_decide_what_private_data_is() {
        for (stream_type, about, expected) in [
            (0x06, vec![0x6a, 1, 0], Kind::Av(Codec::Ac3)),
            (0x06, vec![0x52, 1, 9, 0x7a, 1, 0], Kind::Av(Codec::Eac3)),
            (0x06, b"\x05\x04HEVC".to_vec(), Kind::Av(Codec::Hevc)),
            (0x06, vec![0x56, 5, b'd', b'e', b'u', 9, 0], Kind::Teletext),
            (0x06, vec![0x59, 8, b'd', b'e', b'u', 16, 0, 1, 0, 2], Kind::Subtitles),
            (0x06, vec![0x6a, 9, 0], Kind::Other(6)),
            (0x86, vec![], Kind::Cues),
            (0x21, vec![], Kind::Other(0x21)),
        ] {
            assert_eq!(kind(stream_type, &about), expected, "{stream_type:#x} {about:x?}");
        }
    }

    #[test]
    fn language_and_role_are_read_from_either_descriptor() {
        assert_eq!(language_and_role(b"\x0a\x04DEU\x03"), (Some("deu".into()), Role::Description));
        // Supplementary audio: mix_type 1, classification 2, reserved, language present.
        let about = [b"\x0a\x04deu\x00\x7f\x05\x06".as_slice(), &[0x80 | 2 << 2 | 1], b"eng"].concat();
        assert_eq!(language_and_role(&about), (Some("eng".into()), Role::HardOfHearing));
        assert_eq!(language_and_role(&[0x0a, 4, 0, 1, 2, 0]), (None, Role::Main));
    }
}
