//! Recordings in a loop have clocks that go on.

use funkturm_ts::{
    Event, PACKET, Programme, Transport,
    rewrite::{Indexer, LoopError, Rewriter, shift_clocks},
};

use crate::made::{NOW, Station, epochs, ordinary};

fn recording(seconds: u32) -> Vec<[u8; PACKET]> {
    let wire = ordinary(&mut Station::new(900_000, Some(3_000_000)), seconds);
    let bytes: Vec<u8> = wire.into_iter().flat_map(|(_, bytes)| bytes).collect();
    bytes.chunks_exact(PACKET).map(|packet| packet.try_into().unwrap()).collect()
}

fn index(recording: &[[u8; PACKET]]) -> Result<funkturm_ts::rewrite::Loop, LoopError> {
    let mut indexer = Indexer::default();
    for packet in recording {
        indexer.push(funkturm_ts::Packet::new(packet).unwrap());
    }
    indexer.finish()
}

#[test]
fn the_loop_point_is_neither_heard_nor_counted() {
    let recording = recording(3);
    let plan = index(&recording).unwrap();
    for shift in [0, (1 << 33) - 1_500_000] {
        let mut rewriter = Rewriter::new(plan.clone(), shift);
        let (mut transport, mut programme, mut out) =
            (Transport::default(), Programme::new(None), Vec::new());
        let mut before = 0;
        for _ in 0..5 {
            for position in plan.range() {
                let mut packet = recording[position as usize];
                let Some(due) = rewriter.rewrite(position, &mut packet) else { continue };
                assert!(due >= before, "the pace never goes back");
                before = due;
                transport.push(&packet, NOW + due, |packet| programme.push(packet, NOW + due, &mut out));
                programme.tick(NOW + due, &mut out);
            }
        }
        assert_eq!(transport.stats().continuity_errors, 0);
        assert!(out.iter().all(|event| !matches!(event, Event::Unit(unit) if unit.damaged)));
        let epochs = epochs(out);
        assert_eq!((epochs.len(), &epochs[0].end), (1, &None));
        let pictures: Vec<_> = epochs[0].units.iter().filter(|unit| unit.track == 0).collect();
        assert!(pictures.windows(2).all(|pair| (3600..5 * 3600).contains(&(pair[1].dts - pair[0].dts))));
        let (first, last) = (pictures[0], pictures.last().unwrap());
        assert!(last.dts - first.dts > 4 * plan.period());
    }
}

#[test]
fn gaps_of_the_recording_stay_visible() {
    let mut recording = recording(3);
    let of_a_picture = |packet: &[u8; PACKET]| packet[1..3] == [0x01, 0x01] && packet[3] & 0x30 == 0x10;
    let hit = (600..).find(|n| of_a_picture(&recording[*n])).unwrap();
    recording.remove(hit);
    let plan = index(&recording).unwrap();
    let (mut rewriter, mut transport) = (Rewriter::new(plan.clone(), 0), Transport::default());
    for position in plan.range().chain(plan.range()) {
        let mut packet = recording[position as usize];
        if let Some(due) = rewriter.rewrite(position, &mut packet) {
            transport.push(&packet, due, |_| {});
        }
    }
    assert_eq!(transport.stats().continuity_errors, 2, "once in each round");
}

#[test]
fn what_cannot_be_looped_is_refused() {
    assert_eq!(index(&[]).unwrap_err(), LoopError::NoClock);
    let recording = recording(3);
    assert_eq!(index(&recording[..20]).unwrap_err(), LoopError::NoClock);
    let noise = [[0x47; PACKET]; 50];
    assert_eq!(index(&noise).unwrap_err(), LoopError::NoClock);
}

#[test]
fn shifting_there_and_back_changes_nothing() {
    for packet in recording(1) {
        let mut moved = packet;
        shift_clocks(&mut moved, 123_456_789);
        shift_clocks(&mut moved, -123_456_789);
        assert_eq!(moved, packet);
    }
}
