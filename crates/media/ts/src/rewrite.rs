//! Recordings played in a loop as if they never ended: which packets, when, and with what clocks.
//!
//! An [`Indexer`] sees the whole recording once and gives a [`Loop`]: from the first picture that decoding can begin at
//! to the last whole one. A [`Rewriter`] then changes the packets of round after round so that PCR, PTS, DTS and
//! continuity counters go on. What was wrong in the recording (gaps, jumps) stays wrong.

use std::ops::Range;

use crate::{
    codec::Codec,
    packet::{NULL_PID, PACKET, PIDS, Packet},
    scan::Scan,
    tables::Kind,
    time::{PCR_PER_TICK, TICKS, difference, read_timestamp, shifted, write_pcr, write_timestamp},
    transport::{Continuity, Received},
};

/// Sees a whole recording, packet by packet.
#[derive(Default)]
pub struct Indexer {
    position: u64,
    /// The PAT before the last one: between two of them the other tables are as well.
    tables: (Option<u64>, Option<u64>),
    scan: Scan,
    pids: std::collections::BTreeMap<u16, Seen>,
}

/// What was seen of a PID.
#[derive(Default)]
struct Seen {
    /// PCRs (90 kHz, leaps taken out) by position.
    clock: Vec<(u64, i64)>,
    last_pcr: Option<u64>,
    /// The first beginning of each codec's pictures to begin at.
    entries: [Option<Begin>; 3],
    first: Option<Begin>,
    last: Option<Begin>,
}

/// Where a PES packet begins.
#[derive(Clone, Copy)]
struct Begin {
    position: u64,
    /// Its decoding time.
    decoding: u64,
    /// Where the tables are that a receiver needs first.
    tables: u64,
}

const PAT_PID: u16 = 0;
const VIDEO: [Codec; 3] = [Codec::H264, Codec::Hevc, Codec::Mpeg2Video];
/// A PCR further than this from the last one is a leap, over which the clock goes on as before.
const LEAP: i64 = TICKS;
/// Arrival and decoding of the loop may differ so far; more is a jump within the recording.
const DISAGREEMENT: i64 = 2 * TICKS;

/// Why a recording cannot be looped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoopError {
    /// It is no transport stream, or a very short one.
    #[error("the recording has no programme with a clock (PCR) and timestamps")]
    NoClock,
    /// Less than half a second of it could be played.
    #[error(
        "the recording is too short: there must be half a second between its first key frame and its end"
    )]
    TooShort,
}

impl Indexer {
    /// Takes the next packet.
    pub fn push(&mut self, packet: Packet) {
        let position = self.position;
        self.position += 1;
        let pid = packet.pid();
        if pid == NULL_PID {
            return;
        }
        if pid == PAT_PID && packet.starts_unit() {
            self.tables = (self.tables.1, Some(position));
        }
        self.scan.push(&Received { packet, continuity: Continuity::Good });
        let pcr = packet.adaptation().and_then(|field| field.pcr);
        let stamps = Stamps::find(packet.bytes());
        if pcr.is_none() && stamps.is_none() {
            return;
        }
        let seen = self.pids.entry(pid).or_default();
        if let Some(pcr) = pcr {
            seen.tick(position, pcr / PCR_PER_TICK);
        }
        if let Some(stamps) = stamps {
            let tables = self.tables.0.or(self.tables.1).unwrap_or(position);
            let here = Begin { position, decoding: stamps.decoding(), tables };
            seen.first.get_or_insert(here);
            seen.last = Some(here);
            for (entry, codec) in seen.entries.iter_mut().zip(VIDEO) {
                if entry.is_none() && begins_sequence(codec, packet.payload()) {
                    *entry = Some(here);
                }
            }
        }
    }

    /// The loop, once everything was seen: seamless for the first programme that can be looped.
    ///
    /// # Errors
    /// See [`LoopError`].
    pub fn finish(self) -> Result<Loop, LoopError> {
        self.finish_for(None)
    }

