//! What players ask for, and the doors for transcoders.

use std::sync::Arc;

use funkturm_base::{Error, Kind};
use funkturm_service::{
    Reply, Request, Routes,
    reply::{self, Asset},
};
use http::{HeaderValue, StatusCode, header};
use prometheus::IntCounter;

use crate::{live::Live, push, shelf::Shelf, status};

/// The routes of the origin.
pub(crate) fn routes(live: &Arc<Live>) -> Routes {
    let with = |live: &Arc<Live>| Arc::clone(live);
    let (playing, statuses, inits, segments) = (with(live), with(live), with(live), with(live));
    let (multivariant, inner) = (with(live), playing);
    Routes::new()
        .get_now("/hls/{token}/{channel}/master.m3u8", move |request| master(&multivariant, request))
        .get_now("/hls/{token}/{channel}/{rendition}/{file}", move |request| file(&inner, request))
        .get_now("/internal/v1/status", move |_| Ok(status::reply(&statuses)))
        .put("/internal/v1/inits/{channel}/{rendition}/{hash}", move |request| {
            push::init(Arc::clone(&inits), request)
        })
        .put("/internal/v1/segments/{channel}/{rendition}/{number}", move |request| {
            push::segment(Arc::clone(&segments), request)
        })
}

/// The origin has no JSON interface for apps: what it serves is HLS.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    utoipa::openapi::OpenApi::default()
}

/// Whether a token may fetch a channel. Until households exist there is one, for everybody, where the operator says so.
fn admit(live: &Live, request: &Request) -> Result<(), Error> {
    match (&*request.text("token")?, live.config.open_house) {
        ("open", true) => Ok(()),
        ("open", false) => Err(Error::new(Kind::Denied, "this is no open house: ask for a playback session")),
        _ => Err(Error::new(Kind::Denied, "this token is not valid: ask for a new playback session")),
    }
}

/// What a player asks for, if it may and it is there.
fn serve(
    live: &Live,
    request: &Request,
    asked: &IntCounter,
    find: impl FnOnce(&Shelf) -> Option<&Arc<Asset>>,
) -> Result<Reply, Error> {
    admit(live, request)?;
    let Some(channel) = live.channel(&request.text("channel")?) else {
        return Ok(missing(live, "this channel is not on air"));
    };
    let shelf = channel.shelf.load();
    let Some(asset) = find(&shelf) else {
        return Ok(missing(live, "this is not in the live window (any more, or yet)"));
    };
    asked.inc();
    Ok(reply::asset(request, asset))
}

/// 404 that caches in front of us keep for a second, so that a thousand players who ask for what is not there yet are one.
fn missing(live: &Live, detail: &str) -> Reply {
    live.meters.missing.inc();
    let mut reply = reply::problem_of(StatusCode::NOT_FOUND, detail);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1"));
    reply
}

fn master(live: &Live, request: &Request) -> Result<Reply, Error> {
    serve(live, request, &live.meters.multivariant, |shelf| shelf.multivariant.as_ref())
}

fn file(live: &Live, request: &Request) -> Result<Reply, Error> {
    let (rendition, name) = (request.text("rendition")?, request.text("file")?);
    let meters = &live.meters;
    let number = name.strip_suffix(".m4s").and_then(|number| number.parse::<u64>().ok());
    let init = name.strip_prefix("init-").and_then(|name| name.strip_suffix(".mp4"));
    match (&*name, number, init) {
        (_, Some(number), _) => serve(live, request, &meters.segment, |shelf| {
            shelf.renditions.get(&*rendition)?.segments.get(&number)
        }),
        ("index.m3u8", ..) => serve(live, request, &meters.playlist, |shelf| {
            shelf.renditions.get(&*rendition)?.playlist.as_ref()
        }),
        ("iframes.m3u8", ..) => serve(live, request, &meters.i_frames, |shelf| {
            shelf.renditions.get(&*rendition)?.i_frames.as_ref()
        }),
        (_, _, Some(hash)) => {
            serve(live, request, &meters.init, |shelf| shelf.renditions.get(&*rendition)?.inits.get(hash))
        }
        _ => serve(live, request, &meters.missing, |_| None),
    }
}
