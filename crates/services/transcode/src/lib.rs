//! Transcode: programme streams in, CMAF segments out, cut on the wall clock and pushed to every origin.
//!
//! Instances lease channels by capacity. Passthrough channels run in the service's own process; every encoded channel has a
//! worker process that can die alone.

mod config;
mod crew;
mod hold;
mod packaging;
mod push;
mod received;
mod runner;
mod status;
pub mod worker;

use std::sync::Arc;

use funkturm_service::{Context, Routes, Service, ServiceMain, reply};

pub use config::Config;

/// The service.
pub struct Transcode;

impl ServiceMain for Transcode {
    const NAME: &'static str = "transcode";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        funkturm_pipeline::init(&context.log)?;
        let crew = Arc::new(crew::Crew::new(config, &context)?);
        let working = Arc::clone(&crew);
        context.spawn("crew", async move { working.work().await });
        let routes = Routes::new().get("/internal/v1/status", move |_| {
            let status = crew.status();
            async move { Ok(reply::json(http::StatusCode::OK, &status)) }
        });
        Ok(Service { routes, openapi: utoipa::openapi::OpenApi::default() })
    }
}
