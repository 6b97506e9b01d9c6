//! Attempts are counted in Redis, so that guessing becomes slow: docs/decisions/0010-log-ins.md.
//!
//! An attempt counts as failed from its beginning until it is taken back: guesses that come all at once are counted before
//! any of them is answered. Redis away: nobody is let in who would have to be counted.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use funkturm_base::{Clock, DeviceId, Error, HouseholdId, Kind, Result};
use funkturm_bus::Bus;
use redis::Script;

use crate::secret::veiled;

/// How attempts of one kind are limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// So many are free.
    free: u32,
    /// Then each one more is followed by a pause, which doubles each time from this one …
    first: Duration,
    /// … to this one.
    longest: Duration,
    /// After so long from the first one, all are forgotten.
    window: Duration,
}

const fn rule(free: u32, first_seconds: u64, longest_seconds: u64, window_seconds: u64) -> Rule {
    let seconds = Duration::from_secs;
    let (first, longest) = (seconds(first_seconds), seconds(longest_seconds));
    Rule { free, first, longest, window: seconds(window_seconds) }
}

/// One account from one network.
const ACCOUNT_AND_NETWORK: Rule = rule(5, 2, 900, 3600);
/// All accounts from one network: a hotel has many guests, and an attacker many accounts.
const NETWORK: Rule = rule(60, 1, 900, 3600);
/// One account from all networks that it is not known in.
const ACCOUNT: Rule = rule(60, 1, 60, 3600);
/// A device that is known.
const DEVICE: Rule = rule(10, 1, 60, 3600);
/// Registrations and resets from one network.
const MAILS_FROM_NETWORK: Rule = rule(60, 1, 60, 3600);
/// Mails to one address: what is more is left out in silence.
const MAILS_TO_ADDRESS: Rule = rule(5, 900, 3600, 3600);
/// TVs that want to be paired, from one network.
const PAIRINGS: Rule = rule(60, 1, 60, 3600);
/// Codes that are not on any TV, by household and by network. There are 2.5 · 10^10 of them.
const CODES: Rule = rule(10, 2, 900, 3600);
/// PINs of a household.
const PINS: Rule = rule(5, 5, 900, 3600);
/// Passwords asked for again of somebody who is logged in.
const CONFIRMATIONS: Rule = rule(10, 2, 300, 3600);
/// Everything about a household, which asks every service.
const EXPORTS: Rule = rule(5, 30, 600, 3600);
/// Log-ins by way of the identity provider, from one network.
const OPENID: Rule = rule(120, 1, 60, 3600);

/// KEYS: counters. ARGV: now, then for each key how many are free, the first pause, the longest pause, the window; all in ms.
/// Answers for how long to wait, and counts nothing then; 0 if the attempt may be made, and counts it.
static ADMIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local now, wait = tonumber(ARGV[1]), 0
        for i, key in ipairs(KEYS) do
            wait = math.max(wait, (tonumber(redis.call('HGET', key, 'until')) or 0) - now)
        end
        if wait > 0 then return wait end
        for i, key in ipairs(KEYS) do
            local at = 2 + (i - 1) * 4
            local free, first, longest, window =
                tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
            local count = redis.call('HINCRBY', key, 'count', 1)
            if count == 1 then redis.call('PEXPIRE', key, window) end
            if count > free then
                local pause = math.min(first * 2 ^ math.min(count - free - 1, 30), longest)
                redis.call('HSET', key, 'until', string.format('%d', now + pause))
                if redis.call('PTTL', key) < pause then redis.call('PEXPIRE', key, string.format('%d', pause)) end
            end
        end
        return 0",
    )
});

/// KEYS: counters of which one attempt is taken back, with the pause that it caused.
static TAKE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        for i, key in ipairs(KEYS) do
            if redis.call('EXISTS', key) == 1 then
                redis.call('HDEL', key, 'until')
                if redis.call('HINCRBY', key, 'count', -1) <= 0 then redis.call('DEL', key) end
            end
        end
        return 0",
    )
});

