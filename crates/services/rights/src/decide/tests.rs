//! The compiled table against the rows, for any offer, household, question and time; and what operators rely on.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use funkturm_base::{ChannelId, HouseholdId};
use funkturm_contracts::rights::{
    Action, Refusal,
    offer::{Broadcaster, ChannelGroup, Give, Hours, Licence, Offer, Package, PackageKind, Text},
    subscription::State,
};
use proptest::{prelude::*, strategy::ValueTree};

use super::{
    Asked, FOREVER, Holding, Household, Rules, Table, Unlicensed, Zone,
    naive::{Answer, Naive},
};

const ZONE: chrono_tz::Tz = chrono_tz::Europe::Berlin;

fn channel(n: usize) -> ChannelId {
    format!("c{n}").parse().unwrap()
}

/// Around the beginning of summer time, in steps that meet the edges of everything.
fn instant(step: i64) -> DateTime<Utc> {
    "2026-03-27T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(30 * step)
}

const STEPS: i64 = 300;

fn maybe_instant() -> impl Strategy<Value = Option<DateTime<Utc>>> {
    proptest::option::weighted(0.2, (0..STEPS).prop_map(instant))
}

fn actions() -> impl Strategy<Value = BTreeSet<Action>> {
    proptest::sample::subsequence(Action::ALL.to_vec(), 4..=9).prop_map(|some| some.into_iter().collect())
}

fn channels() -> impl Strategy<Value = BTreeSet<ChannelId>> {
    proptest::collection::btree_set((0..6_usize).prop_map(channel), 1..5)
}

fn groups() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set((0..3_usize).prop_map(|n| format!("g{n}")), 0..2)
}

fn hours() -> impl Strategy<Value = Option<Hours>> {
    let time = (0..48_u32).prop_map(|n| NaiveTime::from_hms_opt(n / 2, n % 2 * 30, 0).unwrap());
    let hours = (time.clone(), time).prop_filter("not nothing", |(a, b)| a != b);
    proptest::option::weighted(0.3, hours.prop_map(|(from, until)| Hours { from, until }))
}

prop_compose! {
    fn give()(
        every_channel in proptest::bool::weighted(0.4), channels in channels(), groups in groups(), actions in actions(),
        from in maybe_instant(), until in maybe_instant(), hours in hours(),
    ) -> Give {
        Give { every_channel, channels, groups, actions, from, until, hours }
    }
}

prop_compose! {
    fn offer()(
        packages in proptest::collection::vec((proptest::collection::vec(give(), 1..4), any::<bool>(), 0..4_u32), 1..4),
        channel_groups in proptest::collection::vec(channels(), 3),
        licences in proptest::collection::vec((actions(), maybe_instant(), proptest::sample::select(vec![0, 6, 12, 16, 18])), 5),
        licensed in 3..=5_usize,
    ) -> Offer {
        let text = Text::default;
        let packages = packages.into_iter().enumerate().map(|(n, (gives, option, streams))| Package {
            id: format!("p{n}"), name: text(), description: text(), order: 0, on_sale: true, streams, gives,
            kind: if option { PackageKind::Option } else { PackageKind::Base },
        });
        let channel_groups = channel_groups.into_iter().enumerate()
            .map(|(n, channels)| ChannelGroup { id: format!("g{n}"), name: text(), channels });
        // One channel each, at times two one after the other: a channel has one licence at a time.
        let licences = licences.into_iter().take(licensed).enumerate().flat_map(|(n, (actions, change, age))| {
            let of = |id: &str, from, until, actions| Licence {
                id: format!("{id}{n}"), channels: [channel(n)].into(), groups: BTreeSet::new(), broadcaster: None,
                actions, from, until, catch_up_hours: None, age,
            };
            let later = change.map(|change| of("m", Some(change), None, [Action::Live].into()));
            [Some(of("l", None, change, actions)), later].into_iter().flatten()
        });
        Offer {
            packages: packages.collect(), channel_groups: channel_groups.collect(), broadcasters: vec![],
            licences: licences.collect(), plans: vec![],
        }
    }
}

fn states() -> impl Strategy<Value = State> {
    prop_oneof![4 => Just(State::Active), 1 => proptest::sample::select(State::ALL.to_vec())]
}

fn household() -> impl Strategy<Value = Household> {
    let holding = (0..4_usize, states(), maybe_instant(), maybe_instant());
    let holding = holding.prop_map(|(n, state, from, until)| Holding {
        package: format!("p{n}"),
        state,
        from: from.map_or(i64::MIN, |at| at.timestamp_millis()),
        until: until.map_or(FOREVER, |at| at.timestamp_millis()),
    });
    proptest::collection::vec(holding, 0..5)
        .prop_map(|holdings| Household { id: HouseholdId::new(), holdings })
}

