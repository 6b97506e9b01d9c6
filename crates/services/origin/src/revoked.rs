//! The sessions that were ended before their tokens are: fetched from playback every second, kept until those tokens end by themselves.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use funkturm_base::TICKS_PER_SECOND;
use funkturm_contracts::{
    client::{CallError, Peer},
    playback::{Revocations, Revoked as Entry},
};
use funkturm_service::{Context, Latch, metrics};
use prometheus::{IntCounter, IntGauge, Registry};
use slog::{info, warn};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::Config;

/// How often playback is asked.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// An instance that takes longer is passed over: another one may know.
const ANSWER: Duration = Duration::from_secs(2);
/// Sessions that are remembered at most, some 50 MB: with tokens of five minutes, 3,000 sessions may end every second.
const MOST: usize = 1_000_000;
/// Tokens are accepted for a little longer than they say.
const LEEWAY: u64 = 10;

/// The sessions that were revoked.
pub(crate) struct Revoked {
    sessions: RwLock<HashMap<Uuid, u64>>,
    /// They are known, or waiting for them took too long.
    known: AtomicBool,
    meters: Meters,
}

struct Meters {
    sessions: IntGauge,
    unknown: IntGauge,
    dropped: IntCounter,
}

impl Revoked {
    pub(crate) fn new(registry: &Registry) -> anyhow::Result<Self> {
        let meters = Meters {
            sessions: metrics::gauge(
                registry,
                "funkturm_origin_revoked_sessions",
                "Revoked sessions that are remembered.",
            )?,
            unknown: metrics::gauge(
                registry,
                "funkturm_origin_revocations_unknown_seconds",
                "For how long playback has not said which sessions were revoked.",
            )?,
            dropped: metrics::counter(
                registry,
                "funkturm_origin_revocations_dropped_total",
                "Revoked sessions that were forgotten for lack of room while their tokens were still good.",
            )?,
        };
        Ok(Self { sessions: RwLock::default(), known: AtomicBool::new(false), meters })
    }

    /// Whether a session was revoked; none as long as nobody has said.
    pub(crate) fn has(&self, session: &Uuid) -> Option<bool> {
        let known = self.known.load(Ordering::Acquire);
        known.then(|| self.sessions.read().unwrap_or_else(PoisonError::into_inner).contains_key(session))
    }

    /// Takes what playback said, and forgets what has ended by itself (seconds since 1970).
    fn take(&self, entries: &[Entry], now: u64, most: usize) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        for Entry { session, until } in entries {
            let known = sessions.entry(*session).or_default();
            *known = (*known).max(*until);
        }
        sessions.retain(|_, until| until.saturating_add(LEEWAY) > now);
        let excess = sessions.len().saturating_sub(most);
        if excess > 0 {
            // Those whose tokens end soonest do the least harm.
            let mut untils: Vec<u64> = sessions.values().copied().collect();
            let (_, last, _) = untils.select_nth_unstable(excess - 1);
            let last = *last;
            let mut left = excess;
            sessions.retain(|_, until| {
                let goes = left > 0 && *until <= last;
                left -= usize::from(goes);
                !goes
            });
            self.meters.dropped.inc_by(excess as u64);
        }
        self.meters.sessions.set(i64::try_from(sessions.len()).unwrap_or(i64::MAX));
    }
}

/// Follows playback's list until the process stops.
pub(crate) fn follow(revoked: &Arc<Revoked>, config: &Config, context: &Context) -> anyhow::Result<()> {
    let peers = config.playback.iter().map(|url| Peer::new(url, context.tokens.service.clone()));
    let mut follower = Follower {
        peers: peers.collect::<Result<_, _>>().context("playback cannot be called from here")?,
        first: 0,
        place: String::new(),
        revoked: Arc::clone(revoked),
        context: context.clone(),
        latch: context.latch("revocations"),
    };
    let patience = Duration::from_secs(config.revocations_patience_seconds.into());
    context.spawn("revocations", async move { follower.run(patience).await });
    Ok(())
}

struct Follower {
    peers: Vec<Peer>,
    /// The one that is asked first: it answered the last time.
    first: usize,
    place: String,
    revoked: Arc<Revoked>,
    context: Context,
    latch: Latch,
}

impl Follower {
    async fn run(&mut self, patience: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut said = started;
        let mut away = false;
        while !self.context.stop.requested() {
            match self.ask().await {
                Ok(answer) => {
                    let now = u64::try_from(self.context.clock.utc().0 / TICKS_PER_SECOND).unwrap_or(0);
                    self.revoked.take(&answer.sessions, now, MOST);
                    self.place = answer.place;
                    if answer.more {
                        continue;
                    }
                    said = Instant::now();
                    self.open();
                    if std::mem::replace(&mut away, false) {
                        info!(self.context.log, "playback is back");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(self.context.log, "playback does not say which sessions were ended: what is known stays";
                            "error" => error);
                    }
                    if started.elapsed() > patience && self.revoked.has(&Uuid::nil()).is_none() {
                        warn!(
                            self.context.log,
                            "tokens are accepted without knowing which sessions were ended"
                        );
                        self.open();
                    }
                }
            }
            let unknown = if away { said.elapsed().as_secs() } else { 0 };
            self.revoked.meters.unknown.set(i64::try_from(unknown).unwrap_or(i64::MAX));
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.context.stop.wait() => {}
            }
        }
        Ok(())
    }

    fn open(&self) {
        self.revoked.known.store(true, Ordering::Release);
        self.latch.open();
    }

    /// The first answer that any instance gives, or why the last one gave none.
    async fn ask(&mut self) -> Result<Revocations, String> {
        let mut failure = "there is nobody to ask".to_owned();
        for turn in 0..self.peers.len() {
            let index = (self.first + turn) % self.peers.len();
            let Some(peer) = self.peers.get(index) else { continue };
            match timeout(ANSWER, peer.revocations(&self.place)).await {
                Ok(Ok(answer)) => {
                    self.first = index;
                    return Ok(answer);
                }
                Ok(Err(error)) => failure = describe(&error),
                Err(_) => failure = format!("{} does not answer in time", peer.base()),
            }
        }
        Err(failure)
    }
}

fn describe(error: &CallError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(session: u128, until: u64) -> Entry {
        Entry { session: Uuid::from_u128(session), until }
    }

    #[test]
    fn a_session_is_remembered_until_its_tokens_end_and_there_are_never_too_many() {
        let revoked = Revoked::new(&Registry::new()).unwrap();
        revoked.take(&[entry(1, 100), entry(2, 200)], 50, 10);
        assert_eq!(revoked.has(&Uuid::from_u128(1)), None, "nobody has said that this is all");
        revoked.known.store(true, Ordering::Release);
        let has = |session| revoked.has(&Uuid::from_u128(session)).unwrap();
        assert!(has(1) && has(2) && !has(3));
        revoked.take(&[entry(1, 90)], 109, 10);
        assert!(has(1), "the later end counts, and a little beyond it");
        revoked.take(&[], 110, 10);
        assert!(!has(1) && has(2));
        let many: Vec<Entry> = (10..30).map(|n| entry(n, 1000 + n as u64)).collect();
        revoked.take(&many, 150, 10);
        assert!(!has(2) && !has(19) && has(20) && has(29));
        assert_eq!(revoked.meters.dropped.get(), 11);
        let same: Vec<Entry> = (40..60).map(|n| entry(n, 2000)).collect();
        revoked.take(&same, 150, 10);
        assert_eq!(revoked.sessions.read().unwrap().len(), 10);
    }
}
