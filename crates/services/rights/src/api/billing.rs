//! `POST /webhooks/billing`: the billing system tells what happened. Whoever knows the secret may; see docs/billing.md.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{PgConnection, prelude::*};
use funkturm_base::{Error, HouseholdId, Kind, Result};
use funkturm_contracts::rights::subscription::Actor;
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, LARGEST_JSON, with};
use crate::{
    billing::{
        inbound::{self, Event, Outcome},
        signature,
    },
    schema::billing_in,
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new().post("/webhooks/billing", with(app, receive))
}

/// Tell what happened at the billing system
///
/// For the billing system: signed with the secret that both sides know. The same `id` twice is taken once. An event that changes
/// nothing (too late, not possible) is answered with 200 as well, and says so.
#[utoipa::path(post, path = "/webhooks/billing", operation_id = "receive_billing_event", tag = "billing",
    params(("Funkturm-Signature" = String, Header, description = "t=SECONDS,v1=HEX: HMAC-SHA256 over SECONDS.BODY")),
    request_body = Event,
    responses(
        (status = 200, description = "Taken, now or before", body = Outcome),
        (status = 400, description = "It is no event"),
        (status = 401, description = "The signature is missing, wrong or too old"),
        (status = 404, description = "There is no such household (yet): send it again"),
        (status = 413, description = "It is too large"),
        (status = 503, description = "The database is away: send it again"),
    ))]
pub(super) async fn receive(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let body = request.bytes(LARGEST_JSON).await?;
    let refused = |message: &str| Error::new(Kind::Unauthenticated, message);
    if app.secrets.is_empty() {
        return Err(refused("this is closed until rights.billing.secret_file is configured"));
    }
    let now = app.core.now();
    signature::verify(&app.secrets, request.header(signature::HEADER), &body, now, app.patience)
        .map_err(refused)?;
    let event: Event = serde_json::from_slice(&body)
        .map_err(|error| Error::new(Kind::Invalid, format!("the body is not what it should be: {error}")))?;
    event.check()?;
    if event.at > now + TimeDelta::hours(1) {
        return Err(Error::new(Kind::Invalid, "at is in the future"));
    }
    let change = app.core.change(event.household, Actor::Billing, move |clerk, connection| {
        inbound::take(clerk, connection, &event)
    });
    Ok(reply::json(StatusCode::OK, &change.await?))
}

/// An event that was received.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable)]
pub(crate) struct Received {
    /// Its id at the billing system.
    id: String,
    #[serde(rename = "type")]
    kind: String,
    at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    /// `applied`, or `ignored: …`.
    outcome: String,
}

/// What was received about a household, the latest first.
pub(super) fn received(connection: &mut PgConnection, id: HouseholdId) -> QueryResult<Vec<Received>> {
    billing_in::table
        .filter(billing_in::household.eq(id.0))
        .order(billing_in::received_at.desc())
        .limit(1000)
        .select((
            billing_in::id,
            billing_in::kind,
            billing_in::at,
            billing_in::received_at,
            billing_in::outcome,
        ))
        .load(connection)
}
