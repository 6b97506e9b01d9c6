//! Service information made and read.

use funkturm_ts::{
    Codec, Kind, Role, Scan, Transport,
    write::{Multiplex, Muxer, Programme, Stream},
};

#[test]
fn a_scan_finds_what_a_multiplex_has_also_where_tables_span_packets() {
    let sound = |language: &str, codec, role| Stream { codec, language: Some(language.into()), role };
    // Fifteen streams make a PMT of several packets, sixty programmes an SDT of several kilobytes.
    let streams: Vec<_> = std::iter::once(Stream::video(Codec::Hevc))
        .chain((0..14).map(|n| match n % 3 {
            0 => sound("deu", Codec::Eac3, Role::Main),
            1 => sound("eng", Codec::Ac3, Role::Description),
            _ => sound("fra", Codec::MpegAudio, Role::HardOfHearing),
        }))
        .collect();
    let programmes: Vec<_> = (1..=20)
        .map(|number| Programme {
            number,
            name: format!("Прогр № {number} – ünïcode"),
            provider: "Funkturm".into(),
            streams: streams.clone(),
        })
        .collect();
    let mut muxer = Muxer::new(Multiplex::of(programmes), 0).unwrap();
    let mut bytes = Vec::new();
    muxer.advance(90_000, &mut bytes);
    let (mut transport, mut scan) = (Transport::default(), Scan::default());
    transport.push(&bytes, 0, |packet| scan.push(packet));
    assert!(scan.complete());
    let found = scan.programmes();
    assert_eq!(found.len(), 20);
    for (n, found) in found.iter().enumerate() {
        assert_eq!(found.name.as_ref().unwrap(), &format!("Прогр № {} – ünïcode", n + 1));
        assert_eq!(found.provider.as_deref(), Some("Funkturm"));
        let map = found.map.as_ref().unwrap();
        assert_eq!(map.pcr_pid, Muxer::pid(n, 0));
        let got: Vec<_> = map.streams.iter().map(|s| (s.kind, s.language.clone(), s.role)).collect();
        let made: Vec<_> = streams.iter().map(|s| (Kind::Av(s.codec), s.language.clone(), s.role)).collect();
        assert_eq!(got, made);
    }
}

#[test]
fn a_section_with_a_wrong_crc_is_not_believed() {
    let programme = Programme {
        number: 1,
        name: "One".into(),
        provider: String::new(),
        streams: vec![Stream::video(Codec::H264)],
    };
    let mut muxer = Muxer::new(Multiplex::of(vec![programme]), 0).unwrap();
    let mut bytes = Vec::new();
    muxer.advance(900, &mut bytes);
    for packet in bytes.chunks_mut(188) {
        // Behind the section header: number, version, PIDs.
        packet[13] ^= 4;
    }
    bytes.extend([[0x47, 0x1f, 0xff, 0x10].as_slice(), &[0; 184]].concat().repeat(5));
    let (mut transport, mut scan) = (Transport::default(), Scan::default());
    transport.push(&bytes, 0, |packet| scan.push(packet));
    assert!(scan.programmes().is_empty());
}
