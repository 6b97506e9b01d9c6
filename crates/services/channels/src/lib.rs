//! Channels, inputs, line-up, logos.
//!
//! Operators change the line-up through `/admin/v1/channels`; every change goes to PostgreSQL in one transaction with
//! an event in the outbox, which a relay brings to the stream `channels`. Viewers and the other services read the
//! line-up from memory, prepared as the bytes that are sent, with what the origins say is on air.

mod api;
mod config;
mod draft;
mod fleet;
mod import;
mod line_up;
mod logo;
mod logos;
mod record;
mod relay;
mod schema;
mod snapshot;
mod store;
mod validate;

use std::sync::Arc;

use anyhow::Context as _;
use funkturm_bus::Bus;
use funkturm_db::{Db, Options};
use funkturm_objects::Objects;
use funkturm_service::{Context, Service, ServiceMain, metrics};
use utoipa::OpenApi;

pub use config::Config;

/// The service.
pub struct Channels;

impl ServiceMain for Channels {
    const NAME: &'static str = "channels";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        config.check().map_err(anyhow::Error::msg)?;
        let (registry, log) = (&context.metrics, &context.log);
        let mut options = Options::new(Self::NAME, &config.database);
        if config.database_connections > 0 {
            options.connections = config.database_connections;
        }
        let db = Db::open(&options, registry, log)?;
        let bus = Bus::open(&config.redis, Self::NAME, registry, log)?;
        let objects = config.objects.as_ref().context("objects is not set")?;
        let objects = Objects::open(objects).await?;
        let gauge = metrics::gauge(registry, "funkturm_channels_channels_count", "Channels in the line-up")?;
        let sent = metrics::counter(registry, "funkturm_channels_events_total", "Events brought to the bus")?;

        let line_up = line_up::LineUp::new(db.clone(), gauge);
        let fleet = Arc::new(fleet::Fleet::new(&config, &context.tokens)?);
        context.spawn("line-up", line_up.clone().follow(context.clone(), context.latch("line-up")));
        let relay = relay::Relay { db, bus, line_up: line_up.clone(), sent };
        context.spawn("outbox", relay.run(context.clone()));
        context.spawn("on air", fleet::watch_origins(Arc::clone(&fleet), line_up.clone(), context.clone()));

        let app = api::App { line_up, logos: logos::Logos::new(objects, log.clone()), fleet };
        Ok(Service { routes: api::routes(&Arc::new(app)), openapi: api::Description::openapi() })
    }
}
