//! What operators do with households.

use std::sync::Arc;

use funkturm_base::{Error, HouseholdId, Kind, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{LARGEST, accepted, accounts::reset_mail, language, me, private, with};
use crate::{
    app::App,
    email::Address,
    make::{Newborn, household_make},
    password,
    store::{
        deletion::deletion_get,
        device::devices_end,
        household::{
            HouseholdRow, household_by_email, household_get, household_lock_row, households_list, locked_set,
        },
    },
    view::{Deletion, Everything, Household, everything},
};

/// Households in a list, where the question does not say how many.
const PAGE: i64 = 50;

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/admin/v1/households", with(app, list))
        .post("/admin/v1/households", with(app, create))
        .get("/admin/v1/households/{id}", with(app, get))
        .delete("/admin/v1/households/{id}", with(app, remove))
        .get("/admin/v1/households/{id}/deletion", with(app, deletion))
        .post("/admin/v1/households/{id}/lock", with(app, lock))
        .post("/admin/v1/households/{id}/unlock", with(app, unlock))
        .post("/admin/v1/households/{id}/password_reset", with(app, reset_password))
}

/// Which households.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    email: Option<String>,
    cursor: Option<Uuid>,
    limit: Option<i64>,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Households {
    /// In the order of their making.
    households: Vec<Household>,
    /// Ask with this as `cursor` for the next part; none at the end.
    next: Option<Uuid>,
}

/// The households
#[utoipa::path(get, path = "/admin/v1/households", operation_id = "list_households", tag = "operators", security(("operator" = [])),
    params(
        ("email" = Option<String>, Query, description = "Only those whose address begins with this"),
        ("cursor" = Option<Uuid>, Query, description = "`next` of the part before"),
        ("limit" = Option<i64>, Query, description = "How many, 1 to 500", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "The households", body = Households),
        (status = 400, description = "The query is not what it should be"),
        (status = 401, description = "Not an operator"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn list(app: Arc<App>, request: Request) -> Result<Reply> {
    let Which { email, cursor, limit } = request.query()?;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=500).contains(&limit) {
        return Err(Error::new(Kind::Invalid, format!("limit: 1 to 500, not {limit}")));
    }
    let email = email.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty());
    if email.as_ref().is_some_and(|email| email.contains('\0')) {
        return Err(Error::new(Kind::Invalid, "email: no address has a NUL in it"));
    }
    let rows = app.db.run(move |connection| households_list(connection, email.as_deref(), cursor, limit + 1));
    let mut rows: Vec<HouseholdRow> = rows.await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let households = rows.iter().map(Household::from).collect();
    Ok(private(StatusCode::OK, &Households { households, next }))
}

/// A household that an operator makes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHousehold {
    /// Its address, which counts as confirmed.
    #[schema(example = "anna@example.org")]
    email: String,
    /// Its password; without it a mail is sent to choose one with.
    password: Option<String>,
    /// The language of mails; `de` where absent.
    language: Option<String>,
}

/// Add a household
#[utoipa::path(post, path = "/admin/v1/households", operation_id = "create_household", tag = "operators", security(("operator" = [])), request_body = NewHousehold, responses(
    (status = 201, description = "The household", body = Household),
    (status = 400, description = "The address or the password is not as it should be"),
    (status = 401, description = "Not an operator"),
    (status = 409, description = "The address has an account"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "Too much to do, or the database is away"),
))]
pub(super) async fn create(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let NewHousehold { email, password, language: spoken } = request.json(LARGEST).await?;
    let address: Address = email.parse()?;
    let spoken = language(spoken.as_deref().unwrap_or("de"))?;
    let hash = match password {
        Some(password) => {
            password::check(&password, &address)?;
            Some(app.hasher.hash(password).await?)
        }
        None => None,
    };
    let (own, now) = (Arc::clone(&app), app.now());
    let created = app.outbox.transaction(move |connection| {
        if household_by_email(connection, &address.key)?.is_some() {
            return Err(Error::new(Kind::Conflict, format!("{} has an account", address.email)).into());
        }
        let wants_mail = hash.is_none();
        let newborn = Newborn {
            address,
            password: hash,
            language: spoken,
            marketing: false,
            personalised_ads: false,
            terms_accepted_at: now,
        };
        let id = household_make(&own, connection, newborn)?;
        if wants_mail {
            reset_mail(&own, connection, id)?;
        }
        household_get(connection, id)
    });
    let row = created.await?;
    app.registered.inc();
    Ok(private(StatusCode::CREATED, &Household::from(&row)))
}

