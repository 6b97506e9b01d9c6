//! Pairing a TV (RFC 8628): what waits for somebody's approval, in Redis.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use funkturm_base::{Clock, Error, HouseholdId, Kind, Result};
use funkturm_bus::Bus;
use redis::Script;
use serde::{Deserialize, Serialize};

use crate::secret::{Secret, hash_of, veiled};

/// How long a code can be approved.
pub(crate) const LIFE: Duration = Duration::from_secs(600);
/// How often a TV may ask, at first.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);
/// After its end a code is remembered for so long, to be called expired rather than unknown.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Letters without vowels, so that no words come of them, and without such as look alike (RFC 8628 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What wants to be paired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tv {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// From where it asks, as it is counted.
    pub(crate) network: String,
}

/// A pairing that has begun.
pub(crate) struct Begun {
    pub(crate) device_code: String,
    /// `BCDF-GHJK`.
    pub(crate) user_code: String,
}

/// What a TV that asks is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    /// There is no such code.
    Unknown,
    /// It was not approved in time.
    Expired,
    Pending,
    /// It asks too often: 5 more seconds between two questions (RFC 8628 3.5).
    SlowDown,
    Denied,
    /// By this household. The code is used up with this answer.
    Approved(HouseholdId, Tv),
}

/// What became of an approval.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Done,
    /// There is no such code, or not any more.
    Unknown,
    /// Somebody has answered already.
    TooLate,
}

/// KEYS: the pairing. ARGV: now in ms, the interval's growth in ms, the leeway in ms. Answers its state, the household and the TV.
static POLL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local found = redis.call('HMGET', KEYS[1], 'state', 'ends', 'interval', 'asked', 'household', 'tv')
        local state, now = found[1], tonumber(ARGV[1])
        if not state then return {'unknown', '', ''} end
        if tonumber(found[2]) <= now then return {'expired', '', ''} end
        local interval, asked = tonumber(found[3]), tonumber(found[4])
        redis.call('HSET', KEYS[1], 'asked', ARGV[1])
        if now < asked + interval - tonumber(ARGV[3]) then
            redis.call('HSET', KEYS[1], 'interval', string.format('%d', interval + tonumber(ARGV[2])))
            return {'slow_down', '', ''}
        end
        if state == 'approved' or state == 'denied' then redis.call('HSET', KEYS[1], 'state', 'used', 'ends', 0) end
        return {state, found[5] or '', found[6]}",
    )
});

/// KEYS: the pairing. ARGV: now in ms, the new state, the household.
static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local found = redis.call('HMGET', KEYS[1], 'state', 'ends')
        if not found[1] or tonumber(found[2]) <= tonumber(ARGV[1]) then return 'unknown' end
        if found[1] ~= 'pending' then return 'too_late' end
        redis.call('HSET', KEYS[1], 'state', ARGV[2], 'household', ARGV[3])
        return 'done'",
    )
});

/// A TV may be this much early: clocks and networks are not exact.
const LEEWAY: Duration = Duration::from_millis(500);

/// The pairings.
pub(crate) struct Pairings {
    bus: Bus,
    clock: Arc<dyn Clock>,
}

impl Pairings {
    pub(crate) fn new(bus: Bus, clock: Arc<dyn Clock>) -> Self {
        Self { bus, clock }
    }

    /// A TV wants to be paired.
    ///
    /// # Errors
    /// `Kind::Unavailable` without Redis; the same for all here.
    pub(crate) async fn begin(&self, tv: &Tv) -> Result<Begun> {
        let tv = serde_json::to_string(tv)
            .map_err(|error| Error::internal("a TV cannot be written as JSON", error))?;
        let device_code = Secret::new();
        let id = veiled(&device_code.text());
        let remembered = millis(LIFE + REMEMBERED);
        // With 20^8 codes a second try is all but never needed.
        for _ in 0..5 {
            let user_code = user_code();
            let mut claim = redis::cmd("SET");
            claim.arg(self.user_key(&user_code)).arg(&id).arg("NX").arg("GET").arg("PX").arg(millis(LIFE));
            // What was there before: nothing, or, if this command was sent twice, ourselves.
            let before: Option<String> = self.bus.run(&claim).await?;
            if before.is_some_and(|before| before != id) {
                continue;
            }
            let key = self.key(&id);
            let mut keep = redis::pipe();
            keep.atomic();
            let now = self.now();
            keep.cmd("HSET").arg(&key).arg("state").arg("pending").arg("tv").arg(&tv).ignore();
            keep.cmd("HSET").arg(&key).arg("ends").arg(now + millis(LIFE)).ignore();
            keep.cmd("HSET").arg(&key).arg("interval").arg(millis(INTERVAL)).arg("asked").arg(0).ignore();
            keep.cmd("PEXPIRE").arg(&key).arg(remembered).ignore();
            self.bus.run_all::<()>(&keep).await?;
            let shown = format!(
                "{}-{}",
                user_code.get(..4).unwrap_or_default(),
                user_code.get(4..).unwrap_or_default()
            );
            return Ok(Begun { device_code: device_code.text(), user_code: shown });
        }
        Err(Error::new(Kind::Unavailable, "no code is free: try again"))
    }

