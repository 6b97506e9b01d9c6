//! Looks into a source once: which programmes it has.

use std::{sync::Arc, time::Duration};

use funkturm_base::SystemClock;
use funkturm_ts::Found;
use slog::Logger;
use tokio::time::{Instant, sleep};

use crate::{config::Config, feed::Feed, source::Source, station};

/// Between two looks at what has come.
const PULSE: Duration = Duration::from_millis(100);

/// The programmes of a source, received as [`crate::Ingest`] would; as soon as all that it announces has come, or else what has come
/// until then after `patience`.
///
/// # Errors
/// Nothing came, or no programme is announced: why, in words for an operator.
pub async fn scan(url: &str, patience: Duration, log: &Logger) -> anyhow::Result<Vec<Found>> {
    let feed = Arc::new(Feed::scanning(Arc::new(SystemClock::default())));
    let source = Source {
        url: url.to_owned(),
        programme: None,
        feed: Arc::clone(&feed),
        config: Arc::new(Config::default()),
        client: station::client()?,
        log: log.clone(),
    };
    let receiving = tokio::spawn(source.run());
    let begun = Instant::now();
    while begun.elapsed() < patience && !feed.scanned().is_some_and(|scan| scan.complete) {
        sleep(PULSE).await;
    }
    receiving.abort();
    match feed.scanned().map(|scan| scan.programmes) {
        Some(programmes) if !programmes.is_empty() => Ok(programmes),
        _ => Err(anyhow::Error::msg(why_nothing(&feed, patience))),
    }
}

fn why_nothing(feed: &Feed, patience: Duration) -> String {
    let seconds = patience.as_secs();
    match (feed.trouble(), feed.packets()) {
        (Some(trouble), 0) => trouble,
        (None, 0) => format!("nothing came within {seconds} s: is it sent to here, and on this interface?"),
        _ => format!("a transport stream came, but it announced no programme (PAT) within {seconds} s"),
    }
}
