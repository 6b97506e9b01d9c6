//! What Prometheus sees of the inputs.

use std::collections::BTreeSet;

use funkturm_contracts::health::InputState;
use funkturm_service::metrics::{counters, gauges};
use prometheus::{IntCounterVec, IntGaugeVec, Registry};

use crate::{
    channel::Channel,
    station::{InputReport, Station},
};

/// How a value is read off an input.
type Reading<T> = fn(&InputReport) -> T;

/// The metrics of every input and channel.
pub(crate) struct Metrics {
    gauges: [(IntGaugeVec, Reading<i64>); 5],
    counters: [(IntCounterVec, Reading<u64>); 5],
    readers: IntGaugeVec,
    cut_off: IntCounterVec,
    /// The labels that have values, so that those of a removed channel disappear.
    inputs: BTreeSet<[String; 2]>,
}

const INPUT: [&str; 2] = ["channel", "preference"];

impl Metrics {
    /// Registers them.
    pub(crate) fn new(registry: &Registry) -> anyhow::Result<Self> {
        let gauge = |name: &str, help: &str| gauges(registry, name, help, &INPUT);
        let counter = |name: &str, help: &str| counters(registry, name, help, &INPUT);
        Ok(Self {
            gauges: [
                (
                    gauge("funkturm_ingest_input_bitrate_bits", "Bits per second of the transport stream.")?,
                    |input| input.report.stats.bitrate.cast_signed(),
                ),
                (gauge("funkturm_ingest_input_up", "1 if the input delivers.")?, |input| {
                    i64::from(input.state != InputState::Down)
                }),
                (gauge("funkturm_ingest_input_active", "1 if the input is on air.")?, |input| {
                    i64::from(input.state == InputState::Active)
                }),
                (
                    gauge(
                        "funkturm_ingest_input_pcr_jitter_microseconds",
                        "Greatest deviation of the PCR's arrival in the last seconds.",
                    )?,
                    |input| input.report.programme.pcr_jitter * 100 / 9,
                ),
                (
                    gauge(
                        "funkturm_ingest_input_last_picture_timestamp_seconds",
                        "When the last whole picture came, in seconds since 1970.",
                    )?,
                    |input| {
                        input.report.programme.last_picture.unwrap_or(0) / funkturm_base::TICKS_PER_SECOND
                    },
                ),
            ],
            counters: [
                (
                    counter(
                        "funkturm_ingest_input_continuity_errors_total",
                        "Gaps in the continuity counters.",
                    )?,
                    |input| input.report.stats.continuity_errors,
                ),
                (
                    counter(
                        "funkturm_ingest_input_transport_errors_total",
                        "Packets marked as broken, or out of sync.",
                    )?,
                    |input| {
                        let stats = &input.report.stats;
                        stats.transport_errors + stats.sync_byte_errors + stats.sync_losses
                    },
                ),
                (
                    counter(
                        "funkturm_ingest_input_table_errors_total",
                        "Half seconds without a PAT or PMT.",
                    )?,
                    |input| input.report.stats.pat_errors + input.report.programme.pmt_errors,
                ),
                (counter("funkturm_ingest_input_rtp_lost_total", "RTP packets that never came.")?, |input| {
                    input.report.lost
                }),
                (
                    counter("funkturm_ingest_input_epochs_total", "Unbroken runs of input that have begun.")?,
                    |input| input.report.programme.epochs,
                ),
            ],
            readers: gauges(
                registry,
                "funkturm_ingest_readers",
                "Readers of the programme stream.",
                &["channel"],
            )?,
            cut_off: counters(
                registry,
                "funkturm_ingest_readers_cut_off_total",
                "Readers that were too slow.",
                &["channel"],
            )?,
            inputs: BTreeSet::new(),
        })
    }

    /// Brings them up to date.
    pub(crate) fn update(&mut self, station: &Station) {
        let mut seen = BTreeSet::new();
        for input in station.reports() {
            let labels = [input.channel.id.to_string(), input.preference.to_string()];
            let values = [labels[0].as_str(), labels[1].as_str()];
            for (gauge, value) in &self.gauges {
                gauge.with_label_values(&values).set(value(&input));
            }
            for (counter, value) in &self.counters {
                raise(&counter.with_label_values(&values), value(&input));
            }
            seen.insert(labels);
        }
        for channel in station.channels() {
            self.update_readers(&channel);
        }
        for gone in self.inputs.difference(&seen) {
            let values = [gone[0].as_str(), gone[1].as_str()];
            self.gauges.iter().for_each(|(gauge, _)| drop(gauge.remove_label_values(&values)));
            self.counters.iter().for_each(|(counter, _)| drop(counter.remove_label_values(&values)));
            if !seen.iter().any(|other| other[0] == gone[0]) {
                let _ = self.readers.remove_label_values(&values[..1]);
                let _ = self.cut_off.remove_label_values(&values[..1]);
            }
        }
        self.inputs = seen;
    }

    fn update_readers(&self, channel: &Channel) {
        let (readers, cut_off) = channel.readers();
        let id = [channel.id.as_str()];
        self.readers.with_label_values(&id).set(i64::try_from(readers).unwrap_or(i64::MAX));
        raise(&self.cut_off.with_label_values(&id), cut_off);
    }
}

/// Our own counters begin anew with a changed input; Prometheus's go on.
fn raise(counter: &prometheus::IntCounter, value: u64) {
    let before = counter.get();
    if value < before {
        counter.reset();
    }
    counter.inc_by(value.saturating_sub(counter.get()));
}
