//! Waiting until viewers can watch, and saying where.

use std::time::Duration;

use funkturm_contracts::channel::LineUp;
use funkturm_service::Context;
use tokio::time::{Instant, sleep};

use super::state::State;
use crate::{out, server::Server};

/// How long the first segments may take before people are told without them.
const PATIENCE: Duration = Duration::from_secs(45);

/// Between two looks.
const PULSE: Duration = Duration::from_millis(250);

/// Waits until every service is ready, or told to stop. Before that they put off what they are asked.
pub(crate) async fn wait_for_services(context: &Context, started: Instant) {
    while !context.stop.requested() {
        let unready = context.unready();
        if unready.is_empty() {
            return;
        }
        waiting_for(&unready.join(", "), started);
        sleep(PULSE).await;
    }
}

fn waiting_for(what: &str, started: Instant) {
    out::progress(format_args!("{} s: waiting for {what} …", started.elapsed().as_secs()));
}

/// Waits until the channels are on air, and says what runs where.
pub(crate) async fn wait_and_tell(
    server: &Server,
    url: &str,
    state: &State,
    context: &Context,
    started: Instant,
    demo: bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let lineup = loop {
        let lineup: LineUp = match server.get("/api/v1/channels").await {
            // Nobody answers any more who has been told to stop.
            Err(_) if context.stop.requested() => return Ok(()),
            answer => answer?,
        };
        let waiting: Vec<&str> = lineup
            .channels
            .iter()
            .filter(|channel| !channel.on_air)
            .map(|channel| channel.name.as_str())
            .collect();
        if waiting.is_empty() || Instant::now() > deadline || context.stop.requested() {
            break lineup;
        }
        waiting_for(&waiting.join(", "), started);
        sleep(PULSE).await;
    };
    out::progress_done();
    if context.stop.requested() {
        return Ok(());
    }
    out::line(format_args!("Funkturm is up, after {:.1} s.", started.elapsed().as_secs_f64()));
    out::line("");
    out::line(format_args!("  Watch      {url}"));
    out::line(format_args!("  Operate    {url}/console#token={}", state.operator_token()?));
    out::line(format_args!("  Build apps {url}/api/openapi.json"));
    out::line(format_args!("  State      {}", state.file("").display()));
    out::line("");
    for channel in &lineup.channels {
        let air = if channel.on_air { "on air" } else { "not on air yet: the console says why" };
        out::line(format_args!("  {:4}  {}  {air}", channel.number, channel.name));
    }
    if lineup.channels.is_empty() {
        out::line(
            "  No channels yet. Add one: funkturm channel add \"Das Erste\" --input udp://239.1.1.1:5000",
        );
    } else if demo {
        out::line("  These are the demo; add your own with `funkturm channel add`, `import` or `scan`.");
    }
    out::line("");
    out::line("Ctrl-C stops everything.");
    Ok(())
}