    /// The loop that is seamless for the programme of this number.
    ///
    /// # Errors
    /// See [`LoopError`].
    pub fn finish_for(mut self, programme: Option<u16>) -> Result<Loop, LoopError> {
        let mut error = LoopError::NoClock;
        for found in self.scan.programmes() {
            if programme.is_some_and(|wanted| wanted != found.number) {
                continue;
            }
            let Some(map) = found.map else { continue };
            // The pictures decide where the loop begins and ends; without pictures the first sound does.
            let streams = map.streams.iter().filter_map(|stream| match stream.kind {
                Kind::Av(codec) => Some((stream.pid, codec)),
                _ => None,
            });
            let video = streams.clone().find(|(_, codec)| codec.is_video());
            let Some((pid, codec)) = video.or_else(|| streams.clone().next()) else { continue };
            let clock = self.pids.get_mut(&map.pcr_pid).map(|seen| std::mem::take(&mut seen.clock));
            let (Some(clock), Some(seen)) = (clock, self.pids.get(&pid)) else { continue };
            let entry = VIDEO.iter().zip(seen.entries).find(|(of, _)| **of == codec);
            let begin = entry.map_or(seen.first, |(_, entry)| entry);
            let (Some(begin), Some(end), true) = (begin, seen.last, clock.len() > 1) else { continue };
            match Loop::new(pid, begin, end, clock) {
                Ok(made) => return Ok(made),
                Err(problem) => error = problem,
            }
        }
        Err(error)
    }
}

impl Seen {
    fn tick(&mut self, position: u64, pcr: u64) {
        let time = match (self.clock.as_slice(), self.last_pcr) {
            ([.., (before, time)], Some(last)) => {
                let step = difference(pcr, last);
                // Over a leap the packets go on at the pace that they had.
                let usual = i64::try_from(position - before).unwrap_or(0) * self.pace() / 1000;
                time + if (0..LEAP).contains(&step) { step } else { usual.min(LEAP) }
            }
            _ => 0,
        };
        self.clock.push((position, time));
        self.last_pcr = Some(pcr);
    }

    /// Thousandths of a tick for each packet, on average.
    fn pace(&self) -> i64 {
        match (self.clock.first(), self.clock.last()) {
            (Some((from, start)), Some((to, end))) if to > from => {
                (end - start) * 1000 / i64::try_from(to - from).unwrap_or(1)
            }
            _ => 0,
        }
    }
}

/// Which packets of a recording are played, and when.
#[derive(Clone, Debug)]
pub struct Loop {
    range: Range<u64>,
    /// The PID that decides, and where it begins.
    main: (u16, u64),
    clock: Vec<(u64, i64)>,
    start: i64,
    period: i64,
}

impl Loop {
    fn new(pid: u16, begin: Begin, end: Begin, clock: Vec<(u64, i64)>) -> Result<Self, LoopError> {
        let range = begin.tables..end.position;
        let mut made = Self { range, main: (pid, begin.position), clock, start: 0, period: 0 };
        made.start = made.time(begin.tables);
        let arrival = made.time(end.position) - made.time(begin.position);
        let decoding = difference(end.decoding, begin.decoding);
        // The later of both, so that neither clock goes back from round to round.
        made.period = if (arrival - decoding).abs() < DISAGREEMENT { arrival.max(decoding) } else { arrival };
        if end.position <= begin.position || made.period < TICKS / 2 {
            return Err(LoopError::TooShort);
        }
        Ok(made)
    }

    /// The packets that are played, counted from 0 at the recording's beginning. The first round has a few more of
    /// them than the others.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// How long a round is, in ticks.
    pub fn period(&self) -> i64 {
        self.period
    }

    /// When a packet is due, on the recording's clock: between two PCRs packets are evenly spaced.
    fn time(&self, position: u64) -> i64 {
        let after = self.clock.partition_point(|(at, _)| *at <= position);
        let pair = match after {
            0 => self.clock.get(0..2),
            n if n == self.clock.len() => self.clock.get(n.saturating_sub(2)..n),
            n => self.clock.get(n - 1..=n),
        };
        let Some(&[(from, start), (to, end)]) = pair else { return 0 };
        let packets = i128::from(to) - i128::from(from);
        let away = i128::from(position) - i128::from(from);
        start + i64::try_from(i128::from(end - start) * away / packets.max(1)).unwrap_or(0)
    }
}

/// Changes the packets of round after round.
pub struct Rewriter {
    plan: Loop,
    shift: i64,
    rounds: i64,
    last: Option<u64>,
    pids: Box<[Counter]>,
}

#[derive(Clone, Copy, Default)]
struct Counter {
    /// The round in which this PID was last seen to begin something.
    begun: Option<i64>,
    read: u8,
    written: u8,
    seen: bool,
}

impl Rewriter {
    /// A rewriter that moves all clocks by `shift` ticks as well.
    pub fn new(plan: Loop, shift: i64) -> Self {
        Self { plan, shift, rounds: 0, last: None, pids: vec![Counter::default(); PIDS].into() }
    }

    /// The loop that is played.
    pub fn plan(&self) -> &Loop {
        &self.plan
    }

