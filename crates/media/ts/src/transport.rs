//! Bytes in, packets out: finds the packets, follows their continuity, counts what is wrong with them.

use crate::{
    packet::{PACKET, PIDS, Packet, SYNC},
    stats::Stats,
};

/// A packet together with what is known of the ones before it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The packet.
    pub packet: Packet<'a>,
    /// Whether something of its PID is missing before it.
    pub continuity: Continuity,
}

/// What the continuity counter says about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing is missing.
    Good,
    /// Packets of this PID are missing before this one.
    Gap,
    /// The same packet a second time, which is allowed (ISO/IEC 13818-1, 2.4.3.3).
    Duplicate,
}

/// The lengths that packets come in: plain, with DVB's error protection behind, with a time code (M2TS) before.
const STRIDES: [usize; 3] = [PACKET, 204, 192];
/// So many sync bytes in a row are believed (TR 101 290, 1.1).
const BELIEVED: usize = 5;

/// The front of everything: takes bytes in pieces of any length.
pub struct Transport {
    /// Bytes that are not yet a whole packet; at most a few packets long.
    carry: Vec<u8>,
    /// Distance from packet to packet, once that is known.
    stride: Option<usize>,
    /// Bytes behind the last packet that are still to come and to be passed over.
    skip: usize,
    /// Bytes passed over since sync was lost; none before it was found for the first time.
    lost: Option<usize>,
    pids: Box<[Pid]>,
    stats: Stats,
}

#[derive(Clone, Copy, Default)]
struct Pid {
    seen: bool,
    counter: u8,
    repeated: bool,
    fingerprint: u64,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            carry: Vec::new(),
            stride: None,
            skip: 0,
            lost: None,
            pids: vec![Pid::default(); PIDS].into(),
            stats: Stats::default(),
        }
    }
}

impl Transport {
    /// Takes the next bytes, which arrived at `at` (UTC in 90 kHz ticks), and hands on each packet in them.
    pub fn push(&mut self, bytes: &[u8], at: i64, mut each: impl FnMut(&Received)) {
        let rest = if self.carry.is_empty() {
            // The usual way, datagrams of whole packets: nothing is copied.
            let used = self.take_packets(bytes, at, &mut each);
            bytes.get(used..).unwrap_or_default().to_vec()
        } else {
            let mut joined = std::mem::take(&mut self.carry);
            joined.extend_from_slice(bytes);
            let used = self.take_packets(&joined, at, &mut each);
            joined.drain(..used.min(joined.len()));
            joined
        };
        self.carry = rest;
    }

    /// What was counted so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The counters' rates and time-outs, brought up to date without a packet.
    pub fn tick(&mut self, at: i64) {
        self.stats.tick(at);
    }

    /// Takes whole packets off the front and says how many bytes that were.
    fn take_packets(&mut self, bytes: &[u8], at: i64, each: &mut impl FnMut(&Received)) -> usize {
        let mut from = 0;
        loop {
            let skipped = self.skip.min(bytes.len().saturating_sub(from));
            from += skipped;
            self.skip -= skipped;
            let Some(stride) = self.stride else {
                let found = self.find_sync(bytes, from);
                let (Ok(to) | Err(to)) = found;
                self.lost = self.lost.map(|lost| lost + to - from);
                from = to;
                if found.is_err() {
                    return from;
                }
                self.found_sync();
                continue;
            };
            let Some(packet) = bytes.get(from..from + PACKET) else { return from };
            let Some(packet) = Packet::from_slice(packet) else {
                self.stats.sync_byte_errors += 1;
                self.stride = None;
                continue;
            };
            self.take(packet, at, each);
            from += PACKET;
            self.skip = stride - PACKET;
        }
    }

    /// Looks for evenly spaced sync bytes from `from` on. `Err` says how many bytes are done with.
    fn find_sync(&mut self, bytes: &[u8], from: usize) -> Result<usize, usize> {
        let needed = |stride: usize| stride * (BELIEVED - 1) + 1;
        let mut at = from;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr(SYNC, rest) else { return Err(bytes.len()) };
            at += found;
            let mut undecided = false;
            for stride in STRIDES {
                let mut places = (0..BELIEVED).map(|k| bytes.get(at + k * stride));
                if places.clone().all(|byte| byte == Some(&SYNC)) {
                    self.stride = Some(stride);
                    return Ok(at);
                }
                undecided |=
                    at + needed(stride) > bytes.len() && places.all(|byte| byte.is_none_or(|b| *b == SYNC));
            }
            if undecided {
                return Err(at);
            }
            at += 1;
        }
        Err(at)
    }

    /// One or two packets without their sync byte are byte errors; more, or a slip, was a loss of sync.
    fn found_sync(&mut self) {
        let stride = self.stride.unwrap_or(PACKET);
        if self.lost.is_some_and(|lost| lost > 2 * stride || lost % stride != 0) {
            self.stats.sync_losses += 1;
        }
        self.lost = Some(0);
    }

    fn take(&mut self, packet: Packet, at: i64, each: &mut impl FnMut(&Received)) {
        self.stats.count(packet, at);
        if packet.transport_error() {
            // Nothing in it can be believed, its PID neither: the gap shows in the next packet.
            self.stats.transport_errors += 1;
            return;
        }
        let continuity = self.continuity(packet);
        if continuity == Continuity::Gap {
            self.stats.continuity_errors += 1;
        }
        each(&Received { packet, continuity });
    }

    fn continuity(&mut self, packet: Packet) -> Continuity {
        let number = packet.pid();
        let Some(pid) = self.pids.get_mut(usize::from(number)) else { return Continuity::Good };
        if number == crate::packet::NULL_PID || !packet.has_payload() {
            return Continuity::Good;
        }
        let counter = packet.continuity();
        let fingerprint = fingerprint(packet.bytes());
        let same = pid.seen && pid.counter == counter;
        let follows = !pid.seen || pid.counter.wrapping_add(1) & 0x0f == counter;
        let duplicate = same && !pid.repeated && pid.fingerprint == fingerprint;
        *pid = Pid { seen: true, counter, repeated: duplicate, fingerprint };
        if duplicate {
            Continuity::Duplicate
        } else if follows || packet.adaptation().is_some_and(|field| field.discontinuity) {
            Continuity::Good
        } else {
            Continuity::Gap
        }
    }
}

/// Tells a repeated packet from another one with the same counter: from its last bytes, which are payload, and not
/// from the clock reference, which may differ.
fn fingerprint(bytes: &[u8; PACKET]) -> u64 {
    let word =
        |at: usize| bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes);
    word(PACKET - 8).rotate_left(17) ^ word(PACKET - 48).rotate_left(31) ^ word(PACKET - 96)
}
