//! What a service gets from its process: log, clock, metrics, tokens, tasks, readiness.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use anyhow::anyhow;
use funkturm_base::{Clock, Error, Kind, SystemClock};
use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use slog::{Logger, debug, error, o};
use tokio::{sync::watch, task::JoinSet, time::timeout_at};

use crate::{
    Routes, Stop,
    http::Meters,
    log::{Recording, said},
};

/// A service: built from its configuration, it gives its routes.
pub trait ServiceMain {
    /// Its name in the catalogue, in configuration files, metrics and logs.
    const NAME: &'static str;
    /// Its configuration section.
    type Config: DeserializeOwned + Serialize + Default + Send;

    /// Checks what types cannot: ranges, files that must exist.
    ///
    /// # Errors
    /// What is wrong, with the key's name.
    fn check(_config: &Self::Config) -> Result<(), String> {
        Ok(())
    }

    /// Opens its stores, spawns its tasks and gives its routes.
    fn build(config: Self::Config, context: Context) -> impl Future<Output = anyhow::Result<Service>> + Send;
}

/// What a built service offers.
pub struct Service {
    /// Its routes, public and internal.
    pub routes: Routes,
    /// The description of its public and admin routes.
    pub openapi: utoipa::openapi::OpenApi,
}

/// The tokens that this process accepts, and shows to its peers.
#[derive(Clone, Default)]
pub struct Tokens {
    /// Of the fleet's services, for `/internal/`.
    pub service: Option<String>,
    /// Of operators, for `/admin/`.
    pub operator: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |token: &Option<String>| if token.is_some() { "set" } else { "not set" };
        write!(f, "Tokens {{ service: {}, operator: {} }}", shown(&self.service), shown(&self.operator))
    }
}

/// What a service gets from its process. Clones share everything.
#[derive(Clone)]
pub struct Context {
    /// The service's name.
    pub name: &'static str,
    /// The machine's name.
    pub host: String,
    /// The service's log.
    pub log: Logger,
    /// Says when to stop.
    pub stop: Stop,
    /// Where metrics are registered.
    pub metrics: prometheus::Registry,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who may come in.
    pub tokens: Tokens,
    /// How the process records what happens.
    pub recording: Recording,
    process: Arc<Process>,
}

/// What all services of a process share.
struct Process {
    tasks: Mutex<JoinSet<()>>,
    failed: Mutex<Option<String>>,
    latches: watch::Sender<BTreeMap<String, bool>>,
    meters: OnceLock<Meters>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// The context of a process; `child` makes one for each service in it.
    pub fn new(host: String, log: Logger, tokens: Tokens) -> Self {
        Self {
            name: "process",
            host,
            log,
            stop: Stop::default(),
            metrics: prometheus::Registry::new(),
            clock: Arc::new(SystemClock::default()),
            tokens,
            recording: Recording::default(),
            process: Arc::new(Process {
                tasks: Mutex::new(JoinSet::new()),
                failed: Mutex::new(None),
                latches: watch::channel(BTreeMap::new()).0,
                meters: OnceLock::new(),
            }),
        }
    }

    /// The context of a service in this process.
    #[must_use]
    pub fn child(&self, name: &'static str) -> Self {
        Self { name, log: self.log.new(o!("service" => name)), ..self.clone() }
    }

    /// A quiet context for tests, with the tokens `service-token` and `operator-token`.
    pub fn for_test(name: &'static str) -> Self {
        let tokens =
            Tokens { service: Some("service-token".into()), operator: Some("operator-token".into()) };
        Self::new("test-host".into(), Logger::root(slog::Discard, o!()), tokens).child(name)
    }

