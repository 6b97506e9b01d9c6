//! One programme of a stream: packets and their arrival times in, epochs and units on the UTC timeline out.
//!
//! An epoch is an unbroken run of same-format input. It begins at the first picture that decoding can begin at (or the
//! first frame of sound, where there are no pictures) and ends with whatever breaks it.

mod epoch;
mod service;

use std::fmt;

use bytes::Bytes;

use crate::{
    clock::Clock,
    codec::Codec,
    packet::PIDS,
    tables::Kind,
    time::{PCR_PER_TICK, TICKS},
    track::{Format, RawUnit, Track, TrackInfo},
    transport::Received,
};
use epoch::Epoch;
use service::{Change, Service};

/// What comes out of a programme.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An epoch begins; units refer to its tracks by their places.
    EpochStart {
        /// The UTC tick at which it begins; greater than that of any epoch before.
        id: i64,
        /// Its tracks.
        tracks: Vec<TrackInfo>,
    },
    /// A picture or a frame of sound.
    Unit(Unit),
    /// The epoch is over.
    EpochEnd {
        /// Which one.
        id: i64,
        /// Why.
        reason: Break,
    },
    /// A section of service information that others may want: EIT of this programme, SCTE-35.
    Section {
        /// Where it was.
        pid: u16,
        /// All of it, CRC included.
        data: Bytes,
    },
}

/// A picture or a frame of sound on the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The place of its track in the epoch.
    pub track: u8,
    /// Decoding can begin here; parameter sets are in it.
    pub random_access: bool,
    /// Some of it was lost on the way.
    pub damaged: bool,
    /// When it is to be shown, UTC in ticks.
    pub pts: i64,
    /// When it is to be decoded, UTC in ticks.
    pub dts: i64,
    /// The coded bytes.
    pub data: Bytes,
}

/// Why an epoch ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Break {
    /// No picture for so many seconds.
    Silence(f64),
    /// The timestamps leapt by so many seconds.
    Jump(f64),
    /// The sender's clock went away from the time of day by so many seconds.
    Drift(f64),
    /// A track is coded otherwise now.
    Format(String),
    /// Other tracks.
    Tracks,
    /// Another input was taken, or the reader stopped.
    Ended(&'static str),
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence(seconds) => write!(f, "silence of {seconds:.1} s"),
            Self::Jump(seconds) => write!(f, "timestamp jump of {seconds:.1} s"),
            Self::Drift(seconds) => write!(f, "clock drift of {seconds:.1} s"),
            Self::Format(change) => write!(f, "format change: {change}"),
            Self::Tracks => f.write_str("other tracks in the PMT"),
            Self::Ended(why) => f.write_str(why),
        }
    }
}

/// Why nothing, or nothing good, comes out, in words for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Packets, but no PAT among them.
    NoPat,
    /// The wanted programme is not there.
    NoProgramme {
        /// Which one was wanted.
        wanted: u16,
        /// Those that are there.
        present: Vec<u16>,
    },
    /// The PAT names no programme at all.
    Empty,
    /// The programme's PMT does not come.
    NoPmt,
    /// It is encrypted.
    Encrypted,
    /// Nothing in it that can be used.
    NoTracks(Vec<Kind>),
    /// Nothing to begin at has come.
    NoEntry,
    /// It runs, but has no clean pictures to begin at.
    NoIdr,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPat => f.write_str("no programme association table: is this a transport stream?"),
            Self::NoProgramme { wanted, present } => {
                let present: Vec<_> = present.iter().map(u16::to_string).collect();
                write!(f, "programme {wanted} is not in the stream; there are {}", present.join(", "))
            }
            Self::Empty => f.write_str("the stream has no programmes"),
            Self::NoPmt => f.write_str("the programme is announced, but its map table (PMT) does not come"),
            Self::Encrypted => f.write_str("the programme is encrypted: decrypt it before it comes here"),
            Self::NoTracks(kinds) => {
                let kinds: Vec<_> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
                write!(f, "nothing in the programme can be played; it has: {}", kinds.join(", "))
            }
            Self::NoEntry => f.write_str(
                "packets come, but no picture that decoding can begin at: let the encoder send key frames",
            ),
            Self::NoIdr => f.write_str(
                "the source never sends IDR pictures (open GOP): zapping may show errors for a moment; encode the \
                 channel, or set the encoder to closed GOPs",
            ),
        }
    }
}

