//! The sessions of households in Redis: one hash for each household, changed only by scripts, so that counting and opening are one act
//! and no race can open one stream too many. Ended sessions go onto the list of revocations in the same act.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, Clock, DeviceId, Error, HouseholdId, Kind, ProfileId, Result};
use funkturm_bus::Bus;
use funkturm_contracts::{playback::RunningSession, rights::Limits};
use funkturm_service::identity::Caller;
use redis::{FromRedisValue, Script, ScriptInvocation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Sessions that are looked at in one go.
const MOST_AT_ONCE: isize = 10_000;
/// Index entries whose household has vanished are let go of so long after their end.
const LEFTOVERS_MS: i64 = 3_600_000;

macro_rules! script {
    ($name:literal) => {
        LazyLock::new(|| {
            Script::new(concat!(
                include_str!("household/common.lua"),
                include_str!(concat!("household/", $name))
            ))
        })
    };
}

static OPEN: LazyLock<Script> = script!("open.lua");
static TOUCH: LazyLock<Script> = script!("touch.lua");
static REPLACE: LazyLock<Script> = script!("replace.lua");
static FINISH: LazyLock<Script> = script!("finish.lua");
static LIST: LazyLock<Script> = script!("list.lua");

/// A session of a household. The scripts read `end`, `tokens_end` and `group`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) session: Uuid,
    pub(crate) household: HouseholdId,
    pub(crate) profile: ProfileId,
    pub(crate) child: bool,
    pub(crate) device: DeviceId,
    pub(crate) channel: ChannelId,
    /// The broadcaster group that it counts for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) group: Option<String>,
    pub(crate) started_at: DateTime<Utc>,
    /// When it ends without a further word, ms since 1970.
    pub(crate) end: i64,
    /// From and until when its newest token is good, seconds since 1970.
    pub(crate) token_from: u64,
    pub(crate) token_until: u64,
    /// Until when any of its tokens is good, seconds since 1970: a newer one may end sooner than an older one.
    pub(crate) tokens_end: u64,
    /// What its newest token allows.
    pub(crate) hd: bool,
}

impl Record {
    /// Whether somebody in its household may go on with it: on the device that it was opened on, and not with a child's profile what
    /// began with another one.
    pub(crate) fn goes_on_for(&self, caller: &Caller) -> bool {
        self.device == caller.device && (self.child || !caller.child)
    }

    /// What others are told about it.
    pub(crate) fn running(&self) -> RunningSession {
        RunningSession {
            session: self.session,
            channel: self.channel.clone(),
            started_at: self.started_at,
            household: Some(self.household),
            device: Some(self.device),
        }
    }
}

/// What a session takes the place of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instead {
    Nothing,
    /// This session, if it is one of the household.
    Session(Uuid),
    /// Whatever its own device plays: a device that plays one thing at a time, and does not say when it stops.
    Device,
}

/// What became of opening a session.
#[derive(Debug, PartialEq)]
pub(crate) enum Opened {
    Yes,
    /// As many run as may.
    TooMany {
        /// It is the broadcaster group's limit, rather than the household's.
        of_group: bool,
        sessions: Vec<Record>,
    },
}

/// The sessions of all households.
#[derive(Clone)]
pub(crate) struct Households {
    bus: Bus,
    clock: Arc<dyn Clock>,
    /// How long a session lives without a heartbeat.
    life: Duration,
    /// The longest that a token lives.
    token_life: Duration,
}

impl Households {
    pub(crate) fn new(bus: Bus, clock: Arc<dyn Clock>, life: Duration, token_life: Duration) -> Self {
        Self { bus, clock, life, token_life }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.utc().to_chrono()
    }

    /// When a session that says now that it goes on ends without a further word, ms since 1970.
    pub(crate) fn end(&self) -> i64 {
        (self.clock.utc() + self.life).to_chrono().timestamp_millis()
    }

    /// Opens a session if the limits allow it, in the place of others of the household that run.
    pub(crate) async fn open(&self, record: &Record, limits: &Limits, instead: Instead) -> Result<Opened> {
        let mut call = self.call(&OPEN, record.household);
        call.arg(record.session.to_string()).arg(text(record)?).arg(record.end).arg(limits.streams);
        match &limits.group {
            Some(group) => call.arg(&group.group).arg(group.streams),
            None => call.arg("").arg(0),
        };
        match instead {
            Instead::Nothing => call.arg("").arg(""),
            Instead::Session(session) => call.arg(session.to_string()).arg(""),
            Instead::Device => call.arg("").arg(record.device.to_string()),
        };
        let answer: Vec<String> = match self.bus.run_script(&call).await {
            // A Redis that is slow is not one that is lost: nobody gets in uncounted for that. What was opened is not opened twice.
            Err(error) if error.kind() == Kind::Unavailable => self.bus.run_script(&call).await?,
            answer => answer?,
        };
        match answer.split_first() {
            Some((first, _)) if first == "opened" => Ok(Opened::Yes),
            Some((first, sessions)) => {
                Ok(Opened::TooMany { of_group: first == "group", sessions: parse_all(sessions)? })
            }
            None => Err(Error::new(Kind::Internal, "the script that opens sessions answered nothing")),
        }
    }

    /// Notes that a session goes on; none, if it is over.
    pub(crate) async fn touch(&self, household: HouseholdId, session: Uuid) -> Result<Option<Record>> {
        let mut call = self.call(&TOUCH, household);
        call.arg(session.to_string()).arg(self.end());
        let found: Option<String> = self.bus.run_script(&call).await?;
        found.map(|text| parse(&text)).transpose()
    }

