//! A transport stream multiplexer: one or more programmes with PAT, PMT, SDT and EIT present/following, at a constant
//! bit rate or as it comes.
//!
//! Made for the demonstration headend and for tests. Units are pushed as encoders make them; [`Muxer::advance`] moves
//! the clock and writes what is due. All times are 90 kHz ticks on one timeline of the caller's choice, of which the
//! lower 33 bits go out.
//!
//! ```
//! use funkturm_ts::{Codec, write::{AccessUnit, Multiplex, Muxer, Programme, Stream}};
//! let streams = vec![Stream::video(Codec::H264), Stream::audio(Codec::AacAdts, "deu")];
//! let one = Programme { number: 1, name: "Eins".into(), provider: "Funkturm".into(), streams };
//! let mut muxer = Muxer::new(Multiplex { bitrate: Some(4_000_000), ..Multiplex::of(vec![one]) }, 0)?;
//! let mut out = Vec::new();
//! let data = vec![0, 0, 1, 9, 16].into();
//! muxer.push(0, 0, &AccessUnit { pts: 90_000, dts: 90_000, random_access: true, data })?;
//! muxer.advance(90_000, &mut out);
//! assert_eq!(out.len() % 188, 0);
//! # Ok::<(), funkturm_ts::write::MuxError>(())
//! ```

mod packets;
mod tables;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    codec::{Codec, Role},
    packet::{NULL_PID, PACKET},
    time::{PCR_PER_TICK, TICKS, write_pcr},
};
use packets::Outgoing;

/// What the stream consists of.
#[derive(Clone, Debug)]
pub struct Multiplex {
    /// Identifies the stream in its network.
    pub transport_stream: u16,
    /// The original network.
    pub network: u16,
    /// Bits per second, reached by null packets; as much as there is, where absent.
    pub bitrate: Option<u64>,
    /// How long before its DTS a unit may be sent, in ticks: the size of the receiver's buffer.
    pub lead: i64,
    /// The programmes.
    pub programmes: Vec<Programme>,
}

impl Multiplex {
    /// Programmes in a stream of variable bit rate.
    pub fn of(programmes: Vec<Programme>) -> Self {
        Self { transport_stream: 1, network: 0xff01, bitrate: None, lead: TICKS / 2, programmes }
    }
}

/// A programme of the stream.
#[derive(Clone, Debug)]
pub struct Programme {
    /// Its number, not 0.
    pub number: u16,
    /// Its name in the SDT.
    pub name: String,
    /// Whose it is, in the SDT.
    pub provider: String,
    /// Its elementary streams; the first one carries the clock.
    pub streams: Vec<Stream>,
}

/// An elementary stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// How it is coded.
    pub codec: Codec,
    /// ISO 639-2 code.
    pub language: Option<String>,
    /// What sound is for.
    pub role: Role,
}

impl Stream {
    /// Pictures.
    pub fn video(codec: Codec) -> Self {
        Self { codec, language: None, role: Role::Main }
    }

    /// Sound in a language.
    pub fn audio(codec: Codec, language: &str) -> Self {
        Self { codec, language: Some(language.to_owned()), role: Role::Main }
    }
}

/// A broadcast, for EIT present/following.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number within the programme.
    pub id: u16,
    /// When it begins, in seconds since the Unix epoch.
    pub start: i64,
    /// How long it is, in seconds.
    pub duration: u32,
    /// ISO 639-2 code of the texts.
    pub language: String,
    /// Its title.
    pub title: String,
    /// A sentence about it.
    pub text: String,
}

/// What is put into one PES packet: a picture, one or more frames of sound.
#[derive(Clone, Debug)]
pub struct AccessUnit {
    /// When it is to be shown, in ticks.
    pub pts: u64,
    /// When it is to be decoded, in ticks.
    pub dts: u64,
    /// Decoding can begin here.
    pub random_access: bool,
    /// The coded bytes.
    pub data: Bytes,
}

/// Why something cannot be multiplexed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MuxError {
    /// More than the PIDs set aside.
    #[error("at most {MAX_PROGRAMMES} programmes of at most {MAX_STREAMS} streams each can be multiplexed")]
    TooMany,
    /// A programme without streams, or two of the same number, or number 0.
    #[error("programme {0} has no streams, or its number is 0 or taken")]
    Programme(u16),
    /// No such programme or stream.
    #[error("there is no stream {stream} in programme {programme} (both counted from 0)")]
    Place {
        /// Which programme, from 0.
        programme: usize,
        /// Which stream of it, from 0.
        stream: usize,
    },
    /// Nobody advances the clock, or the bit rate is too low.
    #[error("{0} units wait to be sent: advance the clock, or raise the bit rate")]
    Full(usize),
}

const MAX_PROGRAMMES: usize = 100;
const MAX_STREAMS: usize = 15;
/// Units that may wait in one stream: ten seconds of pictures.
const MAX_WAITING: usize = 500;
/// PAT and PMT every 100 ms, SDT and EIT every second, a PCR at least every 30 ms: within TR 101 290 (500 ms, 2 s, 40 ms).
const PSI_EVERY: u64 = 27_000_000 / 10;
const SI_EVERY: u64 = 27_000_000;
const PCR_EVERY: u64 = 27_000 * 30;
/// How far the clock moves at once where there is no constant bit rate.
const STEP: u64 = 27_000 * 5;

