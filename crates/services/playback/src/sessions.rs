//! Sessions in Redis: one key each, which goes by itself when its time is over, and an index by the end of their time.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, Clock, Error, Result};
use funkturm_bus::Bus;
use funkturm_contracts::playback::RunningSession;
use redis::Script;
use uuid::Uuid;

/// Sessions that are listed at once; more than an operator reads.
const MOST_LISTED: isize = 10_000;

/// KEYS: the session, the index. ARGV: its id, its life in ms, the end of its time in ms since the epoch.
/// Answers the session, or nothing if it is over.
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local session = redis.call('GET', KEYS[1])
        if session then
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
            redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
        end
        return session",
    )
});

/// The sessions.
pub(crate) struct Sessions {
    bus: Bus,
    life: Duration,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    pub(crate) fn new(bus: Bus, life: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { bus, life, clock }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.utc().to_chrono()
    }

    /// When a session that says now that it goes on ends without a further word.
    pub(crate) fn end(&self) -> DateTime<Utc> {
        (self.clock.utc() + self.life).to_chrono()
    }

    /// Records a session.
    pub(crate) async fn open(&self, session: &RunningSession) -> Result<()> {
        let text = serde_json::to_string(session)
            .map_err(|error| Error::internal("a session cannot be written as JSON", error))?;
        let id = session.session.to_string();
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline.cmd("SET").arg(self.key(session.session)).arg(text).arg("PX").arg(self.life_ms()).ignore();
        pipeline.cmd("ZADD").arg(self.index()).arg(self.end().timestamp_millis()).arg(id).ignore();
        self.bus.run_all(&pipeline).await
    }

    /// Notes that a session goes on; none, if it is over.
    pub(crate) async fn renew(&self, session: Uuid) -> Result<Option<RunningSession>> {
        let mut call = RENEW.prepare_invoke();
        call.key(self.key(session)).key(self.index()).arg(session.to_string());
        call.arg(self.life_ms()).arg(self.end().timestamp_millis());
        let found: Option<String> = self.bus.run_script(&call).await?;
        found.map(|text| parse(&text)).transpose()
    }

    /// Ends a session; that it is over already is fine.
    pub(crate) async fn close(&self, session: Uuid) -> Result<()> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline.cmd("DEL").arg(self.key(session)).ignore();
        pipeline.cmd("ZREM").arg(self.index()).arg(session.to_string()).ignore();
        self.bus.run_all(&pipeline).await
    }

    /// The running sessions, the oldest first.
    pub(crate) async fn list(&self) -> Result<Vec<RunningSession>> {
        let now = self.now().timestamp_millis();
        let mut pipeline = redis::pipe();
        pipeline.cmd("ZREMRANGEBYSCORE").arg(self.index()).arg("-inf").arg(now).ignore();
        pipeline.cmd("ZRANGE").arg(self.index()).arg(0).arg(MOST_LISTED - 1);
        let (ids,): (Vec<String>,) = self.bus.run_all(&pipeline).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("MGET");
        for id in ids {
            command.arg(self.bus.key(&["session", &id]));
        }
        // What ended between the two commands is not there any more.
        let found: Vec<Option<String>> = self.bus.run(&command).await?;
        let mut sessions = found.iter().flatten().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
        sessions.sort_by_key(|session| session.started_at);
        Ok(sessions)
    }

    fn life_ms(&self) -> u64 {
        u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX)
    }

    fn key(&self, session: Uuid) -> String {
        self.bus.key(&["session", &session.to_string()])
    }

    fn index(&self) -> String {
        self.bus.key(&["sessions"])
    }
}

/// A session that begins now.
pub(crate) fn begin(channel: ChannelId, now: DateTime<Utc>) -> RunningSession {
    RunningSession { session: Uuid::new_v4(), channel, started_at: now, household: None, device: None }
}

fn parse(text: &str) -> Result<RunningSession> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("Redis holds something that is no session", error))
}
