//! What the service measures.

use std::{sync::Arc, time::Duration};

use funkturm_service::{Context, Latch, metrics};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};
use slog::{info, warn};

use crate::store::{End, Store};

/// How often mails are counted, and old ones forgotten.
const COUNT_AGAIN: Duration = Duration::from_secs(2);

pub(crate) struct Meters {
    pub(crate) accepted: IntCounter,
    ended: IntCounterVec,
    pub(crate) deferred: IntCounter,
    pub(crate) seconds: Histogram,
    mails: IntGaugeVec,
    oldest: IntGauge,
}

impl Meters {
    pub(crate) fn register(registry: &Registry) -> anyhow::Result<Self> {
        Ok(Self {
            accepted: metrics::counter(registry, "funkturm_notify_mails_accepted_total", "Mails taken in")?,
            ended: metrics::counters(
                registry,
                "funkturm_notify_mails_total",
                "Mails that were sent or given up, by outcome (sent, dead)",
                &["outcome"],
            )?,
            deferred: metrics::counter(
                registry,
                "funkturm_notify_mails_deferred_total",
                "Attempts after which a mail had to wait",
            )?,
            seconds: metrics::histogram(
                registry,
                "funkturm_notify_mail_seconds",
                "Time that the mail server took for a mail",
                &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0],
            )?,
            mails: metrics::gauges(
                registry,
                "funkturm_notify_mails",
                "Mails that are kept, by state (waiting, sent, dead); the same from every instance",
                &["state"],
            )?,
            oldest: metrics::gauge(
                registry,
                "funkturm_notify_oldest_waiting_seconds",
                "For how long the mail has waited that has waited for longest; 0 if none waits",
            )?,
        })
    }

    pub(crate) fn ended(&self, end: &End) {
        let outcome = match end {
            End::Sent(_) => "sent",
            End::Dead(_) => "dead",
        };
        self.ended.with_label_values(&[outcome]).inc();
    }

    /// The gauges, to be read by whoever asks for them.
    fn gauges(&self) -> (IntGaugeVec, IntGauge) {
        (self.mails.clone(), self.oldest.clone())
    }
}

/// Counts mails and forgets old ones until the process stops; the latch opens when Redis answers.
pub(crate) fn count(
    meters: &Meters,
    store: Arc<Store>,
    context: Context,
    latch: Latch,
) -> impl Future<Output = anyhow::Result<()>> + use<> {
    let (mails, oldest) = meters.gauges();
    async move {
        let mut away = false;
        while !context.stop.requested() {
            let counted = async {
                store.ping().await?;
                while store.sweep().await? > 0 {}
                store.counts().await
            };
            match counted.await {
                Ok(counts) => {
                    latch.open();
                    let by_state =
                        [("waiting", counts.waiting), ("sent", counts.sent), ("dead", counts.dead)];
                    for (state, count) in by_state {
                        mails.with_label_values(&[state]).set(count);
                    }
                    let now = store.now().timestamp_millis();
                    oldest.set(counts.oldest_ms.map_or(0, |at| (now - at).max(0) / 1000));
                    if std::mem::replace(&mut away, false) {
                        info!(context.log, "Redis is back");
                    }
                }
                Err(error) if !std::mem::replace(&mut away, true) => {
                    warn!(context.log, "mails cannot be counted"; "error" => error.chain());
                }
                Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(COUNT_AGAIN) => {}
                () = context.stop.wait() => {}
            }
        }
        Ok(())
    }
}
