//! The tables of a programme: where its tracks, its clock and its name are.

use bytes::Bytes;

use super::{Event, Problem};
use crate::{
    packet::NULL_PID,
    psi::{Assembler, Gathered, SCTE35, Section},
    tables::{self, Kind, PAT, PMT, Pmt, SDT_ACTUAL},
    time::TICKS,
    track::TrackInfo,
    transport::Received,
};

const PAT_PID: u16 = 0x00;
const SDT_PID: u16 = 0x11;
const EIT_PID: u16 = 0x12;
/// EIT of this transport stream: present/following, and schedule (ETSI EN 300 468, table 2).
const EIT_ACTUAL: [std::ops::RangeInclusive<u8>; 2] = [0x4e..=0x4e, 0x50..=0x5f];
/// The longest time between two PMTs.
const PMT_EVERY: i64 = TICKS / 2;
/// Tracks of one programme; the largest real ones have about twenty.
const MAX_TRACKS: usize = 64;

/// Follows the tables.
pub(super) struct Service {
    wanted: Option<u16>,
    pat: (Assembler, Gathered),
    sdt: (Assembler, Gathered),
    pmt: (Assembler, Gathered),
    eit: Assembler,
    cues: Vec<(u16, Assembler)>,
    /// The PAT's programmes.
    programmes: Option<Vec<(u16, u16)>>,
    /// Number and PMT PID of the one that is taken.
    chosen: Option<(u16, u16)>,
    map: Option<Pmt>,
    names: Vec<tables::Service>,
    last_pmt: Option<i64>,
    pub(super) pmt_errors: u64,
}

/// What a table changed.
pub(super) enum Change {
    /// Where tables are.
    Pids,
    /// Where the clock is.
    Clock,
    /// The tracks.
    Tracks(Vec<TrackInfo>),
}

impl Service {
    pub(super) fn new(wanted: Option<u16>) -> Self {
        Self {
            wanted,
            pat: Default::default(),
            sdt: Default::default(),
            pmt: Default::default(),
            eit: Assembler::default(),
            cues: Vec::new(),
            programmes: None,
            chosen: None,
            map: None,
            names: Vec::new(),
            last_pmt: None,
            pmt_errors: 0,
        }
    }

    /// The PIDs of the tables and of the clock.
    pub(super) fn pids(&self) -> impl Iterator<Item = u16> {
        let clock = Some(self.pcr_pid()).filter(|pid| *pid != NULL_PID);
        let cues = self.cues.iter().map(|(pid, _)| *pid);
        [PAT_PID, SDT_PID, EIT_PID]
            .into_iter()
            .chain(self.chosen.map(|(_, pid)| pid))
            .chain(clock)
            .chain(cues)
    }

    pub(super) fn pcr_pid(&self) -> u16 {
        self.map.as_ref().map_or(NULL_PID, |map| map.pcr_pid)
    }

    pub(super) fn number(&self) -> Option<u16> {
        self.chosen.map(|(number, _)| number)
    }

    pub(super) fn name(&self) -> Option<&str> {
        let number = self.number()?;
        let service = self.names.iter().find(|service| service.number == number)?;
        Some(service.name.as_str()).filter(|name| !name.is_empty())
    }

    pub(super) fn encrypted(&self) -> bool {
        self.map.as_ref().is_some_and(|map| map.encrypted)
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.map.iter().flat_map(|map| &map.streams).map(|stream| stream.kind).collect()
    }

    /// What keeps the tracks from being known.
    pub(super) fn problem(&self) -> Option<Problem> {
        match (&self.programmes, self.wanted, self.chosen, &self.map) {
            (None, ..) => Some(Problem::NoPat),
            (Some(_), _, Some(_), Some(_)) => None,
            (Some(_), _, Some(_), None) => Some(Problem::NoPmt),
            (Some(there), Some(wanted), None, _) => {
                let present = there.iter().map(|(number, _)| *number).collect();
                Some(Problem::NoProgramme { wanted, present })
            }
            (Some(_), None, None, _) => Some(Problem::Empty),
        }
    }

    pub(super) fn tick(&mut self, at: i64) {
        let Some(last) = self.last_pmt else { return };
        if at - last > PMT_EVERY {
            self.pmt_errors += 1;
            self.last_pmt = Some(at);
        }
    }

