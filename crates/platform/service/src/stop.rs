//! One source of cancellation for everything in a process.

use std::sync::Arc;

use tokio::sync::watch;

/// Says when to stop. Clones share the signal.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Stop {
    /// Whether to stop has been asked for.
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Asks everybody to stop; a second time changes nothing.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Returns when to stop has been asked for. Safe to drop and call again.
    pub async fn wait(&self) {
        // The sender lives in self, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|stop| *stop).await;
    }
}
