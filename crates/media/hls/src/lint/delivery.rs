//! Rules about how things are delivered: media types, compression, caching.

use super::{
    Response,
    report::Page,
    rules::{MEDIA_CACHE, MEDIA_MEDIA_TYPE, PLAYLIST_CACHE, PLAYLIST_GZIP, PLAYLIST_MEDIA_TYPE},
};

/// How a playlist came. `target` is its target duration, where it is a live media playlist.
pub(super) fn playlist(page: &mut Page<'_>, response: &Response, target: Option<u64>) {
    let kind = media_type(response);
    let known =
        ["application/vnd.apple.mpegurl", "audio/mpegurl", "application/x-mpegurl", "audio/x-mpegurl"];
    if !known.contains(&kind.to_ascii_lowercase().as_str()) {
        page.add(PLAYLIST_MEDIA_TYPE, format!("Content-Type {kind:?}"));
    }
    if response.header("content-encoding") != Some("gzip") {
        page.add(PLAYLIST_GZIP, "not compressed");
    }
    if let (Some(target), Some(kept)) = (target, max_age(response))
        && kept > target
    {
        let seen = format!("Cache-Control max-age={kept} with a target duration of {target} s");
        page.add(PLAYLIST_CACHE, seen);
    }
}

/// How a segment or an initialization section came. `listed` is how long its playlist is, in seconds.
pub(super) fn media(page: &mut Page<'_>, what: &str, response: &Response, listed: f64) {
    let kind = media_type(response);
    if !["video/mp4", "audio/mp4", "video/iso.segment", "audio/iso.segment"].contains(&kind) {
        page.add(MEDIA_MEDIA_TYPE, format!("{what}: Content-Type {kind:?}"));
    }
    let control = response.header("cache-control").unwrap_or_default();
    if control.contains("no-store") || max_age(response).is_some_and(|kept| (kept as f64) < listed) {
        page.add(MEDIA_CACHE, format!("{what}: Cache-Control {control:?}, but listed for {listed:.0} s"));
    }
}

fn media_type(response: &Response) -> &str {
    response.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// How long a shared cache keeps it, in seconds.
fn max_age(response: &Response) -> Option<u64> {
    let control = response.header("cache-control")?;
    let directives = || control.split(',').map(str::trim);
    if directives().any(|directive| directive == "no-store" || directive == "no-cache") {
        return Some(0);
    }
    let of = |name: &str| directives().find_map(|directive| directive.strip_prefix(name)?.parse().ok());
    of("s-maxage=").or_else(|| of("max-age="))
}
