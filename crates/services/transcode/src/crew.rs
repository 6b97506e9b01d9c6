//! Which channels this instance works on: leased from Redis by capacity, started, watched, given back.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use funkturm_base::{ChannelId, Result};
use funkturm_bus::{Bus, Lease, Leases};
use funkturm_contracts::{
    channel::{Channel, Profile},
    client::Peer,
    health::{TranscodeHealth, TranscodeStatus},
};
use funkturm_service::{Context, Latch, Stop};
use serde::Serialize;
use slog::{Logger, info, o, warn};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{
    Config,
    hold::{Held, Hold},
    runner::Runner,
    status::Health,
    worker::Job,
};

/// A lease that is not renewed for so long is free: a lost instance is replaced within five seconds.
const LEASE: Duration = Duration::from_secs(4);
/// How often leases are renewed and the line-up is looked at.
const ROUND: Duration = Duration::from_secs(1);
/// How long channels may take to answer; with a round it is less than a lease lasts.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long a worker may take to finish its last segment.
const DRAIN: Duration = Duration::from_secs(7);

/// The channels that this instance works on.
pub(crate) struct Crew {
    config: Config,
    context: Context,
    leases: Leases,
    channels: Peer,
    posts: Mutex<BTreeMap<ChannelId, Post>>,
    ready: Latch,
}

/// One channel at work.
struct Post {
    profile: Profile,
    redundant: bool,
    lease: Lease,
    hold: Hold,
    stop: Stop,
    health: Health,
    task: JoinHandle<()>,
}

impl Crew {
    pub(crate) fn new(config: Config, context: &Context) -> anyhow::Result<Self> {
        let bus = Bus::open(&config.redis, "transcode", &context.metrics, &context.log)?;
        // Two instances on one machine are two owners, and so are two lives of one.
        let owner = format!("{}/{}", context.host, Uuid::new_v4());
        Ok(Self {
            leases: bus.leases(owner, LEASE),
            channels: Peer::new(config.channels.clone(), context.tokens.service.clone())?,
            config,
            context: context.clone(),
            posts: Mutex::default(),
            ready: context.latch("the line-up"),
        })
    }

