//! Metrics: registering them in a line, and those that every process has.

use anyhow::Context as _;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// A counter without labels.
///
/// # Errors
/// The name is taken or malformed; the same for all functions here.
pub fn counter(registry: &Registry, name: &str, help: &str) -> anyhow::Result<IntCounter> {
    register(registry, IntCounter::new(name, help), name)
}

/// A counter with labels.
///
/// # Errors
/// See [`counter`].
pub fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> anyhow::Result<IntCounterVec> {
    register(registry, IntCounterVec::new(Opts::new(name, help), labels), name)
}

/// A gauge without labels.
///
/// # Errors
/// See [`counter`].
pub fn gauge(registry: &Registry, name: &str, help: &str) -> anyhow::Result<IntGauge> {
    register(registry, IntGauge::new(name, help), name)
}

/// A gauge with labels.
///
/// # Errors
/// See [`counter`].
pub fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> anyhow::Result<IntGaugeVec> {
    register(registry, IntGaugeVec::new(Opts::new(name, help), labels), name)
}

/// A histogram without labels.
///
/// # Errors
/// See [`counter`].
pub fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> anyhow::Result<Histogram> {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    register(registry, Histogram::with_opts(options), name)
}

fn register<M: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<M>,
    name: &str,
) -> anyhow::Result<M> {
    let metric = made.with_context(|| format!("metric {name}"))?;
    registry.register(Box::new(metric.clone())).with_context(|| format!("metric {name}"))?;
    Ok(metric)
}

/// All metrics of a registry and of this process in Prometheus's text format.
pub(crate) fn text(registry: &Registry) -> String {
    let mut text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default();
    text.push_str(&process().unwrap_or_default());
    text
}

/// Memory, CPU time and open files of this process, as the kernel counts them.
fn process() -> Option<String> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<f64>().ok();
    // Clock ticks are 1/100 s on every Linux that we run on; pages 4 KiB.
    let cpu = (number(11)? + number(12)?) / 100.0;
    let memory = number(21)? * 4096.0;
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(format!(
        "# HELP process_cpu_seconds_total User and system CPU time.\n# TYPE process_cpu_seconds_total counter\n\
         process_cpu_seconds_total {cpu}\n\
         # HELP process_resident_memory_bytes Resident memory.\n# TYPE process_resident_memory_bytes gauge\n\
         process_resident_memory_bytes {memory}\n\
         # HELP process_open_fds Open file descriptors.\n# TYPE process_open_fds gauge\nprocess_open_fds {files}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_registered_is_shown_and_a_name_is_given_once() {
        let registry = Registry::new();
        counter(&registry, "funkturm_test_things_total", "Things.").unwrap().inc_by(3);
        assert!(counter(&registry, "funkturm_test_things_total", "Things.").is_err());
        let text = text(&registry);
        assert!(text.contains("funkturm_test_things_total 3\n"), "{text}");
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }
}
