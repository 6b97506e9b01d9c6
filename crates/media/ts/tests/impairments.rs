//! Whatever happens on the way: nothing panics, damage is flagged, and it recovers.

use funkturm_ts::Event;
use proptest::prelude::*;

use crate::made::{Station, Wire, epochs, ordinary, received};

#[derive(Clone, Debug)]
enum Harm {
    Drop,
    Flip(usize),
    Repeat,
    Swap,
    Truncate(usize),
    Insert(Vec<u8>),
    Error,
}

fn harm() -> impl Strategy<Value = (usize, Harm)> {
    let kind = prop_oneof![
        Just(Harm::Drop),
        (0_usize..188 * 8).prop_map(Harm::Flip),
        Just(Harm::Repeat),
        Just(Harm::Swap),
        (0_usize..188).prop_map(Harm::Truncate),
        prop::collection::vec(any::<u8>(), 1..500).prop_map(Harm::Insert),
        Just(Harm::Error),
    ];
    (0_usize..1200, kind)
}

fn packets(wire: &Wire) -> Wire {
    wire.iter().flat_map(|(at, bytes)| bytes.chunks(188).map(|packet| (*at, packet.to_vec()))).collect()
}

fn impaired(wire: &Wire, harms: &[(usize, Harm)]) -> Wire {
    let mut packets = packets(wire);
    for (place, harm) in harms {
        let place = place % packets.len();
        match harm {
            Harm::Drop => drop(packets.remove(place)),
            Harm::Flip(bit) => {
                if let Some(byte) = packets[place].1.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Harm::Repeat => packets.insert(place, packets[place].clone()),
            Harm::Swap => {
                let other = (place + 3) % packets.len();
                packets.swap(place, other);
            }
            Harm::Truncate(length) => packets[place].1.truncate(*length),
            Harm::Insert(noise) => packets[place].1.extend_from_slice(noise),
            Harm::Error => {
                if let Some(byte) = packets[place].1.get_mut(1) {
                    *byte |= 0x80;
                }
            }
        }
    }
    packets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn no_harm_breaks_the_rules(harms in prop::collection::vec(harm(), 1..60)) {
        let wire = ordinary(&mut Station::new(900_000, None), 4);
        let (out, ..) = received(&impaired(&wire, &harms), None);
        epochs(out);
    }

    #[test]
    fn noise_is_harmless(noise in prop::collection::vec(any::<u8>(), 0..30_000)) {
        let mut noise = noise;
        // Enough sync bytes that it gets past the first door.
        noise.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
        let wire: Wire = noise.chunks(1000).enumerate().map(|(n, b)| (n as i64 * 900, b.to_vec())).collect();
        let (out, ..) = received(&wire, None);
        epochs(out);
    }

    #[test]
    fn units_that_packets_are_missing_from_are_flagged_and_others_are_whole(
        losses in prop::collection::btree_set(120_usize..700, 1..20)
    ) {
        let mut station = Station::new(900_000, None);
        let mut wire = packets(&ordinary(&mut station, 3));
        for loss in losses.iter().rev() {
            wire.remove(*loss);
        }
        let (out, ..) = received(&wire, None);
        for unit in epochs(out).into_iter().flat_map(|epoch| epoch.units) {
            let sent = &station.sent[usize::from(unit.track)];
            let whole = sent.iter().any(|sent| sent.data == unit.data);
            prop_assert!(whole || unit.damaged, "a unit of {} bytes is not what was sent", unit.data.len());
        }
    }
}

#[test]
fn a_repeated_packet_is_no_error() {
    let mut station = Station::new(900_000, None);
    let wire = packets(&ordinary(&mut station, 2));
    let doubled: Wire = wire.iter().flat_map(|packet| [packet.clone(), packet.clone()]).collect();
    let (out, _, transport) = received(&doubled, None);
    assert_eq!(transport.stats().continuity_errors, 0);
    assert_eq!(epochs(out), epochs(received(&wire, None).0));
}

impl PartialEq for crate::made::Epoch {
    fn eq(&self, other: &Self) -> bool {
        (self.id, &self.tracks, &self.units) == (other.id, &other.tracks, &other.units)
    }
}

#[test]
fn one_per_cent_loss_still_gives_whole_pictures_to_go_on_from() {
    let mut station = Station::new(900_000, None);
    let mut wire = packets(&ordinary(&mut station, 20));
    let mut n = 0;
    wire.retain(|_| {
        n += 1;
        n % 101 != 50
    });
    let (out, programme, _) = received(&wire, None);
    let units: Vec<_> = epochs(out).into_iter().flat_map(|epoch| epoch.units).collect();
    let pictures = units.iter().filter(|unit| unit.track == 0);
    assert!(pictures.clone().filter(|unit| !unit.damaged).count() > 20 * 25 * 8 / 10);
    assert!(pictures.filter(|unit| unit.damaged).count() > 20);
    assert!(programme.health(wire.last().unwrap().0).damaged > 20);
}

#[test]
fn sections_of_the_programme_are_handed_on() {
    let mut station = Station::new(900_000, None);
    let event = funkturm_ts::write::Event {
        id: 9,
        start: 1_795_000_000,
        duration: 1800,
        language: "deu".into(),
        title: "Tagesschau".into(),
        text: "Nachrichten".into(),
    };
    station.muxer.set_events(0, Some(event), None).unwrap();
    let (out, ..) = received(&ordinary(&mut station, 2), None);
    let eit = out.iter().find_map(|event| match event {
        Event::Section { pid: 0x12, data } => Some(data),
        _ => None,
    });
    let eit = eit.unwrap();
    assert_eq!(eit[0], 0x4e);
    assert!(eit.windows(10).any(|text| text == b"Tagesschau"));
}
