//! What players ask for, and the doors for transcoders.

use std::sync::Arc;

use funkturm_base::Error;
use funkturm_service::{
    Reply, Request, Routes,
    reply::{self, Asset},
};
use funkturm_token::Refused;
use http::{HeaderName, HeaderValue, StatusCode, header};
use prometheus::IntCounter;

use crate::{
    gate::Pass,
    live::Live,
    push,
    shelf::{Shelf, Tray},
    status,
};

/// The routes of the origin.
pub(crate) fn routes(live: &Arc<Live>) -> Routes {
    let with = |live: &Arc<Live>| Arc::clone(live);
    let (playing, statuses, inits, segments) = (with(live), with(live), with(live), with(live));
    let (multivariant, inner, checked, checking) = (with(live), playing, with(live), with(live));
    Routes::new()
        .get_now("/hls/{token}/{channel}/master.m3u8", move |request| master(&multivariant, request))
        .get_now("/hls/{token}/{channel}/{rendition}/{file}", move |request| file(&inner, request))
        .get_now("/hls-check/{token}/{channel}/master.m3u8", move |request| check_master(&checked, request))
        .get_now("/hls-check/{token}/{channel}/{rendition}/{file}", move |request| {
            check_file(&checking, request)
        })
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

/// What a player asks for, if it may and it is there.
fn serve(
    live: &Live,
    request: &Request,
    asked: &IntCounter,
    find: impl for<'s> FnOnce(&'s Shelf, &Pass) -> Found<'s>,
) -> Result<Reply, Error> {
    let pass = live.gate.admit(request)?;
    let Some(channel) = live.channel(&request.text("channel")?) else {
        return Ok(missing(live, "this channel is not on air"));
    };
    let shelf = channel.shelf.load();
    let Some(asset) = find(&shelf, &pass).map_err(|refused| live.gate.refuse(refused))? else {
        return Ok(missing(live, "this is not in the live window (any more, or yet)"));
    };
    asked.inc();
    Ok(reply::asset(request, asset))
}

/// What a request leads to; nothing, if it is not there (any more, or yet).
type Found<'s> = Result<Option<&'s Arc<Asset>>, Refused>;

/// 404 that caches in front of us keep for a second, so that a thousand players who ask for what is not there yet are one.
fn missing(live: &Live, detail: &str) -> Reply {
    live.meters.missing.inc();
    let mut reply = reply::problem_of(StatusCode::NOT_FOUND, detail);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1"));
    reply
}

fn master(live: &Live, request: &Request) -> Result<Reply, Error> {
    serve(live, request, &live.meters.multivariant, multivariant_for)
}

/// The multivariant playlist that a pass is good for. What is there in HD only is not for one without.
fn multivariant_for<'s>(shelf: &'s Shelf, pass: &Pass) -> Found<'s> {
    match (pass.hd(), &shelf.multivariant, &shelf.without_hd) {
        (true, whole, _) => Ok(whole.as_ref()),
        (false, Some(_), None) => Err(Refused::NoHd),
        (false, _, less) => Ok(less.as_ref()),
    }
}

/// What a file of a rendition is.
enum File<'n> {
    Playlist,
    IFrames,
    Segment(u64),
    Init(&'n str),
    Nothing,
}

impl<'n> File<'n> {
    fn named(name: &'n str) -> Self {
        let number = || name.strip_suffix(".m4s")?.parse().ok().map(Self::Segment);
        let init = || name.strip_prefix("init-")?.strip_suffix(".mp4").map(Self::Init);
        match name {
            "index.m3u8" => Self::Playlist,
            "iframes.m3u8" => Self::IFrames,
            _ => number().or_else(init).unwrap_or(Self::Nothing),
        }
    }
}

fn file(live: &Live, request: &Request) -> Result<Reply, Error> {
    let (rendition, name) = (request.text("rendition")?, request.text("file")?);
    let (file, meters) = (File::named(&name), &live.meters);
    let asked = match file {
        File::Playlist => &meters.playlist,
        File::IFrames => &meters.i_frames,
        File::Segment(_) => &meters.segment,
        File::Init(_) => &meters.init,
        File::Nothing => &meters.missing,
    };
    serve(live, request, asked, |shelf, pass| {
        let Some(tray) = shelf.renditions.get(&*rendition) else { return Ok(None) };
        allow(pass, &file, Some(tray))?;
        Ok(match file {
            File::Playlist => tray.playlist.as_ref(),
            File::IFrames => tray.i_frames.as_ref(),
            File::Segment(number) => tray.segments.get(&number),
            File::Init(hash) => tray.inits.get(hash),
            File::Nothing => None,
        })
    })
}

/// Whether a pass is good for a file of a rendition. One that is without HD is only good for what is known to be none.
fn allow(pass: &Pass, file: &File<'_>, tray: Option<&Tray>) -> Result<(), Refused> {
    if !pass.hd() && !tray.is_some_and(|tray| tray.is_below_hd) {
        return Err(Refused::NoHd);
    }
    match file {
        File::Segment(number) => pass.check_segment(*number),
        _ => Ok(()),
    }
}

/// Says to the edge which of several answers for one path a token gets.
const VARIANT_HEADER: HeaderName = HeaderName::from_static("x-media-variant");

/// Whether a token may fetch something, for an edge that has it in its cache: 204, or what it would be answered here.
fn check_master(live: &Live, request: &Request) -> Result<Reply, Error> {
    let pass = live.gate.admit(request)?;
    if let Some(channel) = live.channel(&request.text("channel")?) {
        multivariant_for(&channel.shelf.load(), &pass).map_err(|refused| live.gate.refuse(refused))?;
    }
    let mut reply = allowed();
    if !pass.hd() {
        reply.headers_mut().insert(VARIANT_HEADER, HeaderValue::from_static("without-hd"));
    }
    Ok(reply)
}

/// The same for a file of a rendition. Where the rendition is not known here, but what it is matters, another origin is to be asked: 404.
fn check_file(live: &Live, request: &Request) -> Result<Reply, Error> {
    let (pass, name) = (live.gate.admit(request)?, request.text("file")?);
    let shelf = live.channel(&request.text("channel")?).map(|channel| channel.shelf.load_full());
    let tray = shelf.as_ref().and_then(|shelf| shelf.renditions.get(&*request.text("rendition").ok()?));
    if !pass.hd() && tray.is_none() {
        return Ok(missing(live, "this rendition is not known here"));
    }
    allow(&pass, &File::named(&name), tray).map_err(|refused| live.gate.refuse(refused))?;
    Ok(allowed())
}

/// 204, for this request only.
fn allowed() -> Reply {
    let mut reply = reply::no_content();
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
