//! All channels and all sources of this instance, and how they follow the line-up.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use funkturm_base::ChannelId;
use funkturm_contracts::{
    channel::{self, Input},
    input::without_secrets,
};
use funkturm_service::Context;
use slog::{info, o, warn};
use tokio::task::AbortHandle;

use crate::{
    channel::Channel,
    config::Config,
    feed::{Feed, Report},
    source::Source,
};

/// Everything that is received here.
pub(crate) struct Station {
    context: Context,
    config: Arc<Config>,
    client: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    channels: BTreeMap<ChannelId, Tuned>,
    sources: BTreeMap<Key, Running>,
}

/// A channel with the inputs that it was tuned to.
struct Tuned {
    channel: Arc<Channel>,
    inputs: Vec<Input>,
}

/// What makes a source distinct: its URL; for a file, which is looped for one programme, that as well.
type Key = (String, Option<u16>);

/// A source that is being received.
struct Running {
    feed: Arc<Feed>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How one input of a channel does.
pub(crate) struct InputReport {
    pub(crate) channel: Arc<Channel>,
    pub(crate) preference: usize,
    pub(crate) input: Input,
    pub(crate) state: funkturm_contracts::health::InputState,
    pub(crate) report: Report,
}

fn key(input: &Input) -> Key {
    let programme = input.programme.filter(|_| input.url.starts_with("file:"));
    (input.url.clone(), programme)
}

/// For sources that come over HTTP.
pub(crate) fn client() -> reqwest::Result<reqwest::Client> {
    // Ten seconds without a byte is dead: a transport stream never pauses.
    reqwest::Client::builder()
        .connect_timeout(std::time::Duration::from_secs(5))
        .read_timeout(std::time::Duration::from_secs(10))
        .user_agent(concat!("Funkturm/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Station {
    /// A station that receives nothing yet.
    pub(crate) fn new(config: Config, context: Context) -> anyhow::Result<Self> {
        Ok(Self { context, config: Arc::new(config), client: client()?, state: Mutex::default() })
    }

    /// Receives these channels from now on, and no others. The same again changes nothing.
    pub(crate) fn tune(&self, channels: &[channel::Channel]) {
        let mut state = self.lock();
        let wanted = |id: &ChannelId| channels.iter().any(|channel| channel.enabled && channel.id == *id);
        let gone: Vec<_> = state.channels.keys().filter(|id| !wanted(id)).cloned().collect();
        for id in gone {
            if let Some(tuned) = state.channels.remove(&id) {
                info!(self.context.log, "channel no longer received"; "channel" => %id);
                state.detach(&tuned.channel);
                tuned.channel.close("the channel is no longer received");
            }
        }
        for channel in channels.iter().filter(|channel| channel.enabled) {
            self.tune_one(&mut state, channel);
        }
        // A source whose task has ended, which only a fault of ours can do, is opened anew.
        let ended = |running: &Running| running.task.is_finished() && !running.feed.idle();
        let ended: Vec<_> = state
            .sources
            .iter()
            .filter(|(_, running)| ended(running))
            .map(|(key, running)| (key.clone(), Arc::clone(&running.feed)))
            .collect();
        for (key, feed) in ended {
            warn!(self.context.log, "a source's task ended, starting it again"; "url" => without_secrets(&key.0));
            let running = self.start(&key, feed);
            state.sources.insert(key, running);
        }
        state.sources.retain(|_, running| !running.feed.idle());
    }

    fn tune_one(&self, state: &mut State, wanted: &channel::Channel) {
        let tuned = state.channels.get(&wanted.id);
        if tuned.is_some_and(|tuned| tuned.inputs == wanted.inputs) {
            return;
        }
        let channel = match tuned {
            Some(tuned) => Arc::clone(&tuned.channel),
            None => {
                let (id, clock) = (wanted.id.clone(), Arc::clone(&self.context.clock));
                Arc::new(Channel::new(id, Arc::clone(&self.config), clock, &self.context.log))
            }
        };
        info!(self.context.log, "channel is received"; "channel" => %wanted.id, "inputs" => wanted.inputs.len());
        state.detach(&channel);
        channel.set_inputs(wanted.inputs.iter().map(|input| without_secrets(&input.url)).collect());
        for (preference, input) in wanted.inputs.iter().enumerate() {
            let key = key(input);
            let feed = match state.sources.get(&key) {
                Some(running) => Arc::clone(&running.feed),
                None => {
                    let feed = Arc::new(Feed::new(Arc::clone(&self.context.clock)));
                    let running = self.start(&key, Arc::clone(&feed));
                    state.sources.insert(key, running);
                    feed
                }
            };
            feed.attach(Arc::clone(&channel), preference, input.programme);
        }
        let tuned = Tuned { channel, inputs: wanted.inputs.clone() };
        state.channels.insert(wanted.id.clone(), tuned);
    }

    fn start(&self, (url, programme): &Key, feed: Arc<Feed>) -> Running {
        let source = Source {
            url: url.clone(),
            programme: *programme,
            feed: Arc::clone(&feed),
            config: Arc::clone(&self.config),
            client: self.client.clone(),
            log: self.context.log.new(o!("source" => without_secrets(url))),
        };
        Running { feed, task: tokio::spawn(source.run()).abort_handle() }
    }

    /// A channel that is received here.
    pub(crate) fn channel(&self, id: &ChannelId) -> Option<Arc<Channel>> {
        Some(Arc::clone(&self.lock().channels.get(id)?.channel))
    }

    /// All channels that are received here.
    pub(crate) fn channels(&self) -> Vec<Arc<Channel>> {
        self.lock().channels.values().map(|tuned| Arc::clone(&tuned.channel)).collect()
    }

    /// Lets time pass for every source.
    pub(crate) fn tick(&self) {
        let feeds: Vec<_> = self.lock().sources.values().map(|running| Arc::clone(&running.feed)).collect();
        for feed in feeds {
            feed.tick();
        }
    }

    /// How every input of every channel does.
    pub(crate) fn reports(&self) -> Vec<InputReport> {
        let mut inputs = Vec::new();
        for tuned in self.lock().channels.values() {
            let channel = &tuned.channel;
            inputs.extend(
                tuned.inputs.iter().enumerate().map(|(n, input)| (Arc::clone(channel), n, input.clone())),
            );
        }
        let report = |(channel, preference, input): (Arc<Channel>, usize, Input)| {
            let feed = Arc::clone(&self.lock().sources.get(&key(&input))?.feed);
            let report = feed.report(&channel, preference)?;
            let state = *channel.states().get(preference)?;
            Some(InputReport { channel, preference, input, state, report })
        };
        inputs.into_iter().filter_map(report).collect()
    }

    /// Receives nothing any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.sources.clear();
        for tuned in std::mem::take(&mut state.channels).into_values() {
            tuned.channel.close("ingest stops");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn detach(&self, channel: &Channel) {
        for running in self.sources.values() {
            running.feed.detach(channel);
        }
    }
}
