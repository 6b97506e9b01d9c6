//! Sections for a stream of our own: PAT, PMT, SDT and EIT present/following.

use super::{Event, Programme, Stream};
use crate::{
    codec::{Codec, Role},
    crc::crc32,
};

/// A programme with the PIDs that it got.
pub(super) struct Placed<'a> {
    pub(super) programme: &'a Programme,
    pub(super) pmt_pid: u16,
    pub(super) pcr_pid: u16,
    pub(super) version: u8,
    pub(super) streams: Vec<(u16, &'a Stream)>,
}

/// PAT (ISO/IEC 13818-1, 2.4.4.3).
pub(super) fn pat(transport_stream: u16, programmes: &[Placed]) -> Vec<u8> {
    let mut body = Vec::new();
    for placed in programmes {
        put16(&mut body, placed.programme.number);
        put16(&mut body, 0xe000 | placed.pmt_pid);
    }
    section(0x00, false, transport_stream, 0, (0, 0), &body)
}

/// PMT (2.4.4.8).
pub(super) fn pmt(placed: &Placed) -> Vec<u8> {
    let mut body = Vec::new();
    put16(&mut body, 0xe000 | placed.pcr_pid);
    put16(&mut body, 0xf000);
    for (pid, stream) in &placed.streams {
        let descriptors = stream_descriptors(stream);
        body.push(stream.codec.stream_type());
        put16(&mut body, 0xe000 | pid);
        put16(&mut body, 0xf000 | length16(&descriptors));
        body.extend_from_slice(&descriptors);
    }
    section(0x02, false, placed.programme.number, placed.version, (0, 0), &body)
}

/// SDT of this transport stream (ETSI EN 300 468, 5.2.3).
pub(super) fn sdt(transport_stream: u16, network: u16, programmes: &[Placed]) -> Vec<u8> {
    let mut body = Vec::new();
    put16(&mut body, network);
    body.push(0xff);
    for placed in programmes {
        let programme = placed.programme;
        let video = placed.streams.iter().any(|(_, stream)| stream.codec.is_video());
        let mut service = vec![if video { 0x01 } else { 0x02 }];
        put_text8(&mut service, &programme.provider);
        put_text8(&mut service, &programme.name);
        let mut descriptors = Vec::new();
        put_descriptor(&mut descriptors, 0x48, &service);
        put16(&mut body, programme.number);
        // It has present/following events, no schedule.
        body.push(0xfd);
        // Running, not scrambled.
        put16(&mut body, 0x8000 | length16(&descriptors));
        body.extend_from_slice(&descriptors);
    }
    section(0x42, true, transport_stream, 0, (0, 0), &body)
}

/// One EIT present (number 0) or following (1) section (5.2.4).
pub(super) fn eit(
    (transport_stream, network): (u16, u16),
    programme: u16,
    version: u8,
    number: u8,
    event: Option<&Event>,
) -> Vec<u8> {
    let mut body = Vec::new();
    put16(&mut body, transport_stream);
    put16(&mut body, network);
    body.extend_from_slice(&[1, 0x4e]);
    if let Some(event) = event {
        let mut short = language(Some(&event.language)).to_vec();
        put_text8(&mut short, &event.title);
        put_text8(&mut short, &event.text);
        let mut descriptors = Vec::new();
        put_descriptor(&mut descriptors, 0x4d, &short);
        put16(&mut body, event.id);
        body.extend_from_slice(&start_time(event.start));
        let seconds = event.duration;
        body.extend([seconds / 3600 % 100, seconds / 60 % 60, seconds % 60].map(bcd));
        let running: u16 = if number == 0 { 0x8000 } else { 0x2000 };
        put16(&mut body, running | length16(&descriptors));
        body.extend_from_slice(&descriptors);
    }
    section(0x4e, true, programme, version, (number, 1), &body)
}

fn stream_descriptors(stream: &Stream) -> Vec<u8> {
    let mut out = Vec::new();
    if stream.codec.is_video() {
        return out;
    }
    if stream.language.is_some() || stream.role != Role::Main {
        let [a, b, c] = language(stream.language.as_deref());
        let kind = match stream.role {
            Role::Main => 0,
            Role::HardOfHearing => 2,
            Role::Description => 3,
        };
        put_descriptor(&mut out, 0x0a, &[a, b, c, kind]);
    }
    match stream.codec {
        Codec::Ac3 => put_descriptor(&mut out, 0x6a, &[0]),
        Codec::Eac3 => put_descriptor(&mut out, 0x7a, &[0]),
        _ => {}
    }
    out
}

fn language(language: Option<&str>) -> [u8; 3] {
    language.and_then(|code| code.as_bytes().try_into().ok()).unwrap_or(*b"und")
}

/// 16 bits modified Julian date and 24 bits BCD time (EN 300 468, annex C).
fn start_time(unix_seconds: i64) -> [u8; 5] {
    let (day, second) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    let [a, b] = u16::try_from(day + 40_587).unwrap_or(u16::MAX).to_be_bytes();
    let second = u32::try_from(second).unwrap_or_default();
    [a, b, bcd(second / 3600), bcd(second / 60 % 60), bcd(second % 60)]
}

fn bcd(value: u32) -> u8 {
    u8::try_from(value / 10 % 10 * 16 + value % 10).unwrap_or_default()
}

fn section(
    table: u8,
    private: bool,
    extension: u16,
    version: u8,
    (number, last): (u8, u8),
    body: &[u8],
) -> Vec<u8> {
    let mut section = vec![table];
    let flags = if private { 0xf000 } else { 0xb000 };
    put16(&mut section, flags | u16::try_from(body.len() + 9).unwrap_or(0x0fff));
    put16(&mut section, extension);
    section.extend_from_slice(&[0xc1 | version << 1 & 0x3e, number, last]);
    section.extend_from_slice(body);
    let crc = crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn length16(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX) & 0x0fff
}

fn put_descriptor(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    let body = body.get(..255).unwrap_or(body);
    out.push(tag);
    out.push(u8::try_from(body.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(body);
}

/// Text as UTF-8 (first byte 0x15; EN 300 468, annex A), cut at a letter so that a service descriptor can hold two.
fn put_text8(out: &mut Vec<u8>, text: &str) {
    const LONGEST: usize = 110;
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let text = text.get(..end).unwrap_or_default().as_bytes();
    if text.is_empty() {
        out.push(0);
        return;
    }
    out.push(u8::try_from(text.len() + 1).unwrap_or(u8::MAX));
    out.push(0x15);
    out.extend_from_slice(text);
}
