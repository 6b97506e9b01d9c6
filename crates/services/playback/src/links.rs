//! Links for other players (Kodi, TiviMate, VLC, Jellyfin): the channels as M3U, the guide as XMLTV, and playing without heartbeats.
//!
//! Everything is under `/tv/{token}/`, where the token is that of a link (see [`who`]), or `open` in an open house. An entry of the M3U
//! opens a session as an app does, and answers with the multivariant playlist, whose URIs lead back here: each time a player reloads a
//! playlist, that is its heartbeat, and it is sent on to `/hls/…` with a token that is good now. What players do with redirects is in
//! docs/decisions/0014-links-for-other-players.md.

mod address;
mod m3u;
mod who;
mod xmltv;

use std::sync::Arc;

use bytes::Bytes;
use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::{playback::NotAllowed, rights::Action};
use funkturm_hls::rewrite;
use funkturm_service::{
    Reply, Request, Routes,
    identity::Caller,
    reply::{self, Asset, accepts_gzip, etag_of, gzip},
};
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use crate::{
    api::{App, with},
    household::Instead,
    members::{self, Beat, Members, Started},
};
use m3u::Entry;
pub(crate) use who::Links;
use who::Who;

/// The type of the playlist of channels: what RFC 8216 10 registered, as players wrote it before that.
const M3U: &str = "audio/x-mpegurl";
/// The type of HLS playlists (RFC 8216 10).
const HLS: &str = "application/vnd.apple.mpegurl";
const XML: &str = "application/xml";

/// The routes.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/tv/{device_token}/channels.m3u", with(app, channels))
        .get("/tv/{device_token}/guide.xml", with(app, guide))
        .get("/tv/{device_token}/{file}", with(app, play))
        .get("/tv/{device_token}/{session}/{channel}/{rendition}/{file}", with(app, media))
}

