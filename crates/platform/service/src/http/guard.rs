//! What happens to every request around its handler: who may come in, CORS, problems, compression, log, metrics.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use funkturm_base::Kind;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts};
use ring::digest;
use slog::{debug, error, warn};

use super::{
    Payload, Reply, Request, Routes,
    reply::{accepts_gzip, compress, problem, problem_of},
    routes::{Leaf, Table},
};
use crate::Context;

/// Routes with everything around them.
pub(crate) struct Guard {
    table: Table,
    context: Context,
    service: Option<Secret>,
    operator: Option<Secret>,
    meters: BTreeMap<&'static str, Meter>,
    lost: Meter,
}

/// A token, kept as its hash so that comparing takes the same time whatever is sent.
struct Secret([u8; 32]);

impl Secret {
    fn new(token: &str) -> Self {
        Self(hash(token.as_bytes()))
    }

    fn is(&self, sent: &[u8]) -> bool {
        let sent = hash(sent);
        // No early end: every byte is looked at.
        self.0.iter().zip(sent).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap_or([0; 32])
}

/// The metrics of one route.
struct Meter {
    seconds: Histogram,
    classes: [IntCounter; 5],
}

struct Meters {
    seconds: HistogramVec,
    requests: IntCounterVec,
}

impl Meters {
    fn new(context: &Context) -> Self {
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "funkturm_http_request_seconds",
                "Time from the request's head to the reply's head.",
            )
            .buckets(vec![0.0005, 0.002, 0.01, 0.05, 0.2, 1.0, 5.0]),
            &["route"],
        );
        let requests = IntCounterVec::new(
            Opts::new("funkturm_http_requests_total", "Requests by route and class of status."),
            &["route", "status"],
        );
        // Both are well-formed and the registry is the process's own; a second listener shares the first one's.
        let (Ok(seconds), Ok(requests)) = (seconds, requests) else { return Self::unregistered() };
        let _ = context.metrics.register(Box::new(seconds.clone()));
        let _ = context.metrics.register(Box::new(requests.clone()));
        Self { seconds, requests }
    }

    #[expect(clippy::expect_used, reason = "constant names that are known to be good")]
    fn unregistered() -> Self {
        Self {
            seconds: HistogramVec::new(HistogramOpts::new("a", "a"), &["route"]).expect("good name"),
            requests: IntCounterVec::new(Opts::new("b", "b"), &["route", "status"]).expect("good name"),
        }
    }

    fn of(&self, pattern: &str) -> Meter {
        let class = |status: &str| self.requests.with_label_values(&[pattern, status]);
        Meter {
            seconds: self.seconds.with_label_values(&[pattern]),
            classes: [class("1xx"), class("2xx"), class("3xx"), class("4xx"), class("5xx")],
        }
    }
}

impl Meter {
    fn count(&self, status: StatusCode, time: Duration) {
        self.seconds.observe(time.as_secs_f64());
        if let Some(counter) = self.classes.get(usize::from(status.as_u16() / 100).saturating_sub(1)) {
            counter.inc();
        }
    }
}

impl Guard {
    pub(crate) fn new(routes: &Routes, context: &Context) -> Arc<Self> {
        let meters = Meters::new(context);
        let patterns = routes.patterns();
        Arc::new(Self {
            table: routes.table(),
            service: context.tokens.service.as_deref().map(Secret::new),
            operator: context.tokens.operator.as_deref().map(Secret::new),
            meters: patterns.iter().map(|(_, pattern)| (*pattern, meters.of(pattern))).collect(),
            lost: meters.of("none"),
            context: context.clone(),
        })
    }

    /// Answers a request.
    pub(crate) async fn answer(self: Arc<Self>, mut request: Request) -> Reply {
        let started = Instant::now();
        let head = request.method == Method::HEAD;
        if head {
            request.method = Method::GET;
        }
        let (method, uri, gzip) =
            (request.method.clone(), request.uri.clone(), accepts_gzip(&request.headers));
        let found = self.table.find(uri.path());
        let meter = found.as_ref().and_then(|(leaf, _)| self.meters.get(leaf.pattern)).unwrap_or(&self.lost);
        let mut reply = match found {
            Some((leaf, params)) => {
                request.params = params;
                self.enter(leaf, request).await
            }
            None => problem_of(StatusCode::NOT_FOUND, "there is nothing at this path"),
        };
        reply = compress(gzip, reply);
        if open_to_all_sites(uri.path()) {
            allow_all_sites(reply.headers_mut());
        }
        if head {
            leave_out_body(&mut reply);
        }
        let time = started.elapsed();
        meter.count(reply.status(), time);
        self.log(&method, uri.path(), reply.status(), time);
        reply
    }

