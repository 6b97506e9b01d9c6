//! PostgreSQL behind one handle: Diesel and r2d2, migrations, timeouts, pool metrics.
//!
//! [`Db::run`] takes a permit, then does a whole unit of work on a blocking thread: getting the connection, the
//! statements, giving it back. No connection ever lives in asynchronous code.

mod failure;
mod metrics;
mod migrate;
mod pool;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection};
use diesel_migrations::EmbeddedMigrations;
use funkturm_base::{Error, Kind, Result};
use slog::Logger;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

pub use failure::Failure;
pub use pool::Options;

/// A service's database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    url: String,
    pool: pool::Pool,
    /// As many as there are connections: whoever waits for one waits here, not on a thread.
    permits: Arc<Semaphore>,
    patience: Duration,
    metrics: metrics::Metrics,
    log: Logger,
}

impl Db {
    /// A database; connects when first used, so that a service can start while PostgreSQL is away.
    ///
    /// # Errors
    /// This service has registered the metrics of a database already.
    pub fn open(options: &Options, registry: &prometheus::Registry, log: &Logger) -> Result<Self> {
        let url = pool::complete_url(options);
        Ok(Self(Arc::new(Inner {
            pool: pool::open(&url, options),
            url,
            permits: Arc::new(Semaphore::new(options.connections as usize)),
            patience: options.patience,
            metrics: metrics::Metrics::register(options.service, registry)?,
            log: log.clone(),
        })))
    }

    /// Brings the tables to the state that this program needs. Several instances may do so at once: one works,
    /// the others wait for it.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] if PostgreSQL cannot be had: try again. [`Kind::Internal`] if a migration fails.
    pub async fn migrate(&self, migrations: EmbeddedMigrations) -> Result<()> {
        let inner = Arc::clone(&self.0);
        spawn_blocking(move || migrate::migrate(&inner.url, migrations, &inner.log)).await.map_err(crashed)?
    }

    /// Does a unit of work, on a blocking thread.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] if no connection could be had in time or it broke, else what `work` says.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&mut PgConnection) -> std::result::Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Failure> + Send + 'static,
    {
        let began = Instant::now();
        let inner = Arc::clone(&self.0);
        let permit = match timeout(inner.patience, Arc::clone(&inner.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(error)) => return Err(Error::internal("the database is closed", error)),
            Err(_) => return Err(Error::new(Kind::Unavailable, "the database has too much to do")),
        };
        let done = spawn_blocking(move || {
            // The permit goes with the work, which goes on even if nobody waits for it any more.
            let _permit = permit;
            let left = inner.patience.saturating_sub(began.elapsed());
            let got = inner.pool.get_timeout(left);
            inner.metrics.acquired(got.is_ok(), began.elapsed(), &inner.pool.state());
            let mut connection = got.map_err(|error| {
                Error::new(Kind::Unavailable, "the database cannot be had").with_source(error)
            })?;
            work(&mut connection).map_err(|failure| failure.into().into())
        });
        done.await.map_err(crashed)?
    }

    /// Does a unit of work in one transaction: all of it or nothing.
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&mut PgConnection) -> std::result::Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        self.run(move |connection| connection.transaction(work)).await
    }
}

fn crashed(error: tokio::task::JoinError) -> Error {
    Error::internal("work on the database did not come to its end", error)
}
