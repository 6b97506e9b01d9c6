//! What an outbox measures of itself.

use funkturm_service::metrics::{counters, gauges};
use prometheus::{IntCounterVec, IntGaugeVec, Registry};

pub(crate) struct Metrics {
    pub(crate) delivered: IntCounterVec,
    pub(crate) failed: IntCounterVec,
    pub(crate) refused: IntCounterVec,
    pub(crate) waiting: IntGaugeVec,
    pub(crate) dead: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(service: &str, registry: &Registry) -> anyhow::Result<Self> {
        let name = |what: &str| format!("funkturm_{service}_outbox_{what}");
        let counter = |what: &str, help: &str| counters(registry, &name(what), help, &["receiver"]);
        let gauge = |what: &str, help: &str| gauges(registry, &name(what), help, &["receiver"]);
        Ok(Self {
            delivered: counter("delivered_total", "Messages that were delivered")?,
            failed: counter("failed_total", "Deliveries that are tried again")?,
            refused: counter("refused_total", "Messages that were refused for good and put aside")?,
            waiting: gauge("waiting_count", "Messages that wait to be delivered")?,
            dead: gauge("dead_count", "Messages that are put aside")?,
        })
    }
}
