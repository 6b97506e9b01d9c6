//! What operators do: the offer as a whole, vouchers, a household's subscriptions, and why a decision is what it is.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::rights::{
    Action,
    offer::{Offer, OfferReport},
    subscription::{Actor, NewVouchers, State, Subscriptions, VoucherBatch, VoucherCodes},
};
use funkturm_db::Failure;
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{App, LARGEST_JSON, LARGEST_OFFER, household, with};
use crate::{
    decide::{Asked, Explanation},
    offer::{check, report, sort},
    schema::billing_out,
    subscription::{clerk::Begin, store, wish},
    vouchers,
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/admin/v1/offer", with(app, offer))
        .put("/admin/v1/offer", with(app, set_offer))
        .get("/admin/v1/vouchers", with(app, vouchers))
        .post("/admin/v1/vouchers", with(app, make_vouchers))
        .delete("/admin/v1/vouchers/{id}", with(app, stop_vouchers))
        .get("/admin/v1/subscriptions/{household}", with(app, subscriptions))
        .post("/admin/v1/subscriptions/{household}", with(app, give))
        .patch("/admin/v1/subscriptions/{household}/{subscription}", with(app, change))
        .get("/admin/v1/rights/{household}/explain", with(app, explain))
        .get("/admin/v1/billing_events", with(app, events))
}

/// The whole offer
///
/// The ETag is its version; send it back in If-Match to replace only what you saw.
#[utoipa::path(get, path = "/admin/v1/offer", operation_id = "get_offer", tag = "offer", security(("operator" = [])), responses(
    (status = 200, description = "The offer", body = Offer),
    (status = 503, description = "Not read from the database yet"),
))]
pub(super) async fn offer(app: Arc<App>, _: Request) -> Result<Reply> {
    let table = app.core.table()?;
    let mut reply = reply::json(StatusCode::OK, &*table.offer);
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", table.version)) {
        reply.headers_mut().insert(header::ETAG, etag);
    }
    Ok(reply)
}

/// How an offer is replaced.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SetOffer {
    /// Only say what would change.
    dry_run: bool,
}

