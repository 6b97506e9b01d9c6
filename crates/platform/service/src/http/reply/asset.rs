//! Bytes that lie ready in memory, with everything that HTTP has for caches: validators, ranges, variants
//! (RFC 9110).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ring::digest;

use super::{super::cors, accepts_gzip, problem_of};
use crate::{Payload, Reply, Request};

/// Something that lies ready in memory and may be cached. Its headers lie ready as well: a request copies them.
#[derive(Clone, Debug)]
pub struct Asset {
    etag: HeaderValue,
    plain: Variant,
    gzip: Option<Variant>,
}

/// What is sent.
#[derive(Clone, Debug)]
struct Variant {
    headers: HeaderMap,
    body: Bytes,
}

impl Asset {
    /// A body, its media type, how long it may be kept, and its strong validator with the quotes.
    pub fn new(
        content_type: HeaderValue,
        cache_control: HeaderValue,
        etag: HeaderValue,
        body: Bytes,
    ) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CACHE_CONTROL, cache_control);
        headers.insert(header::ETAG, etag.clone());
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        Self { etag, plain: Variant { headers, body }, gzip: None }
    }

    /// With the same bytes compressed beforehand, if there are any.
    #[must_use]
    pub fn with_gzip(mut self, gzip: Option<Bytes>) -> Self {
        self.gzip = gzip.map(|body| {
            self.plain.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            let mut headers = self.plain.headers.clone();
            headers.insert(header::ETAG, weak(&self.etag));
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.remove(header::ACCEPT_RANGES);
            Variant { headers, body }
        });
        self
    }

    /// With the headers that let pages of other sites ask for it, which it would get on its way out anyway.
    #[must_use]
    pub fn for_all_sites(mut self) -> Self {
        for variant in std::iter::once(&mut self.plain).chain(&mut self.gzip) {
            cors::allow_all_sites(&mut variant.headers);
        }
        self
    }

    /// The bytes, as they are.
    pub fn body(&self) -> &Bytes {
        &self.plain.body
    }
}

/// An asset as the request wants it: whole, a range, compressed, or not at all because it is known (RFC 9110
/// 13, 14).
pub fn asset(request: &Request, asset: &Asset) -> Reply {
    let range = request.headers.get(header::RANGE);
    // A range counts the bytes of the variant that is sent: whoever asks for one means the plain one.
    let gzip = asset.gzip.as_ref().filter(|_| range.is_none() && accepts_gzip(&request.headers));
    let variant = gzip.unwrap_or(&asset.plain);
    let mut reply = Reply::new(Payload::Bytes(variant.body.clone()));
    *reply.headers_mut() = variant.headers.clone();
    if is_known(&request.headers, &asset.etag) {
        return not_modified(reply);
    }
    let range = range.filter(|_| may_be_a_part(&request.headers, &asset.etag));
    match Wanted::of(range, variant.body.len()) {
        Wanted::Whole => {}
        Wanted::Part(first, end) => part(&mut reply, &variant.body, first, end),
        Wanted::Impossible => return impossible(variant.body.len()),
    }
    reply
}

/// The same without what describes the body, and without the body (RFC 9110 15.4.5).
fn not_modified(mut reply: Reply) -> Reply {
    *reply.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::ACCEPT_RANGES] {
        reply.headers_mut().remove(name);
    }
    *reply.body_mut() = Payload::Empty;
    reply
}

/// A strong validator of these bytes (RFC 9110 8.8.3), with the quotes: the first 96 bits of their SHA-256.
pub fn etag_of(body: &[u8]) -> HeaderValue {
    let digest = digest::digest(&digest::SHA256, body);
    let digits: String = digest.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_maybe_shared(Bytes::from(format!("\"{digits}\"")))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The validator of the compressed variant: the same thing in other bytes (RFC 9110 8.8.1).
pub(super) fn weak(etag: &HeaderValue) -> HeaderValue {
    if etag.as_bytes().starts_with(b"W/") {
        return etag.clone();
    }
    HeaderValue::from_maybe_shared(Bytes::from([b"W/", etag.as_bytes()].concat()))
        .unwrap_or_else(|_| etag.clone())
}

/// Whether the client has it: If-None-Match, compared weakly (RFC 9110 13.1.2).
fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    headers.get_all(header::IF_NONE_MATCH).into_iter().any(|known| {
        let mut tags = known.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        tags.any(|tag| tag == b"*" || opaque(tag) == opaque(etag.as_bytes()))
    })
}

/// A validator without the mark that it is weak.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Whether a part may be sent: If-Range, compared strongly; a date never fits (RFC 9110 13.1.5).
fn may_be_a_part(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|known| known == etag && !etag.as_bytes().starts_with(b"W/"))
}

/// What a Range header asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
    Whole,
    /// From the first byte to before the end.
    Part(usize, usize),
    Impossible,
}

