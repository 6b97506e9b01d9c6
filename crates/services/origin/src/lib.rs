//! The origin: the live window of every channel in memory, its playlists, its segments.
//!
//! Transcoders push; players fetch. Everything that a player can ask for lies ready as bytes: a push makes the channel's
//! playlists anew, a request only looks up. What is here can be refilled by the transcoders at any time.

mod config;
mod gate;
mod live;
mod meters;
mod push;
mod revoked;
mod routes;
mod shelf;
mod status;

use std::sync::Arc;

use funkturm_service::{Context, Service, ServiceMain};

pub use config::Config;

/// How often windows are looked at without a push: a number that has waited long enough is listed so much late at most.
const TICK: std::time::Duration = std::time::Duration::from_millis(200);

/// The service.
pub struct Origin;

impl ServiceMain for Origin {
    const NAME: &'static str = "origin";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        let revoked = Arc::new(revoked::Revoked::new(&context.metrics)?);
        let gate = gate::Gate::new(&config, Arc::clone(&revoked), &context)?;
        if !config.playback.is_empty() {
            revoked::follow(&revoked, &config, &context)?;
        }
        let live = live::Live::new(config, gate, &context)?;
        let tidy = Arc::clone(&live);
        let stop = context.stop.clone();
        context.spawn("tidy", async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(TICK) => tidy.tidy(),
                    () = stop.wait() => return Ok(()),
                }
            }
        });
        Ok(Service { routes: routes::routes(&live), openapi: routes::openapi() })
    }
}
