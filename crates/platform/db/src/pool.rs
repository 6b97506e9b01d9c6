//! The pool, and how its connections are set up.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use diesel::{
    PgConnection,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, CustomizeConnection, Error as SetUpError},
};
use scheduled_thread_pool::ScheduledThreadPool;

pub(crate) type Pool = r2d2::Pool<ConnectionManager<PgConnection>>;

/// r2d2 opens and tends connections on threads of its own, three to a pool. In a process with many services
/// they share these two.
static TENDERS: LazyLock<Arc<ScheduledThreadPool>> = LazyLock::new(|| {
    Arc::new(ScheduledThreadPool::builder().num_threads(2).thread_name_pattern("db-pool-{}").build())
});

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// The service that uses it.
    pub service: &'static str,
    /// Its URL: `postgres://user@host/database`.
    pub url: String,
    /// The most connections that are held at once.
    pub connections: u32,
    /// How long to wait for a connection.
    pub patience: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
}

impl Options {
    /// What suits a service that reads from memory and seldom writes.
    pub fn new(service: &'static str, url: impl Into<String>) -> Self {
        Self {
            service,
            url: url.into(),
            connections: 3,
            patience: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
        }
    }
}

/// The URL with what only libpq can set: who we are, and when it gives up on a host that does not answer.
pub(crate) fn complete_url(options: &Options) -> String {
    let (url, service) = (&options.url, options.service);
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}application_name=funkturm-{service}&connect_timeout=2&tcp_user_timeout=5000")
}

pub(crate) fn open(url: &str, options: &Options) -> Pool {
    let settings = SessionSettings {
        statement_timeout_ms: options.statement_timeout.as_millis(),
        // A lock that is not had after half that time is held by something that is stuck.
        lock_timeout_ms: options.statement_timeout.as_millis() / 2,
    };
    r2d2::Pool::builder()
        .max_size(options.connections)
        .min_idle(Some(0))
        .idle_timeout(Some(Duration::from_secs(300)))
        .connection_timeout(options.patience)
        // One round trip, so that after a restart of PostgreSQL nobody is given a dead connection.
        .test_on_check_out(true)
        .thread_pool(Arc::clone(&TENDERS))
        .connection_customizer(Box::new(settings))
        .build_unchecked(ConnectionManager::new(url))
}

#[derive(Debug)]
struct SessionSettings {
    statement_timeout_ms: u128,
    lock_timeout_ms: u128,
}

impl CustomizeConnection<PgConnection, SetUpError> for SessionSettings {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), SetUpError> {
        let Self { statement_timeout_ms, lock_timeout_ms } = self;
        connection
            .batch_execute(&format!(
                "SET statement_timeout = {statement_timeout_ms}; SET lock_timeout = {lock_timeout_ms};
                 SET idle_in_transaction_session_timeout = {statement_timeout_ms}; SET TIME ZONE 'UTC'"
            ))
            .map_err(SetUpError::QueryError)
    }
}
