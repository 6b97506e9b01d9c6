//! What is put in comes out again, byte for byte and tick for tick, however it is cut on the way.

use funkturm_ts::{
    Codec, Programme, Transport,
    write::{AccessUnit, Multiplex, Muxer, Programme as Made, Stream},
};
use proptest::prelude::*;

use crate::made::{NOW, PICTURE, Station, Wire, epochs, received};

fn cut(wire: &Wire, sizes: &[usize]) -> Wire {
    let mut sizes = sizes.iter().cycle();
    let mut pieces = Wire::new();
    for (at, bytes) in wire {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            pieces.push((*at, piece.to_vec()));
            rest = later;
        }
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn units_come_back_as_they_were(
        fillings in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..4000), 26..60),
        sizes in prop::collection::vec(1_usize..3000, 1..20),
        start in prop_oneof![Just((1_u64 << 33) - 100_000), 100_000..1_u64 << 33],
        constant in any::<bool>(),
    ) {
        let mut station = Station::new(start, constant.then_some(8_000_000));
        let mut wire = Wire::new();
        for (n, filling) in fillings.iter().enumerate() {
            station.picture(n % 12 == 0, filling);
            station.run(&mut wire, 0);
        }
        let (mut out, mut programme, transport) = received(&cut(&wire, &sizes), None);
        programme.end("test", wire.last().unwrap().0, &mut out);
        let epochs = epochs(out);
        prop_assert_eq!(epochs.len(), 1);
        let epoch = &epochs[0];
        prop_assert_eq!(transport.stats().continuity_errors, 0);
        for (track, sent) in station.sent.iter().enumerate() {
            let got: Vec<_> = epoch.units.iter().filter(|unit| usize::from(unit.track) == track).collect();
            prop_assert_eq!(got.len(), sent.len(), "track {}", track);
            for (n, (got, sent)) in got.iter().zip(sent).enumerate() {
                prop_assert_eq!(&got.data, &sent.data, "track {} unit {}", track, n);
                prop_assert_eq!((got.pts - epoch.id) as u64, sent.pts - station.sent[0][0].pts);
                prop_assert_eq!(got.pts - got.dts, (sent.pts - sent.dts) as i64);
                prop_assert_eq!(got.random_access, sent.random_access);
                // The very last picture was not followed by another one, so its end is not certain.
                prop_assert_eq!(got.damaged, track == 0 && n + 1 == fillings.len());
            }
        }
        // The time on the timeline is that at which it was on the wire: before it is shown.
        let lead = NOW + station.sent[0][0].pts as i64 - epoch.id;
        prop_assert!((0..90_000).contains(&lead), "{}", lead);
    }
}

#[test]
fn several_pictures_in_one_pes_packet_and_one_picture_in_several_come_apart() {
    let sps = crate::made::sps(20, 15);
    let pictures: Vec<_> = (0..12).map(|n| crate::made::h264(n % 6 == 0, n, &sps, &[n as u8; 700])).collect();
    let begins: Vec<usize> =
        pictures.iter().scan(0, |at, p| Some(std::mem::replace(at, *at + p.len()))).collect();
    // Cut anywhere, several to a picture or several pictures at once, with the stamp of the first that begins within.
    for size in [300, 1000, 2200] {
        let mut muxer = Station::new(900_000, None).muxer;
        for (n, piece) in pictures.concat().chunks(size).enumerate() {
            let index = begins.iter().take_while(|begin| **begin < n * size).count();
            let pts = 900_000 + index as u64 * PICTURE;
            let data = piece.to_vec().into();
            muxer.push(0, 0, &AccessUnit { pts, dts: pts, random_access: false, data }).unwrap();
        }
        let mut wire = Wire::new();
        for clock in (810_000..990_000).step_by(900) {
            let mut bytes = Vec::new();
            muxer.advance(clock, &mut bytes);
            wire.push((NOW + clock as i64, bytes));
        }
        let (mut out, mut programme, _) = received(&wire, None);
        programme.end("test", NOW, &mut out);
        let epoch = epochs(out).pop().unwrap();
        let sizes = |units: &[bytes::Bytes]| units.iter().map(bytes::Bytes::len).collect::<Vec<_>>();
        let units: Vec<_> = epoch.units.iter().map(|unit| unit.data.clone()).collect();
        assert_eq!(sizes(&units), sizes(&pictures), "pieces of {size}");
        assert!(units == pictures);
        for (n, unit) in epoch.units.iter().enumerate() {
            assert_eq!(unit.pts - epoch.id, n as i64 * PICTURE as i64, "picture {n} of pieces of {size}");
        }
    }
}

#[test]
fn each_programme_of_a_multiplex_comes_out_alone() {
    let programmes = [1, 2, 3].map(|number| Made {
        number,
        name: format!("Programme {number}"),
        provider: "Funkturm".into(),
        streams: vec![Stream::audio(Codec::AacAdts, "deu")],
    });
    let multiplex = Multiplex { bitrate: Some(2_000_000), ..Multiplex::of(programmes.into()) };
    let mut muxer = Muxer::new(multiplex, 0).unwrap();
    for n in 0..100 {
        for programme in 0..3 {
            let pts = 90_000 + n * 1920;
            let data = crate::made::adts(&[programme as u8; 100]);
            muxer.push(programme, 0, &AccessUnit { pts, dts: pts, random_access: true, data }).unwrap();
        }
    }
    let (mut transport, mut out) = (Transport::default(), [vec![], vec![], vec![]]);
    let mut taken = [Programme::new(None), Programme::new(Some(2)), Programme::new(Some(3))];
    for step in 1..400 {
        let mut bytes = Vec::new();
        muxer.advance(step * 900, &mut bytes);
        let at = NOW + step as i64 * 900;
        transport.push(&bytes, at, |packet| {
            for (programme, out) in taken.iter_mut().zip(&mut out) {
                programme.push(packet, at, out);
            }
        });
    }
    for (n, (programme, out)) in taken.iter().zip(out).enumerate() {
        let health = programme.health(NOW);
        assert_eq!(health.name.unwrap(), format!("Programme {}", n + 1));
        let epoch = epochs(out).pop().unwrap();
        assert_eq!(epoch.units.len(), 100);
        assert!(epoch.units.iter().all(|unit| unit.data == crate::made::adts(&[n as u8; 100])));
    }
}