    async fn enter(&self, leaf: &Leaf, request: Request) -> Reply {
        let Some(handler) = leaf.handler(&request.method) else { return wrong_method(leaf, &request) };
        if let Err(reply) = self.admit(leaf.pattern, &request.headers) {
            return *reply;
        }
        match AssertUnwindSafe(handler(request)).catch_unwind().await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => {
                if error.kind() == Kind::Internal {
                    error!(self.context.log, "{}", error.chain(); "route" => leaf.pattern);
                }
                problem(&error)
            }
            Err(_) => {
                error!(self.context.log, "handler panicked"; "route" => leaf.pattern);
                problem_of(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on our side")
            }
        }
    }

    /// Who may come in, by the first segment of the path.
    fn admit(&self, pattern: &str, headers: &HeaderMap) -> Result<(), Box<Reply>> {
        let (secret, setting) = if pattern.starts_with("/internal/") {
            (&self.service, "process.auth.service_token_file")
        } else if pattern.starts_with("/admin/") {
            (&self.operator, "process.auth.operator_token_file")
        } else {
            return Ok(());
        };
        let refuse = |detail: &str| Err(Box::new(problem_of(StatusCode::UNAUTHORIZED, detail)));
        let Some(secret) = secret else {
            return refuse(&format!("this is closed until {setting} is configured"));
        };
        let sent =
            headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        match sent {
            Some(token) if secret.is(token) => Ok(()),
            Some(_) => refuse("this token is not valid here"),
            None => refuse("a token is needed: send it as `Authorization: Bearer …`"),
        }
    }

    fn log(&self, method: &Method, path: &str, status: StatusCode, time: Duration) {
        let log = &self.context.log;
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            warn!(log, "request failed"; "method" => %method, "path" => %shown(path), "status" => status.as_u16(),
                "duration_ms" => time.as_secs_f64() * 1e3);
        } else {
            debug!(log, "request"; "method" => %method, "path" => %shown(path), "status" => status.as_u16(),
                "duration_ms" => time.as_secs_f64() * 1e3);
        }
    }
}

/// A path without the playback token in it.
fn shown(path: &str) -> String {
    match path.strip_prefix("/hls/").and_then(|rest| rest.split_once('/')) {
        Some((token, rest)) => {
            let start: String = token.chars().take(6).collect();
            format!("/hls/{start}…/{rest}")
        }
        None => path.to_owned(),
    }
}

fn wrong_method(leaf: &Leaf, request: &Request) -> Reply {
    let allow = HeaderValue::try_from(leaf.allow()).unwrap_or_else(|_| HeaderValue::from_static("GET"));
    let mut reply = if request.method == Method::OPTIONS {
        let mut reply = Reply::new(Payload::Empty);
        *reply.status_mut() = StatusCode::NO_CONTENT;
        // A preflight: which methods and headers another site's page may use.
        reply.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
        let headers = HeaderValue::from_static("authorization, content-type, if-none-match, range");
        reply.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
        reply.headers_mut().insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        reply
    } else {
        problem_of(StatusCode::METHOD_NOT_ALLOWED, &format!("{} is not possible here", request.method))
    };
    reply.headers_mut().insert(header::ALLOW, allow);
    reply
}

/// Apps live on other sites than we do; cookies are not used, so any site may ask.
fn open_to_all_sites(path: &str) -> bool {
    path.starts_with("/hls/") || path.starts_with("/api/")
}

fn allow_all_sites(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed =
        HeaderValue::from_static("date, etag, content-length, content-range, location, retry-after");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

fn leave_out_body(reply: &mut Reply) {
    if let Payload::Bytes(body) = reply.body() {
        let length = HeaderValue::from(body.len());
        reply.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    *reply.body_mut() = Payload::Empty;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_does_not_show_a_playback_token() {
        assert_eq!(shown("/hls/eyJhbGciOi.secret/a/v0/7.m4s"), "/hls/eyJhbG…/a/v0/7.m4s");
        assert_eq!(shown("/api/v1/channels"), "/api/v1/channels");
    }
}
