//! The outbox: events on their way from the database to the bus, in their order, at least once.

use std::time::Duration;

use funkturm_base::{Kind, Result};
use funkturm_bus::Bus;
use funkturm_contracts::channel::CHANNEL_STREAM;
use funkturm_db::Db;
use funkturm_service::Context;
use prometheus::IntCounter;
use slog::{info, warn};

use crate::{line_up::LineUp, store};

/// Events taken from the outbox at once.
const BATCH: i64 = 100;
/// Events that the stream keeps: whoever was away for longer reads the whole list anyhow.
const KEPT: usize = 10_000;
/// How often is looked for events that another instance left behind.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Brings events to the bus.
pub(crate) struct Relay {
    pub(crate) db: Db,
    pub(crate) bus: Bus,
    pub(crate) line_up: LineUp,
    pub(crate) sent: IntCounter,
}

impl Relay {
    /// Does so until the process stops.
    pub(crate) async fn run(self, context: Context) -> anyhow::Result<()> {
        let mut away = false;
        while !context.stop.requested() {
            match self.send().await {
                Ok(()) if away => {
                    info!(context.log, "events flow again");
                    away = false;
                }
                Ok(()) => {}
                Err(error) if error.kind() == Kind::Unavailable => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(context.log, "events wait in the outbox"; "error" => error.chain());
                    }
                }
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                () = self.line_up.changed(LOOK_AGAIN) => {}
                () = context.stop.wait() => {}
            }
        }
        Ok(())
    }

    /// Sends all that waits. Two instances may send the same; whoever listens takes that.
    async fn send(&self) -> Result<()> {
        // Before the first snapshot the tables may not be there.
        if self.line_up.now().is_err() {
            return Ok(());
        }
        loop {
            let events = self.db.run(|connection| store::events_load(connection, BATCH)).await?;
            if events.is_empty() {
                return Ok(());
            }
            let mut arrived = Vec::with_capacity(events.len());
            for (id, event) in events {
                self.bus.append(CHANNEL_STREAM, KEPT, &event).await?;
                self.sent.inc();
                arrived.push(id);
            }
            self.db.run(move |connection| store::events_delete(connection, &arrived)).await?;
        }
    }
}
