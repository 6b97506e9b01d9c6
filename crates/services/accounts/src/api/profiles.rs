//! The profiles of a household, of which one is chosen on each device.

use std::sync::Arc;

use funkturm_base::{Error, Kind, ProfileId, Result};
use funkturm_service::{Reply, Request, Routes, identity::Caller, reply};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{LARGEST, links::links_remove, me::is_pin, name, private, with};
use crate::{
    app::{App, Grant},
    password::Verdict,
    store::{
        device::device_choose,
        household::{HouseholdRow, household_get, household_lock_row},
        profile::{
            ProfileRow, profile_delete, profile_first, profile_get, profile_insert, profile_update,
            profiles_list,
        },
    },
    view::Profile,
};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/api/v1/me/profiles", with(app, list))
        .post("/api/v1/me/profiles", with(app, create))
        .patch("/api/v1/me/profiles/{id}", with(app, edit))
        .delete("/api/v1/me/profiles/{id}", with(app, remove))
        .post("/api/v1/me/profiles/{id}/choose", with(app, choose))
}

/// The profiles
#[utoipa::path(get, path = "/api/v1/me/profiles", operation_id = "list_profiles", tag = "accounts", security(("household" = [])), responses(
    (status = 200, description = "The profiles, the oldest first", body = Vec<Profile>),
    (status = 401, description = "Not logged in"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn list(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.caller(&request).await?;
    let profiles = app.db.run(move |connection| profiles_list(connection, caller.household)).await?;
    Ok(private(StatusCode::OK, &profiles.iter().map(Profile::from).collect::<Vec<_>>()))
}

/// A new profile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProfile {
    /// What it is called.
    name: String,
    /// It is a child's. For that, the household must have a PIN.
    #[serde(default)]
    child: bool,
}

