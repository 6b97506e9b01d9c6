//! Sessions in Redis: a key each, which ends by itself when nobody renews it.

use chrono::{DateTime, Duration, Utc};
use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_bus::Bus;
use funkturm_contracts::playback::RunningSession;
use redis::Cmd;
use uuid::Uuid;

use crate::{Config, WithoutRedis};

/// The sessions.
pub(crate) struct Sessions {
    bus: Bus,
    life: Duration,
    without: WithoutRedis,
}

/// Sessions that a listing shows at most.
const LISTED: usize = 10_000;

impl Sessions {
    pub(crate) fn new(bus: Bus, config: &Config) -> Self {
        let life = Duration::seconds(i64::from(config.heartbeat_seconds) * 2);
        Self { bus, life, without: config.without_redis }
    }

    fn key(&self, session: Uuid) -> String {
        self.bus.key(&["session", &session.to_string()])
    }

    /// Begins a session; when it ends unless it is renewed.
    pub(crate) async fn begin(&self, channel: &ChannelId) -> Result<(Uuid, DateTime<Utc>)> {
        let (session, now) = (Uuid::now_v7(), Utc::now());
        let running = RunningSession { session, channel: channel.clone(), started_at: now };
        let json = serde_json::to_string(&running)
            .map_err(|error| Error::internal("a session cannot be written", error))?;
        let mut set = Cmd::new();
        set.arg("SET").arg(self.key(session)).arg(json).arg("PX").arg(self.life.num_milliseconds());
        match (self.bus.run::<()>(&set).await, self.without) {
            (Ok(()), _) => {}
            (Err(error), WithoutRedis::FailOpen) if error.kind() == Kind::Unavailable => {}
            (Err(error), _) => return Err(error),
        }
        Ok((session, now + self.life))
    }

    /// Renews a session; what it plays, and when it ends unless it is renewed again.
    pub(crate) async fn renew(&self, session: Uuid) -> Result<(ChannelId, DateTime<Utc>)> {
        let mut get = Cmd::new();
        get.arg("GETEX").arg(self.key(session)).arg("PX").arg(self.life.num_milliseconds());
        let json: Option<String> = self.bus.run(&get).await?;
        let running = json.and_then(|json| serde_json::from_str::<RunningSession>(&json).ok());
        let running =
            running.ok_or_else(|| Error::new(Kind::NotFound, "this session has ended: ask for a new one"))?;
        Ok((running.channel, Utc::now() + self.life))
    }

    /// Ends a session; one that has ended already is fine.
    pub(crate) async fn end(&self, session: Uuid) -> Result<()> {
        let mut delete = Cmd::new();
        delete.arg("DEL").arg(self.key(session));
        self.bus.run(&delete).await
    }

    /// The running sessions, oldest first.
    pub(crate) async fn list(&self) -> Result<Vec<RunningSession>> {
        let pattern = self.bus.key(&["session", "*"]);
        let (mut cursor, mut keys) = (0_u64, Vec::new());
        loop {
            let mut scan = Cmd::new();
            scan.arg("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1000);
            let (next, found): (u64, Vec<String>) = self.bus.run(&scan).await?;
            keys.extend(found);
            cursor = next;
            if cursor == 0 || keys.len() >= LISTED {
                break;
            }
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        keys.sort_unstable();
        keys.dedup();
        let mut get = Cmd::new();
        get.arg("MGET").arg(&keys);
        let values: Vec<Option<String>> = self.bus.run(&get).await?;
        let mut running: Vec<RunningSession> =
            values.into_iter().flatten().filter_map(|json| serde_json::from_str(&json).ok()).collect();
        running.sort_by_key(|session| session.started_at);
        Ok(running)
    }
}
