//! What operators do: the channels, and the state of the fleet.

use std::{error::Error as _, sync::Arc};

use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::{
    channel::{Channel, ChannelChange, ChannelList, NewChannel, Profile},
    health::{IngestStatus, OriginStatus, TranscodeStatus},
};
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::{App, no_channel, with};
use crate::{
    draft::{Draft, Stale},
    fleet::Report,
    import, logo,
    record::Logo,
};

/// What the description calls the reports.
type IngestReport = Report<IngestStatus>;
type TranscodeReport = Report<TranscodeStatus>;
type OriginReport = Report<OriginStatus>;

/// The largest JSON body: sixteen inputs with the longest URLs fit.
const LARGEST_JSON: usize = 64 << 10;

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/admin/v1/channels", with(app, list))
        .post("/admin/v1/channels", with(app, create))
        .post("/admin/v1/channels/import", with(app, import))
        .get("/admin/v1/channels/{id}", with(app, get))
        .patch("/admin/v1/channels/{id}", with(app, edit))
        .delete("/admin/v1/channels/{id}", with(app, remove))
        .put("/admin/v1/channels/{id}/logo", with(app, set_logo))
        .delete("/admin/v1/channels/{id}/logo", with(app, remove_logo))
        .get("/admin/v1/inputs", with(app, inputs))
        .get("/admin/v1/transcoders", with(app, transcoders))
        .get("/admin/v1/origins", with(app, origins))
}

/// All channels
#[utoipa::path(get, path = "/admin/v1/channels", operation_id = "list_channels", tag = "operators", security(("operator" = [])), responses(
    (status = 200, description = "Every channel, in the order of the numbers", body = ChannelList),
    (status = 304, description = "As the ETag in If-None-Match names it"),
    (status = 503, description = "Not read from the database yet"),
))]
pub(super) async fn list(app: Arc<App>, request: Request) -> Result<Reply> {
    Ok(reply::asset(&request, &app.line_up.now()?.list))
}

/// Make a channel
///
/// Its id is made from its name; if another has that id, a number is put behind it.
#[utoipa::path(post, path = "/admin/v1/channels", operation_id = "create_channel", tag = "operators", security(("operator" = [])),
    request_body = NewChannel,
    responses(
        (status = 201, description = "Made; Location says where it is", body = Channel),
        (status = 400, description = "Something is wrong with it; the detail says what, and where"),
        (status = 409, description = "Another channel has its number"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn create(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let new: NewChannel = request.json(LARGEST_JSON).await?;
    let channel = app.line_up.change(move |draft| draft.create(new, None)).await?;
    let mut reply = versioned(StatusCode::CREATED, &channel);
    if let Ok(place) = HeaderValue::try_from(format!("/admin/v1/channels/{}", channel.id)) {
        reply.headers_mut().insert(header::LOCATION, place);
    }
    Ok(reply)
}

/// What an import can be told.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportOptions {
    /// Only say what would be done.
    dry_run: bool,
    /// What viewers get of new channels.
    #[param(inline)]
    profile: Profile,
}

/// Take a line-up over from an M3U list
///
/// Entries that have an input of a known channel, or its `tvg-id`, update that channel; others become new ones.
/// Doing it twice is the same as doing it once. Channels that are not in the list stay.
#[utoipa::path(post, path = "/admin/v1/channels/import", operation_id = "import_channels", tag = "operators", security(("operator" = [])),
    params(ImportOptions),
    request_body(content = String, content_type = "audio/x-mpegurl", description = "The list, 8 MiB at most"),
    responses(
        (status = 200, description = "What was done, or would be", body = import::Report),
        (status = 400, description = "There is no channel in it"),
        (status = 413, description = "It is too large"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn import(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let ImportOptions { dry_run, profile } = request.query()?;
    let list = request.bytes(import::LARGEST).await?;
    let take_over = move |draft: &mut Draft| import::take_over(draft, import::parse(&list), profile);
    let report = if dry_run {
        let now = app.line_up.now()?;
        let work = move || take_over(&mut Draft::new(now.version, now.records.clone()));
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::internal("the import broke off", error))?
    } else {
        app.line_up.change(take_over).await
    };
    Ok(reply::json(StatusCode::OK, &report?))
}

/// One channel
///
/// The ETag is its version; send it back in If-Match to change only what you saw.
#[utoipa::path(get, path = "/admin/v1/channels/{id}", operation_id = "get_channel", tag = "operators", security(("operator" = [])),
    params(("id" = String, Path, description = "The channel")),
    responses(
        (status = 200, description = "The channel", body = Channel),
        (status = 404, description = "There is no such channel"),
    ))]
