//! Hashing on threads of its own, with a queue that has an end: a peak of registrations slows down, it does not fall over.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use funkturm_base::{Error, Kind, Result};
use funkturm_service::metrics;
use prometheus::{Histogram, IntCounter, IntGauge, Registry};
use tokio::sync::oneshot;

use crate::config::Hashing;

/// When somebody who found the queue full should come again.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// What a password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed otherwise than it would be now.
    Outdated,
}

/// Hashes passwords. Clones share the threads, which end with the last of them.
#[derive(Clone)]
pub(crate) struct Hasher {
    queue: SyncSender<Job>,
    /// The hash that is compared with when there is none, so that this takes as long.
    nobody: Arc<str>,
    waiting: IntGauge,
    refused: IntCounter,
}

enum Job {
    Hash(String, oneshot::Sender<Result<String>>),
    Verify(String, Arc<str>, oneshot::Sender<Result<Verdict>>),
}

impl Job {
    /// Whoever wanted to know does not wait any more.
    fn is_moot(&self) -> bool {
        match self {
            Self::Hash(_, answer) => answer.is_closed(),
            Self::Verify(_, _, answer) => answer.is_closed(),
        }
    }
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// The parameters are none of argon2's, or a thread cannot be had.
    pub(crate) fn start(config: &Hashing, registry: &Registry) -> anyhow::Result<Self> {
        let params = Params::new(config.memory_kib, config.passes, config.lanes, None)
            .map_err(|error| anyhow::anyhow!("these are no parameters of argon2: {error}"))?;
        let nobody = hash(&params, &crate::secret::Secret::new().text())?;
        let seconds = metrics::histogram(
            registry,
            "funkturm_accounts_hash_seconds",
            "Time that a thread took for a password",
            &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
        )?;
        let waiting = "funkturm_accounts_hashes_waiting_count";
        let refused = "funkturm_accounts_hashes_refused_total";
        let waiting = metrics::gauge(registry, waiting, "Passwords that wait to be hashed")?;
        let refused = metrics::counter(registry, refused, "Passwords not hashed because too many waited")?;
        let (queue, jobs) = sync_channel(config.queue as usize);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads(config) {
            let worker = Worker {
                jobs: Arc::clone(&jobs),
                params: params.clone(),
                waiting: waiting.clone(),
                seconds: seconds.clone(),
            };
            thread::Builder::new()
                .name(format!("argon2-{number}"))
                .spawn(move || worker.work())
                .context("a thread for hashing passwords cannot be had")?;
        }
        Ok(Self { queue, nobody: nobody.into(), waiting, refused })
    }

    /// The hash of a password, as it is kept.
    ///
    /// # Errors
    /// `Kind::Unavailable` if too many wait.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let (answer, hash) = oneshot::channel();
        self.enqueue(Job::Hash(password, answer))?;
        hash.await.map_err(gone)?
    }

    /// Whether that is the password. Without a hash it is not, after the same time.
    ///
    /// # Errors
    /// As [`Self::hash`].
    pub(crate) async fn verify(&self, password: String, hash: Option<&str>) -> Result<Verdict> {
        let (answer, verdict) = oneshot::channel();
        let compared = hash.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        self.enqueue(Job::Verify(password, compared, answer))?;
        let verdict = verdict.await.map_err(gone)??;
        Ok(if hash.is_some() { verdict } else { Verdict::Wrong })
    }

    fn enqueue(&self, job: Job) -> Result<()> {
        match self.queue.try_send(job) {
            Ok(()) => {
                self.waiting.inc();
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                self.refused.inc();
                let message = "too many want to log in at the moment: try again in a few seconds";
                Err(Error::new(Kind::Unavailable, message).with_retry_after(COME_AGAIN))
            }
            Err(TrySendError::Disconnected(_)) => Err(gone("the threads have ended")),
        }
    }
}

fn gone(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("a password was not hashed", error)
}

fn threads(config: &Hashing) -> usize {
    match config.threads {
        0 => (thread::available_parallelism().map_or(1, usize::from) / 2).max(1),
        threads => threads as usize,
    }
}

struct Worker {
    jobs: Arc<Mutex<Receiver<Job>>>,
    params: Params,
    waiting: IntGauge,
    seconds: Histogram,
}

impl Worker {
    /// Works until nobody is left who could want something.
    fn work(self) {
        loop {
            // Whoever has the lock waits for the next job, the others for the lock: it is all the same.
            let job = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            self.waiting.dec();
            if job.is_moot() {
                continue;
            }
            let _timer = self.seconds.start_timer();
            // Nobody waits for the answer any more: that is all right.
            match job {
                Job::Hash(password, answer) => drop(answer.send(hash(&self.params, &password))),
                Job::Verify(password, hash, answer) => {
                    drop(answer.send(verify(&self.params, &password, &hash)));
                }
            }
        }
    }
}

fn hash(params: &Params, password: &str) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash: PasswordHash =
        argon2.hash_password(password.as_bytes()).map_err(|error| gone(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify(params: &Params, password: &str, hash: &str) -> Result<Verdict> {
    let hash = PasswordHash::new(hash).map_err(|error| gone(error.to_string()))?;
    // With the parameters that stand in the hash.
    if Argon2::default().verify_password(password.as_bytes(), &hash).is_err() {
        return Ok(Verdict::Wrong);
    }
    let same = Params::try_from(&hash).is_ok_and(|found| {
        (found.m_cost(), found.t_cost(), found.p_cost())
            == (params.m_cost(), params.t_cost(), params.p_cost())
    });
    Ok(if same && hash.algorithm.as_str() == "argon2id" { Verdict::Right } else { Verdict::Outdated })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Hashing {
        Hashing { memory_kib: 64, passes: 1, lanes: 1, threads: 1, queue: 2 }
    }

    #[tokio::test]
    async fn a_password_is_known_again_also_with_other_parameters() {
        let before = Hasher::start(&small(), &Registry::new()).unwrap();
        let now = Hasher::start(&Hashing { memory_kib: 128, ..small() }, &Registry::new()).unwrap();
        let hash = before.hash("kartoffelsalat".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_ne!(before.hash("kartoffelsalat".into()).await.unwrap(), hash, "salted");
        let verify =
            async |hasher: &Hasher, password: &str, hash| hasher.verify(password.into(), hash).await.unwrap();
        assert_eq!(verify(&before, "kartoffelsalat", Some(&hash)).await, Verdict::Right);
        assert_eq!(verify(&now, "kartoffelsalat", Some(&hash)).await, Verdict::Outdated);
        assert_eq!(verify(&now, "Kartoffelsalat", Some(&hash)).await, Verdict::Wrong);
        assert_eq!(verify(&now, "kartoffelsalat", None).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_told_when_to_come_again() {
        // 256 MiB for each: what is in the queue is still there when the others come.
        let slow = Hashing { memory_kib: 1 << 18, passes: 4, ..small() };
        let hasher = Hasher::start(&slow, &Registry::new()).unwrap();
        let all = (0..20).map(|_| hasher.hash("kartoffelsalat".into()));
        let answers = futures_util::future::join_all(all).await;
        let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert!((17..=18).contains(&refused.len()), "{}", refused.len());
        for error in refused {
            assert_eq!((error.kind(), error.retry_after()), (Kind::Unavailable, Some(COME_AGAIN)));
        }
        assert!(hasher.hash("kartoffelsalat".into()).await.is_ok(), "and then there is room again");
    }
}
