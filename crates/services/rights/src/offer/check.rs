//! Whether an offer can be; if not, everything that is wrong with it, each with its place.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::rights::offer::{Give, Licence, Offer, Package, Plan, Text};

use super::Part;
use crate::decide::{expand, groups};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 2000;
/// More of a kind, or rows of a package, than this are a mistake.
const MOST: usize = 20_000;
const MOST_ROWS: usize = 1000;

/// Collects what is wrong.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn expect(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        // Who has a hundred to look at does not need more.
        if !holds && self.0.len() < 100 {
            self.0.push(problem());
        }
    }
}

/// Checks an offer.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn check(offer: &Offer) -> Result<()> {
    let mut problems = Problems::default();
    ids::<Package>(offer, &mut problems);
    ids::<funkturm_contracts::rights::offer::ChannelGroup>(offer, &mut problems);
    ids::<funkturm_contracts::rights::offer::Broadcaster>(offer, &mut problems);
    ids::<Licence>(offer, &mut problems);
    ids::<Plan>(offer, &mut problems);
    for group in &offer.channel_groups {
        text(&group.name, &format!("channel group {}", group.id), &mut problems);
    }
    for broadcaster in &offer.broadcasters {
        let place = format!("broadcaster {}", broadcaster.id);
        name(&broadcaster.name, &format!("{place}: name"), &mut problems);
        problems.expect(broadcaster.streams != Some(0), || {
            format!("{place}: streams must be at least 1: what nobody may watch is a matter of licences")
        });
    }
    offer.packages.iter().for_each(|one| package(offer, one, &mut problems));
    offer.licences.iter().for_each(|one| licence(offer, one, &mut problems));
    overlaps(offer, &mut problems);
    offer.plans.iter().for_each(|one| plan(offer, one, &mut problems));
    if problems.0.is_empty() { Ok(()) } else { Err(Error::new(Kind::Invalid, problems.0.join("; "))) }
}

/// The ids of offers have the form of channels' ids.
pub(crate) fn is_id(text: &str) -> bool {
    text.parse::<ChannelId>().is_ok()
}

fn ids<P: Part>(offer: &Offer, problems: &mut Problems) {
    let list = P::list(offer);
    problems.expect(list.len() <= MOST, || format!("there can be {MOST} of {}, not {}", P::NAME, list.len()));
    let mut seen = BTreeSet::new();
    for part in list {
        problems.expect(is_id(part.id()), || {
            format!("{} {:?}: an id is 1 to 64 of a-z, 0-9 and inner -", P::NAME, part.id())
        });
        problems.expect(seen.insert(part.id()), || format!("{} {} is there twice", P::NAME, part.id()));
    }
}

fn name(text: &str, place: &str, problems: &mut Problems) {
    let length = text.trim().chars().count();
    problems.expect((1..=LONGEST_NAME).contains(&length), || {
        format!("{place} must have 1 to {LONGEST_NAME} characters, not {length}")
    });
}

fn text(text: &Text, place: &str, problems: &mut Problems) {
    name(&text.de, &format!("{place}: name.de"), problems);
    name(&text.en, &format!("{place}: name.en"), problems);
}

fn package(offer: &Offer, package: &Package, problems: &mut Problems) {
    let place = format!("package {}", package.id);
    text(&package.name, &place, problems);
    let longest = package.description.de.chars().count().max(package.description.en.chars().count());
    problems.expect(longest <= LONGEST_DESCRIPTION, || {
        format!("{place}: description must have at most {LONGEST_DESCRIPTION} characters, not {longest}")
    });
    problems.expect(package.gives.len() <= MOST_ROWS, || {
        format!("{place}: gives has more than {MOST_ROWS} rows")
    });
    problems.expect(package.streams <= 1000, || format!("{place}: streams must be at most 1000"));
    for (row, give) in package.gives.iter().enumerate() {
        let place = format!("{place}, gives[{row}]");
        let Give { every_channel, channels, groups, actions, from, until, hours } = give;
        let named = usize::from(*every_channel) + channels.len() + groups.len();
        problems.expect(named > 0, || {
            format!("{place}: it is for no channel: set every_channel, or name channels or groups")
        });
        problems.expect(!actions.is_empty(), || format!("{place}: actions must not be empty"));
        known_groups(offer, groups, &place, problems);
        ordered(*from, *until, &place, problems);
        problems.expect(hours.is_none_or(|hours| hours.from != hours.until), || {
            format!("{place}: hours must not end when they begin; leave them out for the whole day")
        });
    }
}

fn licence(offer: &Offer, licence: &Licence, problems: &mut Problems) {
    let place = format!("licence {}", licence.id);
    problems.expect(!licence.channels.is_empty() || !licence.groups.is_empty(), || {
        format!("{place}: it is for no channel: name channels or groups")
    });
    known_groups(offer, &licence.groups, &place, problems);
    ordered(licence.from, licence.until, &place, problems);
    if let Some(id) = &licence.broadcaster {
        let known = offer.broadcasters.iter().any(|broadcaster| broadcaster.id == *id);
        problems.expect(known, || format!("{place}: there is no broadcaster {id}"));
    }
    problems.expect([0, 6, 12, 16, 18].contains(&licence.age), || {
        format!("{place}: age must be 0, 6, 12, 16 or 18, as the FSK rates, not {}", licence.age)
    });
}

