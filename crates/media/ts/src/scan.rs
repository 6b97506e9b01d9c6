//! What a stream has: its programmes with their names and tracks.

use std::collections::BTreeMap;

use crate::{
    psi::{Assembler, Gathered, Section},
    tables::{self, PAT, PMT, Pmt, SDT_ACTUAL, Service},
    transport::Received,
};

const PAT_PID: u16 = 0x00;
const SDT_PID: u16 = 0x11;

/// Lists the programmes of a stream.
#[derive(Default)]
pub struct Scan {
    pat: (Assembler, Gathered),
    sdt: (Assembler, Gathered),
    /// By PID; several programmes may share one.
    pmts: BTreeMap<u16, Assembler>,
    programmes: Vec<(u16, u16)>,
    maps: BTreeMap<u16, Pmt>,
    services: Option<Vec<Service>>,
}

/// A programme that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub number: u16,
    /// Its name, where the stream tells it.
    pub name: Option<String>,
    /// Whose it is, where the stream tells it.
    pub provider: Option<String>,
    /// What it consists of; none, if its map did not come.
    pub map: Option<Pmt>,
}

impl Scan {
    /// Takes the next packet.
    pub fn push(&mut self, received: &Received) {
        match received.packet.pid() {
            PAT_PID => {
                if let Some(bodies) = gather(&mut self.pat, received, PAT) {
                    self.programmes = tables::read_pat(&bodies);
                    let pids = self.programmes.iter().map(|(_, pid)| (*pid, Assembler::default()));
                    self.pmts = pids.collect();
                }
            }
            SDT_PID => {
                if let Some(bodies) = gather(&mut self.sdt, received, SDT_ACTUAL) {
                    self.services = Some(tables::read_sdt(&bodies));
                }
            }
            pid => {
                let (Some(assembler), maps) = (self.pmts.get_mut(&pid), &mut self.maps) else { return };
                assembler.push(received, |section| {
                    if section.table == PMT
                        && section.current
                        && let Some(map) = tables::read_pmt(section.body)
                    {
                        maps.insert(section.extension, map);
                    }
                });
            }
        }
    }

    /// Everything that was announced has come, names included.
    pub fn complete(&self) -> bool {
        let maps = self.programmes.iter().all(|(number, _)| self.maps.contains_key(number));
        !self.programmes.is_empty() && maps && self.services.is_some()
    }

    /// The programmes found so far, in the order of the PAT.
    pub fn programmes(&self) -> Vec<Found> {
        let found = self.programmes.iter().map(|(number, _)| {
            let service = self.services.iter().flatten().find(|service| service.number == *number);
            let text = |text: fn(&Service) -> &String| service.map(text).filter(|t| !t.is_empty()).cloned();
            Found {
                number: *number,
                name: text(|service| &service.name),
                provider: text(|service| &service.provider),
                map: self.maps.get(number).cloned(),
            }
        });
        found.collect()
    }
}

fn gather(
    (assembler, gathered): &mut (Assembler, Gathered),
    received: &Received,
    table: u8,
) -> Option<Vec<Vec<u8>>> {
    let mut complete = None;
    assembler.push(received, |section: Section| {
        if section.table == table {
            complete = gathered.push(&section).or(complete.take());
        }
    });
    complete
}