/// Replace the whole offer
///
/// What differs is changed, all of it or nothing; what is not in it any more is removed. Doing it twice is doing it once.
#[utoipa::path(put, path = "/admin/v1/offer", operation_id = "set_offer", tag = "offer", security(("operator" = [])),
    params(SetOffer, ("If-Match" = Option<String>, Header, description = "Its version as it was seen, in quotes")),
    request_body = Offer,
    responses(
        (status = 200, description = "What changed, or would", body = OfferReport),
        (status = 400, description = "Something is wrong with it; the detail says what, and where"),
        (status = 409, description = "Households have what would be removed"),
        (status = 412, description = "Somebody else changed it meanwhile"),
        (status = 413, description = "It is too large"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn set_offer(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let SetOffer { dry_run } = request.query()?;
    let seen = seen(&request)?;
    let mut wanted: Offer = request.json(LARGEST_OFFER).await?;
    let table = app.core.table()?;
    if seen.is_some_and(|seen| seen != table.version) {
        return Ok(reply::problem_of(StatusCode::PRECONDITION_FAILED, "the offer has changed meanwhile"));
    }
    if dry_run {
        sort(&mut wanted);
        check::check(&wanted)?;
        let mut report = report(&table.offer, &wanted, table.version);
        report.warnings = check::warnings(&wanted, app.core.channels().as_ref().as_ref());
        return Ok(reply::json(StatusCode::OK, &report));
    }
    let before = seen.map(|_| Arc::clone(&table.offer));
    let change = app.core.change_offer(move |offer| {
        if before.is_some_and(|before| *before != *offer) {
            return Err(Error::new(Kind::Conflict, "the offer has changed meanwhile"));
        }
        *offer = wanted;
        Ok(())
    });
    Ok(reply::json(StatusCode::OK, &change.await?))
}

/// The version that the operator saw, if the request says so.
fn seen(request: &Request) -> Result<Option<i64>> {
    match request.header(header::IF_MATCH).map(str::trim) {
        None | Some("*") => Ok(None),
        // Compressed on its way, an answer's ETag is a weak one: the version is the same.
        Some(etag) => etag.trim_start_matches("W/").trim_matches('"').parse().map(Some).map_err(|_| {
            Error::new(Kind::Invalid, format!("If-Match must be the ETag of the offer, not {etag}"))
        }),
    }
}

/// Every batch of vouchers
#[utoipa::path(get, path = "/admin/v1/vouchers", operation_id = "list_vouchers", tag = "vouchers", security(("operator" = [])),
    responses(
        (status = 200, description = "The latest first", body = Vec<VoucherBatch>),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn vouchers(app: Arc<App>, _: Request) -> Result<Reply> {
    app.core.table()?;
    Ok(reply::json(StatusCode::OK, &app.core.db().run(vouchers::batches).await?))
}

/// Make vouchers
///
/// The answer has the codes, which are not kept: nobody can have them again.
#[utoipa::path(post, path = "/admin/v1/vouchers", operation_id = "make_vouchers", tag = "vouchers", security(("operator" = [])),
    request_body = NewVouchers,
    responses(
        (status = 201, description = "The batch with its codes", body = VoucherCodes),
        (status = 400, description = "Something is wrong with it; the detail says what"),
        (status = 409, description = "There is a voucher with this code already"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn make_vouchers(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let new: NewVouchers = request.json(LARGEST_JSON).await?;
    let (table, now) = (app.core.table()?, app.core.now());
    vouchers::check(&new, |id| table.offer.packages.iter().any(|package| package.id == id))?;
    let made = app.core.db().transaction(move |connection| vouchers::make(connection, new, now)).await?;
    Ok(reply::json(StatusCode::CREATED, &made))
}

/// Stop a batch of vouchers
///
/// Its codes give nothing any more; what they gave stays.
#[utoipa::path(delete, path = "/admin/v1/vouchers/{id}", operation_id = "stop_vouchers", tag = "vouchers", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The batch")),
    responses(
        (status = 204, description = "Stopped"),
        (status = 404, description = "There is no such batch"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn stop_vouchers(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, now) = (request.param::<Uuid>("id")?, app.core.now());
    app.core.table()?;
    let there = app.core.db().run(move |connection| vouchers::stop(connection, id, now)).await?;
    if there {
        Ok(reply::no_content())
    } else {
        Err(Error::new(Kind::NotFound, format!("there is no batch {id}")))
    }
}

/// What a household has
///
/// With everything that happened to it, also what has ended.
#[utoipa::path(get, path = "/admin/v1/subscriptions/{household}", operation_id = "list_subscriptions", tag = "subscriptions",
    security(("operator" = [])),
    params(("household" = Uuid, Path, description = "The household")),
    responses(
        (status = 200, description = "What it has and had", body = Subscriptions),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn subscriptions(app: Arc<App>, request: Request) -> Result<Reply> {
    let id = household(&request)?;
    app.core.table()?;
    let load = move |connection: &mut _| store::subscriptions_load(connection, id, true);
    Ok(reply::json(StatusCode::OK, &app.core.db().run(load).await?))
}

/// What an operator gives.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    package: String,
    /// What it costs; nothing for a gift.
    #[serde(default)]
    plan: Option<String>,
    /// When it ends; nothing if nothing ends it.
    #[serde(default)]
    ends_at: Option<DateTime<Utc>>,
    /// Why, for the history: 1 to 500 characters.
    reason: String,
}

/// Give a household a package
#[utoipa::path(post, path = "/admin/v1/subscriptions/{household}", operation_id = "give_package", tag = "subscriptions",
    security(("operator" = [])),
    params(("household" = Uuid, Path, description = "The household")),
    request_body = Given,
    responses(
        (status = 201, description = "What it has now", body = Subscriptions),
        (status = 400, description = "Something is wrong with it; the detail says what"),
        (status = 404, description = "There is no such household"),
        (status = 409, description = "It has the package already"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn give(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let (id, given) = (household(&request)?, request.json::<Given>(LARGEST_JSON).await?);
    reason(&given.reason)?;
    let table = app.core.table()?;
    let invalid = |message: String| Err(Error::new(Kind::Invalid, message));
    if !table.offer.packages.iter().any(|package| package.id == given.package) {
        return invalid(format!("there is no package {:?}", given.package));
    }
    let of_package =
        |id: &String| table.offer.plans.iter().any(|plan| plan.id == *id && plan.package == given.package);
    if let Some(plan) = given.plan.as_ref().filter(|plan| !of_package(plan)) {
        return invalid(format!("package {} has no plan {plan:?}", given.package));
    }
    if given.ends_at.is_some_and(|ends| ends <= app.core.now()) {
        return invalid("ends_at must be in the future".to_owned());
    }
    let change = app.core.change(id, Actor::Operator, move |clerk, connection| {
        store::household_lock(connection, id)?;
        let begin = Begin {
            package: &given.package,
            plan: given.plan.as_deref(),
            state: if given.ends_at.is_some() { State::EndsAt } else { State::Active },
            until: given.ends_at,
            why: &given.reason,
        };
        clerk.begin(connection, id, &begin)?;
        store::subscriptions_load(connection, id, true)
    });
    Ok(reply::json(StatusCode::CREATED, &change.await?))
}

/// What an operator changes of a subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// What it shall be in.
    state: State,
    /// When it ends: for `ends_at`, where it is otherwise the end of what is paid for; for `trial`, when that ends.
    #[serde(default)]
    until: Option<DateTime<Utc>>,
    /// Why, for the history: 1 to 500 characters.
    reason: String,
}

/// Change a subscription's state
///
/// Only what the table of transitions has: docs/rights.md.
#[utoipa::path(patch, path = "/admin/v1/subscriptions/{household}/{subscription}", operation_id = "change_subscription",
    tag = "subscriptions", security(("operator" = [])),
    params(
        ("household" = Uuid, Path, description = "The household"),
        ("subscription" = Uuid, Path, description = "The subscription"),
    ),
    request_body = Change,
    responses(
        (status = 200, description = "What the household has now", body = Subscriptions),
        (status = 400, description = "Something is wrong with it; the detail says what"),
        (status = 404, description = "There is no such household, or it has no such subscription"),
        (status = 409, description = "It cannot go from the state that it is in to this one"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn change(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let (id, subscription) = (household(&request)?, request.param::<Uuid>("subscription")?);
    let wanted: Change = request.json(LARGEST_JSON).await?;
    reason(&wanted.reason)?;
    let change = app.core.change(id, Actor::Operator, move |clerk, connection| {
        store::household_lock(connection, id)?;
        let row = store::subscription_lock(connection, subscription)?.filter(|row| row.household == id.0);
        let missing =
            || Error::new(Kind::NotFound, format!("household {id} has no subscription {subscription}"));
        let mut row = row.ok_or_else(missing)?;
        let until = match wanted.state {
            State::EndsAt => wanted.until.or_else(|| wish::paid_until(clerk, &row)),
            State::Trial => wanted.until,
            _ => None,
        };
        if matches!(wanted.state, State::EndsAt | State::Trial)
            && until.is_none_or(|until| until <= clerk.now)
        {
            return Err(Error::new(Kind::Invalid, "until must be there, and in the future").into());
        }
        clerk.bring(connection, &mut row, wanted.state, until, &wanted.reason)?;
        store::subscriptions_load(connection, id, true)
    });
    Ok(reply::json(StatusCode::OK, &change.await?))
}

fn reason(reason: &str) -> Result<()> {
    let length = reason.trim().chars().count();
    if (1..=500).contains(&length) {
        return Ok(());
    }
    Err(Error::new(Kind::Invalid, format!("reason must have 1 to 500 characters, not {length}")))
}

/// What is to be explained.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Explain {
    /// The channel.
    #[param(value_type = String)]
    channel: ChannelId,
    /// What.
    action: Action,
    /// With a child's profile.
    #[serde(default)]
    child: bool,
    /// From outside of the country.
    #[serde(default)]
    abroad: bool,
    /// After a PIN.
    #[serde(default)]
    pin_checked: bool,
    /// At this instant instead of now.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
}

/// Why a household may do something, or not
///
/// The decision that services get, and what was looked at.
#[utoipa::path(get, path = "/admin/v1/rights/{household}/explain", operation_id = "explain_decision", tag = "rights",
    security(("operator" = [])),
    params(("household" = Uuid, Path, description = "The household"), Explain),
    responses(
        (status = 200, description = "The decision with its steps", body = Explanation),
        (status = 400, description = "That is no question"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn explain(app: Arc<App>, request: Request) -> Result<Reply> {
    let id = household(&request)?;
    let Explain { channel, action, child, abroad, pin_checked: pin, at } = request.query()?;
    let household = app.core.household(id).await?;
    let at = at.unwrap_or_else(|| app.core.now()).timestamp_millis();
    let asked = Asked { channel: &channel, action, child, abroad, pin };
    Ok(reply::json(StatusCode::OK, &app.core.table()?.explain(&household, &asked, at)))
}

/// An event that has not reached the billing system.
#[derive(Serialize, ToSchema, Queryable)]
pub(crate) struct Waiting {
    id: i64,
    #[schema(value_type = Uuid)]
    household: Uuid,
    created_at: DateTime<Utc>,
    /// When it is tried next.
    next_at: DateTime<Utc>,
    tries: i32,
    /// Why it was refused for good, and is not tried any more.
    refused: Option<String>,
}

/// Events that have not reached the billing system
///
/// The oldest hundred, those first that were refused for good.
#[utoipa::path(get, path = "/admin/v1/billing_events", operation_id = "list_billing_events", tag = "billing",
    security(("operator" = [])),
    responses(
        (status = 200, description = "The events", body = Vec<Waiting>),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn events(app: Arc<App>, _: Request) -> Result<Reply> {
    app.core.table()?;
    let events = app.core.db().run(|connection| {
        let waiting: Vec<Waiting> = billing_out::table
            .order((billing_out::refused.is_null(), billing_out::id))
            .limit(100)
            .select((
                billing_out::id,
                billing_out::household,
                billing_out::created_at,
                billing_out::next_at,
                billing_out::tries,
                billing_out::refused,
            ))
            .load(connection)?;
        Ok::<_, Failure>(waiting)
    });
    Ok(reply::json(StatusCode::OK, &events.await?))
}
