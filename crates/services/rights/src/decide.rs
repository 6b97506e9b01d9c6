//! The decision: may this household do this in this channel now?
//!
//! A pure function. The rows of the offer are compiled into a [`Table`], which never changes; a [`Household`] is what it has;
//! [`Table::decide`] answers with a [`Verdict`] that knows which row decided, until when, and says it in words on demand.
//! Times are milliseconds since 1970.

mod compile;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
mod words;
mod zone;

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use funkturm_base::{ChannelId, HouseholdId};
use funkturm_contracts::rights::{Action, offer::Offer, subscription::State};

pub(crate) use compile::{expand, groups};
pub use words::Explanation;
use zone::Daily;
pub use zone::Zone;

/// No end.
pub const FOREVER: i64 = i64::MAX;

/// A set of actions, a bit for each.
type Bits = u16;

fn bit(action: Action) -> Bits {
    1 << action as Bits
}

fn bits<'a>(actions: impl IntoIterator<Item = &'a Action>) -> Bits {
    actions.into_iter().fold(0, |all, action| all | bit(*action))
}

/// What a channel without a licence may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlicensed {
    /// Nothing: what no contract grants, nobody gets.
    #[default]
    Refuse,
    /// To be watched live, in HD.
    LiveOnly,
}

impl Unlicensed {
    fn bits(self) -> Bits {
        match self {
            Self::Refuse => 0,
            Self::LiveOnly => bit(Action::Live) | bit(Action::Hd),
        }
    }
}

/// What the rows leave open.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Where the hours of a day are counted.
    pub zone: Arc<Zone>,
    /// What a channel without a licence may be used for.
    pub unlicensed: Unlicensed,
    /// What a child's profile may see: up to this age.
    pub child_age: u8,
}

/// A package that a household has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The package.
    pub package: String,
    /// Whether it gives anything, or is paused, or ends.
    pub state: State,
    /// From then on.
    pub from: i64,
    /// Before then; [`FOREVER`] if nothing ends it.
    pub until: i64,
}

impl Holding {
    fn gives(&self) -> bool {
        matches!(self.state, State::Trial | State::Active | State::EndsAt)
    }
}

/// What a household has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Household {
    /// Which.
    pub id: HouseholdId,
    /// Its packages, in the order in which it got them.
    pub holdings: Vec<Holding>,
}

/// What is asked of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The channel.
    pub channel: &'a ChannelId,
    /// What.
    pub action: Action,
    /// With a child's profile.
    pub child: bool,
    /// From outside of the country.
    pub abroad: bool,
    /// After a PIN.
    pub pin: bool,
}

/// Which row decided; see [`Table::because`] for the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A row of a package gives it, and the licence grants it.
    Given { package: u16, row: u16 },
    /// The channel has no licence now.
    NoLicence,
    /// Its licence does not grant it.
    NotGranted,
    /// Nothing that the household has gives it.
    NotGiven,
    /// It is not for children.
    NotForChildren,
    /// It is for the night, or after a PIN.
    AtNight,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may.
    pub allowed: bool,
    /// In HD.
    pub hd: bool,
    /// A PIN would allow it.
    pub pin_needed: bool,
    /// The next instant at which the answer could change; [`FOREVER`] if nothing changes it.
    pub until: i64,
    /// How many may watch at once.
    pub streams: u32,
    pub(crate) reason: Reason,
    /// The licence in force, its place in the offer.
    pub(crate) licence: Option<u16>,
}

/// What packages give together.
#[derive(Default)]
struct Given {
    actions: Bits,
    /// The package and its row that give the action that was asked for.
    by: Option<(u16, u16)>,
}

/// A row for one channel: what is given or granted when.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    until: i64,
    /// Its hours of the day; none means all.
    hours: Option<Daily>,
    bits: Bits,
    /// The row of the package, or the licence.
    row: u16,
}

impl Span {
    /// Whether it is in force; `next` becomes the instant at which that changes, if it is earlier.
    fn open(&self, at: i64, zone: &Zone, next: &mut i64) -> bool {
        if at >= self.until {
            return false;
        }
        if at < self.from {
            *next = (*next).min(self.from);
            return false;
        }
        *next = (*next).min(self.until);
        match self.hours {
            None => true,
            Some(hours) => {
                let (open, change) = hours.open(zone, at);
                *next = (*next).min(change);
                open
            }
        }
    }
}

/// Spans by cell, one after the other.
#[derive(Debug, Default)]
struct Cells {
    spans: Vec<Span>,
    /// Where each cell's spans begin; one more than there are cells.
    starts: Vec<u32>,
}

impl Cells {
    fn get(&self, cell: usize) -> &[Span] {
        let place = |index| self.starts.get(index).map_or(0, |start: &u32| *start as usize);
        self.spans.get(place(cell)..place(cell + 1)).unwrap_or_default()
    }
}

#[derive(Debug)]
struct PackageFacts {
    option: bool,
    streams: u32,
}

