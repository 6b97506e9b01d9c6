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
        let counter = |name: String, help: &str| counters(registry, &name, help, &["receiver"]);
        let gauge = |name: String, help: &str| gauges(registry, &name, help, &["receiver"]);
        Ok(Self {
            delivered: counter(
                format!("funkturm_{service}_outbox_delivered_total"),
                "Messages that were delivered",
            )?,
            failed: counter(
                format!("funkturm_{service}_outbox_failed_total"),
                "Deliveries that are tried again",
            )?,
            refused: counter(
                format!("funkturm_{service}_outbox_refused_total"),
                "Messages that were refused for good and put aside",
            )?,
            waiting: gauge(
                format!("funkturm_{service}_outbox_waiting_count"),
                "Messages that wait to be delivered",
            )?,
            dead: gauge(format!("funkturm_{service}_outbox_dead_count"), "Messages that are put aside")?,
        })
    }
}
