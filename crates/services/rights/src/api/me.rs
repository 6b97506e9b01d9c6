//! What households ask for: what is for sale, what they have, what they may do.

use std::sync::Arc;

use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::rights::{
    Rights,
    offer::{Package, PackageKind, Period, Text},
    subscription::{Actor, Subscriptions, Wish},
};
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::{App, LARGEST_JSON, with};
use crate::{
    subscription::{store, wish},
    vouchers::{self, Redeemed},
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/api/v1/packages", with(app, packages))
        .get("/api/v1/me/subscription", with(app, subscription))
        .put("/api/v1/me/subscription", with(app, set_subscription))
        .get("/api/v1/me/rights", with(app, rights))
        .post("/api/v1/me/vouchers", with(app, redeem))
}

/// A package that is for sale.
#[derive(Serialize, ToSchema)]
pub(crate) struct PackageForSale {
    id: String,
    name: Text,
    description: Text,
    kind: PackageKind,
    /// How many may watch at once; of an option, how many more.
    streams: u32,
    plans: Vec<PlanForSale>,
}

/// What a package costs.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanForSale {
    id: String,
    name: Text,
    /// The price of a period, in the currency's smallest unit.
    cents: u32,
    /// ISO 4217.
    currency: String,
    period: Period,
    /// How many days it is had for nothing, the first time.
    trial_days: u32,
}

/// What is for sale
///
/// Packages with their plans, in their order: first those of which a household chooses one, then options.
#[utoipa::path(get, path = "/api/v1/packages", operation_id = "list_packages_for_sale", tag = "rights", responses(
    (status = 200, description = "The packages", body = Vec<PackageForSale>),
    (status = 503, description = "Not read from the database yet"),
))]
pub(super) async fn packages(app: Arc<App>, _: Request) -> Result<Reply> {
    let table = app.core.table()?;
    let mut packages: Vec<&Package> = table.offer.packages.iter().filter(|package| package.on_sale).collect();
    packages.sort_by_key(|package| (package.kind == PackageKind::Option, package.order));
    let plans = |package: &Package| {
        let own = table.offer.plans.iter().filter(|plan| plan.on_sale && plan.package == package.id).cloned();
        let mut own: Vec<PlanForSale> = own
            .map(|plan| PlanForSale {
                id: plan.id,
                name: plan.name,
                cents: plan.cents,
                currency: plan.currency,
                period: plan.period,
                trial_days: plan.trial_days,
            })
            .collect();
        own.sort_by_key(|plan| plan.cents);
        own
    };
    let list: Vec<PackageForSale> = packages
        .into_iter()
        .map(|package| PackageForSale {
            id: package.id.clone(),
            name: package.name.clone(),
            description: package.description.clone(),
            kind: package.kind,
            streams: package.streams,
            plans: plans(package),
        })
        .collect();
    let mut reply = reply::json(StatusCode::OK, &list);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=10"));
    Ok(reply)
}

/// What the household has
///
/// With everything that happened to it, the latest first.
#[utoipa::path(get, path = "/api/v1/me/subscription", operation_id = "get_subscription", tag = "rights",
    security(("household" = [])),
    responses(
        (status = 200, description = "What it has", body = Subscriptions),
        (status = 401, description = "Nobody is logged in"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn subscription(app: Arc<App>, request: Request) -> Result<Reply> {
    let id = app.caller(&request)?.household;
    app.core.table()?;
    let load = move |connection: &mut _| store::subscriptions_load(connection, id, false);
    Ok(private(&app.core.db().run(load).await?))
}

/// Choose what the household has
///
/// The whole wish: a plan that is not named any more ends with what is paid for. What was had without a plan (as a new household, by
/// a voucher) stays. A child's profile may not choose.
#[utoipa::path(put, path = "/api/v1/me/subscription", operation_id = "set_subscription", tag = "rights",
    security(("household" = [])),
    request_body = Wish,
    responses(
        (status = 200, description = "What it has now", body = Subscriptions),
        (status = 400, description = "There is no such plan"),
        (status = 401, description = "Nobody is logged in"),
        (status = 403, description = "It is a child's profile"),
        (status = 404, description = "The household has not arrived here yet: try again"),
        (status = 409, description = "It is not on sale"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn set_subscription(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.caller(&request)?;
    grown_up(caller.child)?;
    let (id, wish) = (caller.household, request.json::<Wish>(LARGEST_JSON).await?);
    let change = app.core.change(id, Actor::Household, move |clerk, connection| {
        store::household_lock(connection, id)?;
        wish::fulfil(clerk, connection, id, &wish)?;
        store::subscriptions_load(connection, id, false)
    });
    Ok(private(&change.await?))
}

/// What the household may do
///
/// In every channel, now, with the profile of the token; what is for adults by day needs a PIN as well. Channels that may not be
/// watched are in `locked`, with the packages on sale that have them.
#[utoipa::path(get, path = "/api/v1/me/rights", operation_id = "get_rights", tag = "rights",
    security(("household" = [])),
    responses(
        (status = 200, description = "By channel", body = Rights),
        (status = 401, description = "Nobody is logged in"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn rights(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.caller(&request)?;
    Ok(private(&of(&app, caller.household, caller.child).await?))
}

/// What a household may do in every channel that there is, or that a row names.
pub(super) async fn of(app: &App, id: funkturm_base::HouseholdId, child: bool) -> Result<Rights> {
    let (household, table) = (app.core.household(id).await?, app.core.table()?);
    let (channels, now) = (app.core.channels(), app.core.now().timestamp_millis());
    // Hundreds of channels, and for each that is locked all packages: some milliseconds.
    let work = move || match channels.as_ref() {
        Some(channels) => table.rights(&household, channels, child, now),
        None => table.rights(&household, table.named_channels(), child, now),
    };
    spawn_blocking(work).await.map_err(|error| Error::internal("the rights could not be put together", error))
}

/// A voucher's code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    /// As it is printed, however it is written.
    code: String,
}

/// Redeem a voucher
///
/// Ten wrong codes an hour, then the household has to wait.
#[utoipa::path(post, path = "/api/v1/me/vouchers", operation_id = "redeem_voucher", tag = "rights",
    security(("household" = [])),
    request_body = Code,
    responses(
        (status = 200, description = "What the household has now", body = Subscriptions),
        (status = 400, description = "There is no such code, or it is used up or too old"),
        (status = 401, description = "Nobody is logged in"),
        (status = 403, description = "It is a child's profile"),
        (status = 404, description = "The household has not arrived here yet: try again"),
        (status = 409, description = "The household used it already, or has the package anyhow; the code stays good"),
        (status = 429, description = "Too many wrong codes"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn redeem(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.caller(&request)?;
    grown_up(caller.child)?;
    let (id, Code { code }) = (caller.household, request.json::<Code>(LARGEST_JSON).await?);
    let change = app.core.change(id, Actor::Household, move |clerk, connection| {
        match vouchers::redeem(clerk, connection, id, &code)? {
            Redeemed::Gave => store::subscriptions_load(connection, id, false).map(Some),
            Redeemed::Missed => Ok(None),
        }
    });
    match change.await? {
        Some(subscriptions) => Ok(private(&subscriptions)),
        None => Err(Error::new(Kind::Invalid, "there is no such code, or it is used up or too old")),
    }
}

fn grown_up(child: bool) -> Result<()> {
    if child {
        Err(Error::new(Kind::Denied, "a child's profile may not change what the household has"))
    } else {
        Ok(())
    }
}

/// An answer that is for one household only.
fn private(body: &impl Serialize) -> Reply {
    let mut reply = reply::json(StatusCode::OK, body);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    reply
}
