//! Where transport streams come from: one task for each distinct source, which opens it again whenever it breaks.

mod bunch;
mod datagrams;
mod file;
mod hls;
mod http;
mod pace;
mod playlist;
mod rtp;
mod srt;

use std::{sync::Arc, time::Duration};

use funkturm_contracts::input::{InputUrl, without_secrets};
use slog::{Logger, debug, info, warn};
use tokio::time::{Instant, sleep};

use crate::{config::Config, feed::Feed};

/// What every source needs.
pub(crate) struct Source {
    /// The URL as the operator wrote it.
    pub(crate) url: String,
    /// The programme that a file is looped for; elsewhere it does not matter to the source.
    pub(crate) programme: Option<u16>,
    /// Where what arrives goes.
    pub(crate) feed: Arc<Feed>,
    /// What can be set.
    pub(crate) config: Arc<Config>,
    /// For HTTP.
    pub(crate) client: reqwest::Client,
    /// The log.
    pub(crate) log: Logger,
}

/// Why a source cannot be received any further, for its operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trouble(String);

impl Trouble {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What was tried, with the error and everything under it.
    pub(crate) fn because(what: &str, error: &dyn std::error::Error) -> Self {
        let mut text = format!("{what}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            let error_text = error.to_string();
            if !text.ends_with(&error_text) {
                text.push_str(": ");
                text.push_str(&error_text);
            }
            source = error.source();
        }
        Self(text)
    }
}

/// The first pause before a broken source is opened again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A source that delivered for so long deserves a quick new try.
const SETTLED: Duration = Duration::from_secs(10);

/// Whether the loop should begin anew at once.
enum Ended {
    /// It broke: after a pause.
    Broken(Trouble),
    /// It fell silent, as multicast does when a membership is lost: join again.
    Silent,
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Broken(trouble)
    }
}

impl Source {
    /// Receives for ever.
    pub(crate) async fn run(self) {
        let mut pause = FIRST_PAUSE;
        let mut told = String::new();
        loop {
            let (began, packets) = (Instant::now(), self.feed.packets());
            let ended = self.receive().await;
            let Ended::Broken(trouble) = ended else {
                debug!(self.log, "nothing came for a while, opening the source again");
                continue;
            };
            let received = self.feed.packets() - packets;
            if received > 0 && began.elapsed() > SETTLED {
                pause = FIRST_PAUSE;
                told.clear();
            }
            let text = trouble.to_string();
            // The same again and again is said once.
            if text == told {
                debug!(self.log, "{text}");
            } else {
                warn!(self.log, "{text}");
                told.clone_from(&text);
            }
            self.feed.set_trouble(Some(text));
            // Many inputs of one broken sender do not all come back at the same instant.
            sleep(pause.mul_f64(0.75 + rand::random::<f64>() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn receive(&self) -> Ended {
        match self.url.parse() {
            Ok(InputUrl::Udp(place)) => datagrams::receive(self, &place, false).await,
            Ok(InputUrl::Rtp(place)) => datagrams::receive(self, &place, true).await,
            Ok(InputUrl::Srt(_)) => srt::receive(self).await.into(),
            Ok(InputUrl::Http(url)) => http::receive(self, &url).await.into(),
            Ok(InputUrl::Hls(url)) => hls::receive(self, &url).await.into(),
            Ok(InputUrl::File(path)) => file::receive(self, &path).await.into(),
            Err(error) => Trouble::new(error.to_string()).into(),
        }
    }

    /// Notes that it is open.
    fn opened(&self) {
        info!(self.log, "source opened"; "url" => without_secrets(&self.url));
        self.feed.set_trouble(None);
    }
}
