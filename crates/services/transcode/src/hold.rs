//! Until when a channel is known to be this instance's alone. A lease says so; the runner that needs it may be in another process,
//! where the host's clock is the only common one.

use std::sync::Arc;

use funkturm_base::{Clock, Utc90};
use funkturm_bus::Lease;
use tokio::sync::watch;

/// What says it.
pub(crate) struct Hold {
    clock: Arc<dyn Clock>,
    /// Such a channel is never one instance's alone.
    redundant: bool,
    until: watch::Sender<Utc90>,
}

/// What is told.
#[derive(Clone)]
pub(crate) struct Held(pub(crate) watch::Receiver<Utc90>);

impl Hold {
    pub(crate) fn new(clock: Arc<dyn Clock>, redundant: bool) -> Self {
        Self { clock, redundant, until: watch::Sender::new(Utc90(0)) }
    }

    /// The channel is ours as long as this lease is.
    pub(crate) fn by(&self, lease: &Lease) {
        if !self.redundant {
            self.until.send_replace(self.clock.utc() + lease.left());
        }
    }

    pub(crate) fn held(&self) -> Held {
        Held(self.until.subscribe())
    }
}

impl Held {
    /// Whether nobody else can be at work on the channel at that time.
    pub(crate) fn at(&self, time: Utc90) -> bool {
        time < *self.0.borrow()
    }
}
