//! What viewers ask for.

use std::sync::Arc;

use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::channel::{LineUp, LineUpEntry};
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, header};

use super::{App, no_channel, with};
use crate::record::{self, Logo};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/api/v1/channels", with(app, line_up))
        .get("/api/v1/channels/{id}", with(app, entry))
        .get("/api/v1/channels/{id}/logo", with(app, logo))
}

/// The line-up
///
/// Every channel that is switched on, in the order of the numbers. Ask again every few seconds with the ETag.
#[utoipa::path(get, path = "/api/v1/channels", operation_id = "get_line_up", tag = "channels", responses(
    (status = 200, description = "The line-up", body = LineUp),
    (status = 304, description = "As the ETag in If-None-Match names it"),
    (status = 503, description = "Not read from the database yet"),
))]
pub(super) async fn line_up(app: Arc<App>, request: Request) -> Result<Reply> {
    Ok(reply::asset(&request, &app.line_up.now()?.line_up))
}

/// One channel of the line-up
#[utoipa::path(get, path = "/api/v1/channels/{id}", operation_id = "get_line_up_entry", tag = "channels",
    params(("id" = String, Path, description = "The channel")),
    responses(
        (status = 200, description = "The channel", body = LineUpEntry),
        (status = 304, description = "As the ETag in If-None-Match names it"),
        (status = 404, description = "There is no such channel, or it is switched off"),
    ))]
pub(super) async fn entry(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: ChannelId = request.param("id")?;
    let now = app.line_up.now()?;
    let entry = now.entries.get(&id).ok_or_else(|| no_channel(&id))?;
    Ok(reply::asset(&request, entry))
}

/// A channel's logo
///
/// PNG, JPEG, WebP or SVG. The `logo_url` of a channel names its version with `v`, and what is asked for with the
/// right one may be kept for ever.
#[utoipa::path(get, path = "/api/v1/channels/{id}/logo", operation_id = "get_channel_logo", tag = "channels",
    params(
        ("id" = String, Path, description = "The channel"),
        ("v" = Option<String>, Query, description = "The version of the picture"),
    ),
    responses(
        (status = 200, description = "The picture", content_type = "image/*"),
        (status = 304, description = "As the ETag in If-None-Match names it"),
        (status = 404, description = "There is no such channel, or we keep no logo of it"),
    ))]
pub(super) async fn logo(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: ChannelId = request.param("id")?;
    let now = app.line_up.now()?;
    let record = now.records.get(&id).filter(|record| record.enabled).ok_or_else(|| no_channel(&id))?;
    let Logo::Ours(key) = &record.logo else {
        return Err(Error::new(Kind::NotFound, format!("{id} has no logo here")));
    };
    let exact = request.uri.query() == Some(&format!("v={}", record::hash(key)));
    let cache_control = if exact { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    let mut reply = reply::asset(&request, &app.logos.asset(key, cache_control).await?);
    // An SVG is a document: opened by itself it must not run or load anything in our name.
    let headers = reply.headers_mut();
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(reply)
}