    /// Changes the packet at `position` of the recording and says when it is due, in ticks since the beginning; none,
    /// if it is not to be sent. Packets come in their order; one that lies before the last begins a new round.
    pub fn rewrite(&mut self, position: u64, packet: &mut [u8; PACKET]) -> Option<i64> {
        if !self.plan.range.contains(&position) {
            return None;
        }
        if self.last.is_some_and(|last| position <= last) {
            self.rounds += 1;
        }
        self.last = Some(position);
        let (main, begin) = self.plan.main;
        // What is before the first picture is played once, for the tables in it.
        if self.rounds > 0 && position < begin {
            return None;
        }
        let (pid, starts, has_payload, counter) = {
            let packet = Packet::new(packet)?;
            (packet.pid(), packet.starts_unit(), packet.has_payload(), packet.continuity())
        };
        let offset = self.rounds * self.plan.period;
        let due = self.plan.time(position) - self.plan.start + offset;
        if pid == NULL_PID {
            return Some(due);
        }
        if pid == main && position < begin {
            return None;
        }
        let state = self.pids.get_mut(usize::from(pid))?;
        let new_round = state.begun != Some(self.rounds);
        if new_round && has_payload {
            // The rest of something that began before the loop does.
            if !starts {
                return None;
            }
            state.begun = Some(self.rounds);
        }
        let step = match (state.seen, new_round) {
            (true, true) => u8::from(has_payload),
            (true, false) => counter.wrapping_sub(state.read),
            (false, _) => counter,
        };
        let written = state.written.wrapping_add(step) & 0x0f;
        *state = Counter { read: counter, written, seen: true, ..*state };
        packet[3] = packet[3] & 0xf0 | written;
        shift_clocks(packet, offset + self.shift);
        Some(due)
    }
}

/// Moves the PCR, PTS and DTS of a packet by some ticks.
pub fn shift_clocks(bytes: &mut [u8; PACKET], by: i64) {
    let Some(pcr) = Packet::new(bytes).and_then(|packet| packet.adaptation()).map(|field| field.pcr) else {
        return shift_stamps(bytes, by);
    };
    if let (Some(pcr), Some(field)) = (pcr, bytes.get_mut(6..12)) {
        let moved = shifted(pcr / PCR_PER_TICK, by) * PCR_PER_TICK + pcr % PCR_PER_TICK;
        field.copy_from_slice(&write_pcr(moved));
    }
    shift_stamps(bytes, by);
}

fn shift_stamps(bytes: &mut [u8; PACKET], by: i64) {
    let Some(stamps) = Stamps::find(bytes) else { return };
    for (at, timestamp) in [Some(stamps.pts), stamps.dts].into_iter().flatten() {
        if let Some(field) = bytes.get_mut(at..at + 5) {
            let prefix = field.first().map_or(0, |byte| byte >> 4);
            field.copy_from_slice(&write_timestamp(prefix, shifted(timestamp, by)));
        }
    }
}

/// The timestamps in the PES header at the beginning of a packet's payload, with their places.
struct Stamps {
    pts: (usize, u64),
    dts: Option<(usize, u64)>,
}

impl Stamps {
    fn find(bytes: &[u8; PACKET]) -> Option<Self> {
        let packet = Packet::new(bytes).filter(Packet::starts_unit)?;
        let start = packet.payload_start();
        let [0, 0, 1, 0xc0..=0xef | 0xbd | 0xfd, _, _, _, flags, ..] = packet.payload() else { return None };
        let read = |at: usize| {
            let bytes = bytes.get(start + at..start + at + 5)?.try_into().ok()?;
            Some((start + at, read_timestamp(bytes)?))
        };
        let pts = if flags & 0x80 != 0 { read(9)? } else { return None };
        Some(Self { pts, dts: if flags & 0x40 != 0 { read(14) } else { None } })
    }

    fn decoding(&self) -> u64 {
        self.dts.unwrap_or(self.pts).1
    }
}

/// Whether the headers that decoding begins with are at the beginning of a PES packet.
fn begins_sequence(codec: Codec, payload: &[u8]) -> bool {
    let mut codes = payload.windows(5).skip(3);
    codes.any(|code| match (codec, code) {
        (Codec::H264, [0, 0, 1, header, _]) => header & 0x9f == 7,
        (Codec::Hevc, [0, 0, 1, 0x42, 1]) => true,
        (Codec::Mpeg2Video, [0, 0, 1, 0xb3, _]) => true,
        _ => false,
    })
}