/// Who tries to log in.
pub(crate) enum From<'a> {
    /// A device that has shown that it is known.
    Device(DeviceId),
    /// A network from which this household has logged in before.
    Usual(&'a str),
    /// Anywhere else.
    Elsewhere(&'a str),
}

/// An attempt that has been counted.
#[must_use = "an attempt that is not taken back counts as failed"]
pub(crate) struct Attempt {
    /// What is forgotten if it succeeds.
    forgotten: Vec<String>,
    /// What is one less if it succeeds.
    taken_back: Vec<String>,
}

/// The counters. Clones share them.
#[derive(Clone)]
pub(crate) struct Limits {
    bus: Bus,
    clock: Arc<dyn Clock>,
}

impl Limits {
    pub(crate) fn new(bus: Bus, clock: Arc<dyn Clock>) -> Self {
        Self { bus, clock }
    }

    /// An attempt to log in to an account (by the key of its address, whether there is one or not).
    ///
    /// # Errors
    /// `Kind::TooMany` with the time to wait; `Kind::Unavailable` without Redis.
    pub(crate) async fn log_in(&self, account: &str, from: &From<'_>) -> Result<Attempt> {
        let account = veiled(account);
        let pair = |network: &str| self.key(&["log-in", &account, &veiled(network)]);
        match from {
            From::Device(device) => {
                let key = self.key(&["device", &device.to_string()]);
                self.admit(&[(key.clone(), DEVICE)]).await?;
                Ok(Attempt { forgotten: vec![key], taken_back: vec![] })
            }
            From::Usual(network) => {
                let key = pair(network);
                self.admit(&[(key.clone(), ACCOUNT_AND_NETWORK)]).await?;
                Ok(Attempt { forgotten: vec![key], taken_back: vec![] })
            }
            From::Elsewhere(network) => {
                let own = pair(network);
                let of_network = self.key(&["network", &veiled(network)]);
                let of_account = self.key(&["account", &account]);
                let counters = [
                    (own.clone(), ACCOUNT_AND_NETWORK),
                    (of_network.clone(), NETWORK),
                    (of_account.clone(), ACCOUNT),
                ];
                self.admit(&counters).await?;
                Ok(Attempt { forgotten: vec![own], taken_back: vec![of_network, of_account] })
            }
        }
    }

    /// The attempt succeeded.
    ///
    /// # Errors
    /// `Kind::Unavailable` without Redis: then it counts as failed, which is forgotten in time.
    pub(crate) async fn succeeded(&self, attempt: Attempt) -> Result<()> {
        if !attempt.forgotten.is_empty() {
            let mut forget = redis::cmd("DEL");
            forget.arg(&attempt.forgotten);
            self.bus.run::<()>(&forget).await?;
        }
        self.take_back(&attempt.taken_back).await
    }

    /// A registration, or a reset, that asks for a mail.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn mail_asked_for(&self, network: &str) -> Result<()> {
        self.admit(&[(self.key(&["mails-from", &veiled(network)]), MAILS_FROM_NETWORK)]).await
    }

    /// Whether one more mail may go to an address.
    ///
    /// # Errors
    /// `Kind::Unavailable` without Redis.
    pub(crate) async fn may_be_mailed(&self, account: &str) -> Result<bool> {
        let key = self.key(&["mails-to", &veiled(account)]);
        match self.admit(&[(key, MAILS_TO_ADDRESS)]).await {
            Err(error) if error.kind() == Kind::TooMany => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// A TV wants to be paired.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn pairing(&self, network: &str) -> Result<()> {
        self.admit(&[(self.key(&["pairings", &veiled(network)]), PAIRINGS)]).await
    }

    /// Somebody names a code of a TV; it counts until it turns out to be one.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn code(&self, household: HouseholdId, network: &str) -> Result<Attempt> {
        let keys =
            [self.key(&["codes", &household.to_string()]), self.key(&["codes-from", &veiled(network)])];
        self.admit(&keys.clone().map(|key| (key, CODES))).await?;
        Ok(Attempt { forgotten: vec![], taken_back: keys.into() })
    }

    /// Somebody names a household's PIN.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn pin(&self, household: HouseholdId) -> Result<Attempt> {
        self.one(&["pin", &household.to_string()], PINS).await
    }

    /// Somebody who is logged in names the password again.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn confirmation(&self, household: HouseholdId, device: DeviceId) -> Result<Attempt> {
        self.one(&["confirmation", &household.to_string(), &device.to_string()], CONFIRMATIONS).await
    }

    /// Somebody wants everything about a household.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn export(&self, household: HouseholdId) -> Result<()> {
        self.admit(&[(self.key(&["export", &household.to_string()]), EXPORTS)]).await
    }

    /// Somebody goes to the identity provider.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub(crate) async fn openid(&self, network: &str) -> Result<()> {
        self.admit(&[(self.key(&["openid", &veiled(network)]), OPENID)]).await
    }

    async fn one(&self, parts: &[&str], rule: Rule) -> Result<Attempt> {
        let key = self.key(parts);
        self.admit(&[(key.clone(), rule)]).await?;
        Ok(Attempt { forgotten: vec![key], taken_back: vec![] })
    }

    async fn admit(&self, counters: &[(String, Rule)]) -> Result<()> {
        let mut call = ADMIT.prepare_invoke();
        call.arg(self.clock.utc().micros() / 1000);
        for (key, rule) in counters {
            call.key(key);
            call.arg(rule.free).arg(millis(rule.first)).arg(millis(rule.longest)).arg(millis(rule.window));
        }
        match self.bus.run_script::<u64>(&call).await? {
            0 => Ok(()),
            wait => Err(Error::new(Kind::TooMany, "too many attempts: wait, and try again")
                .with_retry_after(Duration::from_millis(wait))),
        }
    }

    async fn take_back(&self, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut call = TAKE_BACK.prepare_invoke();
        for key in keys {
            call.key(key);
        }
        self.bus.run_script(&call).await
    }

    fn key(&self, parts: &[&str]) -> String {
        self.bus.key(&[&["limit"], parts].concat())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
