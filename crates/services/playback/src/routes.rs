//! Play, renew, stop; and who plays, for operators.

use std::sync::Arc;

use funkturm_base::{ChannelId, Error, Kind};
use funkturm_contracts::playback::{Playback, PlaybackRequest, RunningSession};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use utoipa::OpenApi;
use uuid::Uuid;

use crate::Desk;

/// A request is a line of JSON.
const LONGEST_BODY: usize = 4096;

/// The routes of playback.
pub(crate) fn routes(desk: &Arc<Desk>) -> Routes {
    let with = || Arc::clone(desk);
    let (starting, renewing, ending, listing) = (with(), with(), with(), with());
    Routes::new()
        .post("/api/v1/playback", move |request| start(Arc::clone(&starting), request))
        .post("/api/v1/playback/{session}", move |request| renew(Arc::clone(&renewing), request))
        .delete("/api/v1/playback/{session}", move |request| end(Arc::clone(&ending), request))
        .get("/admin/v1/sessions", move |_| sessions(Arc::clone(&listing)))
}

/// The description of these routes.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        paths(start, renew, end, sessions),
        components(schemas(Playback, PlaybackRequest, RunningSession))
    )]
    struct Document;
    Document::openapi()
}

/// Begins to play.
///
/// The answer's `url` is the multivariant playlist; resolve it against the URL of this request.
#[utoipa::path(post, path = "/api/v1/playback", tag = "playback", request_body = PlaybackRequest, responses(
    (status = 201, body = Playback), (status = 400, description = "The request cannot be read"),
    (status = 401, description = "This is no open house"), (status = 404, description = "No such channel"),
    (status = 503, description = "Sessions cannot be kept")))]
async fn start(desk: Arc<Desk>, mut request: Request) -> Result<Reply, Error> {
    open_house(&desk)?;
    let wanted: PlaybackRequest = request.json(LONGEST_BODY).await?;
    let known =
        desk.channels.load().channels.iter().any(|channel| channel.id == wanted.channel && channel.enabled);
    if !known {
        return Err(Error::new(Kind::NotFound, format!("there is no channel {}", wanted.channel)));
    }
    let (session, expires_at) = desk.sessions.begin(&wanted.channel).await?;
    Ok(reply::json(StatusCode::CREATED, &playback(&desk, session, &wanted.channel, expires_at)))
}

/// Says that playing goes on.
#[utoipa::path(post, path = "/api/v1/playback/{session}", tag = "playback", params(("session" = Uuid, Path)), responses(
    (status = 200, body = Playback), (status = 401, description = "This is no open house"),
    (status = 404, description = "The session has ended")))]
async fn renew(desk: Arc<Desk>, request: Request) -> Result<Reply, Error> {
    open_house(&desk)?;
    let session: Uuid = request.param("session")?;
    let (channel, expires_at) = desk.sessions.renew(session).await?;
    Ok(reply::json(StatusCode::OK, &playback(&desk, session, &channel, expires_at)))
}

/// Stops playing.
#[utoipa::path(delete, path = "/api/v1/playback/{session}", tag = "playback", params(("session" = Uuid, Path)), responses(
    (status = 204, description = "The session has ended")))]
async fn end(desk: Arc<Desk>, request: Request) -> Result<Reply, Error> {
    desk.sessions.end(request.param("session")?).await?;
    Ok(reply::no_content())
}

/// Who plays what at this moment.
#[utoipa::path(get, path = "/admin/v1/sessions", tag = "operators", security(("operator" = [])), responses(
    (status = 200, body = [RunningSession]), (status = 401, description = "The operator's token is missing")))]
async fn sessions(desk: Arc<Desk>) -> Result<Reply, Error> {
    Ok(reply::json(StatusCode::OK, &desk.sessions.list().await?))
}

fn open_house(desk: &Desk) -> Result<(), Error> {
    if desk.config.open_house {
        return Ok(());
    }
    Err(Error::new(
        Kind::Unauthenticated,
        "this is no open house, and nobody can log in yet: the operator can set playback.open_house",
    ))
}

fn playback(
    desk: &Desk,
    session: Uuid,
    channel: &ChannelId,
    expires_at: chrono::DateTime<chrono::Utc>,
) -> Playback {
    let base = desk.config.media_base.trim_end_matches('/');
    Playback {
        session,
        url: format!("{base}/hls/open/{channel}/master.m3u8"),
        expires_at,
        heartbeat_seconds: desk.config.heartbeat_seconds,
    }
}
