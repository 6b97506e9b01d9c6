//! What the fleet's services ask for.

use std::sync::Arc;

use funkturm_base::{ChannelId, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;

use super::{App, no_channel, with};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/internal/v1/channels", with(app, list))
        .get("/internal/v1/channels/{id}", with(app, get))
}

async fn list(app: Arc<App>, request: Request) -> Result<Reply> {
    Ok(reply::asset(&request, &app.line_up.now()?.list))
}

async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: ChannelId = request.param("id")?;
    let now = app.line_up.now()?;
    let record = now.records.get(&id).ok_or_else(|| no_channel(&id))?;
    Ok(reply::json(StatusCode::OK, &record.channel()))
}
