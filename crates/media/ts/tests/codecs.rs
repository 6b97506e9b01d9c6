//! Every codec's units are found, timed and described.

use bytes::Bytes;
use funkturm_ts::{
    Codec, Unit,
    write::{AccessUnit, Multiplex, Muxer, Programme, Stream},
};

use crate::made::{Bits, NOW, Wire, epochs, received};

/// What comes out of one elementary stream, sent in PES packets each with its PTS and DTS, and how it is described.
fn through(codec: Codec, pes: &[(u64, u64, Vec<u8>)]) -> (Vec<Unit>, String) {
    let streams = vec![if codec.is_video() { Stream::video(codec) } else { Stream::audio(codec, "deu") }];
    let programme = Programme { number: 1, name: String::new(), provider: String::new(), streams };
    let mut muxer = Muxer::new(Multiplex::of(vec![programme]), 0).unwrap();
    let mut wire = Wire::new();
    for (pts, dts, data) in pes {
        let data = data.clone().into();
        muxer.push(0, 0, &AccessUnit { pts: *pts, dts: *dts, random_access: false, data }).unwrap();
    }
    let last = pes.last().unwrap().1;
    for clock in (900..last + 9000).step_by(900) {
        let mut bytes = Vec::new();
        muxer.advance(clock, &mut bytes);
        wire.push((NOW + clock as i64, bytes));
    }
    let (mut out, mut taken, _) = received(&wire, None);
    let at = wire.last().unwrap().0;
    taken.end("the test", at, &mut out);
    let format = taken.health(at).tracks[0].1.clone();
    let epoch = epochs(out).pop().expect("an epoch");
    (epoch.units, format.map(|format| format.to_string()).unwrap_or_default())
}

/// Twenty frames, four to a PES packet, come out one by one with times that go on.
fn sound(codec: Codec, frame: &[u8], ticks: f64) -> String {
    let pes: Vec<_> = (0..5)
        .map(|n| {
            let time = 90_000 + (f64::from(n) * 4.0 * ticks) as u64;
            (time, time, frame.repeat(4))
        })
        .collect();
    let (units, description) = through(codec, &pes);
    assert_eq!(units.len(), 20, "{codec}");
    for (n, unit) in units.iter().enumerate() {
        assert_eq!(unit.data, frame, "{codec} frame {n}");
        assert!(!unit.damaged && unit.random_access);
        let expected = n as f64 * ticks;
        assert!(((unit.pts - units[0].pts) as f64 - expected).abs() <= 1.5, "{codec} frame {n}");
    }
    description
}

fn filled(mut head: Vec<u8>, length: usize) -> Vec<u8> {
    head.resize(length, 0x22);
    head
}

#[test]
fn sound_of_every_kind() {
    let layer_2 = filled(vec![0xff, 0xfd, 0xa4, 0x00], 576);
    assert_eq!(sound(Codec::MpegAudio, &layer_2, 2160.0), "MPEG audio stereo 48 kHz");
    let mono_mpeg_2 = filled(vec![0xff, 0xf5, 0x80, 0xc0], 417);
    assert_eq!(sound(Codec::MpegAudio, &mono_mpeg_2, 4702.04), "MPEG audio mono 22.05 kHz");
    // 384 kbit/s, 3/2 with low frequencies.
    let ac3 = filled(vec![0x0b, 0x77, 0, 0, 28, 8 << 3, 0xe1, 0], 1536);
    assert_eq!(sound(Codec::Ac3, &ac3, 2880.0), "AC-3 5.1 48 kHz");
    let eac3 = filled(vec![0x0b, 0x77, 0x00, 0xff, 0x34, 0x80, 0, 0], 512);
    assert_eq!(sound(Codec::Eac3, &eac3, 2880.0), "E-AC-3 stereo 48 kHz");
    let mut latm = Bits::default();
    latm.put(0x2b7, 11).put(197, 13).put(0, 1).put(0, 1).put(1, 1).put(0, 6 + 4 + 3);
    latm.put(2, 5).put(3, 4).put(2, 4).put(0, 3);
    assert_eq!(sound(Codec::AacLatm, &filled(latm.done(), 200), 1920.0), "AAC stereo 48 kHz");
}

#[test]
fn dependent_frames_of_enhanced_ac_3_stay_with_theirs() {
    let independent = filled(vec![0x0b, 0x77, 0x00, 0xff, 0x3e, 0x80, 0, 0], 512);
    let dependent = filled(vec![0x0b, 0x77, 0x40, 0x7f, 0x34, 0x80, 0, 0], 256);
    let both = [independent, dependent].concat();
    assert_eq!(sound(Codec::Eac3, &both, 2880.0), "E-AC-3 5 channels 48 kHz");
}

