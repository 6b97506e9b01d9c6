//! Events of the billing system: `POST /webhooks/billing`. Each is taken once, by its id; one that is older than what was already
//! taken for that package comes too late and changes nothing.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use funkturm_base::{Error, HouseholdId, Kind};
use funkturm_contracts::rights::subscription::State;
use funkturm_db::Failure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    schema::{billing_in, subscription},
    subscription::{
        clerk::{Begin, Clerk},
        store::{self, Row},
    },
};

/// What happened at the billing system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Type {
    /// It is paid for: the package is there from now on.
    Activated,
    /// It rests.
    Paused,
    /// A payment did not come: it rests until `activated`.
    PaymentFailed,
    /// It ends at `ends_at`.
    EndsAt,
    /// It is over now.
    Ended,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    /// Unique for ever: the second event of an id is answered like the first, and does nothing. 1 to 200 characters.
    pub(crate) id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub(crate) kind: Type,
    /// When, at the billing system: of two events, the later one counts, whichever comes first.
    pub(crate) at: DateTime<Utc>,
    /// The household.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) household: HouseholdId,
    /// The package.
    pub(crate) package: String,
    /// The plan, where `activated` begins something or changes it.
    #[serde(default)]
    pub(crate) plan: Option<String>,
    /// When it ends, for `ends_at`.
    #[serde(default)]
    pub(crate) ends_at: Option<DateTime<Utc>>,
    /// Why, in words, for the history.
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl Event {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |message: &str| Err(Error::new(Kind::Invalid, message));
        if self.id.is_empty() || self.id.len() > 200 {
            return invalid("id must have 1 to 200 characters");
        }
        if self.reason.as_ref().is_some_and(|reason| reason.len() > 500) {
            return invalid("reason must have at most 500 characters");
        }
        if (self.kind == Type::EndsAt) != self.ends_at.is_some() {
            return invalid("ends_at must be there for events of the type ends_at, and for no others");
        }
        Ok(())
    }

    fn words(&self) -> String {
        let what = match self.kind {
            Type::Activated => "billing: it is paid for",
            Type::Paused => "billing: it rests",
            Type::PaymentFailed => "billing: a payment did not come",
            Type::EndsAt => "billing: it was cancelled",
            Type::Ended => "billing: it is over",
        };
        self.reason.as_ref().map_or_else(|| what.to_owned(), |reason| format!("{what} ({reason})"))
    }
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Outcome {
    /// `applied`, or `ignored: …` with why.
    pub(crate) outcome: String,
}

/// Takes an event; call it in a transaction.
pub(crate) fn take(
    clerk: &Clerk<'_>,
    connection: &mut PgConnection,
    event: &Event,
) -> Result<Outcome, Failure> {
    // Everything about a household happens one after the other, the second event of an id as well.
    store::household_lock(connection, event.household)?;
    let known: Option<String> =
        billing_in::table.find(&event.id).select(billing_in::outcome).first(connection).optional()?;
    if let Some(outcome) = known {
        return Ok(Outcome { outcome });
    }
    // What cannot be done is no reason to send it again: it is written down and answered.
    let done = connection.transaction(|connection| apply(clerk, connection, event));
    let outcome = match done {
        Ok(ignored) => ignored.unwrap_or_else(|| "applied".to_owned()),
        Err(Failure::Decided(error)) if error.kind() == Kind::Conflict => {
            format!("ignored: {}", error.message())
        }
        Err(failure) => return Err(failure),
    };
    let kind = serde_json::to_value(event.kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned()));
    diesel::insert_into(billing_in::table)
        .values((
            billing_in::id.eq(&event.id),
            billing_in::household.eq(event.household.0),
            billing_in::kind.eq(kind.unwrap_or_default()),
            billing_in::at.eq(event.at),
            billing_in::received_at.eq(clerk.now),
            billing_in::outcome.eq(&outcome),
        ))
        .execute(connection)?;
    Ok(Outcome { outcome })
}

/// Does what an event says, or says why there is nothing to do.
fn apply(clerk: &Clerk<'_>, connection: &mut PgConnection, event: &Event) -> Result<Option<String>, Failure> {
    let latest: Option<Row> = subscription::table
        .filter(subscription::household.eq(event.household.0).and(subscription::package.eq(&event.package)))
        .order((subscription::since.desc(), subscription::id.desc()))
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    if latest.as_ref().and_then(|row| row.billed_at).is_some_and(|billed| event.at < billed) {
        return Ok(Some("ignored: a later event was there before".to_owned()));
    }
    plan_is_of_package(clerk, event)?;
    let held = match latest {
        Some(row) if row.state()? != State::Ended => Some(row),
        _ => None,
    };
    let words = event.words();
    let mut row = match held {
        Some(row) => row,
        None if event.kind == Type::Activated => {
            let begin = Begin {
                package: &event.package,
                plan: event.plan.as_deref(),
                state: State::Active,
                until: None,
                why: &words,
            };
            let row = clerk.begin(connection, event.household, &begin)?;
            return billed(connection, &row, event);
        }
        None => return Ok(Some(format!("ignored: the household does not have package {}", event.package))),
    };
    let (state, to) = (row.state()?, target(event));
    if let Some(plan) = event.plan.clone() {
        row.plan = Some(plan);
    }
    row.billed_at = Some(event.at);
    if state == to {
        row.ends_at = event.ends_at;
        clerk.save(connection, &row, state, &words)?;
        return Ok(None);
    }
    clerk.bring(connection, &mut row, to, event.ends_at, &words)?;
    Ok(None)
}

fn target(event: &Event) -> State {
    match event.kind {
        Type::Activated => State::Active,
        Type::Paused | Type::PaymentFailed => State::Paused,
        Type::EndsAt => State::EndsAt,
        Type::Ended => State::Ended,
    }
}

fn plan_is_of_package(clerk: &Clerk<'_>, event: &Event) -> Result<(), Error> {
    let Some(id) = &event.plan else { return Ok(()) };
    let known = clerk.offer.plans.iter().any(|plan| plan.id == *id && plan.package == event.package);
    if known {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, format!("package {} has no plan {id}", event.package)))
}

fn billed(connection: &mut PgConnection, row: &Row, event: &Event) -> Result<Option<String>, Failure> {
    diesel::update(subscription::table.find(row.id))
        .set(subscription::billed_at.eq(Some(event.at)))
        .execute(connection)?;
    Ok(None)
}
