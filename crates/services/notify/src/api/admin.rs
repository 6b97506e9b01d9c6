//! What operators see and do: which mails wait, were sent or are dead, and another try.

use std::sync::Arc;

use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::mail::{MailDetails, MailList, MailState};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{App, with};
use crate::store::{Place, Retry};

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/admin/v1/mails", with(app, list))
        .get("/admin/v1/mails/{id}", with(app, get))
        .delete("/admin/v1/mails/{id}", with(app, remove))
        .post("/admin/v1/mails/{id}/retry", with(app, retry))
}

/// Which mails.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Those in this state alone.
    state: Option<MailState>,
    /// Those to this address alone.
    to: Option<String>,
    /// Those after a list: its `next`.
    cursor: Option<String>,
    /// How many at most: 1 to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: usize,
}

fn fifty() -> usize {
    50
}

/// Mails, the newest first
///
/// What they said is not shown, unless they were caught: see one of them.
#[utoipa::path(get, path = "/admin/v1/mails", operation_id = "list_mails", tag = "operators", security(("operator" = [])),
    params(Which),
    responses(
        (status = 200, description = "The mails; a page may hold fewer than `limit`, and yet have a `next`", body = MailList),
        (status = 400, description = "The query is not what it should be"),
        (status = 401, description = "The operator's token is needed"),
        (status = 503, description = "Redis is away"),
    ))]
pub(super) async fn list(app: Arc<App>, request: Request) -> Result<Reply> {
    let Which { state, to, cursor, limit } = request.query()?;
    if !(1..=200).contains(&limit) {
        return Err(Error::new(Kind::Invalid, format!("limit must be 1 to 200, not {limit}")));
    }
    let after = cursor.map(|cursor| cursor.parse::<Place>()).transpose()?;
    let states =
        state.map_or_else(|| vec![MailState::Waiting, MailState::Sent, MailState::Dead], |state| vec![state]);
    let (mails, next) = app.store.list(&states, to.as_deref(), after.as_ref(), limit).await?;
    Ok(reply::json(StatusCode::OK, &MailList { mails, next: next.map(|place| place.to_string()) }))
}

/// One mail
///
/// With what it said, if it was caught instead of sent. Show its HTML in a sandboxed frame.
#[utoipa::path(get, path = "/admin/v1/mails/{id}", operation_id = "get_mail", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The mail")),
    responses(
        (status = 200, description = "The mail", body = MailDetails),
        (status = 400, description = "The id is no UUID"),
        (status = 401, description = "The operator's token is needed"),
        (status = 404, description = "There is no such mail (any more)"),
        (status = 503, description = "Redis is away"),
    ))]
pub(super) async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: Uuid = request.param("id")?;
    let details: MailDetails = app.store.get(id).await?.ok_or_else(|| no_mail(id))?;
    Ok(reply::json(StatusCode::OK, &details))
}

/// Remove a mail
///
/// One that waits is not sent.
#[utoipa::path(delete, path = "/admin/v1/mails/{id}", operation_id = "remove_mail", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The mail")),
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "The id is no UUID"),
        (status = 401, description = "The operator's token is needed"),
        (status = 404, description = "There is no such mail (any more)"),
        (status = 503, description = "Redis is away"),
    ))]
pub(super) async fn remove(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: Uuid = request.param("id")?;
    if app.store.remove(id).await? { Ok(reply::no_content()) } else { Err(no_mail(id)) }
}

/// Try a mail again, at once
#[utoipa::path(post, path = "/admin/v1/mails/{id}/retry", operation_id = "retry_mail", tag = "operators", security(("operator" = [])),
    params(("id" = Uuid, Path, description = "The mail")),
    responses(
        (status = 204, description = "It waits to be sent"),
        (status = 400, description = "The id is no UUID"),
        (status = 401, description = "The operator's token is needed"),
        (status = 404, description = "There is no such mail (any more)"),
        (status = 409, description = "It was sent already, or its time is over"),
        (status = 503, description = "Redis is away"),
    ))]
pub(super) async fn retry(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: Uuid = request.param("id")?;
    let conflict = |why: &str| Err(Error::new(Kind::Conflict, why));
    match app.store.retry(id).await? {
        Retry::Waits => {
            app.bell.notify_one();
            Ok(reply::no_content())
        }
        Retry::NoSuchMail => Err(no_mail(id)),
        Retry::AlreadySent => conflict("this mail was sent already"),
        Retry::TooLate => conflict("the time of this mail is over: it would be of no use"),
    }
}

fn no_mail(id: Uuid) -> Error {
    Error::new(Kind::NotFound, format!("there is no mail {id}"))
}
