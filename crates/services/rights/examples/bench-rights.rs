//! `./x bench rights`: how many decisions a core makes out of the compiled table, with 300 channels and 50 packages.
//!
//! Questions come in no order that a processor could learn: 100,000 households, of which each has one to four packages, every
//! channel and action. It is processor time that counts. Given are decisions alone, and whole answers in words as services get them.

#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "it is for a terminal")]

use std::{hint::black_box, sync::Arc};

use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, HouseholdId};
use funkturm_contracts::rights::{
    Action,
    offer::{Give, Licence, Offer, Package, PackageKind, Text},
    subscription::State,
};
use funkturm_rights::decide::{Asked, FOREVER, Holding, Household, Rules, Table, Unlicensed, Zone};

const CHANNELS: usize = 300;
const PACKAGES: usize = 50;
const HOUSEHOLDS: usize = 100_000;
const DECISIONS: usize = 20_000_000;
const ANSWERS: usize = 1_000_000;

/// Numbers without order, the same at every run (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

fn main() -> Result<(), String> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let channels: Vec<ChannelId> =
        (0..CHANNELS).map(|n| ChannelId::from_name(&format!("channel {n}"))).collect();
    let offer = offer(&channels, &mut chance)?;
    let rows: usize = offer.packages.iter().map(|package| package.gives.len()).sum();
    let rules = Rules {
        zone: Arc::new(Zone::named("Europe/Berlin")?),
        unlicensed: Unlicensed::Refuse,
        child_age: 12,
    };
    let began = cpu_seconds();
    let table = Table::compile(Arc::new(offer), 1, rules);
    println!(
        "{CHANNELS} channels, {PACKAGES} packages of {rows} rows, compiled in {:.1} ms",
        (cpu_seconds() - began) * 1e3
    );
    let households: Vec<Household> = (0..HOUSEHOLDS).map(|_| household(&mut chance)).collect();
    let at = "2026-11-25T20:15:00Z"
        .parse::<DateTime<Utc>>()
        .map_err(|error| error.to_string())?
        .timestamp_millis();

    let mut yes = 0_usize;
    let began = cpu_seconds();
    for n in 0..DECISIONS {
        let (household, asked) = question(&mut chance, &households, &channels);
        yes += usize::from(black_box(table.decide(household, &asked, at + n as i64)).allowed);
    }
    let rate = DECISIONS as f64 / (cpu_seconds() - began);
    println!(
        "decisions: {:.2} million a second on one core ({:.0} ns each; {} % yes)",
        rate / 1e6,
        1e9 / rate,
        yes * 100 / DECISIONS
    );

    let began = cpu_seconds();
    for _ in 0..ANSWERS {
        let (household, asked) = question(&mut chance, &households, &channels);
        black_box(table.answer(household, &asked, at));
    }
    let rate = ANSWERS as f64 / (cpu_seconds() - began);
    println!("answers in words, with the packages that would do: {:.2} million a second", rate / 1e6);
    Ok(())
}

/// Processor time of this thread: the machine may have other things to do.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn question<'a>(
    chance: &mut Chance,
    households: &'a [Household],
    channels: &'a [ChannelId],
) -> (&'a Household, Asked<'a>) {
    let household = &households[chance.below(households.len())];
    let channel = &channels[chance.below(channels.len())];
    let action = Action::ALL[chance.below(Action::ALL.len())];
    (household, Asked { channel, action, child: false, abroad: false, pin: false })
}

/// Packages of one to four rows over some channels, a third with hours of the day; a licence for every channel.
fn offer(channels: &[ChannelId], chance: &mut Chance) -> Result<Offer, String> {
    let some = |chance: &mut Chance, count: usize| {
        (0..count).map(|_| channels[chance.below(channels.len())].clone()).collect()
    };
    let actions = |chance: &mut Chance| Action::ALL.into_iter().filter(|_| chance.below(3) > 0).collect();
    let time = |hour: u32| chrono::NaiveTime::from_hms_opt(hour, 0, 0).ok_or("no time");
    let mut packages = Vec::new();
    for n in 0..PACKAGES {
        let mut gives = Vec::new();
        for _ in 0..=chance.below(4) {
            let hours = match chance.below(3) {
                0 => Some(funkturm_contracts::rights::offer::Hours { from: time(20)?, until: time(6)? }),
                _ => None,
            };
            gives.push(Give {
                every_channel: chance.below(5) == 0,
                channels: some(chance, 100),
                actions: actions(chance),
                hours,
                ..Give::default()
            });
        }
        let (name, description) = (Text::default(), Text::default());
        let kind = if n % 2 == 0 { PackageKind::Base } else { PackageKind::Option };
        packages.push(Package {
            id: format!("package-{n}"),
            name,
            description,
            kind,
            order: 0,
            on_sale: true,
            streams: 2,
            gives,
        });
    }
    let licences = channels.iter().map(|channel| Licence {
        id: channel.to_string(),
        channels: [channel.clone()].into(),
        groups: std::collections::BTreeSet::new(),
        broadcaster: None,
        actions: actions(chance),
        from: None,
        until: None,
        catch_up_hours: None,
        age: [0, 0, 0, 6, 12, 16][chance.below(6)],
    });
    Ok(Offer { licences: licences.collect(), packages, ..Offer::default() })
}

fn household(chance: &mut Chance) -> Household {
    let holdings = (0..=chance.below(4)).map(|_| Holding {
        package: format!("package-{}", chance.below(PACKAGES)),
        state: State::Active,
        from: 0,
        until: FOREVER,
    });
    Household { id: HouseholdId::new(), holdings: holdings.collect() }
}
