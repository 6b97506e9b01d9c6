//! What players ask for, and the doors for transcoders.

use std::{future::ready, sync::Arc};

use funkturm_base::{Error, Kind};
use funkturm_service::{Reply, Request, Routes, reply};

use crate::{live::Live, push, shelf::Shelf, status};

/// The routes of the origin.
pub(crate) fn routes(live: &Arc<Live>) -> Routes {
    let with = |live: &Arc<Live>| Arc::clone(live);
    let (playing, statuses, inits, segments) = (with(live), with(live), with(live), with(live));
    let (multivariant, inner) = (with(live), playing);
    Routes::new()
        .get("/hls/{token}/{channel}/master.m3u8", move |request| ready(master(&multivariant, &request)))
        .get("/hls/{token}/{channel}/{rendition}/{file}", move |request| ready(file(&inner, &request)))
        .get("/internal/v1/status", move |_| ready(Ok(status::reply(&statuses))))
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

fn shelf(live: &Live, request: &Request) -> Result<arc_swap::Guard<Arc<Shelf>>, Error> {
    admit(live, request)?;
    let channel = live.channel(&request.text("channel")?);
    let channel = channel.ok_or_else(|| Error::new(Kind::NotFound, "this channel is not on air"))?;
    Ok(channel.shelf.load())
}

fn master(live: &Live, request: &Request) -> Result<Reply, Error> {
    let shelf = shelf(live, request)?;
    live.requests.with_label_values(&["multivariant"]).inc();
    let playlist = shelf.multivariant.as_deref();
    let playlist = playlist.ok_or_else(|| Error::new(Kind::NotFound, "this channel is not on air yet"))?;
    Ok(reply::asset(request, playlist))
}

fn file(live: &Live, request: &Request) -> Result<Reply, Error> {
    let shelf = shelf(live, request)?;
    let tray = shelf.renditions.get(&*request.text("rendition")?);
    let name = request.text("file")?;
    let (kind, asset) = match (&*name, tray) {
        (_, None) => ("other", None),
        ("index.m3u8", Some(tray)) => ("playlist", tray.playlist.as_deref()),
        ("iframes.m3u8", Some(tray)) => ("iframes", tray.i_frames.as_deref()),
        (name, Some(tray)) => {
            let number = name.strip_suffix(".m4s").and_then(|number| number.parse::<u64>().ok());
            let hash = name.strip_prefix("init-").and_then(|name| name.strip_suffix(".mp4"));
            match (number, hash) {
                (Some(number), _) => ("segment", tray.segments.get(&number).map(AsRef::as_ref)),
                (_, Some(hash)) => ("init", tray.inits.get(hash).map(AsRef::as_ref)),
                _ => ("other", None),
            }
        }
    };
    live.requests.with_label_values(&[kind]).inc();
    let gone = || Error::new(Kind::NotFound, "this is not in the live window (any more)");
    Ok(reply::asset(request, asset.ok_or_else(gone)?))
}
