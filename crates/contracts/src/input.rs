//! The URLs of inputs: what each scheme takes, checked in one place for whoever stores them and whoever opens them.
//!
//! | URL | means |
//! |---|---|
//! | `udp://[interface@]address:port` | transport stream in UDP; a multicast group, or an address of this machine |
//! | `rtp://[interface@]address:port` | the same in RTP (RFC 2250) |
//! | `srt://host:port?mode=caller` | SRT, called by us (where `mode` is absent as well) |
//! | `srt://[address]:port?mode=listener` | SRT, calling us |
//! | `http(s)://…` | transport stream over HTTP; HLS where the path ends in `.m3u8` |
//! | `file:///path.ts` | a file, played in a loop |
//!
//! SRT takes `latency` (milliseconds, 20 to 8000), `passphrase` (10 to 79 characters) and `streamid` besides. The `@`
//! that VLC writes before a group (`udp://@239.1.1.1:5000`) is fine.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

/// What an input's URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputUrl {
    /// UDP datagrams of transport stream packets.
    Udp(Datagrams),
    /// RTP packets of transport stream packets.
    Rtp(Datagrams),
    /// Secure Reliable Transport.
    Srt(Srt),
    /// An endless transport stream as an HTTP response.
    Http(String),
    /// A live HLS presentation.
    Hls(String),
    /// A file.
    File(PathBuf),
}

/// Where datagrams arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagrams {
    /// The interface to join the group on: its name or address; the system's choice where absent.
    pub interface: Option<String>,
    /// The group, or the address of this machine.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
}

/// An SRT connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Srt {
    /// Whom to call, or where to listen; every address where empty.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the other side calls us.
    pub listener: bool,
    /// How long lost packets are waited for; the library's choice where absent.
    pub latency: Option<Duration>,
    /// The secret that the stream is encrypted with.
    pub passphrase: Option<String>,
    /// What the caller says it wants, or must say.
    pub stream_id: Option<String>,
}

impl fmt::Debug for Srt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.listener { "listener" } else { "caller" };
        let encrypted = if self.passphrase.is_some() { ", encrypted" } else { "" };
        write!(f, "Srt({}:{}, {mode}{encrypted})", self.host, self.port)
    }
}

/// Why a URL is not one of an input: a sentence for its operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidInputUrl(String);

fn invalid<T>(message: impl Into<String>) -> Result<T, InvalidInputUrl> {
    Err(InvalidInputUrl(message.into()))
}

impl FromStr for InputUrl {
    type Err = InvalidInputUrl;

    fn from_str(url: &str) -> Result<Self, InvalidInputUrl> {
        if url.len() > 2000 || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return invalid(
                "the URL of an input has at most 2000 characters, and neither blanks nor line breaks",
            );
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return invalid(format!("{url:?} is not a URL: write for example udp://239.1.1.1:5000"));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "udp" => Datagrams::parse("udp", rest).map(Self::Udp),
            "rtp" => Datagrams::parse("rtp", rest).map(Self::Rtp),
            "srt" => Srt::parse(rest).map(Self::Srt),
            "http" | "https" => http(url),
            "file" => file(rest),
            _ => invalid(format!(
                "inputs of the kind {scheme:?} are not known: there are udp, rtp, srt, http, https and file"
            )),
        }
    }
}

impl Datagrams {
    fn parse(scheme: &str, rest: &str) -> Result<Self, InvalidInputUrl> {
        let example = format!("write {scheme}://239.1.1.1:5000 or {scheme}://eth0@239.1.1.1:5000");
        let (place, query) = split_query(rest);
        if !query.is_empty() {
            return invalid(format!("{scheme} takes no parameters ({query:?}): {example}"));
        }
        let (interface, place) = place.rsplit_once('@').unwrap_or(("", place));
        let (host, port) = host_and_port(place, &example)?;
        let Ok(address) = host.parse() else {
            return invalid(format!(
                "{host:?} is neither a multicast group nor an address of this machine: {example}"
            ));
        };
        let interface = Some(interface.to_owned()).filter(|interface| !interface.is_empty());
        Ok(Self { interface, address, port })
    }
}

