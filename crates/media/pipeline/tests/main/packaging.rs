//! Segments: their numbers, their boundaries, and that they can be played.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use funkturm_base::Utc90;
use funkturm_contracts::{
    channel::Profile,
    programme::{Codec, Unit},
    segment::{Media, Segment},
};
use funkturm_pipeline::{
    ladder::Encoder,
    packager::{OUTPUT_QUEUE, Output, Packager, Settings},
};
use tokio::sync::mpsc;

use crate::media;

const CELL: i64 = 4 * 90_000;
/// A cell's beginning, in 2026.
const START: Utc90 = Utc90(447_250_000 * CELL);

fn settings(profile: Profile) -> Settings {
    Settings {
        segment_ticks: CELL,
        keyframe_ticks: 2 * 90_000,
        profile,
        encoder: Encoder { preset: "ultrafast".into(), ..Encoder::default() },
    }
}

type Made = BTreeMap<(String, u64), (Segment, Bytes)>;

/// Packages units from a moment on; the segments by rendition and number, the inits by hash.
fn package(units: &[Unit], codecs: (Codec, Codec), profile: Profile) -> (Made, BTreeMap<String, Bytes>, u64) {
    let (sender, mut receiver) = mpsc::channel(OUTPUT_QUEUE);
    let epoch = media::epoch(codecs.0, codecs.1);
    let mut packager = Packager::start(&epoch, 7, units[0].dts, &settings(profile), sender).unwrap();
    for unit in units {
        packager.push(unit);
        packager.flush().unwrap();
        while packager.waiting() > Duration::from_secs(2) {
            std::thread::yield_now();
        }
    }
    let next = packager.finish().unwrap();
    let (mut segments, mut inits) = (Made::new(), BTreeMap::new());
    while let Ok(output) = receiver.try_recv() {
        match output {
            Output::Init { hash, data } => drop(inits.insert(hash, data)),
            Output::Segment { number, segment, data } => {
                let key = (segment.rendition.name.clone(), number);
                assert!(segments.insert(key, (*segment, data)).is_none(), "a number was used twice");
            }
        }
    }
    (segments, inits, next)
}

fn numbers(made: &Made, rendition: &str) -> Vec<u64> {
    made.keys().filter(|(name, _)| name == rendition).map(|(_, number)| *number - 447_250_000).collect()
}

/// Plays a rendition with ffmpeg: pictures or samples decoded, and complaints.
fn decode(made: &Made, inits: &BTreeMap<String, Bytes>, rendition: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("media.mp4");
    let mut bytes = Vec::new();
    for ((_, _), (segment, data)) in made.iter().filter(|((name, _), _)| name == rendition) {
        if bytes.is_empty() {
            bytes.extend_from_slice(&inits[&segment.init]);
        }
        bytes.extend_from_slice(data);
    }
    std::fs::write(&file, bytes).unwrap();
    let output = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "warning",
            "-count_frames",
            "-show_entries",
            "stream=nb_read_frames,codec_name",
            "-of",
            "csv=p=0",
        ])
        .arg(&file)
        .output()
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout).trim(), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn passthrough_is_cut_on_the_grid_and_plays() {
    let units = media::units(Codec::H264, Codec::AacAdts, START, 15);
    let (made, inits, _) = package(&units, (Codec::H264, Codec::AacAdts), Profile::Passthrough);
    // Three seconds of a fourth cell are more than half of it, so they are published.
    assert_eq!(numbers(&made, "v0"), [0, 1, 2, 3]);
    assert_eq!(numbers(&made, "a0"), [0, 1, 2, 3]);
    let (second, _) = &made[&("v0".to_owned(), 447_250_001)];
    assert_eq!((second.duration, second.epoch, second.independent_frames.len()), (CELL, 7, 2));
    assert_eq!(second.rendition.codecs.get(..5), Some("avc1."));
    assert!(matches!(
        second.rendition.media,
        Media::Video { width: 320, height: 180, frame_rate: 25.0, on_grid: false }
    ));
    let (sound, _) = &made[&("a0".to_owned(), 447_250_001)];
    assert_eq!(sound.rendition.codecs, "mp4a.40.2");
    assert!((sound.duration - CELL).abs() < 2000 * 2, "{}", sound.duration);
    assert_eq!(decode(&made, &inits, "v0"), "h264,375");
    assert!(decode(&made, &inits, "a0").starts_with("aac,7"), "{}", decode(&made, &inits, "a0"));
}

