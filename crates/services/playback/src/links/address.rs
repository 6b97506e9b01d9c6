//! The addresses that answers are full of. They are whole ones: not every player completes what is not.

use funkturm_base::{Error, Kind, Result};
use funkturm_service::Request;
use http::header;

use crate::config::Config;

/// Where viewers find us: as the configuration says, or as the request does.
pub(super) fn of_house(config: &Config, request: &Request) -> Result<String> {
    if !config.public_url.is_empty() {
        return Ok(config.public_url.clone());
    }
    // With HTTP/2 it stands in the URI.
    let host = request.uri.authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| request.header(header::HOST)).filter(|host| is_host(host));
    let host = host.ok_or_else(|| {
        Error::new(Kind::Invalid, "the request does not say which host it is for (RFC 9110 7.2)")
    })?;
    Ok(format!("http://{host}"))
}

/// Where media is.
pub(super) fn of_media(config: &Config, request: &Request) -> Result<String> {
    if config.media_base.is_empty() { of_house(config, request) } else { Ok(config.media_base.clone()) }
}

/// A name or an address, and perhaps a port: it becomes a part of playlists.
fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;

    fn request(uri: &str, host: Option<&str>) -> Request {
        let mut request = Request::new(Method::GET, uri.parse().unwrap());
        if let Some(host) = host {
            request.headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        request
    }

    #[test]
    fn addresses_are_those_that_the_viewer_used_unless_configured() {
        let own = Config::default();
        for (uri, host, expected) in [
            ("/tv/x", Some("192.168.1.5:8080"), Some("http://192.168.1.5:8080")),
            ("/tv/x", Some("[fd00::1]:8080"), Some("http://[fd00::1]:8080")),
            ("http://tv.example/tv/x", None, Some("http://tv.example")),
            ("/tv/x", None, None),
            ("/tv/x", Some("a\" b"), None),
            ("/tv/x", Some("evil/../x"), None),
        ] {
            let request = request(uri, host);
            assert_eq!(of_house(&own, &request).ok().as_deref(), expected, "{uri} {host:?}");
            assert_eq!(of_media(&own, &request).ok().as_deref(), expected, "{uri} {host:?}");
        }
        let text = |text: &str| text.to_owned();
        let set = Config { public_url: text("https://a"), media_base: text("https://b"), ..own };
        let request = request("/tv/x", Some("evil.example"));
        assert_eq!(of_house(&set, &request).unwrap(), "https://a");
        assert_eq!(of_media(&set, &request).unwrap(), "https://b");
    }
}
