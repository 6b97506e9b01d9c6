//! What is counted. Counters of what players ask for are looked up once, not with every request.

use funkturm_service::metrics;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};

/// The origin's metrics.
pub(crate) struct Meters {
    pub(crate) bytes: IntGauge,
    pub(crate) channels: IntGauge,
    pub(crate) pushes: IntCounterVec,
    pub(crate) broken_promises: IntCounter,
    pub(crate) multivariant: IntCounter,
    pub(crate) playlist: IntCounter,
    pub(crate) i_frames: IntCounter,
    pub(crate) segment: IntCounter,
    pub(crate) init: IntCounter,
    pub(crate) missing: IntCounter,
}

impl Meters {
    pub(crate) fn new(registry: &Registry) -> anyhow::Result<Self> {
        let help = "Requests of players by what they ask for; missing is what is not here (any more).";
        let requests = metrics::counters(registry, "funkturm_origin_requests_total", help, &["kind"])?;
        let of = |kind: &str| requests.with_label_values(&[kind]);
        Ok(Self {
            bytes: metrics::gauge(registry, "funkturm_origin_segment_bytes", "Segments in memory.")?,
            channels: metrics::gauge(registry, "funkturm_origin_channels", "Channels that are live here.")?,
            pushes: metrics::counters(
                registry,
                "funkturm_origin_pushes_total",
                "Segments by what became of them: new, known from another transcoder, or late.",
                &["result"],
            )?,
            broken_promises: metrics::counter(
                registry,
                "funkturm_origin_broken_promises_total",
                "Segments given up for lack of memory while players may still have wanted them.",
            )?,
            multivariant: of("multivariant"),
            playlist: of("playlist"),
            i_frames: of("iframes"),
            segment: of("segment"),
            init: of("init"),
            missing: of("missing"),
        })
    }
}
