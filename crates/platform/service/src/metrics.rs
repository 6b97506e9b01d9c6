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

/// Memory, CPU time, threads and open files of this process, as the kernel counts them, under the names that
/// every exporter uses.
fn process() -> Option<String> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<f64>().ok();
    // utime, stime, num_threads and starttime of proc(5); a clock tick is 1/100 s for user space on every
    // Linux.
    let (cpu, threads) = ((number(11)? + number(12)?) / 100.0, number(17)?);
    let start = boot_time()? + number(19)? / 100.0;
    let memory = kilobytes("/proc/self/status", "VmRSS:")? * 1024.0;
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count() as f64;
    let mut text = String::new();
    for (name, kind, help, value) in [
        ("process_cpu_seconds_total", "counter", "User and system CPU time.", cpu),
        ("process_resident_memory_bytes", "gauge", "Resident memory.", memory),
        ("process_open_fds", "gauge", "Open file descriptors.", files),
        ("process_threads", "gauge", "Threads.", threads),
        ("process_start_time_seconds", "gauge", "When it started, in seconds since 1970.", start),
    ] {
        let line = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        text.push_str(&line);
    }
    Some(text)
}

/// When the machine started, in seconds since 1970.
fn boot_time() -> Option<f64> {
    line_of("/proc/stat", "btime")?.parse().ok()
}

fn kilobytes(file: &str, name: &str) -> Option<f64> {
    line_of(file, name)?.trim_end_matches("kB").trim().parse().ok()
}

fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned())
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
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 1e6 && value("process_open_fds") >= 3.0);
        let now = chrono::Utc::now().timestamp() as f64;
        assert!((now - value("process_start_time_seconds")).abs() < 3600.0);
    }
}
