//! What can be set: `[web]`.

use http::{Uri, uri::Scheme};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `[web]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Other hosts that playlists, segments and channel logos may come from, as `https://host[:port]`: an edge
    /// cache, a picture server. Browsers refuse everything from hosts that are neither ours nor named here.
    pub content_hosts: Vec<String>,
    /// What kind of house this is, as apps are told.
    pub house: House,
}

/// What kind of house this is: whether anybody has to log in, and how. It repeats what accounts and playback are set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct House {
    /// Everybody may watch everything, without an account: apps then do not speak of logging in.
    pub open: bool,
    /// Whoever wants can make an account. Otherwise the operator makes them.
    pub sign_up: bool,
    /// The operator's own identity provider logs households in, at `/api/v1/login/openid`.
    pub openid: bool,
}

impl Default for House {
    fn default() -> Self {
        Self { open: true, sign_up: true, openid: false }
    }
}

impl Config {
    /// Checks that every host is one, and nothing that would change the meaning of the header it goes into.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.content_hosts.iter().find(|host| !is_origin(host)) {
            Some(host) => Err(format!(
                "web.content_hosts: {host:?} is not of the form https://host or https://host:port"
            )),
            None => Ok(()),
        }
    }
}

/// Whether the text is a scheme, a host, perhaps a port, and nothing else.
fn is_origin(text: &str) -> bool {
    // Legal in a URI, but ends a directive (`;`) or a header (`,`) where this is going.
    if text.contains([';', ',', '\'', '"', '@']) {
        return false;
    }
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return false };
    (*scheme == Scheme::HTTPS || *scheme == Scheme::HTTP) && text == format!("{scheme}://{authority}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str) -> Result<(), String> {
        Config { content_hosts: vec![host.to_owned()], ..Config::default() }.check()
    }

    #[test]
    fn hosts_with_and_without_a_port_are_taken() {
        for host in ["https://edge.example", "http://127.0.0.1:8080", "https://[2001:db8::1]:443"] {
            assert_eq!(check(host), Ok(()), "{host}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for host in [
            "",
            "*",
            "edge.example",
            "https://edge.example/",
            "https://edge.example/hls",
            "ftp://edge.example",
            "https://user@edge.example",
            "https://edge.example; script-src *",
            "https://edge.example;script-src",
            "https://edge.example,x",
        ] {
            let error = check(host).unwrap_err();
            assert!(error.contains("web.content_hosts") && error.contains(&format!("{host:?}")), "{error}");
        }
    }
}
