//! Replies: JSON, nothing, problems (RFC 9457), and bytes with everything that HTTP has for caches.

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use funkturm_base::{Error, Kind};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::io::Write;

use super::{Payload, Reply, Request};

/// A JSON document.
pub fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    match serde_json::to_vec(body) {
        Ok(body) => typed(status, "application/json", body.into()),
        Err(error) => problem(&Error::internal("an answer cannot be written as JSON", error)),
    }
}

/// 204.
pub fn no_content() -> Reply {
    let mut reply = Reply::new(Payload::Empty);
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply
}

/// A body of some type.
pub fn bytes(content_type: &'static str, body: Bytes) -> Reply {
    typed(StatusCode::OK, content_type, body)
}

fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Reply::new(Payload::Bytes(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// The HTTP status of an error's kind: the one place where this is decided.
pub fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Denied => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An error as `application/problem+json` (RFC 9457). What is internal stays in the log.
pub fn problem(error: &Error) -> Reply {
    let detail =
        if error.kind() == Kind::Internal { "something went wrong on our side" } else { error.message() };
    problem_of(status(error.kind()), detail)
}

/// A problem with a status that no error kind has.
pub fn problem_of(status: StatusCode, detail: &str) -> Reply {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut reply = typed(status, "application/problem+json", body.to_string().into());
    let headers = reply.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    reply
}

/// Something that lies ready in memory and may be cached.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its media type.
    pub content_type: HeaderValue,
    /// How long it may be kept.
    pub cache_control: HeaderValue,
    /// Its strong validator, with the quotes.
    pub etag: HeaderValue,
    /// The bytes.
    pub body: Bytes,
    /// The same, compressed beforehand.
    pub gzip: Option<Bytes>,
}

/// An asset as the request wants it: whole, a range, compressed, or not at all because it is known (RFC 9110 13, 14).
pub fn asset(request: &Request, asset: &Asset) -> Reply {
    let gzip = asset.gzip.as_ref().filter(|_| accepts_gzip(&request.headers));
    let mut reply = Reply::new(Payload::Empty);
    let headers = reply.headers_mut();
    headers.reserve(8);
    headers.insert(header::CACHE_CONTROL, asset.cache_control.clone());
    headers.insert(header::ETAG, asset.etag.clone());
    if asset.gzip.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if request.headers.get(header::IF_NONE_MATCH).is_some_and(|known| matches(known, &asset.etag)) {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        return reply;
    }
    headers.insert(header::CONTENT_TYPE, asset.content_type.clone());
    if let Some(gzip) = gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *reply.body_mut() = Payload::Bytes(gzip.clone());
        return reply;
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    match wanted_range(&request.headers, &asset.etag, asset.body.len()) {
        Wanted::Whole => *reply.body_mut() = Payload::Bytes(asset.body.clone()),
        Wanted::Part(first, end) => {
            let total = asset.body.len();
            if let Ok(range) = HeaderValue::try_from(format!("bytes {first}-{}/{total}", end - 1)) {
                headers.insert(header::CONTENT_RANGE, range);
            }
            *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
            *reply.body_mut() = Payload::Bytes(asset.body.slice(first..end));
        }
        Wanted::Impossible => {
            reply = problem_of(StatusCode::RANGE_NOT_SATISFIABLE, "the range lies outside of what is there");
            if let Ok(range) = HeaderValue::try_from(format!("bytes */{}", asset.body.len())) {
                reply.headers_mut().insert(header::CONTENT_RANGE, range);
            }
        }
    }
    reply
}

/// Whether a list of validators (If-None-Match) has this one, compared weakly.
fn matches(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(known), Ok(etag)) = (known.to_str(), etag.to_str()) else { return false };
    known.trim() == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)
}

enum Wanted {
    Whole,
    Part(usize, usize),
    Impossible,
}

/// What a Range header asks for. Several ranges, other units and what cannot be read mean the whole (RFC 9110 14.2).
fn wanted_range(headers: &HeaderMap, etag: &HeaderValue, length: usize) -> Wanted {
    let Some(range) = headers.get(header::RANGE).and_then(|range| range.to_str().ok()) else {
        return Wanted::Whole;
    };
    if headers.get(header::IF_RANGE).is_some_and(|validator| validator != etag) {
        return Wanted::Whole;
    }
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::Whole;
    };
    match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), _) if first >= length => Wanted::Impossible,
        (Ok(first), Ok(last)) if last >= first => Wanted::Part(first, last.saturating_add(1).min(length)),
        (Ok(first), Err(_)) if last.trim().is_empty() => Wanted::Part(first, length),
        (Err(_), Ok(0)) if first.is_empty() => Wanted::Impossible,
        (Err(_), Ok(suffix)) if first.is_empty() => Wanted::Part(length.saturating_sub(suffix), length),
        _ => Wanted::Whole,
    }
}

