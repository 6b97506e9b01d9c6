//! Playback sessions: one player playing one thing.
//!
//! An app asks to play a channel and gets a URL, a session and the pace of its heartbeats. Whether the household may is for rights to
//! say; how many streams run at once is counted here, in Redis; what may be fetched, and until when, stands in a signed token in the
//! URL, which origins check by themselves. Sessions end by themselves when the heartbeats stay out, and when a right is withdrawn.
//! In an open house whoever asks may play.

mod api;
mod ask;
mod config;
mod household;
mod known;
mod links;
mod members;
mod refusal;
mod revocations;
mod rights;
mod sessions;
mod watch;

use std::{sync::Arc, time::Duration};

use anyhow::Error;
use funkturm_bus::Bus;
use funkturm_contracts::client::Peer;
use funkturm_service::{Context, Service, ServiceMain, identity::Identity, metrics, watched};
use funkturm_token::Keys;
use utoipa::OpenApi;

pub use config::{Config, WithoutRedis};

/// The service.
pub struct Playback;

impl ServiceMain for Playback {
    const NAME: &'static str = "playback";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        config.check().map_err(Error::msg)?;
        let (registry, log) = (&context.metrics, &context.log);
        let bus = Bus::open(&config.redis, Self::NAME, registry, log)?;
        let channels = Peer::new(&config.channels, context.tokens.service.clone())?;
        let (known, follow) = known::follow(channels, context.clone(), context.latch("channels"));
        context.spawn("channels", follow);
        let clock = Arc::clone(&context.clock);
        let households = household::Households::new(
            bus.clone(),
            Arc::clone(&clock),
            config.session_life(),
            config.token_life(),
        );
        let members =
            if config.open_house { None } else { Some(members(&config, &bus, &households, &context)?) };
        let opened = "funkturm_playback_sessions_opened_total";
        let unrecorded = "funkturm_playback_sessions_unrecorded_total";
        let refused = "funkturm_playback_refused_total";
        let app = api::App {
            sessions: sessions::Sessions::new(bus, config.session_life(), clock),
            households,
            members,
            links: links::Links::new(&config, &context)?,
            known,
            opened: metrics::counter(registry, opened, "Playback sessions opened")?,
            unrecorded: metrics::counter(
                registry,
                unrecorded,
                "Playback sessions and heartbeats admitted while Redis was away",
            )?,
            refused: metrics::counters(
                registry,
                refused,
                "Playback requests refused, by what was in the way",
                &["reason"],
            )?,
            log: log.clone(),
            config,
        };
        Ok(Service { routes: api::routes(&Arc::new(app)), openapi: api::Description::openapi() })
    }
}

/// What a house with households has, and what goes on beside requests.
fn members(
    config: &Config,
    bus: &Bus,
    households: &household::Households,
    context: &Context,
) -> anyhow::Result<members::Members> {
    let registry = &context.metrics;
    let token = &context.tokens.service;
    let graced = "funkturm_playback_grace_total";
    let withdrawn = "funkturm_playback_sessions_withdrawn_total";
    let rights = Arc::new(rights::Rights {
        peer: Peer::new(&config.rights, token.clone())?,
        bus: bus.clone(),
        clock: Arc::clone(&context.clock),
        grace: Duration::from_secs(config.rights_grace_seconds.into()),
        graced: metrics::counter(registry, graced, "Decisions of rights that counted while it was away")?,
        log: context.log.clone(),
    });
    let withdrawn =
        metrics::counter(registry, withdrawn, "Sessions that were ended because a right was withdrawn")?;
    let withdrawals = watch::Withdrawals::new(
        Arc::clone(&rights),
        households.clone(),
        bus.clone(),
        withdrawn,
        context.clone(),
    );
    context.spawn("withdrawals", withdrawals.run());
    context.spawn("sweep", watch::sweep(households.clone(), context.clone()));
    let accounts = Peer::new(&config.accounts, token.clone())?;
    Ok(members::Members {
        identity: Identity::follow(accounts, context, context.latch("keys of accounts")),
        rights,
        keys: watched::follow(&config.token_keys_file, context, Keys::parse)?,
    })
}
