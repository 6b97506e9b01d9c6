//! The service's routes.

use std::sync::Arc;

use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::playback::{NotAllowed, Playback, PlaybackRequest, RunningSession, TooManyStreams};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use prometheus::{IntCounter, IntCounterVec};
use slog::{Logger, warn};
use utoipa::OpenApi;
use uuid::Uuid;

use crate::{
    config::{Config, WithoutRedis},
    household::{Households, Record},
    known::Known,
    links::{self, Links},
    members::{self, Members},
    revocations,
    sessions::{self, Sessions},
};

/// The largest body: it names one channel.
pub(crate) const LARGEST_JSON: usize = 4 << 10;

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) sessions: Sessions,
    pub(crate) households: Households,
    /// None in an open house.
    pub(crate) members: Option<Members>,
    pub(crate) known: Known,
    pub(crate) links: Links,
    pub(crate) opened: IntCounter,
    pub(crate) unrecorded: IntCounter,
    pub(crate) refused: IntCounterVec,
    pub(crate) log: Logger,
}

/// Every route of the service.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/api/v1/playback", with(app, open))
        .post("/api/v1/playback/{session}", with(app, renew))
        .delete("/api/v1/playback/{session}", with(app, close))
        .get("/api/v1/me/sessions", with(app, list_mine))
        .delete("/api/v1/me/sessions/{session}", with(app, end_mine))
        .get("/admin/v1/sessions", with(app, list))
        .get("/internal/v1/revocations", with(app, revoked))
        .get("/internal/v1/playback/households/{household}", with(app, household))
        .delete("/internal/v1/playback/households/{household}", with(app, forget))
        .delete("/internal/v1/playback/households/{household}/devices/{device}", with(app, forget_device))
        .merge(links::routes(app))
}

/// A handler with the app in its hands.
pub(crate) fn with<F, R>(app: &Arc<App>, handler: F) -> impl Fn(Request) -> R + Send + Sync + 'static
where
    F: Fn(Arc<App>, Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Reply>> + Send + 'static,
{
    let app = Arc::clone(app);
    move |request| handler(Arc::clone(&app), request)
}

/// The description of the public and the operators' routes.
#[derive(OpenApi)]
#[openapi(
    paths(
        open,
        renew,
        close,
        list_mine,
        end_mine,
        list,
        links::channels,
        links::guide,
        links::play,
        links::media
    ),
    components(schemas(NotAllowed, TooManyStreams))
)]
pub(crate) struct Description;

/// Play something
///
/// Answers where the media is. `url` is a whole URL, or a path from the root of the server that this request went to.
/// Send a heartbeat every `heartbeat_seconds`, or the session ends. What is fetched from `url` on has a token in its path, which is good
/// until `url_expires_at`; a heartbeat answers with a newer `url` in time: from then on put the newer token into the place of the older
/// one in whatever is fetched, or load the newer `url`.
///
/// With `takeover` a running session of the household ends, and this one takes its place.
#[utoipa::path(post, path = "/api/v1/playback", operation_id = "open_playback", tag = "playback", security(("household" = [])), request_body = PlaybackRequest, responses(
    (status = 201, description = "Play it", body = Playback),
    (status = 400, description = "The request is not what it should be"),
    (status = 401, description = "Watching needs an account here"),
    (status = 403, description = "Not allowed, or as many streams run as may (`TooManyStreams`): `type` says what is in the way", body = NotAllowed, content_type = "application/problem+json"),
    (status = 404, description = "There is no such channel, or it is switched off"),
    (status = 503, description = "Something that is needed is away: try again"),
))]
async fn open(app: Arc<App>, mut request: Request) -> Result<Reply> {
    if let Some(members) = &app.members {
        return members::open(&app, members, request).await;
    }
    // There is nobody whose place could be taken.
    let PlaybackRequest { channel, takeover: _ } = request.json(LARGEST_JSON).await?;
    app.known.expect(&channel).await?;
    Ok(reply::json(StatusCode::CREATED, &app.playback(&app.open_to_all(channel).await?)))
}

/// A heartbeat: the player goes on
///
/// From the device that opened the session; and not with a child's profile what began with another one.
#[utoipa::path(post, path = "/api/v1/playback/{session}", operation_id = "renew_playback", tag = "playback",
    security(("household" = [])), params(("session" = Uuid, Path, description = "The session")),
    responses(
        (status = 200, description = "The session, renewed; perhaps with a newer `url`", body = Playback),
        (status = 204, description = "Go on; the session cannot be looked up at the moment"),
        (status = 400, description = "This is no session"),
        (status = 401, description = "Watching needs an account here"),
        (status = 403, description = "This may not be watched any more: the session is over", body = NotAllowed, content_type = "application/problem+json"),
        (status = 404, description = "The session is over, or another device's: open another one"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
async fn renew(app: Arc<App>, request: Request) -> Result<Reply> {
    if let Some(members) = &app.members {
        return members::renew(&app, members, &request).await;
    }
    let id: Uuid = request.param("session")?;
    match app.sessions.renew(id).await {
        Ok(Some(session)) => Ok(reply::json(StatusCode::OK, &app.playback(&session))),
        Ok(None) => Err(Error::new(Kind::NotFound, "this session is over: open another one")),
        Err(error) => app.go_on_without_redis(error).map(|()| reply::no_content()),
    }
}

/// Stop playing
#[utoipa::path(delete, path = "/api/v1/playback/{session}", operation_id = "close_playback", tag = "playback",
    security(("household" = [])), params(("session" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "The session is over"),
        (status = 400, description = "This is no session"),
        (status = 401, description = "Watching needs an account here"),
        (status = 404, description = "No such session runs in this household"),
        (status = 503, description = "Something that is needed is away: the session ends by itself"),
    ))]
