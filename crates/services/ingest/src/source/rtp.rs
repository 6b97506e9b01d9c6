//! RTP (RFC 3550) around a transport stream (RFC 2250): the header taken off, packets put into their order.

use std::collections::BTreeMap;

/// So many packets are waited past a missing one: at 6 Mbit/s about 60 ms.
const WINDOW: usize = 32;
/// A packet further away than this from the last one is of a sender that began anew.
const RESTART: i64 = 1_000;

/// Puts packets into the order of their sequence numbers.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// The next number, without wraps.
    next: Option<i64>,
    waiting: BTreeMap<i64, Vec<u8>>,
    sender: u32,
}

/// What an RTP packet carries.
struct Parsed<'a> {
    sequence: u16,
    sender: u32,
    payload: &'a [u8],
}

impl Reorder {
    /// Takes a datagram and hands on the payloads that are in order now. Gives the number of packets given up.
    pub(super) fn push(&mut self, datagram: &[u8], mut each: impl FnMut(&[u8])) -> u64 {
        let Some(packet) = parse(datagram) else { return 0 };
        let next = *self.next.get_or_insert(packet.sequence.into());
        // The shortest way round from the number that is due.
        let ahead = packet.sequence.wrapping_sub((next & 0xffff) as u16).cast_signed();
        if packet.sender != self.sender || i64::from(ahead).abs() > RESTART {
            for payload in std::mem::take(&mut self.waiting).into_values() {
                each(&payload);
            }
            self.sender = packet.sender;
            self.next = Some(i64::from(packet.sequence) + 1);
            each(packet.payload);
            return 0;
        }
        if ahead < 0 {
            // A second copy, or so late that it was given up.
            return 0;
        }
        if ahead == 0 {
            each(packet.payload);
            self.next = Some(next + 1);
        } else {
            self.waiting.entry(next + i64::from(ahead)).or_insert_with(|| packet.payload.to_vec());
        }
        self.release(&mut each)
    }

    fn release(&mut self, each: &mut impl FnMut(&[u8])) -> u64 {
        let mut lost = 0;
        while let (Some(entry), Some(next)) = (self.waiting.first_entry(), self.next) {
            let number = *entry.key();
            if number > next && self.waiting.len() <= WINDOW {
                break;
            }
            let Some((number, payload)) = self.waiting.pop_first().filter(|(first, _)| *first == number)
            else {
                break;
            };
            lost += (number - next).max(0).cast_unsigned();
            each(&payload);
            self.next = Some(number + 1);
        }
        lost
    }
}

fn parse(datagram: &[u8]) -> Option<Parsed<'_>> {
    let [first, _, high, low, _, _, _, _, a, b, c, d, ..] = *datagram else { return None };
    if first >> 6 != 2 {
        return None;
    }
    let mut start = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let length = datagram.get(start + 2..start + 4)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes(length.try_into().ok()?));
    }
    let padding = if first & 0x20 != 0 { usize::from(*datagram.last()?) } else { 0 };
    let payload = datagram.get(start..datagram.len().checked_sub(padding)?)?;
    Some(Parsed {
        sequence: u16::from_be_bytes([high, low]),
        sender: u32::from_be_bytes([a, b, c, d]),
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, sender: u8) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        vec![0x80, 33, high, low, 0, 0, 0, 0, 0, 0, 0, sender, high, low]
    }

    /// The numbers that come out, and how many were given up.
    fn run(sequences: impl IntoIterator<Item = u16>) -> (Vec<u16>, u64) {
        let (mut reorder, mut out, mut lost) = (Reorder::default(), Vec::new(), 0);
        for sequence in sequences {
            lost += reorder.push(&packet(sequence, 1), |payload| {
                out.push(u16::from_be_bytes(payload.try_into().unwrap()));
            });
        }
        (out, lost)
    }

    #[test]
    fn packets_come_out_in_order_over_the_wrap() {
        let sent = [65_533, 65_535, 65_534, 0, 3, 1, 2, 2, 4];
        assert_eq!(run(sent), (vec![65_533, 65_534, 65_535, 0, 1, 2, 3, 4], 0));
    }

    #[test]
    fn what_never_comes_is_given_up_after_a_while() {
        let (out, lost) = run((100..200).filter(|n| *n != 110 && *n != 111));
        assert_eq!(lost, 2);
        assert_eq!(out, (100..200).filter(|n| *n != 110 && *n != 111).collect::<Vec<_>>());
        // Two packets late by more than the window are dropped rather than put out of order.
        let (out, lost) = run((0..20).chain(21..60).chain([20]).chain(60..65));
        assert_eq!((out.len(), lost), (64, 1));
    }

    #[test]
    fn a_sender_that_begins_anew_is_followed() {
        let (mut reorder, mut out) = (Reorder::default(), 0);
        for datagram in
            [packet(1, 1), packet(2, 1), packet(40_000, 1), packet(40_001, 1), packet(7, 2), packet(8, 2)]
        {
            reorder.push(&datagram, |_| out += 1);
        }
        assert_eq!(out, 6);
    }

    #[test]
    fn header_extension_contributors_and_padding_are_taken_off() {
        let mut datagram = vec![0x80 | 0x20 | 0x10 | 1, 33, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 9];
        datagram.extend([0xbe, 0xde, 0, 1, 8, 8, 8, 8, 0x47, 0x11, 0, 2]);
        assert_eq!(parse(&datagram).unwrap().payload, [0x47, 0x11]);
        for broken in [&datagram[..10], &[0x40; 20], &[0x9f; 14]] {
            assert!(parse(broken).is_none());
        }
    }
}
