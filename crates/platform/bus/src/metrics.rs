//! What a bus measures of itself.

use std::time::Duration;

use funkturm_base::{Error, Result};
use prometheus::{HistogramOpts, HistogramVec, IntCounter, Registry};

pub(crate) struct Metrics {
    seconds: HistogramVec,
    pub(crate) repeated: IntCounter,
}

impl Metrics {
    pub(crate) fn register(service: &str, registry: &Registry) -> Result<Self> {
        Self::try_register(service, registry)
            .map_err(|error| Error::internal("the metrics of the bus cannot be registered", error))
    }

    fn try_register(service: &str, registry: &Registry) -> prometheus::Result<Self> {
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                format!("funkturm_{service}_bus_command_seconds"),
                "Time from a command to Redis until its answer, by outcome (ok, failed)",
            )
            .buckets(vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 2.5]),
            &["outcome"],
        )?;
        let repeated = IntCounter::new(
            format!("funkturm_{service}_bus_repeated_total"),
            "Commands to Redis that were sent again because the connection was lost",
        )?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(repeated.clone()))?;
        Ok(Self { seconds, repeated })
    }

    pub(crate) fn observe(&self, ok: bool, took: Duration) {
        let outcome = if ok { "ok" } else { "failed" };
        self.seconds.with_label_values(&[outcome]).observe(took.as_secs_f64());
    }
}