pub(super) async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: ChannelId = request.param("id")?;
    let now = app.line_up.now()?;
    let record = now.records.get(&id).ok_or_else(|| no_channel(&id))?;
    Ok(versioned(StatusCode::OK, &record.channel()))
}

/// Change a channel
///
/// What is absent stays; inputs are replaced as a whole; an empty `logo_url` takes the logo away.
#[utoipa::path(patch, path = "/admin/v1/channels/{id}", operation_id = "edit_channel", tag = "operators", security(("operator" = [])),
    params(
        ("id" = String, Path, description = "The channel"),
        ("If-Match" = Option<String>, Header, description = "Its version as it was seen, in quotes"),
    ),
    request_body = ChannelChange,
    responses(
        (status = 200, description = "The channel now", body = Channel),
        (status = 400, description = "Something is wrong with it; the detail says what, and where"),
        (status = 404, description = "There is no such channel"),
        (status = 409, description = "Another channel has its number"),
        (status = 412, description = "Somebody else changed it meanwhile"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn edit(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let (id, seen) = (request.param::<ChannelId>("id")?, seen(&request)?);
    let change: ChannelChange = request.json(LARGEST_JSON).await?;
    let before = own_logo(&app, &id);
    let answer = app.line_up.change(move |draft| draft.edit(&id, change, seen)).await;
    forget_unless_kept(&app, before).await;
    unless_stale(answer.map(|channel| versioned(StatusCode::OK, &channel)))
}

/// Remove a channel
#[utoipa::path(delete, path = "/admin/v1/channels/{id}", operation_id = "remove_channel", tag = "operators", security(("operator" = [])),
    params(
        ("id" = String, Path, description = "The channel"),
        ("If-Match" = Option<String>, Header, description = "Its version as it was seen, in quotes"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "There is no such channel"),
        (status = 412, description = "Somebody else changed it meanwhile"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn remove(app: Arc<App>, request: Request) -> Result<Reply> {
    let (id, seen) = (request.param::<ChannelId>("id")?, seen(&request)?);
    let before = own_logo(&app, &id);
    let answer = app.line_up.change(move |draft| draft.remove(&id, seen)).await;
    forget_unless_kept(&app, before).await;
    unless_stale(answer.map(|()| reply::no_content()))
}

/// Upload a channel's logo
#[utoipa::path(put, path = "/admin/v1/channels/{id}/logo", operation_id = "set_channel_logo", tag = "operators", security(("operator" = [])),
    params(("id" = String, Path, description = "The channel")),
    request_body(content = Vec<u8>, content_type = "image/*",
        description = "PNG, JPEG, WebP or SVG, 1 MiB at most; recognised by its content"),
    responses(
        (status = 200, description = "The channel now", body = Channel),
        (status = 400, description = "It is no such picture"),
        (status = 404, description = "There is no such channel"),
        (status = 413, description = "It is too large"),
        (status = 503, description = "The database or the object store is away"),
    ))]
pub(super) async fn set_logo(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let id: ChannelId = request.param("id")?;
    let picture = request.bytes(logo::LARGEST).await?;
    if !app.line_up.now()?.records.contains_key(&id) {
        return Err(no_channel(&id));
    }
    let before = own_logo(&app, &id);
    let key = app.logos.store(&id, picture).await?;
    let stored = key.clone();
    let answer = app.line_up.change(move |draft| draft.set_logo(&id, Some(key), None)).await;
    forget_unless_kept(&app, before).await;
    forget_unless_kept(&app, Some(stored)).await;
    answer.map(|channel| versioned(StatusCode::OK, &channel))
}

/// Take a channel's logo away
#[utoipa::path(delete, path = "/admin/v1/channels/{id}/logo", operation_id = "remove_channel_logo", tag = "operators", security(("operator" = [])),
    params(("id" = String, Path, description = "The channel")),
    responses(
        (status = 204, description = "It has no logo any more"),
        (status = 404, description = "There is no such channel"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn remove_logo(app: Arc<App>, request: Request) -> Result<Reply> {
    let id: ChannelId = request.param("id")?;
    let before = own_logo(&app, &id);
    let answer = app.line_up.change(move |draft| draft.set_logo(&id, None, None)).await;
    forget_unless_kept(&app, before).await;
    answer.map(|_| reply::no_content())
}

/// The state of every input
///
/// One report from each ingest instance.
#[utoipa::path(get, path = "/admin/v1/inputs", operation_id = "list_inputs", tag = "operators", security(("operator" = [])), responses(
    (status = 200, description = "What each says, or why it does not", body = Vec<IngestReport>),
))]
pub(super) async fn inputs(app: Arc<App>, _: Request) -> Result<Reply> {
    Ok(reply::json(StatusCode::OK, &app.fleet.ingest().await))
}

/// The state of every transcoder
#[utoipa::path(get, path = "/admin/v1/transcoders", operation_id = "list_transcoders", tag = "operators", security(("operator" = [])), responses(
    (status = 200, description = "What each says, or why it does not", body = Vec<TranscodeReport>),
))]
pub(super) async fn transcoders(app: Arc<App>, _: Request) -> Result<Reply> {
    Ok(reply::json(StatusCode::OK, &app.fleet.transcoders().await))
}

