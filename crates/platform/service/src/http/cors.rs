//! Apps live on other sites than we do; cookies are not used, so any site may ask (Fetch standard, CORS
//! protocol).

use http::{HeaderMap, HeaderValue, header};

/// Whether pages of other sites may ask for this path.
pub(super) fn open_to_all_sites(path: &str) -> bool {
    path.starts_with("/hls/") || path.starts_with("/api/")
}

/// Lets them, and lets them see the headers that a player or an app needs.
pub(super) fn allow_all_sites(headers: &mut HeaderMap) {
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return; // an asset has them with it
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed =
        HeaderValue::from_static("date, etag, age, content-length, content-range, location, retry-after");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// Answers a preflight: which methods and headers may be used.
pub(super) fn preflight(headers: &mut HeaderMap, allow: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
    let taken =
        HeaderValue::from_static("authorization, content-type, if-match, if-none-match, if-range, range");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, taken);
    // A day is the longest that browsers keep it.
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
}