fn plan(offer: &Offer, plan: &Plan, problems: &mut Problems) {
    let place = format!("plan {}", plan.id);
    text(&plan.name, &place, problems);
    let known = offer.packages.iter().any(|package| package.id == plan.package);
    problems.expect(known, || format!("{place}: there is no package {}", plan.package));
    let currency = plan.currency.len() == 3 && plan.currency.bytes().all(|byte| byte.is_ascii_uppercase());
    problems.expect(currency, || {
        format!("{place}: currency must be three capitals as EUR, not {:?}", plan.currency)
    });
    problems.expect(plan.trial_days <= 366, || format!("{place}: trial_days must be at most 366"));
}

fn known_groups(offer: &Offer, named: &BTreeSet<String>, place: &str, problems: &mut Problems) {
    for id in named {
        let known = offer.channel_groups.iter().any(|group| group.id == *id);
        problems.expect(known, || format!("{place}: there is no channel group {id}"));
    }
}

fn ordered(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>, place: &str, problems: &mut Problems) {
    let ordered = from.zip(until).is_none_or(|(from, until)| from < until);
    problems.expect(ordered, || format!("{place}: until must come after from"));
}

/// A channel has one licence at a time, so that it is clear which one counts.
fn overlaps(offer: &Offer, problems: &mut Problems) {
    let groups = groups(offer);
    let mut by_channel: BTreeMap<&ChannelId, Vec<&Licence>> = BTreeMap::new();
    for licence in &offer.licences {
        for channel in expand(&licence.channels, &licence.groups, &groups) {
            by_channel.entry(channel).or_default().push(licence);
        }
    }
    for (channel, mut licences) in by_channel {
        licences.sort_by_key(|licence| (licence.from.is_some(), licence.from));
        for pair in licences.windows(2) {
            let [first, second] = pair else { continue };
            let apart = first.until.zip(second.from).is_some_and(|(until, from)| until <= from);
            problems.expect(apart, || {
                format!("channel {channel} has two licences at once: {} and {}", first.id, second.id)
            });
        }
    }
}

/// What may be a mistake. `known` are the channels that there are, if that is known.
pub(crate) fn warnings(offer: &Offer, known: Option<&BTreeSet<ChannelId>>) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(known) = known {
        let groups = offer.channel_groups.iter().flat_map(|group| &group.channels);
        let gives = offer.packages.iter().flat_map(|package| &package.gives).flat_map(|give| &give.channels);
        let licences = offer.licences.iter().flat_map(|licence| &licence.channels);
        let unknown: BTreeSet<&ChannelId> =
            groups.chain(gives).chain(licences).filter(|channel| !known.contains(*channel)).collect();
        warnings.extend(unknown.iter().map(|channel| format!("channel {channel} does not exist (yet)")));
        let all = self::groups(offer);
        let licensed: BTreeSet<&ChannelId> = offer
            .licences
            .iter()
            .flat_map(|licence| expand(&licence.channels, &licence.groups, &all))
            .collect();
        let without = known.iter().filter(|channel| !licensed.contains(*channel));
        warnings.extend(without.map(|channel| format!("channel {channel} has no licence")));
    }
    for package in offer.packages.iter().filter(|package| package.on_sale) {
        if !offer.plans.iter().any(|plan| plan.on_sale && plan.package == package.id) {
            warnings.push(format!(
                "package {} is on sale, but has no plan on sale: nobody can choose it",
                package.id
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offer(value: serde_json::Value) -> Offer {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_place() {
        let name = json!({"de": "A", "en": "A"});
        let wrong = offer(json!({
            "packages": [
                {"id": "A!", "name": {"de": "", "en": "A"}, "gives": [{"actions": []}]},
                {"id": "b", "name": name, "gives": [{"groups": ["c"], "actions": ["live"],
                    "from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "hours": {"from": "06:00", "until": "06:00"}}]},
                {"id": "b", "name": name, "gives": []},
            ],
            "licences": [
                {"id": "one", "channels": ["x"], "actions": [], "until": "2026-01-01T00:00:00Z", "age": 7},
                {"id": "two", "channels": ["x"], "actions": [], "from": "2026-01-01T00:00:00Z"},
                {"id": "three", "channels": ["x"], "actions": [], "from": "2027-01-01T00:00:00Z", "broadcaster": "d"},
            ],
            "plans": [{"id": "p", "package": "e", "name": name, "cents": 1, "currency": "Euro", "period": "month"}],
        }));
        let said = check(&wrong).unwrap_err();
        for part in [
            "package \"A!\": an id is",
            "package b is there twice",
            "package A!: name.de must have 1 to 100 characters, not 0",
            "package A!, gives[0]: it is for no channel",
            "package A!, gives[0]: actions must not be empty",
            "package b, gives[0]: there is no channel group c",
            "package b, gives[0]: until must come after from",
            "package b, gives[0]: hours must not end when they begin",
            "licence one: age must be 0, 6, 12, 16 or 18",
            "channel x has two licences at once: two and three",
            "licence three: there is no broadcaster d",
            "plan p: there is no package e",
            "plan p: currency must be three capitals",
        ] {
            assert!(said.message().contains(part), "{part} is not in: {}", said.message());
        }
        assert!(!said.message().contains("one and two"), "one after the other is no overlap");
    }

    #[test]
    fn what_may_be_a_mistake_is_told() {
        let offer = offer(json!({"packages": [
            {"id": "a", "name": {"de": "A", "en": "A"}, "gives": [{"channels": ["gone"], "actions": ["live"]}]},
        ]}));
        let known = ["here".parse().unwrap()].into();
        let warnings = warnings(&offer, Some(&known));
        assert_eq!(warnings[..2], ["channel gone does not exist (yet)", "channel here has no licence"]);
        assert!(warnings[2].contains("package a is on sale, but has no plan"), "{warnings:?}");
    }
}