/// Whether the client takes gzip (RFC 9110 12.5.3).
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut any = false;
    for coding in accepted.split(',') {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight =
            parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        match name.trim() {
            "gzip" | "x-gzip" => return weight > 0.0,
            "*" => any = weight > 0.0,
            _ => {}
        }
    }
    any
}

/// Compresses at the level that costs little more than the fastest and saves most.
pub fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::new(5));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Compresses a reply that is text, long enough to be worth it, and wanted so.
pub(crate) fn compress(wanted: bool, mut reply: Reply) -> Reply {
    const WORTH_IT: usize = 1024;
    let text =
        reply.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
            kind.starts_with("application/json")
                || kind.starts_with("application/problem")
                || kind.starts_with("text/")
        });
    let Payload::Bytes(body) = reply.body() else { return reply };
    let whole = reply.status() != StatusCode::PARTIAL_CONTENT;
    if !text || !whole || body.len() < WORTH_IT || reply.headers().contains_key(header::CONTENT_ENCODING) {
        return reply;
    }
    let compressed = if wanted { gzip(body) } else { None };
    reply.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(compressed) = compressed {
        reply.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        // A strong validator is of exact bytes; these are others (RFC 9110 8.8.1).
        if let Some(etag) = reply.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok())
            && let Ok(weak) = HeaderValue::try_from(format!("W/{}", etag.trim_start_matches("W/")))
        {
            reply.headers_mut().insert(header::ETAG, weak);
        }
        *reply.body_mut() = Payload::Bytes(compressed);
    }
    reply
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn request(headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Method::GET, "/x".parse().unwrap());
        for (name, value) in headers {
            request.headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    fn ten_bytes() -> Asset {
        Asset {
            content_type: HeaderValue::from_static("text/plain"),
            cache_control: HeaderValue::from_static("no-cache"),
            etag: HeaderValue::from_static("\"a\""),
            body: Bytes::from_static(b"0123456789"),
            gzip: None,
        }
    }

    fn body(reply: &Reply) -> &[u8] {
        match reply.body() {
            Payload::Bytes(bytes) => bytes,
            _ => b"",
        }
    }

    #[test]
    fn ranges_are_answered_as_rfc_9110_says() {
        for (range, status, text, content_range) in [
            ("bytes=0-3", 206, "0123", Some("bytes 0-3/10")),
            ("bytes=4-", 206, "456789", Some("bytes 4-9/10")),
            ("bytes=-2", 206, "89", Some("bytes 8-9/10")),
            ("bytes=-99", 206, "0123456789", Some("bytes 0-9/10")),
            ("bytes=8-99", 206, "89", Some("bytes 8-9/10")),
            ("bytes=5-2", 200, "0123456789", None),
            ("bytes=0-1,4-5", 200, "0123456789", None),
            ("lines=1-2", 200, "0123456789", None),
        ] {
            let reply = asset(&request(&[("range", range)]), &ten_bytes());
            assert_eq!(reply.status(), status, "{range}");
            assert_eq!(body(&reply), text.as_bytes(), "{range}");
            let got = reply.headers().get("content-range").map(|value| value.to_str().unwrap());
            assert_eq!(got, content_range, "{range}");
        }
        for range in ["bytes=10-", "bytes=-0"] {
            let reply = asset(&request(&[("range", range)]), &ten_bytes());
            assert_eq!(reply.status(), 416, "{range}");
            assert_eq!(reply.headers()["content-range"], "bytes */10");
        }
        let stale = asset(&request(&[("range", "bytes=0-3"), ("if-range", "\"b\"")]), &ten_bytes());
        assert_eq!(stale.status(), 200);
    }

    #[test]
    fn what_is_known_is_not_sent_again() {
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            let reply = asset(&request(&[("if-none-match", known)]), &ten_bytes());
            assert_eq!(reply.status(), 304, "{known}");
            assert_eq!(reply.headers()["etag"], "\"a\"");
        }
        assert_eq!(asset(&request(&[("if-none-match", "\"b\"")]), &ten_bytes()).status(), 200);
    }

    #[test]
    fn gzip_is_sent_only_where_it_is_taken() {
        for (accepted, expected) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(
                accepts_gzip(&request(&[("accept-encoding", accepted)]).headers),
                expected,
                "{accepted}"
            );
        }
        let prepared = Asset { gzip: Some(Bytes::from_static(b"zipped")), ..ten_bytes() };
        let reply = asset(&request(&[("accept-encoding", "gzip")]), &prepared);
        assert_eq!(
            (body(&reply), &reply.headers()["vary"]),
            (&b"zipped"[..], &"accept-encoding".parse().unwrap())
        );
        assert_eq!(body(&asset(&request(&[]), &prepared)), b"0123456789");
    }

    #[test]
    fn internal_errors_do_not_say_what_they_are() {
        let reply = problem(&Error::internal("table household is gone", std::io::Error::other("x")));
        assert_eq!(reply.status(), 500);
        assert!(!String::from_utf8_lossy(body(&reply)).contains("household"));
    }
}
