//! Packets are found wherever they are.

use funkturm_ts::Transport;
use proptest::prelude::*;

use crate::made::{Station, ordinary};

fn packets(bytes: &[u8], chunk: usize) -> (usize, Transport) {
    let (mut transport, mut count) = (Transport::default(), 0);
    for piece in bytes.chunks(chunk.max(1)) {
        transport.push(piece, 0, |_| count += 1);
    }
    (count, transport)
}

fn stream() -> Vec<u8> {
    ordinary(&mut Station::new(900_000, None), 1).into_iter().flat_map(|(_, bytes)| bytes).collect()
}

#[test]
fn packets_of_188_192_and_204_bytes_are_told_apart() {
    let plain = stream();
    let count = plain.len() / 188;
    for (before, after) in [(0, 0), (4, 0), (0, 16)] {
        let dressed: Vec<u8> = plain
            .chunks(188)
            .flat_map(|packet| [vec![9; before], packet.to_vec(), vec![8; after]].concat())
            .collect();
        for chunk in [1, 188, 1316, 5000, dressed.len()] {
            let (found, transport) = packets(&dressed, chunk);
            assert_eq!((found, transport.stats().sync_losses), (count, 0), "{before}+188+{after} by {chunk}");
        }
    }
}

proptest! {
    #[test]
    fn after_garbage_sync_is_found_again(
        garbage in prop::collection::vec(any::<u8>(), 1..2000), at in 50_usize..300, chunk in 1_usize..4000
    ) {
        let mut bytes = stream();
        let count = bytes.len() / 188;
        let place = at.min(count - 10) * 188 + 17;
        bytes.splice(place..place, garbage);
        let (found, transport) = packets(&bytes, chunk);
        // The packet that was hit, and at most the believed number of others where garbage looks like sync.
        prop_assert!(found + 12 >= count && found <= count + 12, "{} of {}", found, count);
        prop_assert!(transport.stats().sync_byte_errors >= 1 || transport.stats().sync_losses <= 1);
    }

    #[test]
    fn noise_has_no_packets_and_does_no_harm(noise in prop::collection::vec(any::<u8>(), 0..20_000), chunk in 1_usize..5000) {
        let (found, _) = packets(&noise, chunk);
        prop_assert!(found < 20);
    }
}

#[test]
fn a_single_broken_sync_byte_costs_one_packet() {
    let mut bytes = stream();
    let count = bytes.len() / 188;
    bytes[188 * 40] = 0;
    let (found, transport) = packets(&bytes, 1316);
    assert_eq!((found, transport.stats().sync_byte_errors, transport.stats().sync_losses), (count - 1, 1, 0));
}