impl Wanted {
    /// Several ranges, other units and what cannot be read mean the whole (RFC 9110 14.2).
    fn of(range: Option<&HeaderValue>, length: usize) -> Self {
        let range =
            range.and_then(|range| range.to_str().ok()).and_then(|range| range.strip_prefix("bytes="));
        let Some((first, last)) = range.and_then(|range| range.split_once('-')) else { return Self::Whole };
        let (first, last) = (first.trim(), last.trim());
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if last < first => Self::Whole,
            (Ok(first), Ok(_)) if first >= length => Self::Impossible,
            (Ok(first), Err(_)) if last.is_empty() && first >= length => Self::Impossible,
            (Ok(first), Ok(last)) => Self::Part(first, last.saturating_add(1).min(length)),
            (Ok(first), Err(_)) if last.is_empty() => Self::Part(first, length),
            (Err(_), Ok(suffix)) if first.is_empty() && suffix.min(length) == 0 => Self::Impossible,
            (Err(_), Ok(suffix)) if first.is_empty() => Self::Part(length.saturating_sub(suffix), length),
            _ => Self::Whole,
        }
    }
}

fn part(reply: &mut Reply, body: &Bytes, first: usize, end: usize) {
    *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
    if let Ok(range) = HeaderValue::try_from(format!("bytes {first}-{}/{}", end - 1, body.len())) {
        reply.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    *reply.body_mut() = Payload::Bytes(body.slice(first..end));
}

fn impossible(length: usize) -> Reply {
    let mut reply = problem_of(StatusCode::RANGE_NOT_SATISFIABLE, "the range lies outside of what is there");
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
        reply.headers_mut().insert(header::CONTENT_RANGE, range);
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
            request.headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    fn ten_bytes() -> Asset {
        Asset::new(
            HeaderValue::from_static("text/plain"),
            HeaderValue::from_static("no-cache"),
            HeaderValue::from_static("\"a\""),
            Bytes::from_static(b"0123456789"),
        )
    }

    fn prepared() -> Asset {
        ten_bytes().with_gzip(Some(Bytes::from_static(b"zipped")))
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
            ("bytes=9-9", 206, "9", Some("bytes 9-9/10")),
            ("bytes=5-2", 200, "0123456789", None),
            ("bytes=15-12", 200, "0123456789", None),
            ("bytes=0-1,4-5", 200, "0123456789", None),
            ("bytes=-", 200, "0123456789", None),
            ("lines=1-2", 200, "0123456789", None),
        ] {
            let reply = asset(&request(&[("range", range)]), &ten_bytes());
            assert_eq!(reply.status(), status, "{range}");
            assert_eq!(body(&reply), text.as_bytes(), "{range}");
            let got = reply.headers().get("content-range").map(|value| value.to_str().unwrap());
            assert_eq!(got, content_range, "{range}");
        }
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            let reply = asset(&request(&[("range", range)]), &ten_bytes());
            assert_eq!(reply.status(), 416, "{range}");
            assert_eq!(reply.headers()["content-range"], "bytes */10");
        }
    }

    #[test]
    fn a_part_is_sent_only_of_what_the_client_has_the_rest_of() {
        for (known, status) in
            [("\"a\"", 206), ("\"b\"", 200), ("W/\"a\"", 200), ("Sun, 06 Nov 1994 08:49:37 GMT", 200)]
        {
            let reply = asset(&request(&[("range", "bytes=0-3"), ("if-range", known)]), &ten_bytes());
            assert_eq!(reply.status(), status, "{known}");
        }
    }

    #[test]
    fn what_is_known_is_not_sent_again() {
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            let reply = asset(&request(&[("if-none-match", known)]), &ten_bytes());
            assert_eq!(reply.status(), 304, "{known}");
            assert_eq!(reply.headers()["etag"], "\"a\"");
            assert!(body(&reply).is_empty());
            assert!(
                ["content-type", "accept-ranges"].iter().all(|name| !reply.headers().contains_key(*name))
            );
        }
        let twice = [("if-none-match", "\"b\""), ("if-none-match", "\"a\"")];
        assert_eq!(asset(&request(&twice), &ten_bytes()).status(), 304);
        assert_eq!(asset(&request(&[("if-none-match", "\"b\"")]), &ten_bytes()).status(), 200);
    }

    #[test]
    fn the_compressed_variant_goes_to_those_who_take_it_under_a_validator_of_its_own() {
        let reply = asset(&request(&[("accept-encoding", "gzip")]), &prepared());
        assert_eq!(
            (body(&reply), &reply.headers()["content-encoding"]),
            (&b"zipped"[..], &"gzip".parse().unwrap())
        );
        assert_eq!(reply.headers()["etag"], "W/\"a\"");
        let known = [("accept-encoding", "gzip"), ("if-none-match", "W/\"a\"")];
        assert_eq!(asset(&request(&known), &prepared()).status(), 304);
        let plain = asset(&request(&[("accept-encoding", "gzip;q=0")]), &prepared());
        assert_eq!((body(&plain), &plain.headers()["etag"]), (&b"0123456789"[..], &"\"a\"".parse().unwrap()));
        for reply in [reply, plain, asset(&request(&known), &prepared())] {
            assert_eq!(reply.headers()["vary"], "accept-encoding");
        }
    }

    #[test]
    fn a_range_is_of_the_plain_bytes() {
        let both = [("accept-encoding", "gzip"), ("range", "bytes=0-3")];
        let reply = asset(&request(&both), &prepared());
        assert_eq!((reply.status(), body(&reply)), (StatusCode::PARTIAL_CONTENT, &b"0123"[..]));
        assert!(!reply.headers().contains_key("content-encoding"));
    }
}
