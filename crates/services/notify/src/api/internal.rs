//! What other services ask: to send a mail, and to show or forget what is known about a household.

use std::sync::Arc;

use funkturm_base::{HouseholdId, Result};
use funkturm_contracts::mail::{Mail, MailList};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use uuid::Uuid;

use super::{App, with};
use crate::message::admit;

/// The largest body: the longest link and names fit.
const LARGEST_JSON: usize = 16 << 10;

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .put("/internal/v1/mails/{id}", with(app, accept))
        .get("/internal/v1/households/{household}", with(app, export))
        .delete("/internal/v1/households/{household}", with(app, forget))
}

/// Answered when the mail is stored: it is sent from then on, whatever happens to us.
async fn accept(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let id: Uuid = request.param("id")?;
    let mail: Mail = request.json(LARGEST_JSON).await?;
    if app.store.accept(id, &admit(mail, app.store.now())?).await? {
        app.accepted.inc();
        app.bell.notify_one();
    }
    Ok(reply::no_content())
}

async fn export(app: Arc<App>, request: Request) -> Result<Reply> {
    let household: HouseholdId = request.param("household")?;
    let mails = app.store.of_household(household).await?;
    Ok(reply::json(StatusCode::OK, &MailList { mails, next: None }))
}

async fn forget(app: Arc<App>, request: Request) -> Result<Reply> {
    app.store.forget(request.param("household")?).await?;
    Ok(reply::no_content())
}
