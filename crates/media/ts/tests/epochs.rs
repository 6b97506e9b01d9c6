//! What begins and what ends an epoch.

use funkturm_ts::{Break, Codec, Problem, write::Stream};

use crate::made::{NOW, Station, Wire, epochs, ordinary, received, sps};

fn ends(events: Vec<funkturm_ts::Event>) -> Vec<Option<String>> {
    epochs(events).into_iter().map(|epoch| epoch.end).collect()
}

#[test]
fn silence_ends_the_epoch_and_the_next_begins_with_a_key_picture() {
    let mut station = Station::new(900_000, None);
    let mut wire = ordinary(&mut station, 2);
    let quiet = wire.last().unwrap().0;
    wire.extend((1..60).map(|n| (quiet + n * 9000, Vec::new())));
    // The sender goes on where it was, as a player that paused does.
    let mut later = ordinary(&mut station, 2);
    later.iter_mut().for_each(|(at, _)| *at += 6 * 90_000);
    wire.extend(later);
    let (out, ..) = received(&wire, None);
    let epochs = epochs(out);
    assert_eq!(epochs.len(), 2);
    assert!(epochs[0].end.as_ref().unwrap().starts_with("silence of 1."), "{:?}", epochs[0].end);
    assert!(epochs[1].units[0].random_access);
    let pause = epochs[1].id - epochs[0].units.last().unwrap().pts;
    assert!((5 * 90_000..7 * 90_000).contains(&pause), "the timeline shows the pause: {pause}");
}

#[test]
fn the_clock_wraps_without_anybody_noticing() {
    let mut station = Station::new((1 << 33) - 3 * 90_000, None);
    let (out, ..) = received(&ordinary(&mut station, 6), None);
    assert_eq!(ends(out), [None]);
}

#[test]
fn jumps_of_the_clock_end_the_epoch() {
    for leap in [3600 * 90_000, -6 * 90_000, -2 * 90_000, 20 * 90_000] {
        let mut station = Station::new(90_000_000, None);
        let mut wire = ordinary(&mut station, 2);
        station.leap(leap);
        let mut later = ordinary(&mut station, 3);
        later.iter_mut().for_each(|(at, _)| *at -= leap);
        wire.extend(later);
        let (out, ..) = received(&wire, None);
        let epochs = epochs(out);
        assert_eq!(epochs.len(), 2, "{leap}: {:?}", epochs.iter().map(|e| &e.end).collect::<Vec<_>>());
        assert!(epochs[0].end.as_ref().unwrap().starts_with("timestamp jump"), "{:?}", epochs[0].end);
        let (last, first) = (epochs[0].units.last().unwrap(), &epochs[1].units[0]);
        assert!((0..2 * 90_000).contains(&(first.pts - last.pts)), "{leap}: {}", first.pts - last.pts);
        assert!(epochs[1].units.iter().filter(|unit| unit.track == 1).count() > 50, "sound is back as well");
    }
}

#[test]
fn a_change_of_resolution_ends_the_epoch_at_the_very_picture() {
    let mut station = Station::new(900_000, None);
    let mut wire = ordinary(&mut station, 2);
    station.sps = sps(40, 30);
    wire.extend(ordinary(&mut station, 2));
    let (out, programme, _) = received(&wire, None);
    let epochs = epochs(out);
    assert_eq!(epochs.len(), 2);
    assert_eq!(epochs[0].end.as_deref(), Some("format change: H.264 640×480 25 fps"));
    let pictures = |epoch: usize| epochs[epoch].units.iter().filter(|unit| unit.track == 0).count();
    assert_eq!((pictures(0), pictures(1)), (50, 49), "the last one waits for its successor");
    assert_eq!(programme.health(NOW).tracks[0].1.as_ref().unwrap().to_string(), "H.264 640×480 25 fps");
}

#[test]
fn other_tracks_end_the_epoch() {
    let mut station = Station::new(900_000, None);
    let mut wire = ordinary(&mut station, 2);
    let streams = vec![Stream::video(Codec::H264), Stream::audio(Codec::AacAdts, "eng")];
    station.muxer.set_streams(0, streams).unwrap();
    wire.extend(ordinary(&mut station, 2));
    let (out, ..) = received(&wire, None);
    let epochs = epochs(out);
    assert_eq!(epochs.len(), 2);
    assert_eq!(epochs[0].end, Some(Break::Tracks.to_string()));
    assert_eq!(epochs[1].tracks[1].language.as_deref(), Some("eng"));
    assert!(epochs[1].units.iter().any(|unit| unit.track == 1));
}

#[test]
fn a_source_clock_that_drifts_ends_the_epoch_after_a_second() {
    let mut station = Station::new(900_000, None);
    let mut wire = ordinary(&mut station, 100);
    let start = wire[0].0;
    // Two per cent fast: a second in less than a minute.
    wire.iter_mut().for_each(|(at, _)| *at = start + (*at - start) * 98 / 100);
    let ends = ends(received(&wire, None).0);
    assert!(ends.len() >= 2, "{ends:?}");
    assert!(ends[0].as_ref().unwrap().starts_with("clock drift"), "{ends:?}");
}

#[test]
fn arrival_in_bursts_does_not_bend_the_timeline() {
    let mut station = Station::new(900_000, None);
    let mut wire = ordinary(&mut station, 10);
    let smooth = epochs(received(&wire, None).0);
    // Everything of 0.8 s arrives at its end.
    wire.iter_mut().for_each(|(at, _)| *at = (*at / 72_000 + 1) * 72_000);
    let epochs = epochs(received(&wire, None).0);
    assert_eq!(epochs.len(), 1);
    let (a, b) = (&smooth[0].units, &epochs[0].units);
    assert_eq!(a.len(), b.len());
    let shift = b[0].pts - a[0].pts;
    assert!((0..=80_000).contains(&shift), "{shift}");
    assert!(a.iter().zip(b).all(|(a, b)| b.pts - a.pts == shift));
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let mut station = Station::new(900_000, None);
    let wire = ordinary(&mut station, 4);
    let end = wire.last().unwrap().0;
    let (_, programme, _) = received(&wire, Some(99));
    let problem = programme.health(end).problem.unwrap();
    assert_eq!(problem, Problem::NoProgramme { wanted: 99, present: vec![7] });
    assert_eq!(problem.to_string(), "programme 99 is not in the stream; there are 7");
    let (_, programme, _) = received(&wire, None);
    assert_eq!(programme.health(end).problem, None);
    // Pictures, but none to begin at.
    let mut station = Station::new(900_000, None);
    let mut wire = Wire::new();
    for _ in 0..300 {
        station.picture(false, &[7; 100]);
        station.run(&mut wire, 0);
    }
    let (out, programme, _) = received(&wire, None);
    assert!(epochs(out).is_empty());
    assert_eq!(programme.health(wire.last().unwrap().0).problem, Some(Problem::NoEntry));
}