/// What is known of a programme.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Its number, once the PAT told it.
    pub number: Option<u16>,
    /// Its name in the SDT.
    pub name: Option<String>,
    /// Its tracks with their formats, as far as those were seen.
    pub tracks: Vec<(TrackInfo, Option<Format>)>,
    /// Why nothing good comes.
    pub problem: Option<Problem>,
    /// Since when packets come, UTC in ticks.
    pub since: Option<i64>,
    /// An epoch is running.
    pub running: bool,
    /// Epochs since start.
    pub epochs: u64,
    /// Why the last one ended.
    pub last_break: Option<Break>,
    /// When the last whole picture (or frame of sound, without pictures) came, UTC in ticks.
    pub last_picture: Option<i64>,
    /// A PTS and the UTC tick that it stood for.
    pub mapping: Option<(u64, i64)>,
    /// Greatest deviation of the PCR's arrival in the last seconds, in ticks.
    pub pcr_jitter: i64,
    /// Half seconds without a PMT (TR 101 290, 1.5).
    pub pmt_errors: u64,
    /// Units that packets were missing from.
    pub damaged: u64,
    /// Units without any time to give them.
    pub unstamped: u64,
}

/// Takes one programme out of a stream.
pub struct Programme {
    service: Service,
    clock: Clock,
    tracks: Vec<Track>,
    epoch: Epoch,
    /// The PIDs that matter, so that those of other programmes cost next to nothing.
    wanted: Box<[bool]>,
    first_packet: Option<i64>,
    units: Vec<RawUnit>,
    damaged: u64,
    /// Pictures to begin at: clean ones, and others.
    entries: (u64, u64),
}

/// Nothing to begin at for so long is a problem.
const ENTRY_PATIENCE: i64 = 10 * TICKS;

impl Programme {
    /// The programme of this number; the first in the PAT without one.
    pub fn new(wanted: Option<u16>) -> Self {
        let mut programme = Self {
            service: Service::new(wanted),
            clock: Clock::default(),
            tracks: Vec::new(),
            epoch: Epoch::default(),
            wanted: vec![false; PIDS].into(),
            first_packet: None,
            units: Vec::new(),
            damaged: 0,
            entries: (0, 0),
        };
        programme.want();
        programme
    }

    /// Takes the next packet of the stream, which arrived at `at` (UTC in ticks).
    pub fn push(&mut self, received: &Received, at: i64, out: &mut Vec<Event>) {
        self.first_packet.get_or_insert(at);
        let pid = received.packet.pid();
        if self.wanted.get(usize::from(pid)) != Some(&true) {
            return;
        }
        if pid == self.service.pcr_pid()
            && let Some(field) = received.packet.adaptation()
            && let Some(pcr) = field.pcr
        {
            self.clock.observe(pcr / PCR_PER_TICK, at, field.discontinuity);
        }
        if let Some(place) = self.tracks.iter().position(|track| track.info.pid == pid) {
            let sent = self.clock.sent(at);
            if let Some(track) = self.tracks.get_mut(place) {
                track.push(received, sent, &mut self.units);
            }
            self.pass_on(place, at, out);
        } else if let Some(change) = self.service.push(received, at, out) {
            self.change(change, at, out);
        }
    }

    /// Lets time pass without a packet: silence is noticed here. To be called a few times a second.
    pub fn tick(&mut self, at: i64, out: &mut Vec<Event>) {
        self.service.tick(at);
        if let Some(silence) = self.epoch.silence(at) {
            self.interrupt(Break::Silence(silence), at, out);
        }
    }

    /// Ends the epoch, if one is running: another input is taken, or nobody wants it any more.
    pub fn end(&mut self, why: &'static str, at: i64, out: &mut Vec<Event>) {
        self.interrupt(Break::Ended(why), at, out);
    }

