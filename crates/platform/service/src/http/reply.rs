//! Replies: JSON, nothing, problems (RFC 9457), and bytes with everything that HTTP has for caches.

mod asset;
mod gzip;

use bytes::Bytes;
use funkturm_base::{Error, Kind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Payload, Reply};

pub use asset::{Asset, asset, etag_of};
pub use gzip::{accepts_gzip, gzip};
pub(crate) use gzip::{compress, compressible};

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
    let mut reply = problem_of(status(error.kind()), detail);
    if let Some(pause) = error.retry_after() {
        retry_after(&mut reply, pause);
    }
    reply
}

/// Says when it is worth another try, in whole seconds (RFC 9110 10.2.3).
pub fn retry_after(reply: &mut Reply, pause: std::time::Duration) {
    let seconds = pause.as_millis().div_ceil(1000).max(1) as u64;
    reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_errors_do_not_say_what_they_are() {
        let reply = problem(&Error::internal("table household is gone", std::io::Error::other("x")));
        assert_eq!(reply.status(), 500);
        let Payload::Bytes(body) = reply.body() else { panic!("a problem has a body") };
        assert!(!String::from_utf8_lossy(body).contains("household"));
    }
}
