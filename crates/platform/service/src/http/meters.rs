//! Metrics of requests, with as many label values as there are routes: nothing that a client sends becomes
//! one.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

/// The metrics of all listeners of a process.
pub(crate) struct Meters {
    seconds: HistogramVec,
    requests: IntCounterVec,
}

/// Those of one route, found beforehand so that a request only counts.
pub(crate) struct Meter {
    seconds: Histogram,
    classes: [IntCounter; 5],
}

/// From a segment out of memory to the longest poll that a client waits for.
const BUCKETS: [f64; 8] = [0.0005, 0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 30.0];

impl Meters {
    #[expect(
        clippy::expect_used,
        reason = "names and labels are constants that the tests have seen to be good"
    )]
    pub(crate) fn new(registry: &Registry) -> Self {
        let help = "Time from a request's head to its answer's head, by route and method.";
        let seconds = HistogramOpts::new("funkturm_http_request_seconds", help).buckets(BUCKETS.to_vec());
        let requests =
            Opts::new("funkturm_http_requests_total", "Requests by route, method and class of status.");
        let meters = Self {
            seconds: HistogramVec::new(seconds, &["route", "method"]).expect("good names"),
            requests: IntCounterVec::new(requests, &["route", "method", "status"]).expect("good names"),
        };
        // Refused only where a process has them already, which `Context::meters` sees to.
        let _ = registry.register(Box::new(meters.seconds.clone()));
        let _ = registry.register(Box::new(meters.requests.clone()));
        meters
    }

    pub(crate) fn of(&self, method: &Method, pattern: &str) -> Meter {
        self.labelled(method.as_str(), pattern)
    }

    /// Of requests that lead nowhere.
    pub(crate) fn of_none(&self) -> Meter {
        self.labelled("any", "none")
    }

    fn labelled(&self, method: &str, pattern: &str) -> Meter {
        let class = |status: &str| self.requests.with_label_values(&[pattern, method, status]);
        Meter {
            seconds: self.seconds.with_label_values(&[pattern, method]),
            classes: [class("1xx"), class("2xx"), class("3xx"), class("4xx"), class("5xx")],
        }
    }
}

impl Meter {
    pub(crate) fn count(&self, status: StatusCode, time: Duration) {
        self.seconds.observe(time.as_secs_f64());
        if let Some(counter) = self.classes.get(usize::from(status.as_u16() / 100).saturating_sub(1)) {
            counter.inc();
        }
    }
}