const PAT_PID: u16 = 0x00;
const SDT_PID: u16 = 0x11;
const EIT_PID: u16 = 0x12;

/// Puts a transport stream together.
#[derive(Debug)]
pub struct Muxer {
    multiplex: Multiplex,
    states: Vec<State>,
    /// Continuity counters of the tables that all programmes share.
    pat: u8,
    sdt: u8,
    eit: u8,
    /// 27 MHz, not wrapped.
    now: u64,
    /// Of a packet's duration, in 1/bitrate of 27 MHz: so that the rate is exact in the long run.
    remainder: u64,
    next_psi: u64,
    next_si: u64,
}

#[derive(Debug, Default)]
struct State {
    version: u8,
    pmt_counter: u8,
    events: (u8, Option<Event>, Option<Event>),
    next_pcr: u64,
    streams: Vec<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    counter: u8,
    units: VecDeque<(u64, Outgoing)>,
}

impl Muxer {
    /// A multiplexer whose clock stands at `start` (ticks).
    ///
    /// # Errors
    /// The programmes cannot be multiplexed.
    pub fn new(multiplex: Multiplex, start: u64) -> Result<Self, MuxError> {
        if multiplex.programmes.len() > MAX_PROGRAMMES {
            return Err(MuxError::TooMany);
        }
        for (index, programme) in multiplex.programmes.iter().enumerate() {
            let before = multiplex.programmes.iter().take(index);
            if programme.number == 0 || before.clone().any(|other| other.number == programme.number) {
                return Err(MuxError::Programme(programme.number));
            }
            check_streams(programme.number, &programme.streams)?;
        }
        let now = start * PCR_PER_TICK;
        let state = |programme: &Programme| State {
            next_pcr: now,
            streams: programme.streams.iter().map(|_| Queue::default()).collect(),
            ..State::default()
        };
        Ok(Self {
            states: multiplex.programmes.iter().map(state).collect(),
            multiplex,
            pat: 0,
            sdt: 0,
            eit: 0,
            now,
            remainder: 0,
            next_psi: now,
            next_si: now,
        })
    }

    /// The PID of a programme's PMT.
    pub fn pmt_pid(programme: usize) -> u16 {
        u16::try_from(0x100 + programme * 16).unwrap_or(NULL_PID)
    }

    /// The PID of a stream.
    pub fn pid(programme: usize, stream: usize) -> u16 {
        Self::pmt_pid(programme) + u16::try_from(1 + stream).unwrap_or_default()
    }

    /// Takes a unit to be sent. Units of a stream come in the order of their DTS.
    ///
    /// # Errors
    /// No such stream, or too much is waiting.
    pub fn push(&mut self, programme: usize, stream: usize, unit: &AccessUnit) -> Result<(), MuxError> {
        let place = MuxError::Place { programme, stream };
        let made = self.multiplex.programmes.get(programme).and_then(|made| made.streams.get(stream));
        let codec = made.ok_or_else(|| place.clone())?.codec;
        let queue = self.states.get_mut(programme).and_then(|state| state.streams.get_mut(stream));
        let queue = queue.ok_or(place)?;
        if queue.units.len() >= MAX_WAITING {
            return Err(MuxError::Full(queue.units.len()));
        }
        queue.units.push_back((unit.dts * PCR_PER_TICK, Outgoing::new(codec, unit)));
        Ok(())
    }

    /// What is on and what comes next, for EIT.
    ///
    /// # Errors
    /// No such programme.
    pub fn set_events(
        &mut self,
        programme: usize,
        present: Option<Event>,
        following: Option<Event>,
    ) -> Result<(), MuxError> {
        let state = self.states.get_mut(programme);
        let state = state.ok_or(MuxError::Place { programme, stream: 0 })?;
        state.events = (state.events.0.wrapping_add(1), present, following);
        Ok(())
    }

    /// Gives a programme other streams: a new PMT, and what was waiting is dropped.
    ///
    /// # Errors
    /// No such programme, or no streams.
    pub fn set_streams(&mut self, programme: usize, streams: Vec<Stream>) -> Result<(), MuxError> {
        let place = MuxError::Place { programme, stream: 0 };
        let state = self.states.get_mut(programme).ok_or_else(|| place.clone())?;
        let made = self.multiplex.programmes.get_mut(programme).ok_or(place)?;
        check_streams(made.number, &streams)?;
        state.version = state.version.wrapping_add(1);
        state.streams.truncate(streams.len());
        state.streams.iter_mut().for_each(|queue| queue.units.clear());
        state.streams.resize_with(streams.len(), Queue::default);
        made.streams = streams;
        self.next_psi = self.now;
        Ok(())
    }

