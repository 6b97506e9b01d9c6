//! The access log: one line a request, without secrets.

use std::{borrow::Cow, net::SocketAddr, time::Duration};

use funkturm_base::Error;
use http::{Method, StatusCode, Uri};
use slog::{Drain as _, KV, Logger, Record, Serializer, debug, error, warn};

/// A request that has been answered.
pub(super) struct Access<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    /// The pattern that it led to, if any.
    pub(super) route: Option<&'static str>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) status: StatusCode,
    pub(super) time: Duration,
    pub(super) error: Option<&'a Error>,
}

impl Access<'_> {
    /// Writes the line: what is ordinary at `debug`, what is our fault at `error`. 503 is a way to say "not
    /// now".
    pub(super) fn log(&self, log: &Logger) {
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => warn!(log, "request put off"; self),
            status if status.is_server_error() => error!(log, "request failed"; self),
            _ if log.is_debug_enabled() => debug!(log, "request"; self),
            _ => {}
        }
    }
}

impl KV for Access<'_> {
    fn serialize(&self, _: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        serializer.emit_str("method", self.method.as_str())?;
        serializer.emit_str("path", &shown(self.uri.path()))?;
        if let Some(route) = self.route {
            serializer.emit_str("route", route)?;
        }
        serializer.emit_u16("status", self.status.as_u16())?;
        serializer.emit_f64("duration_ms", self.time.as_secs_f64() * 1e3)?;
        if let Some(peer) = self.peer {
            serializer.emit_arguments("peer", &format_args!("{}", peer.ip()))?;
        }
        match self.error {
            Some(error) => serializer.emit_str("error", &error.chain()),
            None => Ok(()),
        }
    }
}

/// Where a token comes next in the path: a playback token's, or that of a link for another player, which lives for years.
const BEFORE_TOKENS: [&str; 3] = ["/hls/", "/hls-check/", "/tv/"];

/// A path without the token in it.
fn shown(path: &str) -> Cow<'_, str> {
    let Some(before) = BEFORE_TOKENS.into_iter().find(|before| path.starts_with(before)) else {
        return path.into();
    };
    let rest = path.get(before.len()..).unwrap_or_default();
    let (token, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if token == "open" { path.into() } else { format!("{before}…{rest}").into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_does_not_show_the_token_in_a_path() {
        assert_eq!(shown("/hls/2D3RhEOhAQWhBE/a/v0/7.m4s"), "/hls/…/a/v0/7.m4s");
        assert_eq!(shown("/hls-check/2D3RhEOhAQWhBE/a/v0/7.m4s"), "/hls-check/…/a/v0/7.m4s");
        assert_eq!(shown("/hls/2D3RhEOhAQWhBE"), "/hls/…");
        assert_eq!(shown("/tv/k3Zl_secret-/channels.m3u"), "/tv/…/channels.m3u");
        assert_eq!(shown("/tv/k3Zl_secret-"), "/tv/…");
        assert_eq!(shown("/tv"), "/tv", "the page that pairs a television");
        assert_eq!(shown("/hls/open/a/v0/7.m4s"), "/hls/open/a/v0/7.m4s");
        assert_eq!(shown("/api/v1/channels"), "/api/v1/channels");
    }
}
