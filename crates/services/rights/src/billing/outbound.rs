//! Events for the billing system: written with the change that they tell of, sent in order for each household, again and again
//! until they are answered. One that is refused for good is put aside, counted and shown, and holds nobody up.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{prelude::*, sql_types};
use funkturm_base::{Error, HouseholdId, Kind, Result};
use funkturm_contracts::rights::subscription::{Actor, State, Subscription};
use funkturm_db::Failure;
use funkturm_service::Context;
use futures_util::{StreamExt, stream};
use prometheus::{IntCounterVec, IntGauge};
use serde::Serialize;
use slog::warn;
use uuid::Uuid;

use super::signature::{self, Secret};
use crate::{core::Core, schema::billing_out};

/// How often is looked for events.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Events that are sent side by side, each of another household.
const BATCH: i64 = 16;
/// How long a receiver may take; an event that was taken is not sent by anybody else for longer than that.
const PATIENCE: Duration = Duration::from_secs(10);
const TAKEN: TimeDelta = TimeDelta::seconds(30);
/// The longest time between two tries.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// An event.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    /// The same for every delivery of it.
    id: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    at: DateTime<Utc>,
    household: HouseholdId,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<Subscription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A subscription changed.
pub(crate) fn subscription(
    subscription: Subscription,
    household: HouseholdId,
    from: Option<State>,
    who: Actor,
    why: &str,
    at: DateTime<Utc>,
) -> Event {
    let (subscription, who, why) = (Some(subscription), Some(who), Some(why.to_owned()));
    Event { id: Uuid::now_v7(), kind: "subscription", at, household, subscription, from, who, why }
}

/// A household is deleted: nothing is to be paid any more.
pub(crate) fn household_deleted(household: HouseholdId, at: DateTime<Utc>) -> Event {
    let (subscription, from, who, why) = (None, None, None, None);
    Event { id: Uuid::now_v7(), kind: "household_deleted", at, household, subscription, from, who, why }
}

/// Writes an event down to be sent; call it in the transaction of the change, with the household locked.
pub(crate) fn put(
    connection: &mut PgConnection,
    household: HouseholdId,
    event: &Event,
    now: DateTime<Utc>,
) -> std::result::Result<(), Failure> {
    let body =
        serde_json::to_string(event).map_err(|error| Error::internal("an event cannot be written", error))?;
    diesel::insert_into(billing_out::table)
        .values((
            billing_out::household.eq(household.0),
            billing_out::body.eq(body),
            billing_out::created_at.eq(now),
            billing_out::next_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Sends events.
pub(crate) struct Sender {
    pub(crate) core: Core,
    pub(crate) url: String,
    pub(crate) secret: Arc<Secret>,
    pub(crate) http: reqwest::Client,
    /// By outcome: `sent`, `failed`, `refused`.
    pub(crate) counter: IntCounterVec,
    pub(crate) waiting: IntGauge,
}

#[derive(Debug, QueryableByName)]
struct Due {
    #[diesel(sql_type = sql_types::BigInt)]
    id: i64,
    #[diesel(sql_type = sql_types::Text)]
    body: String,
    #[diesel(sql_type = sql_types::Integer)]
    tries: i32,
}

/// How a delivery ended.
enum Delivered {
    Yes,
    /// To be tried again.
    NotYet,
    /// Not to be tried again.
    Refused(String),
}

impl Sender {
    /// A client for the billing system.
    pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
        Ok(reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(3))
            // A redirect would take the events elsewhere than the operator said.
            .redirect(reqwest::redirect::Policy::none())
            .build()?)
    }

    /// Does so until the process stops.
    pub(crate) async fn run(self, context: Context) -> anyhow::Result<()> {
        let mut away = false;
        while !context.stop.requested() {
            let sent = match self.core.when_ready(self.round()).await {
                Ok(sent) => {
                    away = false;
                    sent
                }
                Err(error) if error.kind() == Kind::Unavailable => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(context.log, "events for the billing system wait"; "error" => error.chain());
                    }
                    0
                }
                Err(error) => return Err(error.into()),
            };
            if sent < BATCH as usize {
                tokio::select! {
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    () = context.stop.wait() => {}
                }
            }
        }
        Ok(())
    }

    async fn round(&self) -> Result<usize> {
        let now = self.core.now();
        let (due, waiting) = self.core.db().transaction(move |connection| take(connection, now)).await?;
        self.waiting.set(waiting);
        let count = due.len();
        stream::iter(due).for_each_concurrent(None, |due| self.deliver(due)).await;
        Ok(count)
    }

    async fn deliver(&self, due: Due) {
        let now = self.core.now();
        let signature = self.secret.sign(due.body.as_bytes(), now);
        let request = self
            .http
            .post(&self.url)
            .header(signature::HEADER, signature)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(due.body);
        let delivered = match request.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Delivered::Yes,
            Ok(status)
                if status.is_client_error() && ![401, 403, 404, 408, 429].contains(&status.as_u16()) =>
            {
                Delivered::Refused(format!("answered {status}"))
            }
            _ => Delivered::NotYet,
        };
        let outcome = match &delivered {
            Delivered::Yes => "sent",
            Delivered::NotYet => "failed",
            Delivered::Refused(_) => "refused",
        };
        self.counter.with_label_values(&[outcome]).inc();
        // If this cannot be written, the event is sent once more: receivers know it by its id.
        let (id, tries) = (due.id, due.tries);
        let _ = self.core.db().run(move |connection| settle(connection, id, tries, delivered, now)).await;
    }
}

/// Takes the first event of some households, if its time has come, and puts it off for the others; how many wait in all.
fn take(connection: &mut PgConnection, now: DateTime<Utc>) -> std::result::Result<(Vec<Due>, i64), Failure> {
    let due = diesel::sql_query(
        "UPDATE billing_out SET next_at = $2, tries = tries + 1 WHERE id IN (
             SELECT id FROM billing_out AS first WHERE refused IS NULL AND next_at <= $1 AND NOT EXISTS (
                 SELECT FROM billing_out AS earlier
                 WHERE earlier.household = first.household AND earlier.id < first.id AND earlier.refused IS NULL)
             ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id, body, tries",
    )
    .bind::<sql_types::Timestamptz, _>(now)
    .bind::<sql_types::Timestamptz, _>(now + TAKEN)
    .bind::<sql_types::BigInt, _>(BATCH)
    .load(connection)?;
    let waiting = billing_out::table.filter(billing_out::refused.is_null()).count().get_result(connection)?;
    Ok((due, waiting))
}

fn settle(
    connection: &mut PgConnection,
    id: i64,
    tries: i32,
    delivered: Delivered,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let row = billing_out::table.find(id);
    match delivered {
        Delivered::Yes => diesel::delete(row).execute(connection),
        Delivered::Refused(why) => diesel::update(row).set(billing_out::refused.eq(why)).execute(connection),
        Delivered::NotYet => {
            let pause = TimeDelta::seconds(1_i64 << tries.clamp(1, 12)).min(LONGEST_PAUSE);
            diesel::update(row).set(billing_out::next_at.eq(now + pause)).execute(connection)
        }
    }
}