/// Add a profile
#[utoipa::path(post, path = "/api/v1/me/profiles", operation_id = "create_profile", tag = "accounts", security(("household" = [])), request_body = NewProfile, responses(
    (status = 201, description = "The profile", body = Profile),
    (status = 400, description = "The body is not what it should be"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile"),
    (status = 409, description = "There are as many as may be, or a child's profile needs a PIN first"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn create(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let NewProfile { name: called, child } = request.json(LARGEST).await?;
    let (name, now, most) = (name(&called, "name")?, app.now(), app.config.profiles as usize);
    let created = app.db.transaction(move |connection| {
        let household = household_lock_row(connection, caller.household)?;
        if profiles_list(connection, caller.household)?.len() >= most {
            return Err(Error::new(Kind::Conflict, format!("a household has at most {most} profiles")).into());
        }
        may_have_child(&household, child)?;
        let (id, household) = (ProfileId::new().0, household.id);
        let row = ProfileRow { id, household, name, child, created_at: now };
        profile_insert(connection, &row)?;
        Ok(row)
    });
    Ok(private(StatusCode::CREATED, &Profile::from(&created.await?)))
}

fn may_have_child(household: &HouseholdRow, child: bool) -> Result<()> {
    if child && household.pin.is_none() {
        let message = "set a PIN first: nothing else keeps a child's profile from being left";
        return Err(Error::new(Kind::Conflict, message));
    }
    Ok(())
}

/// What is changed of a profile; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileChange {
    /// What it is called.
    name: Option<String>,
    /// It is a child's.
    child: Option<bool>,
}

/// Change a profile
#[utoipa::path(patch, path = "/api/v1/me/profiles/{id}", operation_id = "edit_profile", tag = "accounts", security(("household" = [])),
    params(("id" = uuid::Uuid, Path, description = "The profile")),
    request_body = ProfileChange,
    responses(
        (status = 200, description = "The profile now", body = Profile),
        (status = 400, description = "The body is not what it should be"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "Not with a child's profile"),
        (status = 404, description = "The household has no such profile"),
        (status = 409, description = "It is the only one of an adult, or a child's profile needs a PIN first"),
        (status = 413, description = "The body is too large"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn edit(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let id: ProfileId = request.param("id")?;
    let ProfileChange { name: called, child } = request.json(LARGEST).await?;
    let called = called.map(|called| name(&called, "name")).transpose()?;
    let edited = app.db.transaction(move |connection| {
        let household = household_lock_row(connection, caller.household)?;
        let mut row = profile_get(connection, caller.household, id)?;
        if let Some(child) = child.filter(|child| *child != row.child) {
            may_have_child(&household, child)?;
            row.child = child;
        }
        row.name = called.unwrap_or(row.name);
        profile_update(connection, &row)?;
        an_adult_stays(connection, &caller)?;
        Ok(row)
    });
    Ok(private(StatusCode::OK, &Profile::from(&edited.await?)))
}

/// A household without a profile of an adult could not be logged in to.
fn an_adult_stays(
    connection: &mut diesel::PgConnection,
    caller: &Caller,
) -> Result<ProfileRow, funkturm_db::Failure> {
    profile_first(connection, caller.household).map_err(|_| {
        Error::new(Kind::Conflict, "this is the only profile of an adult, and one there must be").into()
    })
}

/// Remove a profile
///
/// A device on which it is chosen gets the first one of an adult. Links for other players that act for it are removed.
#[utoipa::path(delete, path = "/api/v1/me/profiles/{id}", operation_id = "remove_profile", tag = "accounts", security(("household" = [])),
    params(("id" = uuid::Uuid, Path, description = "The profile")),
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "This is not the id of a profile"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "Not with a child's profile"),
        (status = 404, description = "The household has no such profile"),
        (status = 409, description = "It is the only one of an adult, and one there must be"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn remove(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let id: ProfileId = request.param("id")?;
    let own = Arc::clone(&app);
    let removed = app.outbox.transaction(move |connection| {
        household_lock_row(connection, caller.household)?;
        profile_get(connection, caller.household, id)?;
        let others: Vec<ProfileRow> = profiles_list(connection, caller.household)?
            .into_iter()
            .filter(|profile| profile.id != id.0)
            .collect();
        let instead = others.iter().find(|profile| !profile.child).ok_or_else(|| {
            Error::new(Kind::Conflict, "this is the only profile of an adult, and one there must be")
        })?;
        links_remove(&own, connection, caller.household, id)?;
        profile_delete(connection, id, ProfileId(instead.id))?;
        Ok(())
    });
    removed.await?;
    Ok(reply::no_content())
}

/// What is needed to choose a profile.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// The household's PIN: to leave a child's profile for one that is no child's.
    pin: Option<String>,
}

/// Choose a profile on this device
///
/// Answers a new access token, and the next ones are for that profile as well. The refresh token stays.
#[utoipa::path(post, path = "/api/v1/me/profiles/{id}/choose", operation_id = "choose_profile", tag = "accounts", security(("household" = [])),
    params(("id" = uuid::Uuid, Path, description = "The profile")),
    request_body = Choice,
    responses(
        (status = 200, description = "Chosen", body = Grant),
        (status = 400, description = "The body is not what it should be"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "To leave a child's profile needs the PIN, and this is not it"),
        (status = 404, description = "The household has no such profile"),
        (status = 413, description = "The body is too large"),
        (status = 429, description = "Too many wrong PINs"),
        (status = 503, description = "Something that is needed is away"),
    ))]
pub(super) async fn choose(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.caller(&request).await?;
    let id: ProfileId = request.param("id")?;
    let body = request.bytes(LARGEST).await?;
    let choice: Choice = match body.is_empty() {
        true => Choice::default(),
        false => serde_json::from_slice(&body).map_err(|error| {
            Error::new(Kind::Invalid, format!("the body is not what it should be: {error}"))
        })?,
    };
    let found = app.db.run(move |connection| {
        let profile = profile_get(connection, caller.household, id)?;
        Ok::<_, funkturm_db::Failure>((profile, household_get(connection, caller.household)?))
    });
    let (profile, household) = found.await?;
    if caller.child && !profile.child {
        check_pin(&app, &caller, &household, choice.pin).await?;
    }
    app.db.run(move |connection| device_choose(connection, caller.household, caller.device, id)).await?;
    Ok(private(StatusCode::OK, &app.grant(&Caller { profile: id, child: profile.child, ..caller })?))
}

async fn check_pin(app: &App, caller: &Caller, household: &HouseholdRow, pin: Option<String>) -> Result<()> {
    let denied = |message: &str| Error::new(Kind::Denied, message);
    let pin = pin.filter(|pin| is_pin(pin));
    let pin = pin.ok_or_else(|| denied("to leave a child's profile, the household's PIN is needed"))?;
    let attempt = app.limits.pin(caller.household).await?;
    if app.hasher.verify(pin, household.pin.as_deref()).await? == Verdict::Wrong {
        return Err(denied("this is not the PIN"));
    }
    app.succeeded(attempt).await;
    Ok(())
}