#[test]
fn a_flipped_bit_in_one_frame_is_no_change_of_format() {
    let frame = filled(vec![0xff, 0xfd, 0xa4, 0x00], 576);
    let mono = filled(vec![0xff, 0xfd, 0xa4, 0xc0], 576);
    let odd = |n: u64| n == 7 || n == 8;
    let pes = (0..30).map(|n| {
        let time = 90_000 + n * 2160;
        (time, time, if odd(n) || n >= 20 { mono.clone() } else { frame.clone() })
    });
    let pes: Vec<_> = pes.collect();
    let (units, description) = through(Codec::MpegAudio, &pes);
    // The epoch that is left is the one after the real change.
    assert_eq!(description, "MPEG audio mono 48 kHz");
    assert!(units.iter().all(|unit| unit.data == mono) && units.len() >= 7, "{}", units.len());
}

/// An MPEG-2 picture of 720×576 interlaced: headers where it is intra, then one slice.
fn mpeg2(reference: u32, kind: u32, structure: u32, filling: u8) -> Vec<u8> {
    let mut out = Vec::new();
    if kind == 1 && structure != 2 {
        let mut sequence = Bits::default();
        sequence.put(720, 12).put(576, 12).put(2, 4).put(3, 4).put(0x3_ffff, 18).put(1, 1).put(112, 10);
        out.extend([vec![0, 0, 1, 0xb3], sequence.put(0, 3).done()].concat());
        // Main profile, interlaced, 4:2:0; ends in zero bytes, as real ones do.
        out.extend([0, 0, 1, 0xb5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00]);
        out.extend([0, 0, 1, 0xb8, 0x00, 0x08, 0x00, 0x40]);
    }
    let mut header = Bits::default();
    header.put(reference, 10).put(kind, 3).put(0xffff, 16);
    out.extend([vec![0, 0, 1, 0x00], header.done()].concat());
    let mut extension = Bits::default();
    extension.put(8, 4).put(0xffff, 16).put(0, 2).put(structure, 2).put(0, 10);
    out.extend([vec![0, 0, 1, 0xb5], extension.done()].concat());
    for slice in 1..=3 {
        out.extend([0, 0, 1, slice]);
        out.extend([filling | 0x40; 150]);
    }
    out
}

#[test]
fn mpeg_2_pictures_without_timestamps_are_shown_in_their_order() {
    // I2 B0 B1 P5 B3 B4, one PES packet for each such group.
    let group = || [(2, 1), (0, 3), (1, 3), (5, 2), (3, 3), (4, 3)];
    let pes: Vec<_> = (0..4)
        .map(|n| {
            let dts = 90_000 + n * 6 * 3600;
            let pictures =
                group().into_iter().flat_map(|(reference, kind)| mpeg2(reference, kind, 3, n as u8));
            (dts + 3 * 3600, dts, pictures.collect())
        })
        .collect();
    let (units, description) = through(Codec::Mpeg2Video, &pes);
    assert_eq!(description, "MPEG-2 video 720×576 interlaced 25 fps");
    let first = units[0].pts;
    let shown: Vec<_> = units.iter().map(|unit| (unit.pts - first) / 3600).collect();
    // The two B pictures before the first I are not decodable, and not there.
    assert_eq!(shown[..10], [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]);
    let entries: Vec<_> = units.iter().map(|unit| unit.random_access).collect();
    assert_eq!(entries[..5], [true, false, false, false, true]);
    assert!(units.windows(2).all(|pair| pair[1].dts > pair[0].dts));
}

#[test]
fn two_fields_make_one_mpeg_2_picture() {
    let frames: Vec<Vec<u8>> = (0..10)
        .map(|n| {
            let kind = if n % 5 == 0 { 1 } else { 2 };
            [mpeg2(n % 5, kind, 1, 1), mpeg2(n % 5, 2, 2, 2)].concat()
        })
        .collect();
    let pes = frames.iter().enumerate().map(|(n, data)| {
        let time = 90_000 + n as u64 * 3600;
        (time, time, data.clone())
    });
    let (units, _) = through(Codec::Mpeg2Video, &pes.collect::<Vec<_>>());
    assert_eq!(units.iter().map(|unit| &unit.data).collect::<Vec<_>>(), frames.iter().collect::<Vec<_>>());
}

/// The first field of an H.264 frame, or the second.
fn field(number: u32, second: bool) -> Vec<u8> {
    let key = number.is_multiple_of(8);
    let mut out = vec![0, 0, 0, 1, 9, 0xf0];
    if key && !second {
        let mut sequence = Bits::default();
        sequence.put(77, 8).put(0x001e, 16).ue(0).ue(0).ue(2).ue(1).put(0, 1).ue(44).ue(17);
        // Fields are possible; nothing is cropped, no VUI.
        let sequence = sequence.put(0, 1).put(0, 1).put(1, 1).put(0, 1).put(0, 1).done();
        let picture = Bits::default().ue(0).ue(0).put(0, 2).ue(0).ue(0).ue(0).put(0, 3).done();
        out.extend([vec![0, 0, 0, 1, 0x67], sequence, vec![0, 0, 0, 1, 0x68], picture].concat());
    }
    let mut slice = Bits::default();
    let intra = key && !second;
    slice.ue(0).ue(if intra { 7 } else { 5 }).ue(0).put(number % 8, 4).put(1, 1).put(second.into(), 1);
    out.extend([vec![0, 0, 1, if intra { 0x65 } else { 0x41 }], slice.done(), vec![0x55; 90]].concat());
    out
}

