//! What is counted about a transport stream as a whole, after ETSI TR 101 290.

use crate::{
    packet::{NULL_PID, PACKET, Packet},
    time::TICKS,
};

/// Counters since start, and rates over the last seconds.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// All packets.
    pub packets: u64,
    /// Those that only fill up.
    pub null_packets: u64,
    /// Times that the packets could not be found any more (1.1).
    pub sync_losses: u64,
    /// Packets that did not begin with the sync byte (1.2).
    pub sync_byte_errors: u64,
    /// Half seconds without a PAT (1.3).
    pub pat_errors: u64,
    /// Gaps in the continuity counters (1.4).
    pub continuity_errors: u64,
    /// Packets with the transport error indicator (2.1).
    pub transport_errors: u64,
    /// Bits per second of everything, null packets included.
    pub bitrate: u64,
    /// When the last packet came, UTC in ticks.
    pub last_packet: Option<i64>,
    window: Option<Window>,
    last_pat: Option<i64>,
}

/// What came since an instant.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: i64,
    packets: u64,
}

/// How long bit rates are averaged.
const WINDOW: i64 = 2 * TICKS;
/// The longest time between two PATs.
const PAT_EVERY: i64 = TICKS / 2;

impl Stats {
    pub(crate) fn count(&mut self, packet: Packet, at: i64) {
        self.packets += 1;
        self.last_packet = Some(at);
        match packet.pid() {
            NULL_PID => self.null_packets += 1,
            0 => self.last_pat = Some(at),
            _ => {}
        }
        let window = self.window.get_or_insert(Window { since: at, packets: 0 });
        window.packets += 1;
        self.tick(at);
    }

    pub(crate) fn tick(&mut self, at: i64) {
        let Some(window) = self.window else { return };
        let elapsed = at - window.since;
        // Time of day that goes back makes a window worthless.
        if elapsed < 0 {
            self.window = Some(Window { since: at, packets: 0 });
        } else if elapsed >= WINDOW {
            let bits = window.packets * (PACKET * 8) as u64;
            self.bitrate = bits * TICKS.cast_unsigned() / elapsed.cast_unsigned();
            self.window = Some(Window { since: at, packets: 0 });
        }
        let last_pat = *self.last_pat.get_or_insert(at);
        if at < last_pat {
            self.last_pat = Some(at);
        } else if at - last_pat > PAT_EVERY {
            self.pat_errors += 1;
            self.last_pat = Some(at);
        }
    }
}
