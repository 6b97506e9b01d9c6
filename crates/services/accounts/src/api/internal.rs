//! What the fleet's services ask for.

use std::sync::Arc;

use funkturm_base::{HouseholdId, Result};
use funkturm_service::{Reply, Request, Routes};
use http::StatusCode;

use super::{private, with};
use crate::{
    app::App,
    view::{Everything, everything},
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new().get("/internal/v1/households/{id}", with(app, get))
}

/// Everything that is kept of a household here.
async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: HouseholdId = request.param("id")?;
    let now = app.now();
    let all: Everything = app.db.run(move |connection| everything(connection, id, now)).await?;
    Ok(private(StatusCode::OK, &all))
}