    /// Writes a session's record anew; false, if it is over.
    pub(crate) async fn replace(&self, record: &Record) -> Result<bool> {
        let mut call = self.call(&REPLACE, record.household);
        call.arg(record.session.to_string()).arg(text(record)?).arg(record.end);
        self.bus.run_script(&call).await
    }

    /// Ends a session and revokes its tokens; false, if it was over already.
    pub(crate) async fn finish(&self, household: HouseholdId, session: Uuid) -> Result<bool> {
        Ok(self.finish_some(household, &session.to_string()).await? > 0)
    }

    /// Ends what a device of a household plays.
    pub(crate) async fn finish_device(&self, household: HouseholdId, device: DeviceId) -> Result<()> {
        for record in self.list(household).await?.iter().filter(|record| record.device == device) {
            self.finish(household, record.session).await?;
        }
        Ok(())
    }

    /// Ends all sessions of a household; how many that were.
    pub(crate) async fn finish_all(&self, household: HouseholdId) -> Result<u64> {
        self.finish_some(household, "").await
    }

    async fn finish_some(&self, household: HouseholdId, session: &str) -> Result<u64> {
        let mut call = self.call(&FINISH, household);
        call.arg(session);
        self.bus.run_script(&call).await
    }

    /// The running sessions of a household, the oldest first.
    pub(crate) async fn list(&self, household: HouseholdId) -> Result<Vec<Record>> {
        let answer: Vec<String> = self.bus.run_script(&self.call(&LIST, household)).await?;
        parse_all(answer.get(1..).unwrap_or_default())
    }

    /// The running sessions of all households, ten thousand at most.
    pub(crate) async fn all(&self) -> Result<Vec<Record>> {
        let now = self.now().timestamp_millis();
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.index()).arg(format!("({now}")).arg("+inf").arg("BYSCORE");
        command.arg("LIMIT").arg(0).arg(MOST_AT_ONCE);
        let members: Vec<String> = self.bus.run(&command).await?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for (household, session) in members.iter().filter_map(|member| member.split_once('/')) {
            pipeline.cmd("HGET").arg(self.bus.key(&["household", household])).arg(session);
        }
        let found: Vec<Option<String>> = self.bus.run_all(&pipeline).await?;
        found.iter().flatten().map(|text| parse(text)).collect()
    }

    /// Households that have sessions.
    pub(crate) async fn those_with_sessions(&self) -> Result<std::collections::BTreeSet<HouseholdId>> {
        let mut households = std::collections::BTreeSet::new();
        let mut place = 0_u64;
        loop {
            let mut command = redis::cmd("ZSCAN");
            command.arg(self.index()).arg(place).arg("COUNT").arg(1000);
            let (next, found): (u64, Vec<String>) = self.bus.run(&command).await?;
            households.extend(found.iter().step_by(2).filter_map(|member| household_of(member)));
            if next == 0 {
                return Ok(households);
            }
            place = next;
        }
    }

    /// Ends the sessions whose time is over, some of them; whether there may be more.
    pub(crate) async fn sweep(&self) -> Result<bool> {
        let now = self.now().timestamp_millis();
        let mut pipeline = redis::pipe();
        pipeline.cmd("ZREMRANGEBYSCORE").arg(self.index()).arg("-inf").arg(now - LEFTOVERS_MS).ignore();
        pipeline
            .cmd("ZRANGE")
            .arg(self.index())
            .arg("-inf")
            .arg(now)
            .arg("BYSCORE")
            .arg("LIMIT")
            .arg(0)
            .arg(1000);
        let (over,): (Vec<String>,) = self.bus.run_all(&pipeline).await?;
        let households: std::collections::BTreeSet<_> =
            over.iter().filter_map(|member| household_of(member)).collect();
        for household in households {
            self.list(household).await?;
        }
        Ok(over.len() == 1000)
    }

    fn call<'s>(&self, script: &'s Script, household: HouseholdId) -> ScriptInvocation<'s> {
        let now = self.now().timestamp_millis();
        // Those who ask for the list every second have long seen what is older than any token.
        let too_old = now - i64::try_from(self.token_life.as_millis()).unwrap_or(i64::MAX / 2) - 60_000;
        let mut call = script.prepare_invoke();
        call.key(self.bus.key(&["household", &household.to_string()])).key(self.index()).key(self.list_key());
        call.arg(now).arg(too_old).arg(household.to_string());
        call
    }

    fn index(&self) -> String {
        self.bus.key(&["household-sessions"])
    }

    /// The list of revocations.
    pub(crate) fn list_key(&self) -> String {
        self.bus.key(&["revocations"])
    }

    /// Runs a command of another part of this service.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T> {
        self.bus.run(command).await
    }
}

fn household_of(member: &str) -> Option<HouseholdId> {
    member.split_once('/')?.0.parse().ok()
}

fn text(record: &Record) -> Result<String> {
    serde_json::to_string(record)
        .map_err(|error| Error::internal("a session cannot be written as JSON", error))
}

fn parse(text: &str) -> Result<Record> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("Redis holds something that is no session", error))
}

fn parse_all(texts: &[String]) -> Result<Vec<Record>> {
    let mut records = texts.iter().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
    records.sort_by_key(|record| record.started_at);
    Ok(records)
}
