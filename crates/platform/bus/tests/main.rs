//! The bus against a real Redis that is halted, killed and started again.

#![allow(clippy::unwrap_used)]

mod connection;
mod leases;
mod streams;

use funkturm_bus::Bus;
use funkturm_stores::testing::Redis;

/// A bus to this Redis, as a service of its own would have it.
fn bus(redis: &Redis) -> Bus {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    Bus::open(&redis.url(), "trial", &prometheus::Registry::new(), &log).unwrap()
}
