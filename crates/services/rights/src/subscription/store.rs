//! Subscriptions and their history in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use funkturm_base::{Error, HouseholdId, Kind};
use funkturm_contracts::rights::{
    offer::Offer,
    subscription::{Actor, Happened, State, Subscription, Subscriptions},
};
use funkturm_db::Failure;
use uuid::Uuid;

use super::state;
use crate::{
    decide::{FOREVER, Holding, Household},
    schema::{billing_in, history, household, subscription},
};

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// A subscription as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = subscription, treat_none_as_null = true)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) household: Uuid,
    pub(crate) package: String,
    pub(crate) plan: Option<String>,
    pub(crate) state: String,
    pub(crate) since: DateTime<Utc>,
    pub(crate) trial_ends: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) billed_at: Option<DateTime<Utc>>,
}

impl Row {
    pub(crate) fn state(&self) -> Result<State, Error> {
        named(&self.state)
    }

    pub(crate) fn wire(self) -> Result<Subscription, Error> {
        let state = self.state()?;
        let Self { id, package, plan, since, trial_ends, ends_at, .. } = self;
        // What was a trial once does not end with it any more.
        let trial_ends = trial_ends.filter(|_| state == State::Trial);
        Ok(Subscription { id, package, plan, state, since, trial_ends, ends_at })
    }

    /// As the decision sees it. A trial that goes on by itself has no end.
    fn holding(self, offer: &Offer, billing: bool) -> Result<Holding, Error> {
        let state = self.state()?;
        let plan = self.plan.as_deref().and_then(|id| offer.plans.iter().find(|plan| plan.id == id));
        let goes_on = plan.is_some_and(|plan| plan.cents == 0 || !billing);
        let until = match state {
            State::Trial if !goes_on => self.trial_ends,
            State::EndsAt => self.ends_at,
            _ => None,
        };
        let until = until.map_or(FOREVER, |at| at.timestamp_millis());
        Ok(Holding { package: self.package, state, from: self.since.timestamp_millis(), until })
    }
}

fn named(name: &str) -> Result<State, Error> {
    let corrupt = || format!("there is no state {name:?}");
    state::named(name)
        .ok_or_else(|| Error::internal("the database holds something that cannot be", corrupt()))
}

/// Adds a household; whether it is new.
pub(crate) fn household_add(
    connection: &mut PgConnection,
    id: HouseholdId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let added = diesel::insert_into(household::table)
        .values((household::id.eq(id.0), household::created_at.eq(now), household::welcomed.eq(false)))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(added > 0)
}

/// Lets nobody else change a household's subscriptions until the transaction ends; whether it was welcomed.
pub(crate) fn household_lock(connection: &mut PgConnection, id: HouseholdId) -> Result<bool, Failure> {
    household::table
        .find(id.0)
        .select(household::welcomed)
        .for_update()
        .first(connection)
        .optional()?
        .ok_or_else(|| Error::new(Kind::NotFound, format!("there is no household {id}")).into())
}

/// Deletes a household with everything that hangs on it; whether it was there.
pub(crate) fn household_delete(connection: &mut PgConnection, id: HouseholdId) -> QueryResult<bool> {
    diesel::delete(billing_in::table.filter(billing_in::household.eq(id.0))).execute(connection)?;
    diesel::delete(household::table.find(id.0)).execute(connection).map(|deleted| deleted > 0)
}

/// What a household has that has not ended, the oldest first.
pub(crate) fn held_load(connection: &mut PgConnection, id: HouseholdId) -> QueryResult<Vec<Row>> {
    subscription::table
        .filter(subscription::household.eq(id.0).and(subscription::state.ne("ended")))
        .order((subscription::since, subscription::id))
        .select(Row::as_select())
        .load(connection)
}

/// The packages that a household has or had.
pub(crate) fn packages_ever(connection: &mut PgConnection, id: HouseholdId) -> QueryResult<Vec<String>> {
    let own = subscription::table.filter(subscription::household.eq(id.0));
    own.select(subscription::package).distinct().load(connection)
}

/// A household as the decision sees it.
pub(crate) fn household_load(
    connection: &mut PgConnection,
    id: HouseholdId,
    offer: &Offer,
    billing: bool,
) -> Result<Household, Failure> {
    let rows = held_load(connection, id)?;
    let holdings = rows.into_iter().map(|row| row.holding(offer, billing)).collect::<Result<_, _>>()?;
    Ok(Household { id, holdings })
}

/// A subscription, and nobody else changes it until the transaction ends.
pub(crate) fn subscription_lock(connection: &mut PgConnection, id: Uuid) -> QueryResult<Option<Row>> {
    subscription::table.find(id).select(Row::as_select()).for_update().first(connection).optional()
}

/// What a household has, and what happened: the latest 500.
pub(crate) fn subscriptions_load(
    connection: &mut PgConnection,
    id: HouseholdId,
    ended_as_well: bool,
) -> Result<Subscriptions, Failure> {
    let rows = if ended_as_well {
        subscription::table
            .filter(subscription::household.eq(id.0))
            .order((subscription::since, subscription::id))
            .select(Row::as_select())
            .load(connection)?
    } else {
        held_load(connection, id)?
    };
    let subscriptions = rows.into_iter().map(Row::wire).collect::<Result<_, _>>()?;
    Ok(Subscriptions { household: id, subscriptions, history: history_load(connection, id)? })
}

type Line = (Uuid, String, DateTime<Utc>, String, Option<String>, String, String);

fn history_load(connection: &mut PgConnection, id: HouseholdId) -> Result<Vec<Happened>, Failure> {
    let lines: Vec<Line> = history::table
        .inner_join(subscription::table)
        .filter(subscription::household.eq(id.0))
        .order(history::id.desc())
        .limit(500)
        .select((
            history::subscription,
            subscription::package,
            history::at,
            history::who,
            history::from_state,
            history::to_state,
            history::why,
        ))
        .load(connection)?;
    let read = |(subscription, package, at, who, from, to, why): Line| {
        let (from, to) = (from.as_deref().map(named).transpose()?, named(&to)?);
        Ok(Happened { subscription, package, at, who: actor(&who), from, to, why })
    };
    lines.into_iter().map(read).collect()
}

fn actor(name: &str) -> Actor {
    [Actor::Household, Actor::Operator, Actor::Billing]
        .into_iter()
        .find(|actor| actor.as_str() == name)
        .unwrap_or(Actor::System)
}
