//! Playback: sessions, one for each player that plays one thing.
//!
//! Until households exist it answers everybody, where the operator says so (open house): a session counts who watches, and ends by
//! itself when its heartbeat stops.

mod config;
mod routes;
mod sessions;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use funkturm_contracts::{channel::ChannelList, client::Peer};
use funkturm_service::{Context, Service, ServiceMain};
use slog::warn;

pub use config::{Config, WithoutRedis};

/// The service.
pub struct Playback;

/// What handlers need.
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) sessions: sessions::Sessions,
    /// The last line-up that the channels service gave.
    pub(crate) channels: ArcSwap<ChannelList>,
}

impl ServiceMain for Playback {
    const NAME: &'static str = "playback";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        let bus = funkturm_bus::Bus::open(&config.redis, Self::NAME, &context.metrics, &context.log)?;
        let peer = Peer::new(config.channels.clone(), context.tokens.service.clone())?;
        let desk = Arc::new(Desk {
            sessions: sessions::Sessions::new(bus, &config),
            config,
            channels: ArcSwap::from_pointee(ChannelList { version: 0, channels: Vec::new() }),
        });
        let (following, latch, stop, log) =
            (Arc::clone(&desk), context.latch("the line-up"), context.stop.clone(), context.log.clone());
        context.spawn("follow the line-up", async move {
            loop {
                match peer.channels().await {
                    Ok(list) => {
                        following.channels.store(Arc::new(list));
                        latch.open();
                    }
                    // The last list stays in force.
                    Err(error) => warn!(log, "the line-up cannot be had: {error}"),
                }
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = stop.wait() => return Ok(()),
                }
            }
        });
        Ok(Service { routes: routes::routes(&desk), openapi: routes::openapi() })
    }
}
