//! The mails in Redis: accepted once by their id, given to one worker at a time, kept for a while when they are settled.

use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use funkturm_base::{Clock, Error, HouseholdId, Kind, Result};
use funkturm_bus::Bus;
use funkturm_contracts::mail::{CaughtMail, Mail, MailDetails, MailEntry, MailState};
use redis::{Script, ScriptInvocation};
use uuid::Uuid;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("store/prelude.lua"), include_str!($file))));)*
    };
}

scripts! {
    ACCEPT = "store/accept.lua";
    CLAIM = "store/claim.lua";
    RENEW = "store/renew.lua";
    SETTLE = "store/settle.lua";
    POSTPONE = "store/postpone.lua";
    RETRY = "store/retry.lua";
    REMOVE = "store/remove.lua";
    FORGET = "store/forget.lua";
    SWEEP = "store/sweep.lua";
}

/// How long a worker has a mail without saying that it still works on it. If its process dies, another one waits for so long.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
/// Mails of a household or an address that are listed at once; more are not sent to one.
const MOST_EXPORTED: usize = 10_000;

/// How long things are kept.
#[derive(Clone, Copy)]
pub(crate) struct Keep {
    /// Settled mails.
    pub(crate) settled: Duration,
    /// The texts of so many that were caught.
    pub(crate) caught: usize,
}

/// The mails.
pub(crate) struct Store {
    bus: Bus,
    clock: Arc<dyn Clock>,
    keep: Keep,
}

/// A mail that a worker has.
pub(crate) struct Claimed {
    pub(crate) id: Uuid,
    pub(crate) mail: Mail,
    pub(crate) attempts: u32,
    pub(crate) accepted: DateTime<Utc>,
}

/// What happened to a mail for good.
pub(crate) enum End {
    Sent(Option<CaughtMail>),
    Dead(String),
}

/// Why a mail cannot be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Waits,
    NoSuchMail,
    AlreadySent,
    TooLate,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) waiting: i64,
    pub(crate) sent: i64,
    pub(crate) dead: i64,
    /// When the one came that has waited for longest.
    pub(crate) oldest_ms: Option<i64>,
}

/// A place in a list: the mail before it, and when that came or was settled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    at_ms: i64,
    id: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at_ms, self.id)
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::new(Kind::Invalid, "cursor must be the `next` of a list");
        let (at, id) = text.split_once('_').ok_or_else(wrong)?;
        let id: Uuid = id.parse().map_err(|_| wrong())?;
        Ok(Self { at_ms: at.parse().map_err(|_| wrong())?, id: id.to_string() })
    }
}

impl Store {
    pub(crate) fn new(bus: Bus, clock: Arc<dyn Clock>, keep: Keep) -> Self {
        Self { bus, clock, keep }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.utc().to_chrono()
    }

    fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }

    fn keep_ms(&self) -> u64 {
        millis(self.keep.settled)
    }

    /// Whether Redis is there.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.bus.ping().await
    }

    /// Takes a mail in. False: it was there already.
    pub(crate) async fn accept(&self, id: Uuid, mail: &Mail) -> Result<bool> {
        let text = write(mail)?;
        let household = mail.household.map(|household| household.to_string()).unwrap_or_default();
        let mut call = self.call(&ACCEPT);
        call.arg(id.to_string()).arg(self.now_ms()).arg(&mail.to).arg(mail.template.name());
        call.arg(&mail.language).arg(household).arg(mail.until.timestamp_millis()).arg(text);
        self.bus.run_script(&call).await
    }

    /// Gives this worker a mail that is due, for [`LEASE`].
    pub(crate) async fn claim(&self, worker: &str) -> Result<Option<Claimed>> {
        let mut call = self.call(&CLAIM);
        call.arg(worker).arg(self.now_ms()).arg(millis(LEASE));
        let claimed: Option<(String, Option<String>, u32, i64)> = self.bus.run_script(&call).await?;
        let Some((id, mail, attempts, accepted)) = claimed else { return Ok(None) };
        let id =
            id.parse().map_err(|error| Error::internal("Redis holds a mail whose id is no UUID", error))?;
        let mail = serde_json::from_str(&mail.unwrap_or_default())
            .map_err(|error| Error::internal(format!("Redis holds the mail {id}, which is none"), error))?;
        Ok(Some(Claimed { id, mail, attempts, accepted: at(accepted) }))
    }

    /// Holds a mail for another [`LEASE`]. False: it is not this worker's any more.
    pub(crate) async fn renew(&self, id: Uuid, worker: &str) -> Result<bool> {
        let mut call = self.call(&RENEW);
        call.arg(id.to_string()).arg(worker).arg(self.now_ms()).arg(millis(LEASE));
        self.bus.run_script(&call).await
    }

    /// Notes what happened to a mail for good. False: that had been noted already, or somebody else has it now.
    pub(crate) async fn settle(&self, id: Uuid, worker: &str, end: &End) -> Result<bool> {
        let (state, reason, caught) = match end {
            End::Sent(caught) => ("sent", "", caught.as_ref().map(write).transpose()?),
            End::Dead(reason) => ("dead", reason.as_str(), None),
        };
        let mut call = self.call(&SETTLE);
        call.arg(id.to_string()).arg(worker).arg(self.now_ms()).arg(self.keep_ms());
        call.arg(state).arg(reason).arg(caught.unwrap_or_default()).arg(self.keep.caught);
        self.bus.run_script(&call).await
    }

    /// Puts a mail back until it is due again.
    pub(crate) async fn postpone(
        &self,
        id: Uuid,
        worker: &str,
        due: DateTime<Utc>,
        attempts: u32,
        reason: &str,
    ) -> Result<bool> {
        let mut call = self.call(&POSTPONE);
        call.arg(id.to_string()).arg(worker).arg(due.timestamp_millis()).arg(attempts).arg(reason);
        self.bus.run_script(&call).await
    }

    /// Lets a mail be tried at once, also a dead one.
    pub(crate) async fn retry(&self, id: Uuid) -> Result<Retry> {
        let mut call = self.call(&RETRY);
        call.arg(id.to_string()).arg(self.now_ms());
        let answer: u8 = self.bus.run_script(&call).await?;
        Ok(match answer {
            0 => Retry::NoSuchMail,
            1 => Retry::Waits,
            2 => Retry::AlreadySent,
            _ => Retry::TooLate,
        })
    }

    /// Removes a mail. False: there is none.
    pub(crate) async fn remove(&self, id: Uuid) -> Result<bool> {
        let mut call = self.call(&REMOVE);
        call.arg(id.to_string()).arg(self.now_ms()).arg(self.keep_ms());
        self.bus.run_script(&call).await
    }

    /// Forgets everything about a household.
    pub(crate) async fn forget(&self, household: HouseholdId) -> Result<()> {
        let mut call = self.call(&FORGET);
        call.arg(household.to_string()).arg(self.now_ms()).arg(self.keep_ms());
        self.bus.run_script(&call).await
    }

    /// Forgets some of the mails that were kept for long enough, and answers how many.
    pub(crate) async fn sweep(&self) -> Result<u64> {
        let mut call = self.call(&SWEEP);
        call.arg(self.now_ms());
        self.bus.run_script(&call).await
    }

    pub(crate) async fn counts(&self) -> Result<Counts> {
        let mut pipeline = redis::pipe();
        for list in ["queued", "sent", "dead"] {
            pipeline.cmd("ZCARD").arg(self.key(list));
        }
        pipeline.cmd("ZRANGE").arg(self.key("queued")).arg(0).arg(0).arg("WITHSCORES");
        let (waiting, sent, dead, oldest): (i64, i64, i64, Vec<(String, i64)>) =
            self.bus.run_all(&pipeline).await?;
        Ok(Counts { waiting, sent, dead, oldest_ms: oldest.first().map(|(_, at)| *at) })
    }

    /// One mail.
    pub(crate) async fn get(&self, id: Uuid) -> Result<Option<MailDetails>> {
        let id = id.to_string();
        let mut command = redis::cmd("HGETALL");
        command.arg(self.mail_key(&id));
        let fields: HashMap<String, String> = self.bus.run(&command).await?;
        let Some(mail) = entry(&id, &fields) else { return Ok(None) };
        let caught = fields.get("caught").map(|text| {
            serde_json::from_str(text)
                .map_err(|error| Error::internal("Redis holds a caught mail that is none", error))
        });
        Ok(Some(MailDetails { mail, caught: caught.transpose()? }))
    }

    /// Mails in these states, the newest first, of an address alone if one is named; and the place behind the last one.
    pub(crate) async fn list(
        &self,
        states: &[MailState],
        to: Option<&str>,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<(Vec<MailEntry>, Option<Place>)> {
        let lists = match to {
            Some(address) => vec![self.address_key(address)],
            None => states.iter().map(|state| self.key(list_of(*state))).collect(),
        };
        let mut places = Vec::new();
        for list in lists {
            places.extend(self.places(&list, after, limit).await?);
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        let more = places.len() > limit;
        places.truncate(limit);
        let next = places.last().filter(|_| more).cloned();
        let mut mails = self.entries(places.iter().map(|place| place.id.as_str())).await?;
        // Some may have changed since.
        mails.retain(|mail| states.contains(&mail.state));
        Ok((mails, next))
    }

    /// A household's mails, the newest first.
    pub(crate) async fn of_household(&self, household: HouseholdId) -> Result<Vec<MailEntry>> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(self.bus.key(&["household", &household.to_string()]));
        let mut ids: Vec<String> = self.bus.run(&command).await?;
        ids.truncate(MOST_EXPORTED);
        let mut mails = self.entries(ids.iter().map(String::as_str)).await?;
        mails.sort_by_key(|mail| std::cmp::Reverse((mail.accepted_at, mail.id)));
        Ok(mails)
    }

    /// Up to `limit` places of a list, and one more if there are more.
    async fn places(&self, list: &str, after: Option<&Place>, limit: usize) -> Result<Vec<Place>> {
        let (most, alike) = match after {
            None => ("+inf".to_owned(), 0),
            Some(place) => {
                let mut command = redis::cmd("ZCOUNT");
                command.arg(list).arg(place.at_ms).arg(place.at_ms);
                (place.at_ms.to_string(), self.bus.run::<usize>(&command).await?)
            }
        };
        let mut command = redis::cmd("ZREVRANGEBYSCORE");
        command.arg(list).arg(most).arg("-inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(limit + 1 + alike);
        let found: Vec<(String, i64)> = self.bus.run(&command).await?;
        let places = found.into_iter().map(|(id, at_ms)| Place { at_ms, id });
        Ok(places.filter(|place| after.is_none_or(|after| place < after)).take(limit + 1).collect())
    }

    async fn entries(&self, ids: impl Iterator<Item = &str>) -> Result<Vec<MailEntry>> {
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for id in &ids {
            pipeline.cmd("HGETALL").arg(self.mail_key(id));
        }
        let found: Vec<HashMap<String, String>> = self.bus.run_all(&pipeline).await?;
        Ok(ids.iter().zip(&found).filter_map(|(id, fields)| entry(id, fields)).collect())
    }

    fn call<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        call.arg(self.bus.key(&[""]));
        call
    }

    fn key(&self, list: &str) -> String {
        self.bus.key(&[list])
    }

    fn mail_key(&self, id: &str) -> String {
        self.bus.key(&["mail", id])
    }

    fn address_key(&self, address: &str) -> String {
        self.bus.key(&["to", &address.to_ascii_lowercase()])
    }
}