    /// Runs a task until it ends by itself or the process stops. An error or a panic in it stops the process.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let context = self.clone();
        let guarded = async move {
            let problem = match AssertUnwindSafe(task).catch_unwind().await {
                Ok(Ok(())) => {
                    debug!(context.log, "task ended"; "task" => name);
                    return;
                }
                Ok(Err(error)) => format!("{error:#}"),
                Err(panic) => format!("panicked: {}", said(&*panic)),
            };
            error!(context.log, "task failed, so the process stops: {problem}"; "task" => name);
            context.fail(format!("{name} of {}: {problem}", context.name));
        };
        let mut tasks = lock(&self.process.tasks);
        // Those that have ended are let go of here: some services have a task for each channel or connection.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(guarded);
    }

    /// Stops the process as failed.
    pub fn fail(&self, problem: String) {
        lock(&self.process.failed).get_or_insert(problem);
        self.stop.trigger();
    }

    /// A latch that keeps the process from being ready until it is opened.
    pub fn latch(&self, name: &'static str) -> Latch {
        let latch = Latch { name: format!("{}: {name}", self.name), process: Arc::clone(&self.process) };
        latch.close();
        latch
    }

    /// What keeps the process from being ready; nothing, if it is.
    pub fn unready(&self) -> Vec<String> {
        if self.stop.requested() {
            return vec!["it is stopping".to_owned()];
        }
        let latches = self.process.latches.borrow();
        latches.iter().filter(|(_, open)| !**open).map(|(name, _)| name.clone()).collect()
    }

    /// Whether the process is ready, as an answer to whoever asks.
    pub(crate) fn check_ready(&self) -> Result<(), Error> {
        match self.unready() {
            unready if unready.is_empty() => Ok(()),
            unready => Err(Error::new(Kind::Unavailable, format!("not ready: {}", unready.join("; ")))),
        }
    }

    /// Returns when every latch is open.
    pub async fn ready(&self) {
        // The sender lives in self, so waiting cannot fail.
        let _ = self.process.latches.subscribe().wait_for(|latches| latches.values().all(|open| *open)).await;
    }

    /// The metrics of requests: one set for all listeners of the process.
    pub(crate) fn meters(&self) -> &Meters {
        self.process.meters.get_or_init(|| Meters::new(&self.metrics))
    }

    /// Waits for the tasks to end, at most so long from when the process was asked to stop; those that do not
    /// are abandoned.
    ///
    /// # Errors
    /// What made the process fail, if anything did.
    pub async fn finish(&self, patience: Duration) -> anyhow::Result<()> {
        let mut tasks = std::mem::take(&mut *lock(&self.process.tasks));
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout_at(self.stop.deadline(patience), all).await.is_err() {
            slog::warn!(self.log, "tasks that did not end in time are abandoned"; "count" => tasks.len());
            tasks.abort_all();
        }
        match lock(&self.process.failed).take() {
            Some(problem) => Err(anyhow!(problem)),
            None => Ok(()),
        }
    }
}

/// Keeps its process from being ready while it is closed.
#[derive(Clone)]
pub struct Latch {
    name: String,
    process: Arc<Process>,
}

impl Latch {
    /// What this waited for is there.
    pub fn open(&self) {
        self.set(true);
    }

    /// What this waits for is not there (any more).
    pub fn close(&self) {
        self.set(false);
    }

    fn set(&self, open: bool) {
        self.process
            .latches
            .send_if_modified(|latches| latches.insert(self.name.clone(), open) != Some(open));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ready_when_every_latch_is_open() {
        let context = Context::for_test("a");
        let (one, two) = (context.latch("one"), context.child("b").latch("two"));
        assert_eq!(context.unready(), ["a: one", "b: two"]);
        one.open();
        assert!(context.ready().now_or_never().is_none());
        two.open();
        context.ready().await;
        one.close();
        assert_eq!(context.unready(), ["a: one"]);
    }

    #[tokio::test]
    async fn a_failed_or_panicking_task_stops_the_process() {
        let context = Context::for_test("a");
        context.spawn("fails", async { Err(anyhow!("no disk").context("cannot write")) });
        context.stop.wait().await;
        let problem = context.finish(Duration::from_secs(5)).await.unwrap_err().to_string();
        assert_eq!(problem, "fails of a: cannot write: no disk");

        let context = Context::for_test("a");
        context.spawn("panics", async { panic!("oh") });
        context.stop.wait().await;
        let problem = context.finish(Duration::from_secs(5)).await.unwrap_err().to_string();
        assert_eq!(problem, "panics of a: panicked: oh");
    }

    #[tokio::test]
    async fn tasks_that_do_not_end_are_abandoned() {
        let context = Context::for_test("a");
        context.spawn("endless", std::future::pending());
        context.stop.trigger();
        context.finish(Duration::from_millis(10)).await.unwrap();
    }

    #[test]
    fn tokens_are_not_printed() {
        let shown = format!("{:?}", Context::for_test("a").tokens);
        assert!(!shown.contains("-token"), "{shown}");
    }
}