    /// Moves the clock to `to` (ticks) and writes every packet that is due until then.
    pub fn advance(&mut self, to: u64, out: &mut Vec<u8>) {
        let to = to * PCR_PER_TICK;
        while self.now < to {
            let before = out.len();
            self.write_due_tables(out);
            for programme in 0..self.states.len() {
                self.write_due_pcr(programme, out);
            }
            match self.multiplex.bitrate {
                Some(rate) => {
                    if out.len() == before && !self.write_due_unit(out) {
                        packets::write_null(out);
                    }
                    self.pass((out.len() - before) / PACKET, rate);
                }
                None => {
                    while self.write_due_unit(out) {}
                    self.now = (self.now + STEP).min(to.max(self.now));
                }
            }
        }
    }

    /// The time that some packets take at a constant bit rate.
    fn pass(&mut self, packets: usize, rate: u64) {
        let bits = (packets * PACKET * 8) as u64 * 27_000_000 + self.remainder;
        self.now += bits / rate.max(1);
        self.remainder = bits % rate.max(1);
    }

    fn write_due_tables(&mut self, out: &mut Vec<u8>) {
        let (psi, si) = (self.next_psi <= self.now, self.next_si <= self.now);
        if !psi && !si {
            return;
        }
        let ids = (self.multiplex.transport_stream, self.multiplex.network);
        let placed: Vec<_> =
            self.multiplex.programmes.iter().zip(&self.states).enumerate().map(place).collect();
        let mut sections = Vec::new();
        if psi {
            self.next_psi = self.now + PSI_EVERY;
            packets::write_section(out, PAT_PID, &mut self.pat, &tables::pat(ids.0, &placed));
            sections.extend(placed.iter().map(tables::pmt));
        }
        if si {
            self.next_si = self.now + SI_EVERY;
            let sdt = tables::sdt(ids.0, ids.1, &placed);
            packets::write_section(out, SDT_PID, &mut self.sdt, &sdt);
        }
        for (index, (state, section)) in self.states.iter_mut().zip(sections).enumerate() {
            packets::write_section(out, Self::pmt_pid(index), &mut state.pmt_counter, &section);
        }
        if !si {
            return;
        }
        for (programme, state) in self.multiplex.programmes.iter().zip(&self.states) {
            let (version, present, following) = &state.events;
            for (number, event) in [(0, present), (1, following)] {
                let eit = tables::eit(ids, programme.number, *version, number, event.as_ref());
                packets::write_section(out, EIT_PID, &mut self.eit, &eit);
            }
        }
    }

    /// Keeps the clock alive: on the next unit of the stream that carries it, or in a packet of its own.
    fn write_due_pcr(&mut self, programme: usize, out: &mut Vec<u8>) {
        let lead = self.lead();
        let Some(state) = self.states.get_mut(programme) else { return };
        if state.next_pcr > self.now {
            return;
        }
        state.next_pcr = self.now + PCR_EVERY;
        let (pid, pcr) = (Self::pid(programme, 0), write_pcr(self.now));
        let Some(queue) = state.streams.first_mut() else { return };
        match queue.units.front_mut() {
            Some((dts, unit)) if *dts <= self.now + lead => {
                unit.write(out, pid, &mut queue.counter, Some(pcr));
                if unit.done() {
                    queue.units.pop_front();
                }
            }
            _ => packets::write_pcr_only(out, pid, queue.counter, pcr),
        }
    }

    /// Writes one packet of the unit that is due first; false, if none is.
    fn write_due_unit(&mut self, out: &mut Vec<u8>) -> bool {
        let horizon = self.now + self.lead();
        let due = self.states.iter_mut().enumerate().flat_map(|(programme, state)| {
            let streams = state.streams.iter_mut().enumerate();
            streams.filter_map(move |(stream, queue)| {
                let dts = queue.units.front()?.0;
                Some((dts, Self::pid(programme, stream), queue))
            })
        });
        let first = due.filter(|(dts, ..)| *dts <= horizon).min_by_key(|(dts, pid, _)| (*dts, *pid));
        let Some((_, pid, queue)) = first else { return false };
        let Some((_, unit)) = queue.units.front_mut() else { return false };
        unit.write(out, pid, &mut queue.counter, None);
        if unit.done() {
            queue.units.pop_front();
        }
        true
    }

    fn lead(&self) -> u64 {
        self.multiplex.lead.max(0).cast_unsigned() * PCR_PER_TICK
    }
}

fn check_streams(number: u16, streams: &[Stream]) -> Result<(), MuxError> {
    match streams.len() {
        0 => Err(MuxError::Programme(number)),
        1..=MAX_STREAMS => Ok(()),
        _ => Err(MuxError::TooMany),
    }
}

fn place<'a>((index, (programme, state)): (usize, (&'a Programme, &'a State))) -> tables::Placed<'a> {
    let streams = programme.streams.iter().enumerate();
    tables::Placed {
        programme,
        pmt_pid: Muxer::pmt_pid(index),
        pcr_pid: Muxer::pid(index, 0),
        version: state.version,
        streams: streams.map(|(stream, made)| (Muxer::pid(index, stream), made)).collect(),
    }
}
