//! Links for other players: Kodi, TiviMate, VLC, Jellyfin (docs/decisions/0014-links-for-other-players.md).

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use diesel::PgConnection;
use funkturm_base::{DeviceId, Error, HouseholdId, Kind, ProfileId, Result};
use funkturm_contracts::{client::device_path, link, mail::Template};
use funkturm_db::Failure;
use funkturm_service::{Reply, Request, Routes};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{LARGEST, name, private, with};
use crate::{
    app::{App, NEWS, PLAYBACK},
    secret::Secret,
    store::{
        device::{Device, device_delete},
        household::household_get,
        link::{link_holder, link_insert, links_of_profile},
    },
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/api/v1/me/links", with(app, create))
        .get("/internal/v1/accounts/links/{hash}", with(app, holder))
}

/// A link to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// What it is called among the devices.
    #[schema(example = "Kodi in the kitchen")]
    name: String,
    /// The profile that it acts for; the one that is chosen here where absent.
    profile: Option<Uuid>,
}

/// A link for another player. It is shown once: only its hash is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    /// The device that it is: rename and remove it as any other.
    device: Device,
    /// What is secret in its addresses. Whoever has it sees and plays what the profile may.
    token: String,
    /// The channels as M3U: a path from the root of the server that this request went to.
    #[schema(example = "/tv/…/channels.m3u")]
    playlist: String,
    /// The guide as XMLTV, in the same way.
    #[schema(example = "/tv/…/guide.xml")]
    guide: String,
}

/// Make a link for another player
///
/// For Kodi, TiviMate, VLC, Jellyfin and others that read M3U and XMLTV. It is a device of the household, of the kind `player`, and
/// counts as one; removing it ends it. It ends as well when all devices are logged out, and with its profile.
#[utoipa::path(post, path = "/api/v1/me/links", operation_id = "create_link", tag = "accounts", security(("household" = [])), request_body = NewLink, responses(
    (status = 201, description = "The link", body = Link),
    (status = 400, description = "The body is not what it should be"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile"),
    (status = 404, description = "The household has no such profile"),
    (status = 409, description = "As many devices are here as may be: remove one of them first"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn create(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let NewLink { name: called, profile } = request.json(LARGEST).await?;
    let (called, profile) = (name(&called, "name")?, profile.map_or(caller.profile, ProfileId));
    let (token, now, most, own) = (Secret::new(), app.now(), app.config.devices as usize, Arc::clone(&app));
    let text = token.text();
    let made = app.outbox.transaction(move |connection| {
        let device = link_insert(connection, caller.household, &called, &token, profile, now, most)?;
        // As of every device that is new: whoever made it need not be who should.
        let row = household_get(connection, caller.household)?;
        let time = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let values = [("device", called), ("time", time), ("link", own.page("/devices", None))];
        own.mail(connection, &row.mailbox(), Template::NewDevice, &values, NEWS)?;
        Ok(device)
    });
    let device = made.await?;
    let of = |file: &str| format!("/tv/{text}/{file}");
    let (playlist, guide) = (of(link::PLAYLIST), of(link::GUIDE));
    Ok(private(StatusCode::CREATED, &Link { device, token: text, playlist, guide }))
}

/// `GET /internal/v1/accounts/links/{hash}`: whom a link acts for.
async fn holder(app: Arc<App>, request: Request) -> Result<Reply> {
    let unknown = || Error::new(Kind::NotFound, "there is no such link");
    let hash = BASE64_URL_SAFE_NO_PAD.decode(&*request.text("hash")?).map_err(|_| unknown())?;
    let now = app.now();
    let found = app.db.run(move |connection| link_holder(connection, &hash, now)).await?;
    Ok(private(StatusCode::OK, &found.ok_or_else(unknown)?))
}

/// Removes a device, and has playback end what it plays; call it in a transaction of the outbox.
pub(super) fn device_remove(
    app: &App,
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
) -> Result<(), Failure> {
    device_delete(connection, household, id)?;
    if app.services.contains_key(PLAYBACK) {
        let path = device_path(PLAYBACK, household, id);
        app.outbox.put(connection, PLAYBACK, &Method::DELETE, &path, &())?;
    }
    Ok(())
}

/// Removes the links of a profile that goes: they must not become another one's, which may see more.
pub(super) fn links_remove(
    app: &App,
    connection: &mut PgConnection,
    household: HouseholdId,
    profile: ProfileId,
) -> Result<(), Failure> {
    for id in links_of_profile(connection, profile)? {
        device_remove(app, connection, household, id)?;
    }
    Ok(())
}