impl Srt {
    fn parse(rest: &str) -> Result<Self, InvalidInputUrl> {
        let example = "write srt://host:port?mode=caller or srt://:port?mode=listener";
        let (place, query) = split_query(rest);
        let (host, port) = host_and_port(place, example)?;
        let mut srt = Self { host, port, listener: false, latency: None, passphrase: None, stream_id: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            srt.set(name, decode(value)?)?;
        }
        if srt.host.is_empty() && !srt.listener {
            return invalid(format!("whom SRT should call is missing: {example}"));
        }
        Ok(srt)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), InvalidInputUrl> {
        match name {
            "mode" => match value.as_str() {
                "caller" => self.listener = false,
                "listener" => self.listener = true,
                _ => return invalid(format!("SRT's mode is caller or listener, not {value:?}")),
            },
            "latency" => match value.parse() {
                Ok(latency @ 20..=8000) => self.latency = Some(Duration::from_millis(latency)),
                _ => return invalid(format!("SRT's latency is 20 to 8000 milliseconds, not {value:?}")),
            },
            "passphrase" if (10..=79).contains(&value.len()) => self.passphrase = Some(value),
            "passphrase" => return invalid("SRT's passphrase has 10 to 79 characters"),
            "streamid" if value.len() <= 512 => self.stream_id = Some(value),
            "streamid" => return invalid("SRT's streamid has at most 512 characters"),
            _ => {
                return invalid(format!(
                    "SRT's parameter {name:?} is not known: there are mode, latency, passphrase and streamid"
                ));
            }
        }
        Ok(())
    }
}

fn http(url: &str) -> Result<InputUrl, InvalidInputUrl> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if parsed.path().to_ascii_lowercase().ends_with(".m3u8") => {
            Ok(InputUrl::Hls(url.to_owned()))
        }
        Ok(_) => Ok(InputUrl::Http(url.to_owned())),
        Err(error) => invalid(format!("{url:?} is not a URL: {error}")),
    }
}

fn file(rest: &str) -> Result<InputUrl, InvalidInputUrl> {
    let path = decode(rest)?;
    if path.starts_with('/') && !path.ends_with('/') {
        Ok(InputUrl::File(path.into()))
    } else {
        invalid("a file is named by its whole path: write file:///srv/channel.ts")
    }
}

fn split_query(rest: &str) -> (&str, &str) {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    (place.strip_suffix('/').unwrap_or(place), query)
}

