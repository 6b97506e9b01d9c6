//! Ingest: receives every input of every channel, watches them, keeps the best one on air, takes its programme apart and
//! offers it to transcoders as a programme stream.

mod channel;
mod config;
mod convert;
mod feed;
mod hub;
mod metrics;
mod scan;
mod selector;
mod source;
mod station;
mod status;

use std::{sync::Arc, time::Duration};

use funkturm_base::{ChannelId, Error, Kind};
use funkturm_contracts::{client::Peer, health::IngestStatus};
use funkturm_service::{Context, Latch, Payload, Reply, Routes, Service, ServiceMain, reply};
use slog::{debug, info, warn};
use tokio::time::{MissedTickBehavior, interval, sleep};

pub use config::Config;
use metrics::Metrics;
pub use scan::scan;
use station::Station;

/// The service.
pub struct Ingest;

impl ServiceMain for Ingest {
    const NAME: &'static str = "ingest";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        let peer = Peer::new(config.channels.clone(), context.tokens.service.clone())?;
        let refresh = Duration::from_secs(config.refresh_seconds);
        let metrics = Metrics::new(&context.metrics)?;
        let station = Arc::new(Station::new(config, context.clone())?);
        let latch = context.latch("line-up");
        context.spawn("line-up", follow(Arc::clone(&station), peer, refresh, context.clone(), latch));
        context.spawn("pulse", pulse(Arc::clone(&station), metrics, context.clone()));
        Ok(Service {
            routes: routes(&station, &context),
            openapi: utoipa::openapi::OpenApiBuilder::new().build(),
        })
    }
}

/// Follows the channels service. While it does not answer, what it said last holds.
async fn follow(
    station: Arc<Station>,
    peer: Peer,
    refresh: Duration,
    context: Context,
    latch: Latch,
) -> anyhow::Result<()> {
    let mut answering = true;
    while !context.stop.requested() {
        match peer.channels().await {
            Ok(list) => {
                // Also where nothing changed: sources whose task has ended are opened anew by it.
                station.tune(&list.channels);
                latch.open();
                if !std::mem::replace(&mut answering, true) {
                    info!(context.log, "channels answers again");
                }
            }
            Err(error) => {
                let text = format!("{:#}", anyhow::Error::from(error));
                if std::mem::replace(&mut answering, false) {
                    warn!(context.log, "the list of channels cannot be had, the last one holds: {text}");
                } else {
                    debug!(context.log, "still no list of channels: {text}");
                }
            }
        }
        tokio::select! {
            () = sleep(refresh) => {}
            () = context.stop.wait() => {}
        }
    }
    station.close();
    Ok(())
}

/// What gathers for the readers is handed on so often: every time costs a wake-up of each thread on the way to the segment, and
/// a tenth of a second is nothing beside a segment. Everything slower is counted in these.
const FLUSH: Duration = Duration::from_millis(100);
const FLUSHES_PER_SECOND: u32 = 10;

/// The clockwork: flushes, looks for silence and decides, beats, counts.
async fn pulse(station: Arc<Station>, mut metrics: Metrics, context: Context) -> anyhow::Result<()> {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut count = 0_u32;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = context.stop.wait() => return Ok(()),
        }
        count = count.wrapping_add(1);
        station.tick();
        for channel in station.channels() {
            channel.decide();
            if count.is_multiple_of(FLUSHES_PER_SECOND) {
                channel.beat();
            }
            channel.flush();
        }
        if count.is_multiple_of(FLUSHES_PER_SECOND) {
            metrics.update(&station);
        }
    }
}

fn routes(station: &Arc<Station>, context: &Context) -> Routes {
    let (streams, states, context) = (Arc::clone(station), Arc::clone(station), context.clone());
    Routes::new()
        .get("/internal/v1/programmes/{channel}", move |request| {
            let station = Arc::clone(&streams);
            async move {
                let id: ChannelId = request.param("channel")?;
                let Some(channel) = station.channel(&id) else {
                    return Err(Error::new(Kind::NotFound, format!("channel {id} is not received here")));
                };
                let name = request.peer.map_or_else(String::new, |peer| peer.to_string());
                let mut answer = Reply::new(Payload::Stream(Box::pin(channel.join(name))));
                let kind = http::HeaderValue::from_static("application/octet-stream");
                answer.headers_mut().insert(http::header::CONTENT_TYPE, kind);
                Ok(answer)
            }
        })
        .get("/internal/v1/status", move |_| {
            let (station, now) = (Arc::clone(&states), context.clock.utc());
            let host = context.host.clone();
            async move {
                let inputs = station.reports().iter().map(|input| status::health(input, now)).collect();
                Ok(reply::json(http::StatusCode::OK, &IngestStatus { host, inputs }))
            }
        })
}