static BERLIN: LazyLock<Arc<Zone>> = LazyLock::new(|| Arc::new(Zone::named("Europe/Berlin").unwrap()));

fn rules(unlicensed: Unlicensed) -> Rules {
    Rules { zone: Arc::clone(&BERLIN), unlicensed, child_age: 12 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_table_says_what_the_rows_say_and_until_when(
        offer in offer(), household in household(), live_only in any::<bool>(), at in 0..STEPS,
        which in (0..7_usize, proptest::sample::select(Action::ALL.to_vec()), any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let unlicensed = if live_only { Unlicensed::LiveOnly } else { Unlicensed::Refuse };
        let table = Table::compile(Arc::new(offer.clone()), 1, rules(unlicensed));
        let naive = Naive { offer: &offer, unlicensed, child_age: 12, zone: ZONE };
        let channel = channel(which.0);
        let asked = Asked { channel: &channel, action: which.1, child: which.2, abroad: which.3, pin: which.4 };
        let verdict = table.decide(&household, &asked, instant(at).timestamp_millis());
        let Answer { allowed, hd, pin_needed, streams } = naive.decide(&household, &asked, instant(at));
        let said = Answer { allowed: verdict.allowed, hd: verdict.hd, pin_needed: verdict.pin_needed, streams: verdict.streams };
        prop_assert_eq!(said, Answer { allowed, hd, pin_needed, streams });

        // Nothing changes before the time that it named; every edge lies on a step.
        prop_assert!(verdict.until > instant(at).timestamp_millis());
        for later in at..STEPS {
            let then = instant(later);
            if then.timestamp_millis() >= verdict.until {
                break;
            }
            let answer = naive.decide(&household, &asked, then);
            prop_assert_eq!((answer.allowed, answer.hd), (allowed, hd), "at {}, before {}", then, verdict.until);
        }
        // And it never is a time at which nothing at all happens.
        if verdict.until != FOREVER {
            prop_assert!(edges(&offer, &household).any(|edge| edge == verdict.until) || daily(verdict.until), "{}", verdict.until);
        }
    }
}

/// Random cases that are all refused would show nothing.
#[test]
fn the_random_cases_are_of_every_kind() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let cases = (offer(), household(), 0..STEPS, 0..6_usize, proptest::sample::select(Action::ALL.to_vec()));
    let (mut yes, mut hd, mut ends, mut given_only) = (0, 0, 0, 0);
    for _ in 0..2000 {
        let (offer, household, at, n, action) = cases.new_tree(&mut runner).unwrap().current();
        let table = Table::compile(Arc::new(offer), 1, rules(Unlicensed::Refuse));
        let channel = channel(n);
        let asked = Asked { channel: &channel, action, child: false, abroad: false, pin: true };
        let verdict = table.decide(&household, &asked, instant(at).timestamp_millis());
        yes += u32::from(verdict.allowed);
        hd += u32::from(verdict.hd);
        ends += u32::from(verdict.until != FOREVER);
        given_only += u32::from(verdict.reason == super::Reason::NotGranted);
    }
    assert!(yes > 200 && hd > 100 && ends > 250 && given_only > 100, "{yes} {hd} {ends} {given_only}");
}

fn edges<'a>(offer: &'a Offer, household: &'a Household) -> impl Iterator<Item = i64> {
    let gives =
        offer.packages.iter().flat_map(|package| &package.gives).flat_map(|give| [give.from, give.until]);
    let licences = offer.licences.iter().flat_map(|licence| [licence.from, licence.until]);
    let rows = gives.chain(licences).flatten().map(|at| at.timestamp_millis());
    rows.chain(household.holdings.iter().flat_map(|holding| [holding.from, holding.until]))
}

/// Hours of the day begin and end at half hours.
fn daily(at: i64) -> bool {
    at % (30 * 60_000) == 0
}

fn row(actions: &[Action]) -> Give {
    Give { every_channel: true, actions: actions.iter().copied().collect(), ..Give::default() }
}

fn package(id: &str, kind: PackageKind, actions: &[Action]) -> Package {
    let (name, description) = (Text::default(), Text::default());
    Package {
        id: id.into(),
        name,
        description,
        kind,
        order: 0,
        on_sale: true,
        streams: 2,
        gives: vec![row(actions)],
    }
}

fn licence(id: &str, age: u8, actions: &[Action]) -> Licence {
    Licence {
        id: id.into(),
        channels: [id.parse().unwrap()].into(),
        groups: BTreeSet::new(),
        broadcaster: Some("house".into()),
        actions: actions.iter().copied().collect(),
        from: None,
        until: None,
        catch_up_hours: Some(48),
        age,
    }
}