async fn close(app: Arc<App>, request: Request) -> Result<Reply> {
    if let Some(members) = &app.members {
        return members::close(&app, members, &request).await;
    }
    app.sessions.close(request.param("session")?).await?;
    Ok(reply::no_content())
}

/// The household's running sessions
#[utoipa::path(get, path = "/api/v1/me/sessions", operation_id = "list_my_sessions", tag = "playback", security(("household" = [])), responses(
    (status = 200, description = "The sessions, the oldest first", body = Vec<RunningSession>),
    (status = 401, description = "Log in first"),
    (status = 503, description = "Something that is needed is away: try again"),
))]
async fn list_mine(app: Arc<App>, request: Request) -> Result<Reply> {
    members::list(&app, app.members()?, &request).await
}

/// End somebody's stream in the household
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", operation_id = "end_my_session", tag = "playback",
    security(("household" = [])), params(("session" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "It has ended; its player stops within seconds"),
        (status = 400, description = "This is no session"),
        (status = 401, description = "Log in first"),
        (status = 404, description = "No such session runs in this household"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
async fn end_mine(app: Arc<App>, request: Request) -> Result<Reply> {
    members::end(&app, app.members()?, &request).await
}

/// The running sessions
#[utoipa::path(get, path = "/admin/v1/sessions", operation_id = "list_sessions", tag = "operators", security(("operator" = [])), responses(
    (status = 200, description = "The sessions, the oldest first; ten thousand at most", body = Vec<RunningSession>),
    (status = 401, description = "An operator's token is needed"),
    (status = 503, description = "Redis is away"),
))]
async fn list(app: Arc<App>, _: Request) -> Result<Reply> {
    let mut sessions = app.sessions.list().await?;
    sessions.extend(app.households.all().await?.iter().map(Record::running));
    sessions.sort_by_key(|session| session.started_at);
    Ok(reply::json(StatusCode::OK, &sessions))
}

/// `GET /internal/v1/revocations?after=…`: for origins.
async fn revoked(app: Arc<App>, request: Request) -> Result<Reply> {
    #[derive(serde::Deserialize)]
    struct Query {
        #[serde(default)]
        after: String,
    }
    let Query { after } = request.query()?;
    Ok(reply::json(StatusCode::OK, &revocations::after(&app.households, &after).await?))
}

/// `GET /internal/v1/playback/households/{household}`: all that is known here of a household.
async fn household(app: Arc<App>, request: Request) -> Result<Reply> {
    let sessions = app.households.list(request.param("household")?).await?;
    let sessions: Vec<_> = sessions.iter().map(Record::running).collect();
    Ok(reply::json(StatusCode::OK, &serde_json::json!({ "sessions": sessions })))
}

/// `DELETE /internal/v1/playback/households/{household}`: ends what it plays, and keeps nothing of it.
async fn forget(app: Arc<App>, request: Request) -> Result<Reply> {
    let household = request.param("household")?;
    app.households.finish_all(household).await?;
    if let Some(members) = &app.members {
        members.rights.forget(household).await?;
    }
    Ok(reply::no_content())
}

/// `DELETE /internal/v1/playback/households/{household}/devices/{device}`: the device is gone, and what it plays ends.
async fn forget_device(app: Arc<App>, request: Request) -> Result<Reply> {
    let device = request.param("device")?;
    app.links.forget(device);
    app.households.finish_device(request.param("household")?, device).await?;
    Ok(reply::no_content())
}

impl App {
    fn members(&self) -> Result<&Members> {
        self.members.as_ref().ok_or_else(|| {
            Error::new(
                Kind::Unauthenticated,
                "this house is open to everybody: there are no households in it",
            )
        })
    }

    /// Counts a refusal by what was in the way.
    pub(crate) fn refuse(&self, reason: &str, reply: impl FnOnce() -> Reply) -> Reply {
        self.refused.with_label_values(&[reason]).inc();
        reply()
    }

    /// What the configuration says about playing while nobody can keep count.
    pub(crate) fn go_on_without_redis(&self, error: Error) -> Result<()> {
        match self.config.without_redis {
            WithoutRedis::FailOpen if error.kind() == Kind::Unavailable => {
                self.unrecorded.inc();
                warn!(self.log, "admitted without a record"; "error" => error.chain());
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// Opens a session in an open house.
    pub(crate) async fn open_to_all(&self, channel: ChannelId) -> Result<RunningSession> {
        let session = sessions::begin(channel, self.sessions.now());
        if let Err(error) = self.sessions.open(&session).await {
            self.go_on_without_redis(error)?;
        }
        self.opened.inc();
        Ok(session)
    }

    fn playback(&self, session: &RunningSession) -> Playback {
        Playback {
            session: session.session,
            url: format!("{}/hls/open/{}/master.m3u8", self.config.media_base, session.channel),
            url_expires_at: None,
            expires_at: self.sessions.end(),
            heartbeat_seconds: self.config.heartbeat_seconds,
        }
    }
}
