//! What the fleet's services ask for.

use std::sync::Arc;

use funkturm_base::Result;
use funkturm_contracts::rights::{
    Question,
    subscription::{Actor, Subscriptions},
};
use funkturm_db::Failure;
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{App, LARGEST_JSON, household, me, with};
use crate::{
    billing::outbound,
    changes,
    decide::Asked,
    subscription::{due, store},
    vouchers,
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/internal/v1/decisions", with(app, decide))
        .get("/internal/v1/households/{household}/rights", with(app, rights))
        .get("/internal/v1/changes", with(app, changes_after))
        // With the service's name, because on one machine all services share a listener.
        .get("/internal/v1/rights/households/{household}", with(app, export))
        .put("/internal/v1/rights/households/{household}", with(app, arrive))
        .delete("/internal/v1/rights/households/{household}", with(app, delete))
}

async fn decide(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let question: Question = request.json(LARGEST_JSON).await?;
    let Question { household, child, ref channel, action, abroad, pin_checked: pin } = question;
    let household = app.core.household(household).await?;
    let asked = Asked { channel, action, child, abroad, pin };
    let decision = app.core.table()?.answer(&household, &asked, app.core.now().timestamp_millis());
    app.core.decided(decision.allowed);
    Ok(reply::json(StatusCode::OK, &decision))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithProfile {
    #[serde(default)]
    child: bool,
}

async fn rights(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, WithProfile { child }) = (household(&request)?, request.query()?);
    Ok(reply::json(StatusCode::OK, &me::of(&app, id, child).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    #[serde(default)]
    after: i64,
}

async fn changes_after(app: Arc<App>, request: Request) -> Result<Reply> {
    let After { after } = request.query()?;
    Ok(reply::json(StatusCode::OK, &app.core.changes(after).await?))
}

/// From accounts: there is a household. Whatever comes along in the body is not ours.
async fn arrive(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, welcome) = (household(&request)?, app.core.welcome().clone());
    let change = app
        .core
        .change(id, Actor::System, move |clerk, connection| due::arrive(clerk, connection, id, &welcome));
    change.await?;
    Ok(reply::no_content())
}

/// From accounts: a household goes, with everything about it. Nothing has to be kept here: invoices, and what else § 147 AO and
/// § 257 HGB want kept, are the billing system's, which is told. A voucher's count of uses loses its household.
async fn delete(app: Arc<App>, request: Request) -> Result<Reply> {
    let id = household(&request)?;
    let change = app.core.change(id, Actor::System, move |clerk, connection| {
        if store::household_delete(connection, id)? {
            changes::note(connection, Some(id))?;
            if clerk.billing {
                outbound::put(connection, id, &outbound::household_deleted(id, clerk.now), clerk.now)?;
            }
        }
        Ok::<_, Failure>(())
    });
    change.await?;
    Ok(reply::no_content())
}

/// Everything about a household, for its export.
#[derive(Serialize)]
struct Export {
    #[serde(flatten)]
    subscriptions: Subscriptions,
    vouchers: Vec<UsedVoucher>,
    billing_events: Vec<crate::api::billing::Received>,
}

#[derive(Serialize)]
struct UsedVoucher {
    batch: String,
    at: chrono::DateTime<chrono::Utc>,
}

async fn export(app: Arc<App>, request: Request) -> Result<Reply> {
    let id = household(&request)?;
    app.core.table()?;
    let export = app.core.db().run(move |connection| {
        let used = vouchers::used_by(connection, id)?;
        Ok::<_, Failure>(Export {
            subscriptions: store::subscriptions_load(connection, id, true)?,
            vouchers: used.into_iter().map(|(batch, at)| UsedVoucher { batch, at }).collect(),
            billing_events: super::billing::received(connection, id)?,
        })
    });
    Ok(reply::json(StatusCode::OK, &export.await?))
}
