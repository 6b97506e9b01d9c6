//! Changes a household's subscriptions: each change with its line in the history, its place in the log of changes, and word to
//! the billing system, in the transaction that it is made in.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use funkturm_base::{Error, HouseholdId, Kind};
use funkturm_contracts::rights::{
    offer::Offer,
    subscription::{Actor, State},
};
use funkturm_db::Failure;
use uuid::Uuid;

use super::{
    state,
    store::{self, Row},
};
use crate::{
    billing::outbound,
    changes,
    offer::store::hold,
    schema::{history, household, subscription},
};

/// What changes are made with.
#[derive(Clone, Copy)]
pub(crate) struct Clerk<'a> {
    pub(crate) offer: &'a Offer,
    pub(crate) now: DateTime<Utc>,
    pub(crate) who: Actor,
    /// There is a billing system: what costs something waits for it, and it hears of every change that is not its own.
    pub(crate) billing: bool,
}

/// A subscription that is to begin.
pub(crate) struct Begin<'a> {
    pub(crate) package: &'a str,
    pub(crate) plan: Option<&'a str>,
    pub(crate) state: State,
    /// When the trial, or the whole of it, ends.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) why: &'a str,
}

impl Clerk<'_> {
    /// Begins a subscription; call it with the household locked.
    pub(crate) fn begin(
        &self,
        connection: &mut PgConnection,
        household: HouseholdId,
        begin: &Begin<'_>,
    ) -> Result<Row, Failure> {
        let Begin { package, plan, state, until, why } = *begin;
        legal(None, state)?;
        if !hold(connection, package, plan)? {
            let message = format!("package {package} is not in the offer any more");
            return Err(Error::new(Kind::Conflict, message).into());
        }
        let row = Row {
            id: Uuid::now_v7(),
            household: household.0,
            package: package.to_owned(),
            plan: plan.map(ToOwned::to_owned),
            state: state.as_str().to_owned(),
            since: self.now,
            trial_ends: until.filter(|_| state == State::Trial),
            ends_at: until.filter(|_| state == State::EndsAt),
            billed_at: None,
        };
        match diesel::insert_into(subscription::table).values(&row).execute(connection).map_err(Failure::from)
        {
            Err(failure) if failure.violates("subscription_once") => {
                let message = format!("the household has package {package} already");
                return Err(Error::new(Kind::Conflict, message).into());
            }
            other => other?,
        };
        self.note(connection, &row, None, why)?;
        Ok(row)
    }

    /// Brings a subscription into another state; `until` when that is a trial or ends.
    pub(crate) fn bring(
        &self,
        connection: &mut PgConnection,
        row: &mut Row,
        to: State,
        until: Option<DateTime<Utc>>,
        why: &str,
    ) -> Result<(), Failure> {
        let from = row.state()?;
        legal(Some(from), to)?;
        row.state = to.as_str().to_owned();
        row.ends_at = match to {
            State::EndsAt => until,
            State::Ended => Some(self.now),
            _ => None,
        };
        if to == State::Trial {
            row.trial_ends = until;
        }
        self.save(connection, row, from, why)
    }

    /// Saves what changed in a subscription beside its state.
    pub(crate) fn save(
        &self,
        connection: &mut PgConnection,
        row: &Row,
        from: State,
        why: &str,
    ) -> Result<(), Failure> {
        diesel::update(subscription::table.find(row.id)).set(row).execute(connection)?;
        self.note(connection, row, Some(from), why)
    }

    fn note(
        &self,
        connection: &mut PgConnection,
        row: &Row,
        from: Option<State>,
        why: &str,
    ) -> Result<(), Failure> {
        diesel::insert_into(history::table)
            .values((
                history::subscription.eq(row.id),
                history::at.eq(self.now),
                history::who.eq(self.who.as_str()),
                history::from_state.eq(from.map(State::as_str)),
                history::to_state.eq(&row.state),
                history::why.eq(why),
            ))
            .execute(connection)?;
        let household = HouseholdId(row.household);
        changes::note(connection, Some(household))?;
        if self.billing && self.who != Actor::Billing {
            let event = outbound::subscription(row.clone().wire()?, household, from, self.who, why, self.now);
            outbound::put(connection, household, &event, self.now)?;
        }
        Ok(())
    }

    /// Gives a new household what new households get, once; call it with the household locked. Whether all of it is in the offer.
    pub(crate) fn welcome(
        &self,
        connection: &mut PgConnection,
        id: HouseholdId,
        welcome: &Welcome,
    ) -> Result<bool, Failure> {
        let there = |package: &str| self.offer.packages.iter().any(|known| known.id == package);
        if !welcome.packages().all(there) {
            return Ok(false);
        }
        let held: Vec<String> = store::packages_ever(connection, id)?;
        let fresh = |package: &str| !package.is_empty() && !held.iter().any(|one| one == package);
        if fresh(&welcome.package) {
            let (package, state) = (welcome.package.as_str(), State::Active);
            let begin = Begin { package, plan: None, state, until: None, why: "every new household has it" };
            self.begin(connection, id, &begin)?;
        }
        if fresh(&welcome.trial) && welcome.trial != welcome.package {
            let until = Some(self.now + TimeDelta::days(welcome.days.into()));
            let (package, state) = (welcome.trial.as_str(), State::Trial);
            let begin = Begin { package, plan: None, state, until, why: "every new household may try it" };
            self.begin(connection, id, &begin)?;
        }
        diesel::update(household::table.find(id.0)).set(household::welcomed.eq(true)).execute(connection)?;
        Ok(true)
    }
}

/// What new households get; empty names are none.
#[derive(Clone, Debug)]
pub(crate) struct Welcome {
    pub(crate) package: String,
    pub(crate) trial: String,
    pub(crate) days: u32,
}

impl Welcome {
    pub(crate) fn packages(&self) -> impl Iterator<Item = &str> {
        [self.package.as_str(), self.trial.as_str()].into_iter().filter(|package| !package.is_empty())
    }
}

fn legal(from: Option<State>, to: State) -> Result<(), Error> {
    if state::may(from, to) {
        return Ok(());
    }
    let from = from.map_or("nothing", State::as_str);
    Err(Error::new(Kind::Conflict, format!("a subscription cannot go from {from} to {}", to.as_str())))
}
