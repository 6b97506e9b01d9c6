//! The devices of a household.

use std::sync::Arc;

use funkturm_base::{DeviceId, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LARGEST, links::device_remove, name, private, with};
use crate::{
    app::App,
    store::device::{Device, device_rename, devices_list},
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/api/v1/me/devices", with(app, list))
        .patch("/api/v1/me/devices/{id}", with(app, rename))
        .delete("/api/v1/me/devices/{id}", with(app, remove))
}

/// The devices that are logged in, and the links for other players.
#[derive(Serialize, ToSchema)]
pub(crate) struct Devices {
    /// The last one that was heard of first.
    devices: Vec<Device>,
    /// There can be as many.
    limit: u32,
}

/// The devices that are logged in
#[utoipa::path(get, path = "/api/v1/me/devices", operation_id = "list_devices", tag = "accounts", security(("household" = [])), responses(
    (status = 200, description = "The devices", body = Devices),
    (status = 401, description = "Not logged in"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn list(app: Arc<App>, request: Request) -> Result<Reply> {
    let (caller, now) = (app.caller(&request).await?, app.now());
    let devices = app.db.run(move |connection| devices_list(connection, caller.household, now)).await?;
    Ok(private(StatusCode::OK, &Devices { devices, limit: app.config.devices }))
}

/// What is changed of a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceChange {
    /// What it is called.
    name: String,
}

/// Give a device another name
#[utoipa::path(patch, path = "/api/v1/me/devices/{id}", operation_id = "rename_device", tag = "accounts", security(("household" = [])),
    params(("id" = uuid::Uuid, Path, description = "The device")),
    request_body = DeviceChange,
    responses(
        (status = 200, description = "The device now", body = Device),
        (status = 400, description = "The body is not what it should be"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "Not with a child's profile"),
        (status = 404, description = "The household has no such device"),
        (status = 413, description = "The body is too large"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn rename(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let id: DeviceId = request.param("id")?;
    let DeviceChange { name: called } = request.json(LARGEST).await?;
    let called = name(&called, "name")?;
    let renamed = app.db.run(move |connection| device_rename(connection, caller.household, id, &called));
    Ok(private(StatusCode::OK, &renamed.await?))
}

/// Remove a device
///
/// It is logged out, and what plays on it ends; a link for another player is dead.
#[utoipa::path(delete, path = "/api/v1/me/devices/{id}", operation_id = "remove_device", tag = "accounts", security(("household" = [])),
    params(("id" = uuid::Uuid, Path, description = "The device")),
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "This is not the id of a device"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "Not with a child's profile"),
        (status = 404, description = "The household has no such device"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn remove(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let id: DeviceId = request.param("id")?;
    let own = Arc::clone(&app);
    app.outbox.transaction(move |connection| device_remove(&own, connection, caller.household, id)).await?;
    Ok(reply::no_content())
}