    fn posts(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Post>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this instance says about itself.
    pub(crate) fn status(&self) -> TranscodeStatus {
        let posts = self.posts();
        TranscodeStatus {
            host: self.context.host.clone(),
            capacity: self.config.capacity(),
            used: posts.values().map(|post| self.config.cost(post.profile)).sum(),
            channels: posts.values().map(|post| post.health.get()).collect(),
        }
    }

    /// Keeps leases and channels in step until stop; then gives everything back.
    pub(crate) async fn work(&self) -> anyhow::Result<()> {
        let mut wanted: Vec<Channel> = Vec::new();
        let mut leaving = JoinSet::new();
        while !self.context.stop.requested() {
            // First of all: a lease does not wait for anybody's answer.
            self.renew().await;
            match timeout(PATIENCE, self.channels.channels()).await {
                Ok(Ok(list)) => {
                    wanted = list.channels.into_iter().filter(|channel| channel.enabled).collect();
                    self.ready.open();
                }
                // The last list stays in force.
                Ok(Err(error)) => warn!(self.context.log, "the line-up cannot be had: {error}"),
                Err(_) => warn!(self.context.log, "the line-up cannot be had within {PATIENCE:?}"),
            }
            self.leave_unwanted(&wanted, &mut leaving);
            self.take_on(&wanted).await;
            while leaving.try_join_next().is_some() {}
            tokio::select! {
                () = sleep(ROUND) => {}
                () = self.context.stop.wait() => {}
            }
        }
        self.leave_unwanted(&[], &mut leaving);
        leaving.join_all().await;
        Ok(())
    }

    /// Renews what is ours, and gives up what is not ours any more.
    async fn renew(&self) {
        let held: Vec<_> = self.posts().iter().map(|(id, post)| (id.clone(), post.lease.clone())).collect();
        for (id, mut lease) in held {
            let ours = match self.hold(&mut lease).await {
                Ok(ours) => ours,
                // Without Redis nobody else can take the channel either, and segments are the same whoever makes them: go on.
                Err(error) => {
                    warn!(self.context.log, "leases cannot be renewed: {}", error.chain());
                    true
                }
            };
            let mut posts = self.posts();
            if ours {
                if let Some(post) = posts.get_mut(&id) {
                    post.hold.by(&lease);
                    post.lease = lease;
                }
            } else if let Some(post) = posts.remove(&id) {
                // Somebody else works on it: what is unfinished here would only stand in the way of theirs.
                warn!(self.context.log, "gives up a channel: its lease is another's now"; "channel" => %id);
                post.task.abort();
            }
        }
    }

    /// Renews a lease, or takes it anew if it ran out and nobody took it: because Redis has forgotten, or this machine stood still.
    async fn hold(&self, lease: &mut Lease) -> Result<bool> {
        if self.leases.renew(lease).await? {
            return Ok(true);
        }
        let again = self.leases.acquire(&lease.name).await?;
        Ok(again.map(|again| *lease = again).is_some())
    }

    /// Begins to leave the channels that are not wanted any more as they are. Leases of the others are renewed meanwhile.
    fn leave_unwanted(&self, wanted: &[Channel], leaving: &mut JoinSet<()>) {
        let wanted: Vec<_> =
            wanted.iter().map(|channel| (&channel.id, channel.profile, channel.redundant)).collect();
        let mut posts = self.posts();
        for (id, post) in
            posts.extract_if(.., |id, post| !wanted.contains(&(id, post.profile, post.redundant)))
        {
            info!(self.context.log, "leaves a channel"; "channel" => %id);
            leaving.spawn(leave(id, post, self.leases.clone(), self.context.log.clone()));
        }
    }

    /// Takes on channels that nobody works on, as far as the capacity goes.
    async fn take_on(&self, wanted: &[Channel]) {
        for channel in wanted {
            let (known, used) = {
                let posts = self.posts();
                let used: u32 = posts.values().map(|post| self.config.cost(post.profile)).sum();
                (posts.contains_key(&channel.id), used)
            };
            let cost = self.config.cost(channel.profile);
            // A channel that costs more than everything runs alone rather than not at all.
            let fits = used + cost <= self.config.capacity() || used == 0;
            if known || !fits || self.context.stop.requested() {
                continue;
            }
            for slot in 0..if channel.redundant { 2 } else { 1 } {
                match self.leases.acquire(&format!("{}:{slot}", channel.id)).await {
                    Ok(Some(lease)) => {
                        self.start(channel, lease);
                        break;
                    }
                    Ok(None) => {}
                    Err(_) => return, // said when renewing, or the next time
                }
            }
        }
    }

    fn start(&self, channel: &Channel, lease: Lease) {
        info!(self.context.log, "takes on a channel"; "channel" => %channel.id, "profile" => ?channel.profile);
        let (stop, health) = (Stop::default(), Health::new(channel.id.clone()));
        let hold = Hold::new(Arc::clone(&self.context.clock), channel.redundant);
        hold.by(&lease);
        let log = self.context.log.new(o!("channel" => channel.id.to_string()));
        let token = self.context.tokens.service.clone();
        let task = if channel.profile == Profile::Passthrough {
            let runner = Runner {
                channel: channel.id.clone(),
                profile: channel.profile,
                held: hold.held(),
                config: self.config.clone(),
                token,
                clock: Arc::clone(&self.context.clock),
                log: log.clone(),
                health: health.clone(),
                stop: stop.clone(),
            };
            tokio::spawn(async move {
                if let Err(error) = runner.run().await {
                    warn!(log, "the channel cannot be run: {error:#}");
                }
            })
        } else {
            let job = Job {
                channel: channel.id.clone(),
                profile: channel.profile,
                config: self.config.clone(),
                token,
                format: self.context.recording.format,
                level: self.context.recording.level.get(),
            };
            tokio::spawn(watch(job, log, health.clone(), hold.held(), stop.clone()))
        };
        let (profile, redundant) = (channel.profile, channel.redundant);
        let post = Post { profile, redundant, lease, hold, stop, health, task };
        self.posts().insert(channel.id.clone(), post);
    }
}

/// Lets a channel's last segment become finished, then gives its lease back.
async fn leave(id: ChannelId, post: Post, leases: Leases, log: Logger) {
    post.stop.trigger();
    if timeout(DRAIN + ROUND, post.task).await.is_err() {
        warn!(log, "a channel did not end in time"; "channel" => %id);
    }
    let _ = leases.release(post.lease).await; // it runs out by itself otherwise
}

/// Keeps a worker process running until stop.
async fn watch(job: Job, log: Logger, health: Health, held: Held, stop: Stop) {
    let mut pause = Duration::from_millis(100);
    while !stop.requested() {
        let started = Instant::now();
        match work_once(&job, &health, held.clone(), &stop).await {
            Ok(()) if stop.requested() => return,
            Ok(()) => warn!(log, "the worker ended, and is started again"),
            Err(error) => {
                warn!(log, "the worker cannot be run: {error:#}");
                health.problem(format!("the worker cannot be run: {error:#}"));
            }
        }
        health.lock().restarts += 1;
        pause = if started.elapsed() > Duration::from_secs(30) {
            Duration::from_millis(100)
        } else {
            (pause * 2).min(Duration::from_secs(10))
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.wait() => return,
        }
    }
}

async fn work_once(job: &Job, health: &Health, mut held: Held, stop: &Stop) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's own file cannot be found")?;
    let mut child = Command::new(program)
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().context("a worker without standard input")?;
    say(&mut stdin, job).await?;
    held.0.mark_changed();
    let stdout = child.stdout.take().context("a worker without standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => report(health, &child, &line),
                None => break,
            },
            Ok(()) = held.0.changed() => {
                let until = *held.0.borrow_and_update();
                say(&mut stdin, &until).await?;
            }
            () = stop.wait() => {
                drop(stdin); // the worker finishes its last segment and ends
                if timeout(DRAIN, child.wait()).await.is_err() {
                    child.kill().await?;
                }
                return Ok(());
            }
        }
    }
    child.wait().await?;
    Ok(())
}

/// Writes a line to a worker.
async fn say(stdin: &mut ChildStdin, what: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    Ok(stdin.write_all(&line).await?)
}

fn report(health: &Health, child: &Child, line: &str) {
    let Ok(told) = serde_json::from_str::<TranscodeHealth>(line) else { return };
    let mut health = health.lock();
    *health = TranscodeHealth { worker: child.id(), restarts: health.restarts, ..told };
}