#[test]
fn independent_frames_can_be_cut_out() {
    let units = media::units(Codec::H264, Codec::AacAdts, START, 9);
    let (made, inits, _) = package(&units, (Codec::H264, Codec::AacAdts), Profile::Passthrough);
    let (segment, data) = &made[&("v0".to_owned(), 447_250_001)];
    for frame in &segment.independent_frames {
        let bytes = data.slice(frame.offset as usize..(frame.offset + frame.length) as usize);
        assert_eq!(&bytes[4..8], b"moof");
        let alone: Made = [(("v0".to_owned(), 0), (segment.clone(), bytes))].into();
        let shown = decode(&alone, &inits, "v0");
        assert!(shown.starts_with("h264,1"), "{shown}");
    }
}

#[test]
fn a_transcoder_that_joins_late_cuts_the_same() {
    for (codecs, profile) in [
        ((Codec::H264, Codec::AacAdts), Profile::Passthrough),
        ((Codec::H264, Codec::MpegAudio), Profile::Sd),
    ] {
        let units = media::units(codecs.0, codecs.1, START + 1000, 19);
        let late =
            units.iter().skip(100).position(|unit| unit.track == 0 && unit.random_access).unwrap() + 100;
        let (whole, inits, next) = package(&units, codecs, profile);
        let (part, part_inits, part_next) = package(&units[late..], codecs, profile);
        assert_eq!(next, part_next);
        let mut compared = 0;
        for ((name, number), (segment, bytes)) in &part {
            let (other, other_bytes) = whole
                .get(&(name.clone(), *number))
                .unwrap_or_else(|| panic!("{name} {number} {profile:?} of {:?}", whole.keys()));
            if *number > 447_250_000 + 1 {
                assert_eq!(
                    (segment.start, segment.duration),
                    (other.start, other.duration),
                    "{name} {number} {profile:?}"
                );
                assert_eq!(times(bytes), times(other_bytes), "{name} {number} {profile:?}");
                compared += 1;
            }
        }
        assert!(compared >= 3, "{profile:?}: {:?}", part.keys());
        assert_eq!(inits.keys().collect::<Vec<_>>(), part_inits.keys().collect::<Vec<_>>(), "{profile:?}");
    }
}

#[test]
fn a_ladder_is_cut_on_the_grid_and_plays() {
    let units = media::units(Codec::H264, Codec::MpegAudio, START + 50_000, 15);
    let (made, inits, _) = package(&units, (Codec::H264, Codec::MpegAudio), Profile::Sd);
    assert_eq!(numbers(&made, "v0"), [0, 1, 2, 3]);
    for (_, (segment, _)) in
        made.iter().filter(|((name, number), _)| name == "v0" && (1..3).contains(&(number - 447_250_000)))
    {
        assert_eq!(segment.duration, CELL);
        assert!((segment.start.0 + 1800) % CELL < 3600, "the first picture of the cell begins it");
    }
    let shown = decode(&made, &inits, "v0");
    assert_eq!(shown, "h264,375");
    assert!(decode(&made, &inits, "a0").starts_with("aac,"));
    assert_eq!(numbers(&made, "a0"), numbers(&made, "v0"), "no sound before the pictures");
    let cut: Vec<_> =
        made.iter().filter(|(_, (segment, _))| segment.cut).map(|((name, _), _)| name).collect();
    assert_eq!(cut, ["a0", "a0", "v0", "v0"], "the first and the last of each");
}

#[test]
fn where_pictures_are_missing_decode_times_go_on() {
    let units = media::units(Codec::H264, Codec::AacAdts, START, 13);
    let lost = |unit: &Unit| {
        let into = (unit.pts - START).rem_euclid(CELL);
        unit.track == 0 && !unit.random_access && (into > CELL - 38_000 || (3_600..20_000).contains(&into))
    };
    let rest: Vec<_> = units.iter().filter(|unit| !lost(unit)).cloned().collect();
    assert!(rest.len() + 40 < units.len());
    for profile in [Profile::Passthrough, Profile::Sd] {
        let (made, _, _) = package(&rest, (Codec::H264, Codec::AacAdts), profile);
        let video: Vec<_> = made.iter().filter(|((name, _), _)| name == "v0").map(|(_, made)| made).collect();
        assert!(video.len() >= 3, "{profile:?}");
        for pair in video.windows(2) {
            let [(before, bytes), (after, next)] = pair else { unreachable!() };
            let (begin, length) = times(bytes);
            assert_eq!(begin + length, times(next).0, "{profile:?}: decoding goes on");
            assert_eq!(before.start + before.duration, after.start, "{profile:?}: showing goes on");
        }
    }
}