    /// Takes a packet of one of the tables.
    pub(super) fn push(&mut self, received: &Received, at: i64, out: &mut Vec<Event>) -> Option<Change> {
        match received.packet.pid() {
            PAT_PID => {
                let bodies = gather(&mut self.pat, received, |section| section.table == PAT)?;
                self.take_pat(tables::read_pat(&bodies))
            }
            SDT_PID => {
                let bodies = gather(&mut self.sdt, received, |section| section.table == SDT_ACTUAL)?;
                self.names = tables::read_sdt(&bodies);
                None
            }
            EIT_PID => {
                let number = self.number();
                self.eit.push(received, |section| {
                    let actual = EIT_ACTUAL.iter().any(|tables| tables.contains(&section.table));
                    if actual && Some(section.extension) == number {
                        out.push(tap(EIT_PID, &section));
                    }
                });
                None
            }
            pid if Some(pid) == self.chosen.map(|(_, pid)| pid) => {
                let number = self.number();
                let mut seen = false;
                let bodies = gather(&mut self.pmt, received, |section| {
                    let ours = section.table == PMT && Some(section.extension) == number;
                    seen |= ours;
                    ours
                });
                if seen {
                    self.last_pmt = Some(at);
                }
                let bodies = bodies?;
                self.take_pmt(tables::read_pmt(bodies.first()?)?)
            }
            pid => {
                let (_, assembler) = self.cues.iter_mut().find(|(cues, _)| *cues == pid)?;
                assembler.push(received, |section| {
                    if section.table == SCTE35 {
                        out.push(tap(pid, &section));
                    }
                });
                None
            }
        }
    }

    fn take_pat(&mut self, programmes: Vec<(u16, u16)>) -> Option<Change> {
        let mut candidates = programmes.iter().copied();
        let chosen = match self.wanted {
            Some(wanted) => candidates.find(|(number, _)| *number == wanted),
            // Once chosen it stays, also where the order changes.
            None => self.chosen.filter(|chosen| programmes.contains(chosen)).or_else(|| candidates.next()),
        };
        self.programmes = Some(programmes);
        // A programme that is left out for a moment is not taken away: its packets tell whether it is there.
        if chosen.is_none() || chosen == self.chosen {
            return None;
        }
        self.chosen = chosen;
        self.pmt = Default::default();
        Some(Change::Pids)
    }

    fn take_pmt(&mut self, map: Pmt) -> Option<Change> {
        let before = self.map.replace(map);
        let map = self.map.as_ref()?;
        self.cues.retain(|(pid, _)| map.streams.iter().any(|s| s.pid == *pid && s.kind == Kind::Cues));
        for stream in map.streams.iter().filter(|stream| stream.kind == Kind::Cues).take(MAX_TRACKS) {
            if !self.cues.iter().any(|(pid, _)| *pid == stream.pid) {
                self.cues.push((stream.pid, Assembler::default()));
            }
        }
        let tracks = tracks(map);
        match before {
            Some(before) if self::tracks(&before) == tracks => {
                Some(if before.pcr_pid == map.pcr_pid { Change::Pids } else { Change::Clock })
            }
            _ => Some(Change::Tracks(tracks)),
        }
    }
}

/// The first pictures and all sound, in the PMT's order.
fn tracks(map: &Pmt) -> Vec<TrackInfo> {
    let mut tracks: Vec<TrackInfo> = Vec::new();
    for stream in &map.streams {
        let Kind::Av(codec) = stream.kind else { continue };
        let second_video = codec.is_video() && tracks.iter().any(|track| track.codec.is_video());
        let twice = tracks.iter().any(|track| track.pid == stream.pid);
        if !second_video && !twice && tracks.len() < MAX_TRACKS {
            let (language, role) = (stream.language.clone(), stream.role);
            tracks.push(TrackInfo { pid: stream.pid, codec, language, role });
        }
    }
    tracks
}

fn gather(
    (assembler, gathered): &mut (Assembler, Gathered),
    received: &Received,
    mut ours: impl FnMut(&Section) -> bool,
) -> Option<Vec<Vec<u8>>> {
    let mut complete = None;
    assembler.push(received, |section| {
        if ours(&section) {
            complete = gathered.push(&section).or(complete.take());
        }
    });
    complete
}

fn tap(pid: u16, section: &Section) -> Event {
    Event::Section { pid, data: Bytes::copy_from_slice(section.bytes) }
}
