//! The service's routes.

use std::sync::Arc;

use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::playback::{Playback, PlaybackRequest, RunningSession};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;
use prometheus::IntCounter;
use slog::{Logger, warn};
use utoipa::OpenApi;
use uuid::Uuid;

use crate::{
    config::{Config, WithoutRedis},
    known::Known,
    sessions::{self, Sessions},
};

/// The largest body: it names one channel.
const LARGEST_JSON: usize = 4 << 10;

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) sessions: Sessions,
    pub(crate) known: Known,
    pub(crate) opened: IntCounter,
    pub(crate) unrecorded: IntCounter,
    pub(crate) log: Logger,
}

/// Every route of the service.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/api/v1/playback", with(app, open))
        .post("/api/v1/playback/{session}", with(app, renew))
        .delete("/api/v1/playback/{session}", with(app, close))
        .get("/admin/v1/sessions", with(app, list))
}

/// A handler with the app in its hands.
fn with<F, R>(app: &Arc<App>, handler: F) -> impl Fn(Request) -> R + Send + Sync + 'static
where
    F: Fn(Arc<App>, Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Reply>> + Send + 'static,
{
    let app = Arc::clone(app);
    move |request| handler(Arc::clone(&app), request)
}

/// The description of the public and the operators' routes.
#[derive(OpenApi)]
#[openapi(paths(open, renew, close, list))]
pub(crate) struct Description;

/// Play something
///
/// Answers where the media is. `url` is a whole URL, or a path from the root of the server that this request went to.
/// Send a heartbeat every `heartbeat_seconds`, or the session ends.
#[utoipa::path(post, path = "/api/v1/playback", operation_id = "open_playback", tag = "playback", request_body = PlaybackRequest, responses(
    (status = 201, description = "Play it", body = Playback),
    (status = 400, description = "The request is not what it should be"),
    (status = 401, description = "Watching needs an account here"),
    (status = 404, description = "There is no such channel, or it is switched off"),
    (status = 503, description = "Something that is needed is away: try again"),
))]
async fn open(app: Arc<App>, mut request: Request) -> Result<Reply> {
    app.admit()?;
    let PlaybackRequest { channel } = request.json(LARGEST_JSON).await?;
    app.known.expect(&channel).await?;
    let session = sessions::begin(channel, app.sessions.now());
    if let Err(error) = app.sessions.open(&session).await {
        app.go_on_without_redis(error)?;
    }
    app.opened.inc();
    Ok(reply::json(StatusCode::CREATED, &app.playback(&session)))
}

/// A heartbeat: the player goes on
#[utoipa::path(post, path = "/api/v1/playback/{session}", operation_id = "renew_playback", tag = "playback",
    params(("session" = Uuid, Path, description = "The session")),
    responses(
        (status = 200, description = "The session, renewed", body = Playback),
        (status = 204, description = "Go on; the session cannot be looked up at the moment"),
        (status = 401, description = "Watching needs an account here"),
        (status = 404, description = "The session is over: open another one"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
async fn renew(app: Arc<App>, request: Request) -> Result<Reply> {
    app.admit()?;
    let id: Uuid = request.param("session")?;
    match app.sessions.renew(id).await {
        Ok(Some(session)) => Ok(reply::json(StatusCode::OK, &app.playback(&session))),
        Ok(None) => Err(Error::new(Kind::NotFound, "this session is over: open another one")),
        Err(error) => app.go_on_without_redis(error).map(|()| reply::no_content()),
    }
}

/// Stop playing
#[utoipa::path(delete, path = "/api/v1/playback/{session}", operation_id = "close_playback", tag = "playback",
    params(("session" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "The session is over"),
        (status = 401, description = "Watching needs an account here"),
        (status = 503, description = "Something that is needed is away: the session ends by itself"),
    ))]
async fn close(app: Arc<App>, request: Request) -> Result<Reply> {
    app.admit()?;
    app.sessions.close(request.param("session")?).await?;
    Ok(reply::no_content())
}

/// The running sessions
#[utoipa::path(get, path = "/admin/v1/sessions", operation_id = "list_sessions", tag = "operators", security(("operator" = [])), responses(
    (status = 200, description = "The sessions, the oldest first; ten thousand at most", body = Vec<RunningSession>),
    (status = 503, description = "Redis is away"),
))]
async fn list(app: Arc<App>, _: Request) -> Result<Reply> {
    Ok(reply::json(StatusCode::OK, &app.sessions.list().await?))
}

impl App {
    /// Whether whoever asks may play at all.
    fn admit(&self) -> Result<()> {
        if self.config.open_house {
            return Ok(());
        }
        Err(Error::new(
            Kind::Unauthenticated,
            "watching needs an account here: the operator has not opened the house (playback.open_house)",
        ))
    }

    /// What the configuration says about playing while nobody can keep count.
    fn go_on_without_redis(&self, error: Error) -> Result<()> {
        match self.config.without_redis {
            WithoutRedis::FailOpen if error.kind() == Kind::Unavailable => {
                self.unrecorded.inc();
                warn!(self.log, "admitted without a record"; "error" => error.chain());
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn playback(&self, session: &RunningSession) -> Playback {
        Playback {
            session: session.session,
            url: format!("{}/hls/open/{}/master.m3u8", self.config.media_base, session.channel),
            expires_at: self.sessions.end(),
            heartbeat_seconds: self.config.heartbeat_seconds,
        }
    }
}
