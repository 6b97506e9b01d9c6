//! What a database handle measures of itself.

use std::time::Duration;

use funkturm_base::{Error, Result};
use prometheus::{HistogramOpts, HistogramVec, IntGauge, Registry};

pub(crate) struct Metrics {
    acquire: HistogramVec,
    open: IntGauge,
    idle: IntGauge,
}

impl Metrics {
    pub(crate) fn register(service: &str, registry: &Registry) -> Result<Self> {
        Self::try_register(service, registry)
            .map_err(|error| Error::internal("the metrics of the database cannot be registered", error))
    }

    fn try_register(service: &str, registry: &Registry) -> prometheus::Result<Self> {
        let acquire = HistogramVec::new(
            HistogramOpts::new(
                format!("funkturm_{service}_db_acquire_seconds"),
                "Time until a connection to the database was had, by outcome (ok, failed)",
            )
            .buckets(vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 2.5]),
            &["outcome"],
        )?;
        let gauge =
            |what: &str, help: &str| IntGauge::new(format!("funkturm_{service}_db_{what}_connections"), help);
        let open = gauge("open", "Connections to the database, when one was last asked for")?;
        let idle = gauge("idle", "Connections to the database not in use, when one was last asked for")?;
        registry.register(Box::new(acquire.clone()))?;
        registry.register(Box::new(open.clone()))?;
        registry.register(Box::new(idle.clone()))?;
        Ok(Self { acquire, open, idle })
    }

    pub(crate) fn acquired(&self, ok: bool, took: Duration, pool: &r2d2::State) {
        let outcome = if ok { "ok" } else { "failed" };
        self.acquire.with_label_values(&[outcome]).observe(took.as_secs_f64());
        self.open.set(pool.connections.into());
        self.idle.set(pool.idle_connections.into());
    }
}
