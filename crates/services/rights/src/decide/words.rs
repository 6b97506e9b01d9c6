//! A verdict in words: for the log, for operators, and as the answer that other services get.

use chrono::DateTime;
use funkturm_base::ChannelId;
use funkturm_contracts::rights::{
    Action, Decision, GroupLimit, Limits, Refusal, Rights,
    offer::{Give, Licence, Package, PackageKind},
    subscription::State,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, FOREVER, Holding, Household, Reason, Table, Verdict};

/// Why a decision is what it is, step by step.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// What was looked at, in order, in words.
    pub steps: Vec<String>,
}

impl Table {
    /// Decides, and says it in full.
    pub fn answer(&self, household: &Household, asked: &Asked<'_>, at: i64) -> Decision {
        let verdict = self.decide(household, asked, at);
        let packages = match verdict.reason {
            Reason::NotGiven => self.packages_for(asked, at),
            _ => Vec::new(),
        };
        let licence = self.licence(&verdict);
        Decision {
            allowed: verdict.allowed,
            because: self.because(household, asked, &verdict, at),
            refusal: self.refusal(household, asked, &verdict, at),
            packages,
            until: (verdict.until != FOREVER)
                .then(|| DateTime::from_timestamp_millis(verdict.until))
                .flatten(),
            hd: verdict.hd,
            pin_needed: verdict.pin_needed,
            catch_up_hours: licence.and_then(|licence| licence.catch_up_hours),
            limits: Limits { streams: verdict.streams, group: licence.and_then(|l| self.group_limit(l)) },
        }
    }

    /// Why not, for machines.
    fn refusal(
        &self,
        household: &Household,
        asked: &Asked<'_>,
        verdict: &Verdict,
        at: i64,
    ) -> Option<Refusal> {
        let refusal = match verdict.reason {
            Reason::Given { .. } => return None,
            Reason::NoLicence | Reason::NotGranted => Refusal::Licence,
            Reason::NotGiven => Refusal::NotInPackage,
            Reason::NotForChildren | Reason::AtNight => Refusal::Age,
        };
        let at_home = || self.decide(household, &Asked { abroad: false, ..*asked }, at);
        let is_abroad = asked.abroad && refusal != Refusal::Age && at_home().allowed;
        Some(if is_abroad { Refusal::Abroad } else { refusal })
    }