/// Splits `host:port`; an IPv6 address stands in brackets.
fn host_and_port(place: &str, example: &str) -> Result<(String, u16), InvalidInputUrl> {
    let Some((host, port)) = place.rsplit_once(':').filter(|(host, _)| !host.ends_with(':')) else {
        return invalid(format!("the port is missing in {place:?}: {example}"));
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.contains(['/', '@', '[', ']']) {
        return invalid(format!("{host:?} is not a host: {example}"));
    }
    match port.parse() {
        Ok(0) | Err(_) => invalid(format!("{port:?} is not a port from 1 to 65535: {example}")),
        Ok(port) => Ok((host.to_owned(), port)),
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String, InvalidInputUrl> {
    let broken = || InvalidInputUrl(format!("the percent-encoding in {text:?} is broken"));
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        bytes.push(match byte {
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => return Err(broken()),
            },
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// A URL as it may be shown and logged: passwords and passphrases left out.
pub fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.find('/').map_or((place, ""), |slash| place.split_at(slash));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => format!("…@{host}"),
        _ => authority.to_owned(),
    };
    let shown: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if !["mode", "latency", "streamid"].contains(&name) => format!("{name}=…"),
            _ => pair.to_owned(),
        })
        .collect();
    let query = if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) };
    format!("{scheme}://{authority}{path}{query}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(url: &str) -> InputUrl {
        url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    fn datagrams(interface: Option<&str>, address: &str, port: u16) -> Datagrams {
        Datagrams { interface: interface.map(str::to_owned), address: address.parse().unwrap(), port }
    }

    #[test]
    fn udp_and_rtp_name_group_port_and_interface() {
        assert_eq!(parse("udp://239.1.1.1:5000"), InputUrl::Udp(datagrams(None, "239.1.1.1", 5000)));
        assert_eq!(parse("udp://@239.1.1.1:5000"), InputUrl::Udp(datagrams(None, "239.1.1.1", 5000)));
        assert_eq!(
            parse("UDP://eth0@239.1.1.1:5000/"),
            InputUrl::Udp(datagrams(Some("eth0"), "239.1.1.1", 5000))
        );
        assert_eq!(
            parse("rtp://10.0.0.1@[ff02::5]:1"),
            InputUrl::Rtp(datagrams(Some("10.0.0.1"), "ff02::5", 1))
        );
    }

    #[test]
    fn srt_calls_or_listens() {
        let InputUrl::Srt(caller) = parse("srt://head.example:9000") else { panic!() };
        assert_eq!((caller.host.as_str(), caller.port, caller.listener), ("head.example", 9000, false));
        let url = "srt://:9000?mode=listener&latency=120&passphrase=so%20secret%21%21&streamid=%23%21::r=a";
        let InputUrl::Srt(listener) = parse(url) else { panic!() };
        assert!(listener.listener && listener.host.is_empty());
        assert_eq!(listener.latency, Some(Duration::from_millis(120)));
        assert_eq!(listener.passphrase.as_deref(), Some("so secret!!"));
        assert_eq!(listener.stream_id.as_deref(), Some("#!::r=a"));
        assert!(!format!("{listener:?}").contains("secret"));
    }

    #[test]
    fn http_is_a_stream_or_hls_and_a_file_has_a_whole_path() {
        assert!(matches!(parse("http://tvh:9981/stream/channel/1?profile=pass"), InputUrl::Http(_)));
        assert!(matches!(parse("https://a/live/Index.M3U8?t=1"), InputUrl::Hls(_)));
        assert_eq!(parse("file:///srv/a%20b.ts"), InputUrl::File("/srv/a b.ts".into()));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        for (url, hint) in [
            ("239.1.1.1:5000", "udp://239.1.1.1:5000"),
            ("rtsp://a/b", "udp, rtp, srt"),
            ("udp://239.1.1.1", "port is missing"),
            ("udp://239.1.1.1:0", "1 to 65535"),
            ("udp://239.1.1.1:99999", "1 to 65535"),
            ("udp://group.example:5000", "neither a multicast group"),
            ("udp://239.1.1.1:5000?pkt_size=1316", "no parameters"),
            ("udp://239.1.1.1:5000 x", "blanks"),
            ("srt://a:1?mode=rendezvous", "caller or listener"),
            ("srt://:1", "whom SRT should call"),
            ("srt://a:1?latency=5", "20 to 8000"),
            ("srt://a:1?passphrase=short", "10 to 79"),
            ("srt://a:1?pbkeylen=16", "pbkeylen"),
            ("srt://a:1?passphrase=%zz", "percent-encoding"),
            ("http://", "not a URL"),
            ("file://relative.ts", "file:///srv"),
        ] {
            let error = url.parse::<InputUrl>().unwrap_err().to_string();
            assert!(error.contains(hint), "{url}: {error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        for (url, shown) in [
            ("srt://a:1?mode=caller&passphrase=very-secret", "srt://a:1?mode=caller&passphrase=…"),
            ("http://user:word@a/b.ts?token=1", "http://…@a/b.ts?token=…"),
            ("udp://eth0@239.1.1.1:5000", "udp://eth0@239.1.1.1:5000"),
            ("file:///a@b:c.ts", "file:///a@b:c.ts"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(scheme in "(udp|rtp|srt|http|file)", rest in ".{0,60}") {
            let url = format!("{scheme}://{rest}");
            let _ = url.parse::<InputUrl>();
            let _ = without_secrets(&url);
        }
    }
}