/// The offer, compiled.
#[derive(Debug)]
pub struct Table {
    /// The rows that it was made of.
    pub offer: Arc<Offer>,
    /// The version of the offer.
    pub version: i64,
    rules: Rules,
    packages: HashMap<String, u16, RandomState>,
    facts: Vec<PackageFacts>,
    /// Channels that rows name; all others share the cell behind them.
    channels: HashMap<ChannelId, u32, RandomState>,
    /// What packages give, by package and channel.
    gives: Cells,
    /// What licences grant, by channel.
    grants: Cells,
    /// Licences' ages, in the order of the offer.
    ages: Vec<u8>,
    /// When what is for adults may be seen without a PIN: from 16, from 18.
    nights: (Daily, Daily),
}

impl Table {
    /// Decides.
    pub fn decide(&self, household: &Household, asked: &Asked<'_>, at: i64) -> Verdict {
        let others = self.channels.len();
        let channel = self.channels.get(asked.channel).map_or(others, |index| *index as usize);
        let needed = bit(asked.action) | if asked.abroad { bit(Action::Abroad) } else { 0 };
        let mut until = FOREVER;

        let (granted, licence) = self.granted(channel, at, &mut until);
        let mut verdict = Verdict {
            allowed: false,
            hd: false,
            pin_needed: false,
            until,
            streams: 0,
            reason: if licence.is_none() { Reason::NoLicence } else { Reason::NotGranted },
            licence,
        };
        let given =
            self.given(household, channel, bit(asked.action), needed | bit(Action::Hd), at, &mut verdict);
        if granted & needed != needed {
            // No package changes that; until is what it is for the licence.
            verdict.until = until;
            return verdict;
        }
        let Given { actions, by } = given;
        let Some((package, row)) = by.filter(|_| actions & needed == needed) else {
            verdict.reason = Reason::NotGiven;
            return verdict;
        };
        if self.too_young(asked, at, &mut verdict) {
            return verdict;
        }
        verdict.allowed = true;
        verdict.hd = granted & actions & bit(Action::Hd) != 0;
        verdict.reason = Reason::Given { package, row };
        verdict
    }

    /// What the channel's licence grants, and which one that is.
    fn granted(&self, channel: usize, at: i64, until: &mut i64) -> (Bits, Option<u16>) {
        let spans = self.grants.get(channel);
        if spans.is_empty() {
            return (self.rules.unlicensed.bits(), None);
        }
        let mut found = (0, None);
        for span in spans {
            if span.open(at, &self.rules.zone, until) {
                found = (span.bits, Some(span.row));
            }
        }
        found
    }

    /// What the household's packages give of what is wanted, and which row gives the action first.
    fn given(
        &self,
        household: &Household,
        channel: usize,
        action: Bits,
        wanted: Bits,
        at: i64,
        verdict: &mut Verdict,
    ) -> Given {
        let mut given = Given::default();
        let (mut base, mut more) = (0, 0);
        for holding in household.holdings.iter().filter(|holding| holding.gives() && at < holding.until) {
            let Some(&package) = self.packages.get(holding.package.as_str()) else { continue };
            if at < holding.from {
                verdict.until = verdict.until.min(holding.from);
                continue;
            }
            verdict.until = verdict.until.min(holding.until);
            match self.facts.get(usize::from(package)) {
                Some(PackageFacts { option: true, streams }) => more += streams,
                Some(PackageFacts { option: false, streams }) => base = base.max(*streams),
                None => {}
            }
            let cell = usize::from(package) * (self.channels.len() + 1) + channel;
            for span in self.gives.get(cell).iter().filter(|span| span.bits & wanted != 0) {
                if span.open(at, &self.rules.zone, &mut verdict.until) {
                    given.actions |= span.bits;
                    if given.by.is_none() && span.bits & action != 0 {
                        given.by = Some((package, span.row));
                    }
                }
            }
        }
        verdict.streams = base + more;
        given
    }

    /// Whether the channel's rating forbids it (§ 5 JMStV).
    fn too_young(&self, asked: &Asked<'_>, at: i64, verdict: &mut Verdict) -> bool {
        let age =
            verdict.licence.and_then(|licence| self.ages.get(usize::from(licence))).copied().unwrap_or(0);
        if asked.child && age > self.rules.child_age {
            verdict.reason = Reason::NotForChildren;
            return true;
        }
        let night = match age {
            18.. => self.nights.1,
            16.. => self.nights.0,
            _ => return false,
        };
        // What is only recorded is asked about again when it is watched. A PIN is the grown-ups'.
        if asked.action == Action::Record || (asked.pin && !asked.child) {
            return false;
        }
        let (open, change) = night.open(&self.rules.zone, at);
        verdict.until = verdict.until.min(change);
        if open {
            return false;
        }
        (verdict.reason, verdict.pin_needed) = (Reason::AtNight, !asked.child);
        true
    }
}
