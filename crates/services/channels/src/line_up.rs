//! The line-up: changed in the database, read from memory.
//!
//! Readers never touch the database. A change publishes what it made at once; what other instances change is found
//! by looking at the version every two seconds. While the database is away, reads go on from the last snapshot.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_db::{Db, Failure};
use funkturm_service::{Context, Latch};
use prometheus::IntGauge;
use slog::{Logger, info, warn};
use tokio::{sync::Notify, task::spawn_blocking, time::timeout};

use crate::{
    draft::Draft,
    record::Record,
    snapshot::Snapshot,
    store::{self, Stored},
};

/// How often other instances' changes are looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The line-up. Clones share it.
#[derive(Clone)]
pub(crate) struct LineUp(Arc<Inner>);

struct Inner {
    db: Db,
    current: ArcSwapOption<Snapshot>,
    on_air: Mutex<OnAir>,
    /// There is something new in the outbox.
    changed: Notify,
    gauge: IntGauge,
}

/// What is on air, and how often anything was published: whoever takes long to read the database can tell from it
/// that somebody else was quicker.
#[derive(Default)]
struct OnAir {
    channels: BTreeSet<ChannelId>,
    published: u64,
}

impl LineUp {
    pub(crate) fn new(db: Db, gauge: IntGauge) -> Self {
        let (current, on_air) = (ArcSwapOption::empty(), Mutex::default());
        Self(Arc::new(Inner { db, current, on_air, changed: Notify::new(), gauge }))
    }

    /// The line-up now.
    ///
    /// # Errors
    /// It has never been read yet.
    pub(crate) fn now(&self) -> Result<Arc<Snapshot>> {
        self.0.current.load_full().ok_or_else(|| {
            Error::new(Kind::Unavailable, "the line-up has not been read from the database yet: try again")
        })
    }

    /// Changes the line-up by `work`; when this returns, readers see the change.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Draft) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (result, changed) =
            self.0.db.transaction(move |connection| store::line_up_change(connection, work)).await?;
        if !changed.touched.is_empty() {
            let inner = Arc::clone(&self.0);
            blocking(move || inner.publish(Some((changed.version, changed.records)), None)).await?;
            self.0.changed.notify_one();
        }
        Ok(result)
    }

    /// Tells viewers what is on air.
    pub(crate) async fn set_on_air(&self, channels: BTreeSet<ChannelId>) -> Result<()> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.publish(None, Some(channels))).await
    }

    /// Returns when something was changed here, at the latest after `patience`.
    pub(crate) async fn changed(&self, patience: Duration) {
        // That time ran out is as good as a change.
        let _ = timeout(patience, self.0.changed.notified()).await;
    }

    /// Keeps the line-up as it is in the database, until the process stops.
    pub(crate) async fn follow(self, context: Context, latch: Latch) -> anyhow::Result<()> {
        let log = &context.log;
        self.migrate(&context).await?;
        let mut away = false;
        while !context.stop.requested() {
            match self.refresh().await {
                Ok(()) => {
                    latch.open();
                    recovered(log, &mut away);
                }
                Err(error) if error.kind() == Kind::Unavailable => lost(log, &mut away, &error),
                Err(error) => return Err(error.into()),
            }
            // Time to look again, or to stop: the loop's condition tells.
            let _ = timeout(LOOK_AGAIN, context.stop.wait()).await;
        }
        Ok(())
    }

    async fn migrate(&self, context: &Context) -> anyhow::Result<()> {
        let mut away = false;
        while !context.stop.requested() {
            match self.0.db.migrate(store::MIGRATIONS).await {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == Kind::Unavailable => lost(&context.log, &mut away, &error),
                Err(error) => return Err(error.into()),
            }
            // Time to try again, or to stop.
            let _ = timeout(Duration::from_secs(1), context.stop.wait()).await;
        }
        Ok(())
    }

    /// Reads the line-up if it is another one than ours.
    async fn refresh(&self) -> Result<()> {
        let inner = Arc::clone(&self.0);
        let (seen, known) =
            (inner.published(), inner.current.load().as_ref().map(|snapshot| snapshot.version));
        let read = move |connection: &mut _| -> std::result::Result<Option<Stored>, Failure> {
            if known == Some(store::version_get(connection)?) {
                return Ok(None);
            }
            store::line_up_load(connection).map(Some)
        };
        let Some(stored) = self.0.db.run(read).await? else { return Ok(()) };
        blocking(move || {
            // A change that was made here meanwhile is newer; the next look shows whether that is all.
            if inner.published() != seen {
                Ok(())
            } else {
                inner.publish(Some((stored.version, stored.records)), None)
            }
        })
        .await
    }
}

impl Inner {
    /// Prepares what readers get anew. Takes some milliseconds with a thousand channels.
    fn publish(
        &self,
        line_up: Option<(i64, BTreeMap<ChannelId, Record>)>,
        on_air: Option<BTreeSet<ChannelId>>,
    ) -> Result<()> {
        let mut state = self.on_air.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        if let Some(on_air) = on_air {
            if state.channels == on_air {
                return Ok(());
            }
            state.channels = on_air;
        }
        let (version, records) = match (line_up, current) {
            (Some(line_up), _) => line_up,
            (None, Some(current)) => (current.version, current.records.clone()),
            // What is on air will be shown with the first line-up.
            (None, None) => return Ok(()),
        };
        let snapshot = Snapshot::new(version, records, &state.channels)?;
        self.gauge.set(i64::try_from(snapshot.records.len()).unwrap_or(i64::MAX));
        self.current.store(Some(Arc::new(snapshot)));
        state.published += 1;
        Ok(())
    }

    fn published(&self) -> u64 {
        self.on_air.lock().unwrap_or_else(PoisonError::into_inner).published
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| Error::internal("the line-up could not be prepared", error))?
}

/// Said once, not at every try.
fn lost(log: &Logger, away: &mut bool, error: &Error) {
    if !std::mem::replace(away, true) {
        warn!(log, "the database is away: reads go on from memory, changes are refused"; "error" => error.chain());
    }
}

fn recovered(log: &Logger, away: &mut bool) {
    if std::mem::replace(away, false) {
        info!(log, "the database is back");
    }
}