    /// What a household may do in each of these channels, and who sells what it may not.
    pub fn rights<'a>(
        &self,
        household: &Household,
        channels: impl IntoIterator<Item = &'a ChannelId>,
        child: bool,
        at: i64,
    ) -> Rights {
        let mut rights = Rights::default();
        for channel in channels {
            // What is for the night is theirs by day as well: with a PIN.
            let asked = |action| Asked { channel, action, child, abroad: false, pin: !child };
            let may = |action: &Action| self.decide(household, &asked(*action), at).allowed;
            let actions: std::collections::BTreeSet<Action> = Action::ALL.into_iter().filter(may).collect();
            if actions.contains(&Action::Live) {
                rights.channels.insert(channel.clone(), actions);
            } else {
                if !actions.is_empty() {
                    rights.channels.insert(channel.clone(), actions);
                }
                rights.locked.insert(channel.clone(), self.packages_for(&asked(Action::Live), at));
            }
        }
        rights
    }

    /// The channels that rows name.
    pub fn named_channels(&self) -> impl Iterator<Item = &ChannelId> {
        self.channels.keys()
    }

    /// The packages on sale that would allow it, by their places in lists.
    fn packages_for(&self, asked: &Asked<'_>, at: i64) -> Vec<String> {
        let mut found: Vec<&Package> = self
            .offer
            .packages
            .iter()
            .filter(|package| package.on_sale)
            .filter(|package| {
                let (from, until, state) = (i64::MIN, FOREVER, State::Active);
                let holding = Holding { package: package.id.clone(), state, from, until };
                let pretended =
                    Household { id: super::HouseholdId(uuid::Uuid::nil()), holdings: vec![holding] };
                let verdict = self.decide(&pretended, asked, at);
                verdict.allowed || verdict.pin_needed
            })
            .collect();
        found.sort_by_key(|package| (package.kind == PackageKind::Option, package.order));
        found.into_iter().map(|package| package.id.clone()).collect()
    }

    fn licence(&self, verdict: &Verdict) -> Option<&Licence> {
        self.offer.licences.get(usize::from(verdict.licence?))
    }

    fn group_limit(&self, licence: &Licence) -> Option<GroupLimit> {
        let id = licence.broadcaster.as_ref()?;
        let broadcaster = self.offer.broadcasters.iter().find(|broadcaster| broadcaster.id == *id)?;
        Some(GroupLimit { group: id.clone(), streams: broadcaster.streams? })
    }

    /// Which row decided, in words.
    fn because(&self, household: &Household, asked: &Asked<'_>, verdict: &Verdict, at: i64) -> String {
        let Asked { channel, action, .. } = asked;
        let what = if asked.abroad { format!("{action} abroad") } else { action.to_string() };
        let licence = self.licence(verdict).map_or("no licence", |licence| licence.id.as_str());
        match verdict.reason {
            Reason::Given { package, row } => {
                let package = self.offer.packages.get(usize::from(package));
                let give = package.and_then(|package| package.gives.get(usize::from(row)));
                let row = give.map(describe).unwrap_or_default();
                let package = package.map_or("?", |package| package.id.as_str());
                match self.licence(verdict) {
                    Some(licence) => {
                        format!("package {package} gives it ({row}), licence {} grants it", licence.id)
                    }
                    None => format!(
                        "package {package} gives it ({row}); the channel has no licence, which allows it live"
                    ),
                }
            }
            Reason::NoLicence if self.has_licence(channel) => {
                format!("no licence of channel {channel} is in force now")
            }
            Reason::NoLicence => format!("channel {channel} has no licence that grants {what}"),
            Reason::NotGranted => format!("licence {licence} of channel {channel} does not grant {what}"),
            Reason::NotGiven => {
                format!("{} {what} in channel {channel}", holdings_in_words(household, at))
            }
            Reason::NotForChildren => format!(
                "channel {channel} is rated {} by licence {licence}, and children's profiles see up to {}",
                self.age(verdict),
                self.rules.child_age
            ),
            Reason::AtNight => {
                let (age, from) = (self.age(verdict), if self.age(verdict) >= 18 { 23 } else { 22 });
                format!(
                    "channel {channel} is rated {age} by licence {licence}: from {from} to 6 o'clock, or after a PIN"
                )
            }
        }
    }

    fn age(&self, verdict: &Verdict) -> u8 {
        self.licence(verdict).map_or(0, |licence| licence.age)
    }

    fn has_licence(&self, channel: &ChannelId) -> bool {
        self.channels.get(channel).is_some_and(|index| !self.grants.get(*index as usize).is_empty())
    }

    /// Decides, and says what was looked at.
    pub fn explain(&self, household: &Household, asked: &Asked<'_>, at: i64) -> Explanation {
        let decision = self.answer(household, asked, at);
        let verdict = self.decide(household, asked, at);
        let mut steps = vec![match self.licence(&verdict) {
            Some(licence) => format!("licence {}: {}", licence.id, licence_in_words(licence)),
            None if self.has_licence(asked.channel) => "its licences are not in force now".to_owned(),
            None => format!("channel {} has no licence: {:?}", asked.channel, self.rules.unlicensed),
        }];
        if household.holdings.is_empty() {
            steps.push("the household has no package".to_owned());
        }
        for holding in &household.holdings {
            let package = self.offer.packages.iter().find(|package| package.id == holding.package);
            let state = holding.state.as_str();
            steps.push(match package {
                None => format!("package {} ({state}) is not in the offer any more", holding.package),
                Some(_) if !holding.gives() => {
                    format!("package {} is {state}: it gives nothing", holding.package)
                }
                Some(_) if at >= holding.until => format!("package {} ({state}) is over", holding.package),
                Some(package) => {
                    let rows: Vec<String> = package.gives.iter().map(describe).collect();
                    format!("package {} ({state}) gives {}", holding.package, rows.join("; "))
                }
            });
        }
        Explanation { decision, steps }
    }
}

fn holdings_in_words(household: &Household, at: i64) -> String {
    let giving = |holding: &&Holding| holding.gives() && (holding.from..holding.until).contains(&at);
    let held: Vec<&str> = household.holdings.iter().filter(giving).map(|h| h.package.as_str()).collect();
    let paused = household.holdings.iter().find(|holding| holding.state == State::Paused);
    match (&held[..], paused) {
        ([], Some(paused)) => format!("package {} is paused; nothing else gives", paused.package),
        ([], None) => "the household has no package; nothing gives".to_owned(),
        (held, _) => format!("what the household has ({}) does not give", held.join(", ")),
    }
}

/// A row in words.
fn describe(give: &Give) -> String {
    let mut channels: Vec<String> = Vec::new();
    if give.every_channel {
        channels.push("every channel".to_owned());
    }
    match give.channels.len() {
        0 => {}
        1..=3 => channels.extend(give.channels.iter().map(ToString::to_string)),
        many => channels.push(format!("{many} channels")),
    }
    channels.extend(give.groups.iter().map(|group| format!("group {group}")));
    let actions: Vec<&str> = give.actions.iter().map(|action| action.as_str()).collect();
    let mut text = format!("{}: {}", channels.join(", "), actions.join(", "));
    if let Some(from) = give.from {
        text.push_str(&format!(", from {}", from.format("%Y-%m-%d %H:%M UTC")));
    }
    if let Some(until) = give.until {
        text.push_str(&format!(", until {}", until.format("%Y-%m-%d %H:%M UTC")));
    }
    if let Some(hours) = give.hours {
        text.push_str(&format!(", {} to {}", hours.from.format("%H:%M"), hours.until.format("%H:%M")));
    }
    text
}

fn licence_in_words(licence: &Licence) -> String {
    let actions: Vec<&str> = licence.actions.iter().map(|action| action.as_str()).collect();
    let mut text =
        format!("grants {}", if actions.is_empty() { "nothing".into() } else { actions.join(", ") });
    if let Some(until) = licence.until {
        text.push_str(&format!(", until {}", until.format("%Y-%m-%d %H:%M UTC")));
    }
    if licence.age > 0 {
        text.push_str(&format!(", rated {}", licence.age));
    }
    text
}