#[test]
fn two_fields_make_one_h264_picture_whether_they_share_a_pes_packet_or_not() {
    let time = |n: u32| 90_000 + u64::from(n) * 3600;
    let frame = |n: u32| [field(n, false), field(n, true)].concat();
    let together: Vec<_> = (0..20).map(|n| (time(n), time(n), frame(n))).collect();
    let apart: Vec<_> = (0..20)
        .flat_map(|n| {
            let second = time(n) + 1800;
            [(time(n), time(n), field(n, false)), (second, second, field(n, true))]
        })
        .collect();
    for pes in [together, apart] {
        let (units, description) = through(Codec::H264, &pes);
        assert_eq!(description, "H.264 720×576 interlaced");
        assert_eq!(units.len(), 20);
        for (n, unit) in units.iter().enumerate() {
            assert_eq!(unit.data, frame(n as u32), "frame {n}");
            assert_eq!(unit.pts - units[0].pts, n as i64 * 3600);
        }
    }
}

#[test]
fn open_groups_are_entered_at_intra_pictures_and_said_to_be_open() {
    // I pictures with parameter sets, none of them IDR; a B picture follows that is shown before.
    let sps = crate::made::sps(20, 15);
    let pes: Vec<_> = (0..80_u32)
        .map(|n| {
            let mut data = crate::made::h264(n % 8 == 0, n, &sps, &[9; 50]).to_vec();
            if n % 8 == 0 {
                // From IDR to an ordinary intra slice; its header has no other field before the frame number.
                let at = data.windows(4).position(|code| code == [0, 0, 1, 0x65]).unwrap() + 3;
                data[at] = 0x61;
            }
            let dts = 90_000 + u64::from(n) * 3600;
            (dts + if n % 8 == 0 { 9000 } else { 0 }, dts, data)
        })
        .collect();
    let (units, _) = through(Codec::H264, &pes);
    assert!(units[0].random_access);
    assert_eq!(units.iter().filter(|unit| unit.random_access).count(), 10);
    // The two pictures that are shown before the first one they refer to are left out.
    assert_eq!(units.len(), 78);
}

#[test]
fn parameter_sets_that_a_key_picture_lacks_are_put_in_front_of_it() {
    let sps = crate::made::sps(20, 15);
    let whole = crate::made::h264(true, 0, &sps, &[9; 50]);
    let sets = whole.windows(4).position(|code| code == [0, 0, 1, 0x65]).unwrap();
    let bare: Bytes = [&whole[..6], &whole[sets..]].concat().into();
    let pes: Vec<_> = (0..20_u32)
        .map(|n| {
            let data = match n {
                0 => whole.to_vec(),
                10 => bare.to_vec(),
                n => crate::made::h264(false, n, &sps, &[9; 50]).to_vec(),
            };
            let time = 90_000 + u64::from(n) * 3600;
            (time, time, data)
        })
        .collect();
    let (units, _) = through(Codec::H264, &pes);
    assert!(units[10].random_access);
    assert_eq!(units[10].data, whole);
}

#[test]
fn hevc_is_split_and_measured() {
    let unit = |kind: u8, body: &[u8]| [vec![0, 0, 0, 1, kind << 1, 1], body.to_vec()].concat();
    let mut sps = Bits::default();
    // Video parameter set 0, one layer; profile, tier and level; then id 0, 4:2:0, 1280×720, not cropped.
    sps.put(0, 4).put(0, 3).put(1, 1).put(0x0160_0000, 32).put(0x9000_0000, 32).put(0x5d, 32);
    sps.ue(0).ue(1).ue(1280).ue(720).put(0, 1);
    let sps = sps.done();
    let pps = Bits::default().ue(0).ue(0).done();
    let slice = |first: bool, entry: bool| {
        let mut bits = Bits::default();
        bits.put(first.into(), 1);
        if entry {
            bits.put(0, 1);
        }
        [bits.ue(0).done(), vec![0x77; 100]].concat()
    };
    let picture = |n: u32| {
        let key = n.is_multiple_of(10);
        let kind = if key { 19 } else { 1 };
        let mut out = unit(35, &[0x50]);
        if key {
            out.extend([unit(32, &[0x0c, 1]), unit(33, &sps), unit(34, &pps)].concat());
        }
        out.extend([unit(kind, &slice(true, key)), unit(kind, &slice(false, key))].concat());
        out
    };
    let pes: Vec<_> = (0..30)
        .map(|n| {
            let time = 90_000 + u64::from(n) * 1800;
            (time, time, picture(n))
        })
        .collect();
    let (units, description) = through(Codec::Hevc, &pes);
    assert_eq!(description, "HEVC 1280×720");
    assert_eq!(units.len(), 30);
    for (n, unit) in units.iter().enumerate() {
        assert_eq!(unit.data, picture(n as u32), "picture {n}");
        assert_eq!(unit.random_access, n % 10 == 0);
    }
}