/// One of each: what follows reads like the contract.
fn small() -> Table {
    let broadcasters = vec![Broadcaster { id: "house".into(), name: "House".into(), streams: Some(1) }];
    let offer = Offer {
        packages: vec![
            package("basic", PackageKind::Base, &[Action::Live]),
            package("plus", PackageKind::Base, &Action::ALL),
        ],
        broadcasters,
        licences: vec![
            licence("news", 0, &[Action::Live, Action::Pause]),
            licence("thrill", 16, &Action::ALL),
            licence("night", 18, &Action::ALL),
        ],
        ..Offer::default()
    };
    Table::compile(Arc::new(offer), 1, rules(Unlicensed::Refuse))
}

fn with(packages: &[(&str, State)]) -> Household {
    let holding = |(package, state): &(&str, State)| Holding {
        package: (*package).into(),
        state: *state,
        from: i64::MIN,
        until: FOREVER,
    };
    Household { id: HouseholdId::new(), holdings: packages.iter().map(holding).collect() }
}

fn ask(
    table: &Table,
    household: &Household,
    channel: &str,
    action: Action,
    at: &str,
) -> funkturm_contracts::rights::Decision {
    let channel = channel.parse().unwrap();
    let asked = Asked { channel: &channel, action, child: false, abroad: false, pin: false };
    table.answer(household, &asked, at.parse::<DateTime<Utc>>().unwrap().timestamp_millis())
}

const NOON: &str = "2026-07-01T10:00:00Z";

#[test]
fn a_decision_says_which_row_decided_and_who_sells_it() {
    let (table, plus, basic) = (small(), with(&[("plus", State::Active)]), with(&[("basic", State::Trial)]));
    let yes = ask(&table, &plus, "news", Action::Pause, NOON);
    assert!(
        yes.allowed && yes.because.starts_with("package plus gives it (every channel: live, pause"),
        "{yes:?}"
    );
    assert!(yes.because.ends_with("licence news grants it"), "{}", yes.because);
    assert_eq!((yes.limits.streams, yes.limits.group.unwrap().streams, yes.catch_up_hours), (2, 1, Some(48)));
    let no = ask(&table, &basic, "news", Action::Pause, NOON);
    assert_eq!(no.because, "what the household has (basic) does not give pause in channel news");
    assert_eq!((no.allowed, no.packages), (false, vec!["plus".to_owned()]));
    let nobody = ask(&table, &plus, "news", Action::Record, NOON);
    assert_eq!(nobody.because, "licence news of channel news does not grant record");
    assert_eq!((nobody.allowed, nobody.packages.len()), (false, 0));
    let unknown = ask(&table, &plus, "elsewhere", Action::Live, NOON);
    assert_eq!(unknown.because, "channel elsewhere has no licence that grants live");
    let channel = "news".parse().unwrap();
    let abroad = Asked { channel: &channel, action: Action::Live, child: false, abroad: true, pin: false };
    let abroad = table.answer(&plus, &abroad, 0);
    assert_eq!(
        (abroad.refusal, abroad.because.as_str()),
        (Some(Refusal::Abroad), "licence news of channel news does not grant live abroad")
    );
    let paused = ask(&table, &with(&[("plus", State::Paused)]), "news", Action::Live, NOON);
    assert_eq!(paused.because, "package plus is paused; nothing else gives live in channel news");
}

#[test]
fn what_is_for_adults_is_for_the_night_or_for_a_pin_and_never_for_children() {
    let (table, plus) = (small(), with(&[("plus", State::Active)]));
    let at = |channel, at| ask(&table, &plus, channel, Action::Live, at);
    let day = at("thrill", NOON);
    assert!(!day.allowed && day.pin_needed, "{day:?}");
    assert_eq!(day.until, Some("2026-07-01T20:00:00Z".parse().unwrap()));
    assert!(at("thrill", "2026-07-01T20:00:00Z").allowed && !at("night", "2026-07-01T20:59:59Z").allowed);
    let night = at("night", "2026-07-01T21:00:00Z");
    assert_eq!((night.allowed, night.until), (true, Some("2026-07-02T04:00:00Z".parse().unwrap())));
    assert!(
        ask(&table, &plus, "night", Action::Record, NOON).allowed,
        "it is asked about when it is watched"
    );

    let channel = "thrill".parse().unwrap();
    let asked = Asked { channel: &channel, action: Action::Live, child: false, abroad: false, pin: true };
    let noon = NOON.parse::<DateTime<Utc>>().unwrap().timestamp_millis();
    assert!(table.decide(&plus, &asked, noon).allowed);
    let child = table.decide(&plus, &Asked { child: true, ..asked }, noon);
    assert!(!child.allowed && !child.pin_needed, "{child:?}");
}
