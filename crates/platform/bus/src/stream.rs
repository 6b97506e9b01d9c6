//! Streams: facts that one service appends and others take in, each in its own time.
//!
//! Delivery is at least once: an entry that was handed out and not acknowledged is handed out again, after a
//! restart to the same consumer, after a minute to any other of the group.

use std::time::{Duration, Instant};

use bytes::Bytes;
use funkturm_base::Result;
use redis::{
    Cmd, FromRedisValue, Value,
    aio::ConnectionManager,
    streams::{StreamAutoClaimReply, StreamId, StreamReadReply},
};
use serde::Serialize;
use slog::warn;

use crate::{
    Bus,
    call::{Call, refusal, understand},
    connect,
};

/// The one field of an entry.
const FIELD: &str = "event";
/// The id before every other; Redis also says it at the end of a list.
const FIRST: &str = "0-0";
/// Entries handed out at once: enough to catch up quickly, little enough to hold in memory.
const BATCH: usize = 256;
/// How long [`Consumer::next`] waits for something new.
const PATIENCE: Duration = Duration::from_secs(2);
/// Whoever has had an entry for so long without acknowledging it is taken for dead.
const ABANDONED: Duration = Duration::from_secs(60);

/// A fact from a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the stream.
    pub id: String,
    /// The event as JSON.
    pub event: Bytes,
}

impl Entry {
    /// The event.
    ///
    /// # Errors
    /// It is not what the reader expects: acknowledge and report it, or it comes back for ever.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.event)
    }
}

/// Streams are shared between services, so their names know no service.
fn key(stream: &str) -> String {
    format!("funkturm:stream:{stream}")
}

impl Bus {
    /// Appends an event to a stream, which keeps about the last `keep` of them. Answers the entry's id.
    ///
    /// # Errors
    /// As [`Bus::run`]. The event may be in the stream nevertheless, so append it again until it succeeds.
    pub async fn append(&self, stream: &str, keep: usize, event: &impl Serialize) -> Result<String> {
        let event = serde_json::to_vec(event)
            .map_err(|error| funkturm_base::Error::internal("an event cannot be written as JSON", error))?;
        let mut command = redis::cmd("XADD");
        command.arg(key(stream)).arg("MAXLEN").arg("~").arg(keep).arg("*").arg(FIELD).arg(event);
        self.run(&command).await
    }

    /// A consumer of a stream. Each entry goes to one consumer of a group; `name` must be the consumer's alone,
    /// and the same after a restart if it is to get back what it had not acknowledged.
    ///
    /// # Errors
    /// The connection cannot be set up. Redis itself may be away.
    pub fn consumer(&self, stream: &str, group: &str, name: &str) -> Result<Consumer> {
        // Reads block, so they must not share a connection with anybody.
        let connection = connect::manager(&self.0.client, PATIENCE + connect::RESPONSE_TIMEOUT)?;
        Ok(Consumer {
            bus: self.clone(),
            connection,
            key: key(stream),
            group: group.to_owned(),
            name: name.to_owned(),
            backlog: Some(FIRST.to_owned()),
            claims_from: FIRST.to_owned(),
            claimed: None,
        })
    }
}

/// Takes in a stream as one of a group.
pub struct Consumer {
    bus: Bus,
    connection: ConnectionManager,
    key: String,
    group: String,
    name: String,
    /// Where we are in what was handed to us before and not acknowledged; none when through with that.
    backlog: Option<String>,
    /// From which entry on we look next for what others left behind.
    claims_from: String,
    /// When we last looked through all of it.
    claimed: Option<Instant>,
}

impl Consumer {
    /// The next entries: first what we had before and did not acknowledge, then what others left behind, then
    /// what is new. Waits for up to 2 s and gives nothing if nothing came. Safe to drop while it waits: what it
    /// was about to give comes back once it counts as abandoned.
    ///
    /// # Errors
    /// As [`Bus::run`]; call it again after a moment.
    pub async fn next(&mut self) -> Result<Vec<Entry>> {
        let entries = match self.try_next().await {
            Err(error) if refusal(&error) == Some("NOGROUP") => {
                self.make_group().await?;
                self.try_next().await
            }
            other => other,
        };
        if entries.is_err() {
            // The answer may have been lost on the way: then what it gave is in our backlog.
            self.backlog = Some(FIRST.to_owned());
        }
        entries
    }

    /// Confirms that these entries are done with.
    ///
    /// # Errors
    /// As [`Bus::run`]. They come again.
    pub async fn acknowledge(&self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("XACK");
        command.arg(&self.key).arg(&self.group).arg(ids);
        self.bus.run(&command).await
    }

    async fn try_next(&mut self) -> Result<Vec<Entry>> {
        while let Some(after) = self.backlog.clone() {
            let given = self.read(&after, None).await?;
            self.backlog = given.last().map(|entry| entry.id.clone());
            let entries = self.usable(given).await?;
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
        if self.claimed.is_none_or(|last| last.elapsed() >= ABANDONED) {
            let entries = self.claim().await?;
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
        let given = self.read(">", Some(PATIENCE)).await?;
        self.usable(given).await
    }

    async fn read(&self, after: &str, wait: Option<Duration>) -> Result<Vec<StreamId>> {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(&self.group).arg(&self.name).arg("COUNT").arg(BATCH);
        if let Some(wait) = wait {
            command.arg("BLOCK").arg(wait.as_millis() as u64);
        }
        command.arg("STREAMS").arg(&self.key).arg(after);
        let reply: Option<StreamReadReply> = self.ask(&command).await?;
        Ok(reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect())
    }

    /// Takes over what other consumers left behind, a stretch of the list at a time.
    async fn claim(&mut self) -> Result<Vec<Entry>> {
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(&self.key).arg(&self.group).arg(&self.name).arg(ABANDONED.as_millis() as u64);
        command.arg(&self.claims_from).arg("COUNT").arg(BATCH);
        let reply: StreamAutoClaimReply = self.ask(&command).await?;
        if reply.next_stream_id == FIRST {
            self.claimed = Some(Instant::now());
        }
        self.claims_from = reply.next_stream_id;
        self.usable(reply.claimed).await
    }

    /// Entries that were trimmed from the stream before they were acknowledged come without their event: they
    /// are lost to the stream's length and confirmed, so that they do not come again.
    async fn usable(&self, given: Vec<StreamId>) -> Result<Vec<Entry>> {
        let (mut entries, mut empty) = (Vec::with_capacity(given.len()), Vec::new());
        for mut entry in given {
            match entry.map.remove(FIELD).map(Vec::<u8>::from_redis_value) {
                Some(Ok(event)) => entries.push(Entry { id: entry.id, event: event.into() }),
                _ => empty.push(entry.id),
            }
        }
        if !empty.is_empty() {
            warn!(self.bus.0.log, "entries were dropped from a stream before they were taken in";
                "stream" => &self.key, "group" => &self.group, "count" => empty.len());
            self.acknowledge(&empty).await?;
        }
        Ok(entries)
    }

    /// Makes the group, at the stream's beginning; that it exists already is fine.
    async fn make_group(&self) -> Result<()> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(&self.key).arg(&self.group).arg(FIRST).arg("MKSTREAM");
        match self.bus.run::<Value>(&command).await {
            Err(error) if refusal(&error) != Some("BUSYGROUP") => Err(error),
            _ => Ok(()),
        }
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        understand(Call::Command(command).send(self.connection.clone()).await)
    }
}
