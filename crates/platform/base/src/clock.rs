//! Time as something handed in, so that tests decide what time it is.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::Utc90;

/// Where code gets the time from.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn utc(&self) -> Utc90;
    /// Time since some fixed instant; never goes back, whatever happens to the time of day.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn utc(&self) -> Utc90 {
        Utc90::from(chrono::Utc::now())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<(Utc90, Duration)>);

impl ManualClock {
    /// A clock that shows `utc`.
    pub fn at(utc: Utc90) -> Self {
        Self(Mutex::new((utc, Duration::ZERO)))
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = (now.0 + by, now.1 + by);
    }
}

impl Clock for ManualClock {
    fn utc(&self) -> Utc90 {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }
}
