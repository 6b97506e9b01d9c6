//! Playback sessions: one player playing one thing.
//!
//! An app asks to play a channel and gets a URL, a session and the pace of its heartbeats. Sessions live in Redis and
//! end by themselves when the heartbeats stay out. Until households exist, whoever asks may play, if the operator says
//! that the house is open; otherwise nobody may.

mod api;
mod config;
mod known;
mod sessions;

use std::sync::Arc;

use anyhow::Error;
use funkturm_bus::Bus;
use funkturm_contracts::client::Peer;
use funkturm_service::{Context, Service, ServiceMain, metrics};
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
        let opened = "funkturm_playback_sessions_opened_total";
        let unrecorded = "funkturm_playback_sessions_unrecorded_total";
        let app = api::App {
            sessions: sessions::Sessions::new(bus, config.session_life(), Arc::clone(&context.clock)),
            known,
            opened: metrics::counter(registry, opened, "Playback sessions opened")?,
            unrecorded: metrics::counter(
                registry,
                unrecorded,
                "Playback sessions and heartbeats admitted while Redis was away",
            )?,
            log: log.clone(),
            config,
        };
        Ok(Service { routes: api::routes(&Arc::new(app)), openapi: api::Description::openapi() })
    }
}
