//! What a household wishes to have, and what has to be done for that.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use funkturm_base::{Error, HouseholdId, Kind};
use funkturm_contracts::rights::{
    offer::{Offer, PackageKind, Plan},
    subscription::{State, Wish},
};
use funkturm_db::Failure;

use super::{
    clerk::{Begin, Clerk},
    period,
    store::{self, Row},
};

/// Why it was done, in the history.
const CHOSEN: &str = "the household chose it";
const CANCELLED: &str = "the household cancelled it";

/// The plans that are wished for, by package.
///
/// # Errors
/// There is no such plan, it is not what it is named as, or two are for one package.
fn plans<'o>(offer: &'o Offer, wish: &Wish) -> Result<BTreeMap<&'o str, &'o Plan>, Error> {
    let invalid = |message: String| Error::new(Kind::Invalid, message);
    let mut wanted = BTreeMap::new();
    let base = wish.plan.iter().map(|id| (id, PackageKind::Base, "plan"));
    let options = wish.options.iter().map(|id| (id, PackageKind::Option, "options"));
    for (id, kind, field) in base.chain(options) {
        let plan = offer.plans.iter().find(|plan| plan.id == *id);
        let plan = plan.ok_or_else(|| invalid(format!("{field}: there is no plan {id:?}")))?;
        let package = offer.packages.iter().find(|package| package.id == plan.package);
        if package.is_none_or(|package| package.kind != kind) {
            let other = if kind == PackageKind::Base {
                "an option: name it in options"
            } else {
                "no option: name it as plan"
            };
            return Err(invalid(format!("{field}: {id} is {other}")));
        }
        if wanted.insert(plan.package.as_str(), plan).is_some() {
            return Err(invalid(format!("{field}: two plans are for package {}", plan.package)));
        }
    }
    Ok(wanted)
}

/// Gives a household what it wishes, and takes what it does not any more; call it with the household locked. What it has without
/// a plan (as a new household, by a voucher, from an operator) stays.
pub(crate) fn fulfil(
    clerk: &Clerk<'_>,
    connection: &mut PgConnection,
    household: HouseholdId,
    wish: &Wish,
) -> Result<(), Failure> {
    let mut wanted = plans(clerk.offer, wish)?;
    for mut row in store::held_load(connection, household)? {
        match wanted.remove(row.package.as_str()) {
            Some(plan) => keep(clerk, connection, &mut row, plan)?,
            None if row.plan.is_some() => cancel(clerk, connection, &mut row)?,
            None => {}
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let had = store::packages_ever(connection, household)?;
    for plan in wanted.into_values() {
        on_sale(clerk.offer, plan)?;
        let tries = plan.trial_days > 0 && !had.contains(&plan.package);
        let (state, until, why) = match tries {
            true => (State::Trial, Some(clerk.now + TimeDelta::days(plan.trial_days.into())), CHOSEN),
            false => (first_state(clerk, plan), None, CHOSEN),
        };
        let begin = Begin { package: &plan.package, plan: Some(&plan.id), state, until, why };
        clerk.begin(connection, household, &begin)?;
    }
    Ok(())
}

/// What costs something waits for the billing system, if there is one.
fn first_state(clerk: &Clerk<'_>, plan: &Plan) -> State {
    if clerk.billing && plan.cents > 0 { State::Paused } else { State::Active }
}

fn on_sale(offer: &Offer, plan: &Plan) -> Result<(), Error> {
    let package = offer.packages.iter().find(|package| package.id == plan.package);
    if plan.on_sale && package.is_some_and(|package| package.on_sale) {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, format!("plan {} is not on sale", plan.id)))
}

/// A package that the household has, and wants.
fn keep(clerk: &Clerk<'_>, connection: &mut PgConnection, row: &mut Row, plan: &Plan) -> Result<(), Failure> {
    let (state, old) = (row.state()?, row.plan.replace(plan.id.clone()));
    let same = old.as_deref() == Some(plan.id.as_str());
    if !same {
        on_sale(clerk.offer, plan)?;
    }
    let free = |id: &str| clerk.offer.plans.iter().any(|plan| plan.id == id && plan.cents == 0);
    match state {
        // It was cancelled in its trial, which goes on, but not for ever.
        State::EndsAt if row.trial_ends.is_some_and(|ends| ends > clerk.now) => {
            let until = row.trial_ends;
            clerk.bring(connection, row, State::Trial, until, "the household wants it to go on")
        }
        // It was cancelled, is paid for until it ends, and shall go on.
        State::EndsAt if same => {
            clerk.bring(connection, row, State::Active, None, "the household wants it to go on")
        }
        _ if same => Ok(()),
        // What was given away goes on as a trial, then the plan takes over.
        State::EndsAt if old.is_none() => {
            let until = row.ends_at;
            clerk.bring(connection, row, State::Trial, until, "the household chose a plan for when it ends")
        }
        State::Active | State::EndsAt
            if clerk.billing && plan.cents > 0 && old.as_deref().is_none_or(free) =>
        {
            clerk.bring(
                connection,
                row,
                State::Paused,
                None,
                "it costs something now: a payment is waited for",
            )
        }
        State::EndsAt => {
            clerk.bring(connection, row, State::Active, None, "the household chose another plan")
        }
        State::Paused if plan.cents == 0 => {
            clerk.bring(connection, row, State::Active, None, "the household chose a plan that costs nothing")
        }
        state => clerk.save(connection, row, state, "the household chose another plan"),
    }
}

/// A package that the household has by a plan, and does not want any more.
fn cancel(clerk: &Clerk<'_>, connection: &mut PgConnection, row: &mut Row) -> Result<(), Failure> {
    match row.state()? {
        State::EndsAt | State::Ended => Ok(()),
        State::Paused => clerk.bring(connection, row, State::Ended, None, CANCELLED),
        State::Trial => {
            let until = row.trial_ends;
            clerk.bring(connection, row, State::EndsAt, until, CANCELLED)
        }
        State::Active => match paid_until(clerk, row) {
            Some(until) => clerk.bring(connection, row, State::EndsAt, Some(until), CANCELLED),
            None => clerk.bring(connection, row, State::Ended, None, CANCELLED),
        },
    }
}

/// The end of what is paid for; none if it costs nothing.
pub(crate) fn paid_until(clerk: &Clerk<'_>, row: &Row) -> Option<DateTime<Utc>> {
    let id = row.plan.as_ref()?;
    let plan = clerk.offer.plans.iter().find(|plan| plan.id == *id).filter(|plan| plan.cents > 0)?;
    // What is paid for begins after the trial.
    let since = row.trial_ends.filter(|ends| *ends <= clerk.now).unwrap_or(row.since);
    Some(period::end(since, plan.period, clerk.now))
}
