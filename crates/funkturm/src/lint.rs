//! `funkturm lint`: follows a live presentation and reports what breaks RFC 8216bis or Apple's authoring rules.

use std::{
    collections::HashSet,
    io::Read,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::Bytes;
use funkturm_hls::lint::{Finding, Lint, Method, RULES, Request, Response, Severity};
use tokio::task::JoinSet;

use crate::{out, server};

/// Follow an HLS presentation and report what breaks RFC 8216bis or Apple's authoring rules.
///
/// Loads playlists as a player would, segments and initialization sections of every rendition with them, and prints each breach once
/// when it is first seen, with the clause. Some rules are about change, and need a while: ten minutes see nearly all. Exits with 1
/// if anything was found.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The multivariant playlist, or one media playlist
    #[arg(required_unless_present = "rules")]
    url: Option<String>,
    /// How long to follow it: 90s, 10m, 1h
    #[arg(long = "for", value_name = "TIME", default_value = "1m", value_parser = time)]
    duration: Duration,
    /// Only what players may fail at: leave out what a clause merely recommends
    #[arg(long)]
    must: bool,
    /// Leave a rule out, by its name
    #[arg(long, value_name = "RULE", value_parser = rule)]
    allow: Vec<&'static str>,
    /// Print all rules with their clauses, and nothing else
    #[arg(long)]
    rules: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("a time is a number with s, m or h".to_owned()),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)) {
        Some(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time is a number with s, m or h".to_owned()),
    }
}

fn rule(text: &str) -> Result<&'static str, String> {
    let known = RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(text));
    known.map(|rule| rule.id).ok_or_else(|| "there is no such rule: --rules prints all of them".to_owned())
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(url) = &args.url else {
        let rows = RULES.iter().map(|rule| {
            vec![rule.id.into(), rule.severity.to_string(), rule.clause.into(), rule.expected.into()]
        });
        out::table(&rows.collect::<Vec<_>>());
        return Ok(());
    };
    let found = server::block_on(follow(url, args))?;
    match found {
        0 => out::note(format_args!("nothing to complain about in {} s", args.duration.as_secs())),
        found => bail!("{found} breaches"),
    }
    Ok(())
}

/// Follows it for as long as it was said to; how many breaches there are.
async fn follow(url: &str, args: &Args) -> anyhow::Result<usize> {
    let client = Client::new()?;
    let mut driver =
        Driver { lint: Lint::new(url), begun: Instant::now(), under_way: JoinSet::new(), asked: 0 };
    let mut shown = HashSet::new();
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        driver.ask(&client);
        let report = driver.lint.report().findings().filter(|finding| wanted(args, finding));
        for finding in report {
            if shown.insert((finding.rule.id, finding.clause.clone(), finding.url.clone())) {
                out::progress_done();
                out::line(format_args!("{} {finding}", finding.rule.id));
            }
        }
        let gone = driver.begun.elapsed();
        if gone >= args.duration {
            break;
        }
        let (gone_s, all_s) = (gone.as_secs(), args.duration.as_secs());
        out::progress(format_args!(
            "{gone_s} of {all_s} s, {} requests, {} breaches",
            driver.asked,
            shown.len()
        ));
        let due = driver.lint.wake().unwrap_or(args.duration).min(gone + Duration::from_secs(1));
        tokio::select! {
            Some(answer) = driver.under_way.join_next() => driver.take(answer?),
            () = tokio::time::sleep(due.saturating_sub(gone)) => {}
            _ = &mut interrupted => break,
        }
    }
    out::progress_done();
    Ok(shown.len())
}

fn wanted(args: &Args, finding: &Finding) -> bool {
    let left_out = args.must && finding.rule.severity == Severity::Should;
    !left_out && !args.allow.contains(&finding.rule.id)
}

/// What a request came to.
struct Answer {
    asked: Duration,
    request: Request,
    result: anyhow::Result<Response>,
}

struct Driver {
    lint: Lint,
    begun: Instant,
    under_way: JoinSet<Answer>,
    asked: u64,
}

impl Driver {
    fn ask(&mut self, client: &Client) {
        let asked = self.begun.elapsed();
        for request in self.lint.next_requests(asked) {
            self.asked += 1;
            let client = client.clone();
            self.under_way.spawn(async move {
                let result = client.ask(&request).await;
                Answer { asked, request, result }
            });
        }
    }

    fn take(&mut self, Answer { asked, request, result }: Answer) {
        let now = self.begun.elapsed();
        match result {
            Ok(response) => self.lint.response(asked, now, &request, &response),
            Err(error) => self.lint.failed(asked, now, &request, &format!("{error:#}")),
        }
    }
}

/// Longest answer that is taken: a segment of 13 s with 40 Mbit/s.
const LONGEST: usize = 64 << 20;

#[derive(Clone)]
struct Client(reqwest::Client);

impl Client {
    fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("funkturm-lint/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .timeout(Duration::from_secs(15))
            .build()?;
        Ok(Self(client))
    }

    async fn ask(&self, request: &Request) -> anyhow::Result<Response> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
        };
        let mut asked = self.0.request(method, &request.url);
        if request.accept_gzip {
            asked = asked.header(http::header::ACCEPT_ENCODING, "gzip");
        }
        if let Some(range) = request.range {
            let last = (range.offset + range.length).saturating_sub(1);
            asked = asked.header(http::header::RANGE, format!("bytes={}-{last}", range.offset));
        }
        let mut response = asked.send().await.map_err(|error| error.without_url())?;
        let status = response.status().as_u16();
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url())? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                bail!("the answer is longer than {} MiB", LONGEST >> 20);
            }
        }
        let mut answer = Response { status, headers, body: Bytes::from(body) };
        if answer.header("content-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip")) {
            answer.body = gunzip(&answer.body)?;
        }
        Ok(answer)
    }
}

fn gunzip(packed: &[u8]) -> anyhow::Result<Bytes> {
    let mut text = Vec::new();
    let most = LONGEST as u64 + 1;
    flate2::read::MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut text)
        .context("the body is said to be gzip, and is not")?;
    if text.len() as u64 == most {
        bail!("the answer is longer than {} MiB when unpacked", LONGEST >> 20);
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("10m"), Ok(Duration::from_secs(600)));
        for wrong in ["", "m", "0s", "1.5m", "-1s", "99999999999999999999h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rules_are_known_by_name() {
        assert_eq!(rule("window_short"), Ok("WINDOW_SHORT"));
        assert!(rule("WINDOW").is_err());
    }

    #[tokio::test]
    async fn what_cannot_be_reached_and_what_is_no_playlist_is_a_breach() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let refused = format!("http://{address}/");
        drop(listener);
        let args =
            Args { url: None, duration: Duration::from_secs(1), must: true, allow: Vec::new(), rules: false };
        assert_eq!(follow(&refused, &args).await.unwrap(), 1);
        let allowed = Args { allow: vec!["PLAYLIST_UNREACHABLE"], ..args };
        assert_eq!(follow(&refused, &allowed).await.unwrap(), 0);
    }
}
