//! The media services as operators and viewers see them: how they do, and what is on air.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    future::Future,
    time::{Duration, Instant},
};

use funkturm_base::ChannelId;
use funkturm_contracts::{
    client::{CallError, Peer},
    health::{IngestStatus, OriginStatus, TranscodeStatus},
};
use funkturm_service::{Context, Tokens};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::OneOfBuilder},
};

use crate::{config::Config, line_up::LineUp};

/// Whoever has not answered by then counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often origins are asked what is on air.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// An origin that does not answer is believed for so long what it said last: it may have been one lost request.
const BELIEVED: Duration = Duration::from_secs(6);

/// An instance's own report, or why there is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Report<T> {
    /// What it says.
    Status(T),
    /// It does not say anything.
    Unreachable(Unreachable),
}

/// An instance that does not answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unreachable {
    /// Its base URL.
    pub(crate) host: String,
    /// What happened.
    pub(crate) problem: String,
}

// By hand, because the derived description has the same name for every kind of report.
impl<T: ToSchema> PartialSchema for Report<T> {
    fn schema() -> RefOr<Schema> {
        let kinds = [T::name(), Unreachable::name()].map(Ref::from_schema_name);
        kinds.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item).into()
    }
}

impl<T: ToSchema> ToSchema for Report<T> {
    fn name() -> Cow<'static, str> {
        T::name().replace("Status", "Report").into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        schemas.push((Unreachable::name().into_owned(), Unreachable::schema()));
        T::schemas(schemas);
    }
}

/// The media services that are known.
pub(crate) struct Fleet {
    ingest: Vec<Peer>,
    transcoders: Vec<Peer>,
    origins: Vec<Peer>,
}

impl Fleet {
    pub(crate) fn new(config: &Config, tokens: &Tokens) -> anyhow::Result<Self> {
        let peers = |urls: &[String]| -> anyhow::Result<Vec<Peer>> {
            urls.iter().map(|url| Ok(Peer::new(url, tokens.service.clone())?)).collect()
        };
        Ok(Self {
            ingest: peers(&config.ingest)?,
            transcoders: peers(&config.transcoders)?,
            origins: peers(&config.origins)?,
        })
    }

    pub(crate) async fn ingest(&self) -> Vec<Report<IngestStatus>> {
        gather(&self.ingest, Peer::ingest_status).await
    }

    pub(crate) async fn transcoders(&self) -> Vec<Report<TranscodeStatus>> {
        gather(&self.transcoders, Peer::transcode_status).await
    }

    pub(crate) async fn origins(&self) -> Vec<Report<OriginStatus>> {
        gather(&self.origins, Peer::origin_status).await
    }
}

/// Asks all of them at once.
async fn gather<'p, T, F>(peers: &'p [Peer], ask: impl Fn(&'p Peer) -> F) -> Vec<Report<T>>
where
    F: Future<Output = Result<T, CallError>>,
{
    join_all(peers.iter().map(|peer| {
        let answer = timeout(PATIENCE, ask(peer));
        async move {
            let problem = match answer.await {
                Ok(Ok(status)) => return Report::Status(status),
                Ok(Err(error)) => explain(&error),
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            Report::Unreachable(Unreachable { host: peer.base().to_owned(), problem })
        }
    }))
    .await
}

/// The error with what was underneath.
fn explain(error: &CallError) -> String {
    let (mut text, mut source) = (error.to_string(), std::error::Error::source(error));
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// What an origin said last, and when.
type LastWord = Option<(Instant, BTreeSet<ChannelId>)>;

/// Keeps the line-up informed of what is on air, until the process stops.
pub(crate) async fn watch_origins(
    fleet: std::sync::Arc<Fleet>,
    line_up: LineUp,
    context: Context,
) -> anyhow::Result<()> {
    let mut last_words: Vec<LastWord> = vec![None; fleet.origins.len()];
    while !context.stop.requested() {
        let reports = fleet.origins().await;
        for (last_word, report) in last_words.iter_mut().zip(reports) {
            remember(last_word, report, Instant::now());
        }
        let on_air = last_words.iter().flatten().flat_map(|(_, channels)| channels.clone()).collect();
        line_up.set_on_air(on_air).await?;
        // Time to ask again, or to stop: the loop's condition tells.
        let _ = timeout(LOOK_AGAIN, context.stop.wait()).await;
    }
    Ok(())
}

fn remember(last_word: &mut LastWord, report: Report<OriginStatus>, now: Instant) {
    match report {
        Report::Status(status) => {
            let on_air = status.channels.into_iter().filter(|window| window.on_air);
            *last_word = Some((now, on_air.map(|window| window.channel).collect()));
        }
        Report::Unreachable(_) => {
            last_word.take_if(|(said, _)| now.duration_since(*said) > BELIEVED);
        }
    }
}

#[cfg(test)]
mod tests {
    use funkturm_contracts::health::WindowHealth;

    use super::*;

    fn status(channels: &[(&str, bool)]) -> Report<OriginStatus> {
        let window = |(channel, on_air): &(&str, bool)| WindowHealth {
            channel: channel.parse().unwrap(),
            on_air: *on_air,
            first: 1,
            last: 2,
            seconds: 12.0,
            renditions: vec![],
        };
        let channels = channels.iter().map(window).collect();
        Report::Status(OriginStatus { host: "a".into(), bytes: 0, max_bytes: 1, channels })
    }

    #[test]
    fn an_origin_that_is_silent_is_believed_for_a_moment() {
        let (mut word, now) = (None, Instant::now());
        remember(&mut word, status(&[("zdf", true), ("arte", false)]), now);
        let silent = || Report::Unreachable(Unreachable { host: "a".into(), problem: "b".into() });
        remember(&mut word, silent(), now + BELIEVED);
        assert_eq!(word.as_ref().unwrap().1, BTreeSet::from(["zdf".parse().unwrap()]));
        remember(&mut word, silent(), now + BELIEVED + Duration::from_secs(1));
        assert_eq!(word, None);
    }
}
