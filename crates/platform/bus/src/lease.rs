//! Leases: who may do something that only one process may do at a time.
//!
//! A lease is held for a while and renewed before that is over. Whoever holds it knows by its own clock until
//! when it is valid at least, and must stop by then unless it was renewed. Each time a lease goes to another
//! owner it gets a greater fencing number, so that what a late owner still sends can be told from the new one's.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use funkturm_base::Result;
use redis::Script;

use crate::Bus;

/// KEYS: the lease, its fence. ARGV: the owner, time to live in ms.
/// Answers the fencing number, or nothing if somebody else holds the lease. The number is never below Redis'
/// time in microseconds, so it grows even if Redis lost its data; so the old one is only kept for a day, against
/// clocks that are set back.
static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local owner = redis.call('HGET', KEYS[1], 'owner')
        if owner and owner ~= ARGV[1] then return false end
        local fence = redis.call('HGET', KEYS[1], 'fence')
        if not owner then
            local time = redis.call('TIME')
            local last = tonumber(redis.call('GET', KEYS[2]) or '0')
            fence = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
            redis.call('SET', KEYS[2], fence, 'EX', 86400)
            redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', fence)
        end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return fence",
    )
});

/// KEYS: the lease. ARGV: the owner, the fencing number, time to live in ms; 0 releases it. Answers 1 if it was
/// still this owner's.
static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local held = redis.call('HMGET', KEYS[1], 'owner', 'fence')
        if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return 0 end
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        return 1",
    )
});

/// The leases of one owner.
#[derive(Clone)]
pub struct Leases {
    bus: Bus,
    owner: String,
    ttl: Duration,
}

/// A lease that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is leased.
    pub name: String,
    /// Greater than that of every owner before.
    pub fence: u64,
    /// Until when it is ours at least, by our own clock.
    pub valid_until: Instant,
}

impl Lease {
    /// How long it is still ours at least.
    pub fn left(&self) -> Duration {
        self.valid_until.saturating_duration_since(Instant::now())
    }
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The owner's name.
    pub owner: String,
    /// Its fencing number.
    pub fence: u64,
    /// How long it has it still, unless it renews.
    pub left: Duration,
}

impl Leases {
    pub(crate) fn new(bus: Bus, owner: String, ttl: Duration) -> Self {
        Self { bus, owner, ttl }
    }

    /// The name that we hold leases under.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Takes a lease if it is free; none if somebody else has it. Taking what is ours renews it.
    ///
    /// # Errors
    /// Redis cannot be had: nobody knows who holds the lease now.
    pub async fn acquire(&self, name: &str) -> Result<Option<Lease>> {
        let valid_until = Instant::now() + self.ttl;
        let mut call = ACQUIRE.prepare_invoke();
        call.key(self.key("lease", name)).key(self.key("fence", name)).arg(&self.owner).arg(millis(self.ttl));
        let fence: Option<u64> = self.bus.run_script(&call).await?;
        Ok(fence.map(|fence| Lease { name: name.to_owned(), fence, valid_until }))
    }

    /// Holds a lease for longer. False: it is not ours any more, stop at once.
    ///
    /// # Errors
    /// Redis cannot be had; the lease is still ours until its `valid_until`.
    pub async fn renew(&self, lease: &mut Lease) -> Result<bool> {
        let valid_until = Instant::now() + self.ttl;
        let ours = self.keep(lease, self.ttl).await?;
        lease.valid_until = if ours { valid_until } else { Instant::now() };
        Ok(ours)
    }

    /// Gives a lease back, so that others need not wait until it runs out.
    ///
    /// # Errors
    /// Redis cannot be had; the lease runs out by itself.
    pub async fn release(&self, lease: Lease) -> Result<()> {
        self.keep(&lease, Duration::ZERO).await.map(drop)
    }

    /// Who holds these leases, in their order.
    ///
    /// # Errors
    /// Redis cannot be had.
    pub async fn holders(&self, names: &[String]) -> Result<Vec<Option<Holder>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for name in names {
            let key = self.key("lease", name);
            pipeline.cmd("HMGET").arg(&key).arg("owner").arg("fence").cmd("PTTL").arg(&key);
        }
        let answers: Vec<redis::Value> = self.bus.run_all(&pipeline).await?;
        Ok(answers.chunks(2).map(holder).collect())
    }

    async fn keep(&self, lease: &Lease, ttl: Duration) -> Result<bool> {
        let mut call = KEEP.prepare_invoke();
        call.key(self.key("lease", &lease.name)).arg(&self.owner).arg(lease.fence).arg(millis(ttl));
        self.bus.run_script(&call).await
    }

    /// The braces keep both keys of a lease in one slot of a Redis cluster.
    fn key(&self, kind: &str, name: &str) -> String {
        self.bus.key(&[kind, &format!("{{{name}}}")])
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// From the answers to HMGET and PTTL; none if the lease is free or ran out between the two.
fn holder(answers: &[redis::Value]) -> Option<Holder> {
    let [names, left] = answers else { return None };
    let (owner, fence): (Option<String>, Option<u64>) = redis::from_redis_value_ref(names).ok()?;
    let left: i64 = redis::from_redis_value_ref(left).ok()?;
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    Some(Holder { owner: owner?, fence: fence?, left })
}