/// The state of every origin
#[utoipa::path(get, path = "/admin/v1/origins", operation_id = "list_origins", tag = "operators", security(("operator" = [])), responses(
    (status = 200, description = "What each says, or why it does not", body = Vec<OriginReport>),
))]
pub(super) async fn origins(app: Arc<App>, _: Request) -> Result<Reply> {
    Ok(reply::json(StatusCode::OK, &app.fleet.origins().await))
}

/// A channel, with its version as ETag.
fn versioned(status: StatusCode, channel: &Channel) -> Reply {
    let mut reply = reply::json(status, channel);
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", channel.version)) {
        reply.headers_mut().insert(header::ETAG, etag);
    }
    reply
}

/// The version that the operator saw, if the request says so.
fn seen(request: &Request) -> Result<Option<i64>> {
    match request.header(header::IF_MATCH).map(str::trim) {
        None | Some("*") => Ok(None),
        Some(etag) => etag.trim_matches('"').parse().map(Some).map_err(|_| {
            Error::new(Kind::Invalid, format!("If-Match must be the ETag of the channel, not {etag}"))
        }),
    }
}

/// RFC 9110, 13.1.1: what the client saw is out of date.
fn unless_stale(answer: Result<Reply>) -> Result<Reply> {
    match answer {
        Err(error) if error.source().is_some_and(|source| source.is::<Stale>()) => {
            Ok(reply::problem_of(StatusCode::PRECONDITION_FAILED, error.message()))
        }
        other => other,
    }
}

/// The logo of a channel that is kept by us.
fn own_logo(app: &App, id: &ChannelId) -> Option<funkturm_objects::Key> {
    match &app.line_up.now().ok()?.records.get(id)?.logo {
        Logo::Ours(key) => Some(key.clone()),
        _ => None,
    }
}

/// Removes a logo from the object store if no channel has it.
async fn forget_unless_kept(app: &App, key: Option<funkturm_objects::Key>) {
    let (Some(key), Ok(now)) = (key, app.line_up.now()) else { return };
    let kept = Logo::Ours(key.clone());
    if !now.records.values().any(|record| record.logo == kept) {
        app.logos.forget(&key).await;
    }
}