/// The channels as M3U
///
/// Those that may be watched live with this link, in the order of their numbers, with `tvg-id`, `tvg-name`, `tvg-chno`, `tvg-logo` and
/// the address of the guide. `device_token` is that of a link (see `create_link`), or `open` in an open house.
#[utoipa::path(get, path = "/tv/{device_token}/channels.m3u", operation_id = "get_channels_m3u", tag = "other players",
    params(("device_token" = String, Path, description = "The link's token")),
    responses(
        (status = 200, description = "The playlist", body = String, content_type = "audio/x-mpegurl"),
        (status = 304, description = "As the ETag in If-None-Match names it"),
        (status = 404, description = "There is no such link (any more)"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
pub(crate) async fn channels(app: Arc<App>, request: Request) -> Result<Reply> {
    let who = app.links.who(&app, &request).await?;
    let (base, entries) = (address::of_house(&app.config, &request)?, entries(&app, &who).await?);
    let token = request.text("device_token")?;
    let text = m3u::write(&base, &token, &entries);
    Ok(private(&request, M3U, text))
}

/// The guide as XMLTV
///
/// The same channels as in the M3U.
#[utoipa::path(get, path = "/tv/{device_token}/guide.xml", operation_id = "get_guide_xmltv", tag = "other players",
    params(("device_token" = String, Path, description = "The link's token")),
    responses(
        (status = 200, description = "The guide", body = String, content_type = "application/xml"),
        (status = 304, description = "As the ETag in If-None-Match names it"),
        (status = 404, description = "There is no such link (any more)"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
pub(crate) async fn guide(app: Arc<App>, request: Request) -> Result<Reply> {
    let who = app.links.who(&app, &request).await?;
    let (base, entries) = (address::of_house(&app.config, &request)?, entries(&app, &who).await?);
    let text = xmltv::write(&base, &entries)
        .map_err(|error| Error::internal("the guide cannot be written as XML", error))?;
    Ok(private(&request, XML, text))
}

/// What may be watched with a link, in the order of the numbers.
async fn entries(app: &App, who: &Who) -> Result<Vec<Entry>> {
    let all = app.known.all()?;
    let rights = match (&app.members, who) {
        (Some(members), Who::Household(caller)) => {
            Some(members.rights.all(caller.household, caller.child).await?)
        }
        _ => None,
    };
    let live = |id: &ChannelId| {
        rights.as_ref().is_none_or(|rights| {
            rights.channels.get(id).is_some_and(|actions| actions.contains(&Action::Live))
        })
    };
    let mut entries: Vec<Entry> = all
        .iter()
        .filter(|(id, _)| live(id))
        .map(|(id, shown)| Entry { id: id.clone(), shown: shown.clone() })
        .collect();
    entries.sort_by_key(|entry| entry.shown.number);
    Ok(entries)
}

/// Play a channel of the M3U
///
/// `file` is the channel's id with `.m3u8` behind it. Opens a playback session, as `open_playback` does, in the place of what this link
/// plays already, and answers the multivariant playlist. The session goes on as long as the playlists in it are reloaded.
#[utoipa::path(get, path = "/tv/{device_token}/{file}", operation_id = "play_channel_of_m3u", tag = "other players",
    params(
        ("device_token" = String, Path, description = "The link's token"),
        ("file" = String, Path, description = "The channel, with `.m3u8` behind it", example = "das-erste.m3u8"),
    ),
    responses(
        (status = 200, description = "The multivariant playlist", body = String, content_type = "application/vnd.apple.mpegurl"),
        (status = 403, description = "Not allowed, or as many streams run as may (`TooManyStreams`): `type` says what is in the way", body = NotAllowed, content_type = "application/problem+json"),
        (status = 404, description = "There is no such link (any more), or no such channel, or it is not on air"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
pub(crate) async fn play(app: Arc<App>, request: Request) -> Result<Reply> {
    let who = app.links.who(&app, &request).await?;
    let file = request.text("file")?;
    let channel = file.strip_suffix(".m3u8").and_then(|id| id.parse::<ChannelId>().ok());
    let channel = channel.ok_or_else(nothing)?;
    app.known.expect(&channel).await?;
    if request.is_head() {
        // Players look at the type before they play.
        return Ok(discreet(reply::bytes(HLS, Bytes::new())));
    }
    let (session, token) = match (&app.members, &who) {
        (Some(members), Who::Household(caller)) => {
            match members::start(&app, members, caller, channel.clone(), Instead::Device).await? {
                Started::Plays(record) => (record.session, members::token(members, &record)),
                Started::Refused(reply) => return Ok(*reply),
            }
        }
        _ => (app.open_to_all(channel.clone()).await?.session, OPEN.to_owned()),
    };
    match app.links.multivariant(&token, &channel).await {
        Ok(text) => {
            let text = rewrite::multivariant(&text, |uri| format!("{session}/{channel}/{uri}"));
            Ok(discreet(reply::bytes(HLS, text.into())))
        }
        Err(error) => {
            // Nobody plays, so nobody's place is taken. It would end by itself.
            let _ = match &who {
                Who::Household(caller) if app.members.is_some() => {
                    app.households.finish(caller.household, session).await.map(drop)
                }
                _ => app.sessions.close(session).await,
            };
            Err(error)
        }
    }
}

/// What a multivariant playlist of a link refers to
///
/// Sends the player on to the media with a token that is good now, and notes that the session goes on. A player asks here again each time
/// it reloads a playlist. The query goes along.
#[utoipa::path(get, path = "/tv/{device_token}/{session}/{channel}/{rendition}/{file}", operation_id = "get_media_of_m3u", tag = "other players",
    params(
        ("device_token" = String, Path, description = "The link's token"),
        ("session" = String, Path, description = "The session that the multivariant playlist is of"),
        ("channel" = String, Path, description = "The channel"),
        ("rendition" = String, Path, description = "The rendition"),
        ("file" = String, Path, description = "The playlist, or what is in it", example = "index.m3u8"),
    ),
    responses(
        (status = 302, description = "There it is, for now"),
        (status = 403, description = "This may not be watched any more: the session is over", body = NotAllowed, content_type = "application/problem+json"),
        (status = 404, description = "There is no such link (any more), or nothing at this path"),
        (status = 409, description = "The session is over: it was ended, or this link plays something else. Start the channel again"),
        (status = 503, description = "Something that is needed is away: try again"),
    ))]
pub(crate) async fn media(app: Arc<App>, request: Request) -> Result<Reply> {
    let who = app.links.who(&app, &request).await?;
    let session: Uuid = request.text("session")?.parse().map_err(|_| nothing())?;
    let channel: ChannelId = request.text("channel")?.parse().map_err(|_| nothing())?;
    let (rendition, file) = (request.text("rendition")?, request.text("file")?);
    if !is_plain(&rendition) || !is_plain(&file) {
        return Err(nothing());
    }
    let token = match (&app.members, &who) {
        (Some(members), Who::Household(caller)) => {
            match beat(&app, members, caller, session, &channel).await? {
                Started::Plays(record) => members::token(members, &record),
                Started::Refused(reply) => return Ok(*reply),
            }
        }
        _ => match app.sessions.renew(session).await {
            Ok(Some(_)) => OPEN.to_owned(),
            Ok(None) => return Err(over()),
            Err(error) => app.go_on_without_redis(error).map(|()| OPEN.to_owned())?,
        },
    };
    let base = address::of_media(&app.config, &request)?;
    let query = request.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    redirect(&format!("{base}/hls/{token}/{channel}/{rendition}/{file}{query}"))
}

/// A session of this very link goes on.
async fn beat(
    app: &App,
    members: &Members,
    caller: &Caller,
    session: Uuid,
    channel: &ChannelId,
) -> Result<Started> {
    let record = match members::go_on(app, members, caller, session).await? {
        Beat::GoesOn(record) => record,
        Beat::Refused(reply) => return Ok(Started::Refused(reply)),
        Beat::Over => return Err(over()),
        Beat::Uncounted => return members::go_on_uncounted(app, members, caller, session, channel).await,
    };
    if record.channel != *channel {
        return Err(over());
    }
    if record.child != caller.child {
        // It was allowed for another kind of viewer than the profile is of now.
        app.households.finish(caller.household, session).await?;
        return Err(over());
    }
    Ok(Started::Plays(record))
}

/// What stands in the place of a token in an open house.
const OPEN: &str = "open";

/// A path segment that stays one wherever it is put.
fn is_plain(segment: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !segment.starts_with('.') && !segment.is_empty() && segment.bytes().all(legal)
}

fn nothing() -> Error {
    Error::new(Kind::NotFound, "there is nothing at this path")
}

fn over() -> Error {
    Error::new(Kind::Conflict, "this was ended, or another player took its place: start the channel again")
}

fn redirect(to: &str) -> Result<Reply> {
    let location = HeaderValue::try_from(to)
        .map_err(|error| Error::internal("an address cannot be sent in a header", error))?;
    let mut reply = reply::no_content();
    *reply.status_mut() = StatusCode::FOUND;
    reply.headers_mut().insert(header::LOCATION, location);
    Ok(discreet(reply))
}

/// With what keeps the token in the address to whoever asked: out of caches, and out of what is asked for next.
fn discreet(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    reply
}

/// A text for this link alone, with a validator: players ask for it every few hours.
fn private(request: &Request, content_type: &'static str, text: String) -> Reply {
    let body = Bytes::from(text);
    let small = if accepts_gzip(&request.headers) { gzip(&body) } else { None };
    let cache_control = HeaderValue::from_static("private, no-cache");
    let asset = Asset::new(HeaderValue::from_static(content_type), cache_control, etag_of(&body), body);
    let mut reply = discreet(reply::asset(request, &asset.with_gzip(small)));
    reply.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_what_origins_have() {
        for plain in ["v0", "index.m3u8", "init-0a.mp4", "1234567.m4s", "a0_de"] {
            assert!(is_plain(plain), "{plain}");
        }
        for wrong in ["", ".", "..", ".x", "a/b", "a b", "a?b", "a%2Fb", "ä", "a\r\nb"] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
