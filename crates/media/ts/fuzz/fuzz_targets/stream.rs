//! Any bytes at all, cut into any pieces: nothing may panic, and what comes out has to keep the rules of epochs.
#![no_main]

use funkturm_ts::{Event, PACKET, Packet, Programme, Scan, Transport, rewrite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&cut, data)) = data.split_first() else { return };
    let (mut transport, mut programme, mut scan) = (Transport::default(), Programme::new(None), Scan::default());
    let (mut indexer, mut out, mut at) = (rewrite::Indexer::default(), Vec::new(), 1_000_000_000);
    let mut packets = Vec::new();
    for piece in data.chunks(usize::from(cut) * 8 + 1) {
        // Some pieces come late enough to be silence.
        at += if piece.first() == Some(&0xaa) { 200_000 } else { 900 };
        transport.push(piece, at, |packet| {
            programme.push(packet, at, &mut out);
            scan.push(packet);
            indexer.push(packet.packet);
            packets.push(*packet.packet.bytes());
        });
        programme.tick(at, &mut out);
    }
    programme.end("over", at, &mut out);
    let _ = (programme.health(at), scan.programmes());
    let mut running = None;
    for event in out {
        match event {
            Event::EpochStart { id, .. } => assert!(running.replace(id).is_none(), "an epoch within another"),
            Event::EpochEnd { id, .. } => assert_eq!(running.take(), Some(id), "the end of another epoch"),
            Event::Unit(unit) => {
                let id = running.expect("a unit outside of an epoch");
                assert!(unit.pts >= id && unit.pts >= unit.dts, "a unit before its epoch");
            }
            Event::Section { .. } => {}
        }
    }
    assert_eq!(running, None);
    if let Ok(plan) = indexer.finish() {
        let mut rewriter = rewrite::Rewriter::new(plan.clone(), 0);
        for position in plan.range().chain(plan.range()) {
            let mut packet: [u8; PACKET] = packets[usize::try_from(position).unwrap()];
            rewriter.rewrite(position, &mut packet);
            assert!(Packet::new(&packet).is_some());
        }
    }
});