fn list_of(state: MailState) -> &'static str {
    match state {
        MailState::Waiting => "queued",
        MailState::Sent => "sent",
        MailState::Dead => "dead",
    }
}

/// A mail from its fields; none if it was removed.
fn entry(id: &str, fields: &HashMap<String, String>) -> Option<MailEntry> {
    let text = |name: &str| fields.get(name).map(String::as_str);
    let time = |name: &str| text(name)?.parse().ok().map(at);
    let word = |name: &str| text(name).map(|text| serde_json::Value::String(text.to_owned()));
    Some(MailEntry {
        id: id.parse().ok()?,
        state: serde_json::from_value(word("state")?).ok()?,
        to: text("to")?.to_owned(),
        template: serde_json::from_value(word("template")?).ok()?,
        language: text("language")?.to_owned(),
        household: text("household").and_then(|household| household.parse().ok()),
        accepted_at: time("accepted")?,
        until: time("until")?,
        attempts: text("attempts")?.parse().ok()?,
        next_attempt_at: time("due"),
        settled_at: time("settled"),
        reason: text("reason").map(str::to_owned),
    })
}

fn write(what: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(what).map_err(|error| Error::internal("a mail cannot be written as JSON", error))
}

/// A time that Redis holds; what is no time at all is the beginning of all times.
fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