    /// How it does.
    pub fn health(&self, at: i64) -> Health {
        let formats = self.tracks.iter().enumerate();
        Health {
            number: self.service.number(),
            name: self.service.name().map(str::to_owned),
            tracks: formats.map(|(n, track)| (track.info.clone(), self.epoch.format(n).cloned())).collect(),
            problem: self.problem(at),
            since: self.first_packet,
            running: self.epoch.running(),
            epochs: self.epoch.count,
            last_break: self.epoch.last_break.clone(),
            last_picture: self.epoch.last_picture,
            mapping: self.epoch.mapping(),
            pcr_jitter: self.clock.jitter(),
            pmt_errors: self.service.pmt_errors,
            damaged: self.damaged,
            unstamped: self.tracks.iter().map(Track::unstamped).sum(),
        }
    }

    fn problem(&self, at: i64) -> Option<Problem> {
        let since = self.first_packet?;
        let long = |since: i64, patience: i64| at - since > patience;
        if let Some(problem) = self.service.problem().filter(|_| long(since, 2 * TICKS)) {
            return Some(problem);
        }
        if !self.epoch.running() {
            let scrambled = self.tracks.iter().any(Track::scrambled);
            if scrambled || self.service.encrypted() && long(since, ENTRY_PATIENCE) {
                return Some(Problem::Encrypted);
            }
            if self.tracks.is_empty() && self.service.number().is_some() {
                return Some(Problem::NoTracks(self.service.kinds())).filter(|_| long(since, 2 * TICKS));
            }
            let waiting = self.epoch.waiting_since.or(self.epoch.last_picture).unwrap_or(since);
            return long(waiting, ENTRY_PATIENCE).then_some(Problem::NoEntry);
        }
        let (clean, open) = self.entries;
        let h264 = self.tracks.iter().any(|track| track.info.codec == Codec::H264);
        (h264 && clean == 0 && open >= 5).then_some(Problem::NoIdr)
    }

    /// Takes what a table brought.
    fn change(&mut self, change: Change, at: i64, out: &mut Vec<Event>) {
        match change {
            Change::Pids => {}
            Change::Clock => self.clock.forget(),
            Change::Tracks(infos) => {
                self.interrupt(Break::Tracks, at, out);
                self.clock.forget();
                self.tracks = infos.into_iter().map(Track::new).collect();
                self.entries = (0, 0);
                let main = self.tracks.iter().position(|track| track.info.codec.is_video()).unwrap_or(0);
                self.epoch.reset(main, self.tracks.len());
            }
        }
        self.want();
    }

    /// Looks up anew which PIDs matter.
    fn want(&mut self) {
        self.wanted.fill(false);
        let pids = self.tracks.iter().map(|track| track.info.pid).chain(self.service.pids());
        for pid in pids {
            if let Some(wanted) = self.wanted.get_mut(usize::from(pid)) {
                *wanted = true;
            }
        }
    }

    /// Ends the epoch. The last picture comes out first; it counts as damaged, because its end may be missing.
    fn interrupt(&mut self, reason: Break, at: i64, out: &mut Vec<Event>) {
        for place in 0..self.tracks.len() {
            if let Some(track) = self.tracks.get_mut(place) {
                track.finish(&mut self.units);
            }
            if let Some(last) = self.units.last_mut() {
                last.damaged |= last.duration == 0;
            }
            if self.epoch.running() {
                self.pass_on(place, at, out);
            }
            self.units.clear();
        }
        if matches!(reason, Break::Silence(_)) {
            self.clock.forget();
        }
        self.epoch.end(reason, out);
    }

    /// Hands the units of a track to the epoch.
    fn pass_on(&mut self, place: usize, at: i64, out: &mut Vec<Event>) {
        let mut units = std::mem::take(&mut self.units);
        for unit in units.drain(..) {
            self.damaged += u64::from(unit.damaged);
            if unit.duration == 0 {
                match unit.entry {
                    crate::video::Entry::No => {}
                    crate::video::Entry::Clean => self.entries.0 += 1,
                    crate::video::Entry::Open => self.entries.1 += 1,
                }
            }
            let infos = || self.tracks.iter().map(|track| track.info.clone()).collect();
            self.epoch.take(place, unit, &mut self.clock, at, infos, out);
        }
        self.units = units;
    }
}
