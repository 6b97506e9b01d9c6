//! Compression, negotiated (RFC 9110 12.5.3).

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::asset::weak;
use crate::{Payload, Reply};

/// Whether the client takes gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut any = false;
    for coding in accepted.split(',') {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        let name = name.trim();
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return weight > 0.0;
        }
        any |= name == "*" && weight > 0.0;
    }
    any
}

/// Compresses at the level that costs little more than the fastest and saves most.
pub fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::new(5));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Shorter ones fit into a packet anyhow.
const WORTH_IT: usize = 1024;
/// Longer ones take more than a millisecond: not on a thread that answers requests.
const LONG: usize = 64 * 1024;

/// Compresses a reply whose body is [`compressible`], where that is wanted.
pub(crate) async fn compress(wanted: bool, reply: &mut Reply, body: Bytes) {
    reply.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !wanted {
        return;
    }
    let compressed = if body.len() > LONG {
        tokio::task::spawn_blocking(move || gzip(&body)).await.ok().flatten()
    } else {
        gzip(&body)
    };
    if let Some(compressed) = compressed {
        reply.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some(etag) = reply.headers().get(header::ETAG).map(weak) {
            reply.headers_mut().insert(header::ETAG, etag);
        }
        *reply.body_mut() = Payload::Bytes(compressed);
    }
}

/// The body, if it is text and long enough to be worth it. An [`Asset`](super::Asset) is sent as it lies
/// there: it has its compressed variant with it, or is not worth one.
pub(crate) fn compressible(reply: &Reply) -> Option<Bytes> {
    let Payload::Bytes(body) = reply.body() else { return None };
    let headers = reply.headers();
    if body.len() < WORTH_IT
        || headers.contains_key(header::ACCEPT_RANGES)
        || headers.contains_key(header::CONTENT_ENCODING)
        || reply.status() == StatusCode::PARTIAL_CONTENT
    {
        return None;
    }
    let kind = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let text = [&b"application/json"[..], b"application/problem", b"text/"];
    text.iter().any(|text| kind.starts_with(text)).then(|| body.clone())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn gzip_is_taken_by_those_who_say_so() {
        for (accepted, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("br, gzip;q=0.5", true),
            ("*", true),
            ("*, gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("gzip; q=0.000", false),
            ("gzip;q=0", false),
            ("*;q=0", false),
            ("br", false),
            ("identity", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(accepts_gzip(&headers), expected, "{accepted}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn only_long_text_is_compressed() {
        for (kind, length, expected) in [
            ("application/json", 2000, true),
            ("text/css", 200_000, true),
            ("application/problem+json", 1024, true),
            ("application/json", 1000, false),
            ("video/mp4", 2000, false),
        ] {
            let reply = crate::reply::bytes(kind, vec![b' '; length].into());
            assert_eq!(compressible(&reply).is_some(), expected, "{kind} {length}");
        }
        let mut asset = crate::reply::bytes("text/plain", vec![b' '; 2000].into());
        asset.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        assert!(compressible(&asset).is_none(), "an asset is sent as it lies there");
    }

    #[tokio::test]
    async fn what_is_compressed_says_so_and_has_another_validator() {
        // Short enough for the thread that answers, and long enough for another one.
        for length in [2000, 2 * LONG] {
            let mut reply = crate::reply::bytes("application/json", vec![b' '; length].into());
            reply.headers_mut().insert(header::ETAG, HeaderValue::from_static("\"a\""));
            let body = compressible(&reply).unwrap();
            compress(true, &mut reply, body).await;
            let Payload::Bytes(sent) = reply.body() else { panic!("there is a body") };
            assert!(sent.len() < length / 2);
            for (name, value) in
                [("content-encoding", "gzip"), ("vary", "accept-encoding"), ("etag", "W/\"a\"")]
            {
                assert_eq!(reply.headers()[name], value);
            }
        }
    }
}
