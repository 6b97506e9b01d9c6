//! Redis: connection, streams with consumer groups, leases.
//!
//! A [`Bus`] is one multiplexed connection that mends itself. Every command sent through it must be safe to run
//! twice: if the connection breaks before the answer comes, it is sent a second time, because nobody can know
//! whether the first one arrived. When Redis is away, a command fails within seconds as `Kind::Unavailable`
//! and the next one finds Redis again as soon as it is back.

mod call;
mod connect;
mod lease;
mod metrics;
mod stream;

use std::{sync::Arc, time::Duration};

use funkturm_base::Result;
use redis::{Cmd, FromRedisValue, Pipeline, ScriptInvocation, aio::ConnectionManager};
use slog::Logger;

pub use lease::{Holder, Lease, Leases};
pub use stream::{Consumer, Entry};

/// A service's connection to Redis. Clones share it.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    client: redis::Client,
    connection: ConnectionManager,
    service: &'static str,
    metrics: metrics::Metrics,
    log: Logger,
}

impl Bus {
    /// A bus for `service`, at `url` (`redis://…`, `redis+unix:///path`). Connects when first used, so that a
    /// service can start while Redis is away.
    ///
    /// # Errors
    /// The URL is not one of Redis, or this service has registered the metrics of a bus already.
    pub fn open(
        url: &str,
        service: &'static str,
        registry: &prometheus::Registry,
        log: &Logger,
    ) -> Result<Self> {
        let client = connect::client(url)?;
        let connection = connect::manager(&client, connect::RESPONSE_TIMEOUT)?;
        let metrics = metrics::Metrics::register(service, registry)?;
        Ok(Self(Arc::new(Inner { client, connection, service, metrics, log: log.clone() })))
    }

    /// The key of something that belongs to this service alone: `funkturm:<service>:<part>:…`.
    pub fn key(&self, parts: &[&str]) -> String {
        format!("funkturm:{}:{}", self.0.service, parts.join(":"))
    }

    /// Asks whether Redis is there.
    ///
    /// # Errors
    /// It is not.
    pub async fn ping(&self) -> Result<()> {
        self.run(&redis::cmd("PING")).await
    }

    /// Runs a command, which must be safe to run twice.
    ///
    /// # Errors
    /// `Kind::Unavailable` if Redis cannot be had, `Kind::Internal` if it refuses.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.call(call::Call::Command(command)).await
    }

    /// Runs several commands in one go, which must be safe to run twice; atomically, if the pipeline says so.
    ///
    /// # Errors
    /// As [`Bus::run`].
    pub async fn run_all<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T> {
        self.call(call::Call::Pipeline(pipeline)).await
    }

    /// Runs a Lua script, which must be safe to run twice.
    ///
    /// # Errors
    /// As [`Bus::run`].
    pub async fn run_script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T> {
        self.call(call::Call::Script(script)).await
    }

    /// The leases that `owner` (a name that no other process has) takes for `ttl` at a time.
    pub fn leases(&self, owner: impl Into<String>, ttl: Duration) -> Leases {
        Leases::new(self.clone(), owner.into(), ttl)
    }
}
