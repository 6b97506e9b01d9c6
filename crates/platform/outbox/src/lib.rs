//! What a service has to tell others, kept in its own PostgreSQL until they have heard it (decision 0009).
//!
//! [`Outbox::put`] writes a message in the transaction of the change that it tells of. Each receiver has a queue: its
//! messages are delivered in order and at least once, by one instance at a time. A receiver that does not answer, or says
//! that it cannot now (5xx, 401, 429), holds its own queue and nobody else's; a message that is refused for good (other
//! 4xx) is put aside, and the next one goes on.
//!
//! The order is that in which messages were put. Transactions that run at the same time without waiting for each other may
//! commit in another order: who needs theirs to be kept locks something first, for instance the row that is changed.

mod deliver;
mod metrics;
mod store;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use diesel::PgConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use funkturm_base::{Error, Result};
use funkturm_contracts::client::Peer;
use funkturm_db::{Db, Failure};
use funkturm_service::Context;
use http::Method;
use serde::Serialize;
use tokio::sync::watch;
use uuid::Uuid;

/// The tables; they are to be there before the first message is put.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The times of an outbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often is looked for what another instance left behind.
    pub look_again: Duration,
    /// How long a turn lasts: after that much silence of one instance another one delivers.
    pub turn: Duration,
    /// The first pause after a delivery that failed; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            look_again: Duration::from_secs(5),
            turn: Duration::from_secs(30),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// A service's outbox. Clones share it.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    db: Db,
    /// Who this instance is when it takes turns.
    owner: Uuid,
    receivers: BTreeMap<String, Peer>,
    options: Options,
    metrics: metrics::Metrics,
    /// Changes when there is something new.
    news: watch::Sender<()>,
    /// Changes when something was delivered.
    delivered: watch::Sender<()>,
}

impl Outbox {
    /// The outbox in a service's database, for these receivers by name.
    ///
    /// # Errors
    /// This process has registered the metrics of this service's outbox already.
    pub fn open(
        db: Db,
        receivers: BTreeMap<String, Peer>,
        options: Options,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let metrics = metrics::Metrics::register(context.name, &context.metrics)?;
        let (news, delivered) = (watch::channel(()).0, watch::channel(()).0);
        let owner = Uuid::new_v4();
        Ok(Self(Arc::new(Inner { db, owner, receivers, options, metrics, news, delivered })))
    }

    /// The names of the receivers.
    pub fn receivers(&self) -> impl Iterator<Item = &str> {
        self.0.receivers.keys().map(String::as_str)
    }

    /// Puts a message into the transaction that `connection` is in: `body` as JSON to `path` of the receiver; `&()` for
    /// none. Answers its number: while a row of the table `outbox` has it, it has not been delivered.
    ///
    /// # Errors
    /// There is no such receiver, or the statement failed.
    pub fn put(
        &self,
        connection: &mut PgConnection,
        receiver: &str,
        method: &Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<i64, Failure> {
        if !self.0.receivers.contains_key(receiver) {
            let nobody = std::io::Error::other(receiver.to_owned());
            return Err(Error::internal("the outbox has no such receiver", nobody).into());
        }
        let body = serde_json::to_value(body)
            .map_err(|error| Error::internal("a message cannot be written as JSON", error))?;
        Ok(store::message_insert(connection, receiver, method.as_str(), path, body)?)
    }

    /// Does a unit of work in one transaction, and has what was put in it delivered at once.
    ///
    /// # Errors
    /// As [`Db::transaction`].
    pub async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let done = self.0.db.transaction(work).await?;
        self.wake();
        Ok(done)
    }

    /// Something new was committed.
    pub fn wake(&self) {
        self.0.news.send_replace(());
    }

    /// Changes whenever this instance has delivered something.
    pub fn deliveries(&self) -> watch::Receiver<()> {
        self.0.delivered.subscribe()
    }

    /// Delivers until the process stops.
    pub fn start(&self, context: &Context) {
        for (name, peer) in &self.0.receivers {
            let queue = deliver::Queue::new(self.clone(), name.clone(), peer.clone(), context.log.clone());
            context.spawn("outbox", queue.run(context.stop.clone()));
        }
        context.spawn("outbox figures", deliver::watch(self.clone(), context.clone()));
    }
}