/// One household
///
/// With its profiles and devices.
#[utoipa::path(get, path = "/admin/v1/households/{id}", operation_id = "get_household", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The household")),
    responses(
        (status = 200, description = "The household", body = Everything),
        (status = 400, description = "This is not the id of a household"),
        (status = 401, description = "Not an operator"),
        (status = 404, description = "There is no such household"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, now) = (request.param("id")?, app.now());
    let all = app.db.run(move |connection| everything(connection, id, now)).await?;
    Ok(private(StatusCode::OK, &all))
}

/// Delete a household, and everything about it
#[utoipa::path(delete, path = "/admin/v1/households/{id}", operation_id = "remove_household", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The household")),
    responses(
        (status = 202, description = "It is being deleted", body = Deletion),
        (status = 400, description = "This is not the id of a household"),
        (status = 401, description = "Not an operator"),
        (status = 404, description = "There is no such household"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn remove(app: Arc<App>, request: Request) -> Result<Reply> {
    me::delete(&app, request.param("id")?).await
}

/// How far a deletion is
#[utoipa::path(get, path = "/admin/v1/households/{id}/deletion", operation_id = "get_deletion", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The household")),
    responses(
        (status = 200, description = "Which services have confirmed it", body = Deletion),
        (status = 400, description = "This is not the id of a household"),
        (status = 401, description = "Not an operator"),
        (status = 404, description = "No such household is being deleted, or was"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn deletion(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: HouseholdId = request.param("id")?;
    let progress = app.db.run(move |connection| deletion_get(connection, id)).await?;
    let progress = progress
        .ok_or_else(|| Error::new(Kind::NotFound, format!("no household {id} is being deleted, or was")))?;
    Ok(private(StatusCode::OK, &Deletion::new(id, progress)))
}

/// Keep a household out
///
/// Every log-in ends. Access tokens that are out stay valid at other services for their last minutes.
#[utoipa::path(post, path = "/admin/v1/households/{id}/lock", operation_id = "lock_household", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The household")),
    responses(
        (status = 204, description = "It is locked"),
        (status = 400, description = "This is not the id of a household"),
        (status = 401, description = "Not an operator"),
        (status = 404, description = "There is no such household"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn lock(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, now): (HouseholdId, _) = (request.param("id")?, app.now());
    let locked = app.db.transaction(move |connection| {
        let row = household_lock_row(connection, id)?;
        locked_set(connection, id, row.locked_at.or(Some(now)))?;
        devices_end(connection, id, None)?;
        Ok(())
    });
    locked.await?;
    Ok(reply::no_content())
}

/// Let a household in again
#[utoipa::path(post, path = "/admin/v1/households/{id}/unlock", operation_id = "unlock_household", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The household")),
    responses(
        (status = 204, description = "It is not locked"),
        (status = 400, description = "This is not the id of a household"),
        (status = 401, description = "Not an operator"),
        (status = 404, description = "There is no such household"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn unlock(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: HouseholdId = request.param("id")?;
    let unlocked = app.db.transaction(move |connection| {
        household_lock_row(connection, id)?;
        locked_set(connection, id, None)?;
        Ok(())
    });
    unlocked.await?;
    Ok(reply::no_content())
}

/// Send a household a mail to choose another password with
#[utoipa::path(post, path = "/admin/v1/households/{id}/password_reset", operation_id = "send_password_reset", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The household")),
    responses(
        (status = 202, description = "It is on its way"),
        (status = 400, description = "This is not the id of a household"),
        (status = 401, description = "Not an operator"),
        (status = 404, description = "There is no such household"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn reset_password(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, own): (HouseholdId, _) = (request.param("id")?, Arc::clone(&app));
    app.outbox.transaction(move |connection| reset_mail(&own, connection, id)).await?;
    Ok(accepted())
}