    /// The TV asks.
    pub(crate) async fn poll(&self, device_code: &str) -> Result<Poll> {
        let mut call = POLL.prepare_invoke();
        call.key(self.key(&veiled(device_code))).arg(self.now()).arg(millis(INTERVAL)).arg(millis(LEEWAY));
        let (state, household, tv): (String, String, String) = self.bus.run_script(&call).await?;
        Ok(match state.as_str() {
            "pending" => Poll::Pending,
            "slow_down" => Poll::SlowDown,
            "denied" => Poll::Denied,
            "approved" => {
                Poll::Approved(household.parse().map_err(broken)?, serde_json::from_str(&tv).map_err(broken)?)
            }
            "expired" | "used" => Poll::Expired,
            _ => Poll::Unknown,
        })
    }

    /// What asks under a code that somebody has typed; nothing if nobody does.
    pub(crate) async fn asks(&self, user_code: &str) -> Result<Option<Tv>> {
        let Some(key) = self.find(user_code).await? else { return Ok(None) };
        let mut get = redis::cmd("HMGET");
        get.arg(key).arg("state").arg("tv").arg("ends");
        let (state, tv, ends): (Option<String>, Option<String>, Option<u64>) = self.bus.run(&get).await?;
        let open =
            state.is_some_and(|state| state == "pending") && ends.is_some_and(|ends| ends > self.now());
        match tv.filter(|_| open) {
            Some(tv) => serde_json::from_str(&tv).map(Some).map_err(broken),
            None => Ok(None),
        }
    }

    /// A household approves what asks under a code, or refuses it.
    pub(crate) async fn settle(
        &self,
        user_code: &str,
        household: HouseholdId,
        approve: bool,
    ) -> Result<Settled> {
        let Some(key) = self.find(user_code).await? else { return Ok(Settled::Unknown) };
        let mut call = SETTLE.prepare_invoke();
        let state = if approve { "approved" } else { "denied" };
        call.key(key).arg(self.now()).arg(state).arg(household.to_string());
        let settled: String = self.bus.run_script(&call).await?;
        Ok(match settled.as_str() {
            "done" => Settled::Done,
            "too_late" => Settled::TooLate,
            _ => Settled::Unknown,
        })
    }

    /// The key of the pairing with that user code.
    async fn find(&self, user_code: &str) -> Result<Option<String>> {
        let Some(user_code) = normal(user_code) else { return Ok(None) };
        let mut get = redis::cmd("GET");
        get.arg(self.user_key(&user_code));
        let id: Option<String> = self.bus.run(&get).await?;
        Ok(id.map(|id| self.key(&id)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.utc().micros() / 1000).unwrap_or(0)
    }

    fn key(&self, id: &str) -> String {
        self.bus.key(&["pairing", id])
    }

    fn user_key(&self, user_code: &str) -> String {
        self.bus.key(&["pairing-code", user_code])
    }
}

/// A code as people type it, in the letters that it has: small ones, blanks and dashes do not matter (RFC 8628 6.1).
fn normal(text: &str) -> Option<String> {
    let code: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    (code.len() == 8 && code.bytes().all(|letter| LETTERS.contains(&letter))).then_some(code)
}

fn user_code() -> String {
    (0..8).map(|_| char::from(*LETTERS.get(rand::random_range(0..LETTERS.len())).unwrap_or(&b'B'))).collect()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("Redis holds something that is no pairing", error)
}

/// A code that was given out for a moment: what it stands for is taken once.
pub(crate) struct Codes {
    bus: Bus,
}

impl Codes {
    pub(crate) fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// Keeps something under a secret, which is answered.
    pub(crate) async fn put(&self, kind: &str, what: &impl Serialize, life: Duration) -> Result<String> {
        let secret = Secret::new();
        let what = serde_json::to_string(what)
            .map_err(|error| Error::internal("a code's meaning cannot be written as JSON", error))?;
        let mut set = redis::cmd("SET");
        set.arg(self.key(kind, &secret.text())).arg(what).arg("PX").arg(millis(life));
        self.bus.run::<()>(&set).await?;
        Ok(secret.text())
    }

    /// Takes what is under a secret.
    pub(crate) async fn take<T: serde::de::DeserializeOwned>(
        &self,
        kind: &str,
        secret: &str,
    ) -> Result<Option<T>> {
        let mut take = redis::cmd("GETDEL");
        take.arg(self.key(kind, secret));
        let what: Option<String> = self.bus.run(&take).await?;
        what.map(|what| serde_json::from_str(&what).map_err(broken)).transpose()
    }

    fn key(&self, kind: &str, secret: &str) -> String {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
        self.bus.key(&[kind, &BASE64_URL_SAFE_NO_PAD.encode(hash_of(secret))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(normal("bcdf-ghjk").as_deref(), Some("BCDFGHJK"));
        assert_eq!(normal(" BCDF GHJK ").as_deref(), Some("BCDFGHJK"));
        for wrong in ["", "BCDFGHJ", "BCDFGHJKL", "ACDFGHJK", "BCDF/GHJ", "BCDFGHJ1", "ÄCDFGHJ"] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
        let codes: std::collections::BTreeSet<String> = (0..100).map(|_| user_code()).collect();
        assert!(codes.len() == 100 && codes.iter().all(|code| normal(code).as_ref() == Some(code)));
    }
}
