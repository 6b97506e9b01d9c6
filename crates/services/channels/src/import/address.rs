//! Addresses as other programs write them, made into URLs of inputs.

use funkturm_contracts::input::InputUrl;

/// An address that an input can have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) url: String,
    /// What was said with it and has no meaning here.
    pub(crate) left_out: Vec<String>,
}

/// Options of ffmpeg's and VLC's for a socket's inner life, which are ours to decide: left out without a word.
const OURS_TO_DECIDE: [&str; 12] = [
    "pkt_size",
    "fifo_size",
    "overrun_nonfatal",
    "buffer_size",
    "reuse",
    "reuse_socket",
    "ttl",
    "timeout",
    "connect",
    "transtype",
    "connect_timeout",
    "rcvbuf",
];

/// Translates an address.
///
/// # Errors
/// Why it cannot be an input.
pub(crate) fn translate(address: &str) -> Result<Address, String> {
    let mut left_out = Vec::new();
    // Kodi's way to say HTTP headers.
    let (url, headers) = address.split_once('|').unwrap_or((address, ""));
    if !headers.is_empty() {
        left_out.push(format!("HTTP headers cannot be sent ({})", names(headers)));
    }
    let url = match url.split_once("://") {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            scheme @ ("udp" | "rtp") => datagrams(scheme, rest, &mut left_out),
            "srt" => srt(rest, &mut left_out),
            _ => url.to_owned(),
        },
        None => return Err("it is not a URL".into()),
    };
    match url.parse::<InputUrl>() {
        Ok(_) => Ok(Address { url, left_out }),
        Err(problem) => Err(problem.to_string()),
    }
}

/// `udp://@239.1.1.1:5000?localaddr=10.0.0.1&pkt_size=1316` is `udp://10.0.0.1@239.1.1.1:5000`.
fn datagrams(scheme: &str, rest: &str, left_out: &mut Vec<String>) -> String {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (before, place) = place.rsplit_once('@').unwrap_or(("", place));
    let mut interface = before;
    for (name, value) in parameters(query) {
        match name {
            "localaddr" | "iface" | "miface" => interface = value,
            _ if OURS_TO_DECIDE.contains(&name) => {}
            _ => left_out.push(format!("the parameter {name} is not known")),
        }
    }
    let place = place.trim_end_matches('/');
    if interface.is_empty() {
        format!("{scheme}://{place}")
    } else {
        format!("{scheme}://{interface}@{place}")
    }
}

fn srt(rest: &str, left_out: &mut Vec<String>) -> String {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut kept = Vec::new();
    for (name, value) in parameters(query) {
        match name {
            "mode" | "latency" | "passphrase" | "streamid" => kept.push(format!("{name}={value}")),
            _ if OURS_TO_DECIDE.contains(&name) => {}
            _ => left_out.push(format!("the parameter {name} is not known")),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    format!("srt://{}{query}", place.trim_end_matches('/'))
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The names alone: values may be secrets.
fn names(headers: &str) -> String {
    parameters(headers).map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &str) -> String {
        translate(address).unwrap().url
    }

    #[test]
    fn other_programs_ways_to_say_it_are_understood() {
        for (address, expected) in [
            ("udp://@239.1.1.1:5000", "udp://239.1.1.1:5000"),
            ("UDP://239.1.1.1:5000?pkt_size=1316&fifo_size=1000", "udp://239.1.1.1:5000"),
            ("rtp://@239.1.1.1:5000/", "rtp://239.1.1.1:5000"),
            ("udp://@239.1.1.1:5000?localaddr=10.0.0.1", "udp://10.0.0.1@239.1.1.1:5000"),
            ("udp://eth1@239.1.1.1:5000", "udp://eth1@239.1.1.1:5000"),
            ("srt://a:1?transtype=live&mode=caller&latency=200", "srt://a:1?mode=caller&latency=200"),
            (
                "http://tvh:9981/stream/channelid/1?profile=pass",
                "http://tvh:9981/stream/channelid/1?profile=pass",
            ),
        ] {
            assert_eq!(translate(address).unwrap(), Address { url: expected.into(), left_out: vec![] });
        }
    }

    #[test]
    fn what_has_no_meaning_here_is_left_out_and_named_without_its_value() {
        let kodi = translate("http://a/b.ts|User-Agent=x&Authorization=Basic%20abc").unwrap();
        assert_eq!(kodi.url, "http://a/b.ts");
        assert_eq!(kodi.left_out, ["HTTP headers cannot be sent (User-Agent, Authorization)"]);
        assert_eq!(
            translate("udp://239.1.1.1:5000?fec=1").unwrap().left_out,
            ["the parameter fec is not known"]
        );
        assert_eq!(url("srt://a:1?maxbw=1"), "srt://a:1");
    }

    #[test]
    fn what_cannot_be_an_input_is_refused_with_the_reason() {
        for (address, reason) in [
            ("../a.ts", "not a URL"),
            ("plugin://x/y", "udp, rtp, srt"),
            ("rtsp://a/b", "udp, rtp, srt"),
            ("udp://239.1.1.1", "port is missing"),
        ] {
            assert!(translate(address).unwrap_err().contains(reason), "{address}");
        }
    }
}
