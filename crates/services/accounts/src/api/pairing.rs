//! Pairing a TV (RFC 8628): the TV shows a code, somebody who is logged in approves it.

use std::sync::Arc;

use funkturm_base::{Error, Kind, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    LARGEST, name,
    oauth::{OAuthError, Refusal, form},
    private,
    tokens::device_kind,
    with,
};
use crate::{
    app::App,
    pairing::{INTERVAL, LIFE, Settled, Tv},
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/api/v1/device_authorization", with(app, begin))
        .post("/api/v1/device_authorization/approve", with(app, approve))
        .get("/api/v1/device_authorization/{user_code}", with(app, asks))
}

/// What a TV says of itself.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DeviceForm {
    /// What people call it.
    device_name: Option<String>,
    /// `tv` where absent.
    device_kind: Option<String>,
    /// Taken, as RFC 8628 has it, and not looked at.
    #[allow(dead_code, reason = "it is described")]
    client_id: Option<String>,
}

/// What a TV shows, and asks with (RFC 8628 3.2).
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceAuthorization {
    /// What it asks for tokens with.
    device_code: String,
    /// What it shows.
    #[schema(example = "BCDF-GHJK")]
    user_code: String,
    /// Where people type that.
    verification_uri: String,
    /// The same with the code in it, for a QR code.
    verification_uri_complete: String,
    /// For how many seconds.
    expires_in: u64,
    /// How many seconds to wait between two questions.
    interval: u64,
}

/// Begin to pair a TV
///
/// Show `user_code`, and `verification_uri_complete` as a QR code. Ask `POST /api/v1/tokens` with `device_code` every
/// `interval` seconds until somebody has approved it.
#[utoipa::path(post, path = "/api/v1/device_authorization", operation_id = "begin_pairing", tag = "accounts",
    request_body(content = DeviceForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Show this", body = DeviceAuthorization),
        (status = 400, description = "Something is wrong with the form", body = OAuthError),
        (status = 413, description = "The body is too large"),
        (status = 429, description = "Too many from this network", body = OAuthError),
        (status = 503, description = "Redis is away", body = OAuthError),
    ))]
pub(super) async fn begin(app: Arc<App>, mut request: Request) -> Result<Reply> {
    match try_begin(&app, &mut request).await {
        Ok(begun) => Ok(private(StatusCode::OK, &begun)),
        Err(Refusal::Error(error)) if error.kind() == Kind::TooLarge => Err(error),
        Err(refusal) => refusal.reply(),
    }
}

async fn try_begin(app: &App, request: &mut Request) -> Result<DeviceAuthorization, Refusal> {
    let form: DeviceForm = form(request).await?;
    let network = app.network(request);
    let tv = Tv {
        name: name(form.device_name.as_deref().unwrap_or("TV"), "device_name")?,
        kind: device_kind(form.device_kind.as_deref().unwrap_or("tv"))?,
        network: network.clone(),
    };
    app.limits.pairing(&network).await?;
    let begun = app.pairings.begin(&tv).await?;
    let page = app.page("/pair", None);
    Ok(DeviceAuthorization {
        verification_uri_complete: format!("{page}?code={}", begun.user_code),
        verification_uri: page,
        device_code: begun.device_code,
        user_code: begun.user_code,
        expires_in: LIFE.as_secs(),
        interval: INTERVAL.as_secs(),
    })
}

/// What asks to be let in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Asking {
    /// What it is called.
    device_name: String,
    /// What it is.
    #[schema(example = "tv")]
    device_kind: String,
    /// It is in the same network as you are. If it is not, ask yourself whose TV this is (RFC 8628 5.4).
    same_network: bool,
}

/// What asks under a code
#[utoipa::path(get, path = "/api/v1/device_authorization/{user_code}", operation_id = "get_pairing", tag = "accounts",
    security(("household" = [])),
    params(("user_code" = String, Path, description = "As somebody has typed it")),
    responses(
        (status = 200, description = "This", body = Asking),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "Not with a child's profile"),
        (status = 404, description = "No TV shows this code, or not any more"),
        (status = 429, description = "Too many wrong codes"),
        (status = 503, description = "Something that is needed is away"),
    ))]
pub(super) async fn asks(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let (code, network) = (request.text("user_code")?, app.network(&request));
    let attempt = app.limits.code(caller.household, &network).await?;
    let tv = app.pairings.asks(&code).await?.ok_or_else(no_code)?;
    app.succeeded(attempt).await;
    let same_network = tv.network == network;
    Ok(private(StatusCode::OK, &Asking { device_name: tv.name, device_kind: tv.kind, same_network }))
}

/// An answer to what asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// What the TV shows.
    user_code: String,
    /// Whether it may come in.
    approve: bool,
}

/// Let a TV in, or not
#[utoipa::path(post, path = "/api/v1/device_authorization/approve", operation_id = "settle_pairing", tag = "accounts",
    security(("household" = [])),
    request_body = Approval,
    responses(
        (status = 204, description = "It is told so when it asks the next time"),
        (status = 400, description = "The body is not what it should be"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "Not with a child's profile"),
        (status = 404, description = "No TV shows this code, or not any more"),
        (status = 409, description = "Somebody has answered already"),
        (status = 413, description = "The body is too large"),
        (status = 429, description = "Too many wrong codes"),
        (status = 503, description = "Something that is needed is away"),
    ))]
pub(super) async fn approve(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let Approval { user_code, approve } = request.json(LARGEST).await?;
    let attempt = app.limits.code(caller.household, &app.network(&request)).await?;
    match app.pairings.settle(&user_code, caller.household, approve).await? {
        Settled::Done => {
            app.succeeded(attempt).await;
            Ok(reply::no_content())
        }
        Settled::TooLate => Err(Error::new(Kind::Conflict, "somebody has answered already")),
        Settled::Unknown => Err(no_code()),
    }
}

fn no_code() -> Error {
    Error::new(Kind::NotFound, "no TV shows this code, or not any more")
}
