//! One source of cancellation for everything in a process.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

/// Says when to stop. Clones share the signal.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<Option<Instant>>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::channel(None).0))
    }
}

impl Stop {
    /// Whether to stop has been asked for.
    pub fn requested(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Asks everybody to stop; a second time changes nothing.
    pub fn trigger(&self) {
        self.0.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert_with(Instant::now);
            first
        });
    }

    /// When that much time has gone by since it was asked for (from now on, if it was not): what several have
    /// to share at the end of a process.
    pub fn deadline(&self, patience: Duration) -> Instant {
        self.0.borrow().unwrap_or_else(Instant::now) + patience
    }

    /// Returns when to stop has been asked for. Safe to drop and call again.
    pub async fn wait(&self) {
        // The sender lives in self, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}