#[test]
fn missing_pictures_do_not_make_a_segment_longer_than_a_cell() {
    let units = media::units(Codec::H264, Codec::AacAdts, START, 17);
    let lost = |unit: &Unit| {
        let into = unit.dts - START;
        unit.track == 0 && (CELL * 3 / 2..CELL * 5 / 2).contains(&into)
    };
    let rest: Vec<_> = units.into_iter().filter(|unit| !lost(unit)).collect();
    for profile in [Profile::Passthrough, Profile::Sd] {
        let (made, _, _) = package(&rest, (Codec::H264, Codec::AacAdts), profile);
        let video: Vec<_> = made.iter().filter(|((name, _), _)| name == "v0").map(|(_, made)| made).collect();
        assert_eq!(numbers(&made, "v0"), [0, 1, 2, 3], "{profile:?}");
        let lengths: Vec<_> = video.iter().map(|(segment, _)| segment.duration).collect();
        assert!(lengths.iter().all(|length| *length <= CELL), "{profile:?}: {lengths:?}");
        let [_, (before, bytes), (after, next), ..] = video.as_slice() else { unreachable!() };
        assert_eq!(before.duration, CELL, "{profile:?}: the last picture stands until the cell is full");
        let hole = after.start - before.start - CELL;
        assert!(
            (2 * 90_000..2 * 90_000 + 7_201).contains(&hole),
            "{profile:?}: a key picture as soon as there are pictures: {hole}"
        );
        let (begin, length) = times(bytes);
        assert_eq!(times(next).0 - begin - length, hole as u64, "{profile:?}: a hole in the timeline too");
    }
}

/// A segment's decode time and the durations of all its samples added up, 90 kHz.
fn times(mut segment: &[u8]) -> (u64, u64) {
    let number =
        |bytes: &[u8], at: usize| u64::from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()));
    let (mut begin, mut length) = (None, 0);
    while let Some(at) = segment.windows(4).position(|kind| kind == b"trun") {
        let tfdt = segment.windows(4).position(|kind| kind == b"tfdt").unwrap();
        let tfhd = segment.windows(4).position(|kind| kind == b"tfhd").unwrap();
        begin.get_or_insert((number(segment, tfdt + 8) << 32) | number(segment, tfdt + 12));
        let (flags, count) = (number(segment, at + 4) & 0xff_ffff, number(segment, at + 8));
        let fields = [0x100, 0x200, 0x400, 0x800].iter().filter(|flag| flags & *flag != 0).count() * 4;
        let first = at + 12 + [0x1, 0x4].iter().filter(|flag| flags & *flag != 0).count() * 4;
        length += if flags & 0x100 != 0 {
            (0..count as usize).map(|sample| number(segment, first + sample * fields)).sum()
        } else {
            assert_eq!(number(segment, tfhd + 4) & 0xb, 0x8, "a default duration is the first field");
            count * number(segment, tfhd + 12)
        };
        segment = &segment[first + count as usize * fields..];
    }
    (begin.unwrap(), length)
}

#[test]
fn many_epochs_leave_nothing_behind() {
    let units = media::units(Codec::H264, Codec::AacAdts, START, 3);
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    for _ in 0..20 {
        package(&units, (Codec::H264, Codec::AacAdts), Profile::Passthrough);
    }
    let (before, running) = (resident(), threads());
    for _ in 0..150 {
        package(&units, (Codec::H264, Codec::AacAdts), Profile::Passthrough);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 12_000, "{grown} kB more after 150 epochs");
    assert!(threads() <= running + 2, "{} threads, {running} before", threads());
}

#[test]
fn mpeg2_is_encoded_whatever_the_profile_says() {
    let units = media::units(Codec::Mpeg2Video, Codec::MpegAudio, START, 7);
    let (made, inits, _) = package(&units, (Codec::Mpeg2Video, Codec::MpegAudio), Profile::Passthrough);
    let shown = decode(&made, &inits, "v0");
    assert!(shown.starts_with("h264,1"), "{shown}");
}
