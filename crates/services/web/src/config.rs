//! What can be set: `[web]`.

use http::{Uri, uri::Scheme};
use serde::{Deserialize, Serialize};

/// The `[web]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Other hosts that playlists, segments and channel logos may come from, as `https://host[:port]`: an edge
    /// cache, a picture server. Browsers refuse everything from hosts that are neither ours nor named here.
    pub content_hosts: Vec<String>,
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
        Config { content_hosts: vec![host.to_owned()] }.check()
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
