//! Which channels there are: this service's own picture of them, as fresh as the last few seconds. While the channels
//! service is away, the last picture stays.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::{channel::Channel, client::Peer};
use funkturm_service::{Context, Latch};
use slog::{info, warn};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};

/// How often the channels service is asked.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long somebody who asks for a channel that is not known yet is kept waiting.
const PATIENCE: Duration = Duration::from_secs(1);
/// A picture that is fresher than this is believed; so those who ask for nonsense cannot make us ask without end.
const FRESH: Duration = Duration::from_millis(500);

/// The channels that are switched on.
#[derive(Clone)]
pub(crate) struct Known {
    picture: watch::Receiver<Picture>,
    wanted: Arc<Notify>,
}

/// The channels, and when they were these; nothing before the first answer.
type Picture = Option<(Instant, Arc<BTreeMap<ChannelId, Shown>>)>;

/// What viewers see of a channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) logo_url: Option<String>,
}

/// The picture, and what keeps it fresh until the process stops.
pub(crate) fn follow(
    channels: Peer,
    context: Context,
    latch: Latch,
) -> (Known, impl Future<Output = anyhow::Result<()>>) {
    let (sender, picture) = watch::channel(None);
    let wanted = Arc::new(Notify::new());
    let known = Known { picture, wanted: Arc::clone(&wanted) };
    let task = async move {
        let mut away = false;
        while !context.stop.requested() {
            match channels.channels().await {
                Ok(list) => {
                    let enabled = list.channels.into_iter().filter(|channel| channel.enabled);
                    let enabled = enabled
                        .map(|Channel { id, name, number, logo_url, .. }| {
                            (id, Shown { name, number, logo_url })
                        })
                        .collect();
                    sender.send_replace(Some((Instant::now(), Arc::new(enabled))));
                    latch.open();
                    if std::mem::replace(&mut away, false) {
                        info!(context.log, "the channels service is back");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(context.log, "the channels service does not answer: what was known of it stays";
                            "error" => %error);
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = wanted.notified() => {}
                () = context.stop.wait() => {}
            }
        }
        Ok(())
    };
    (known, task)
}

impl Known {
    /// The channels that are switched on.
    ///
    /// # Errors
    /// `Kind::Unavailable` if the channels service has never answered.
    pub(crate) fn all(&self) -> Result<Arc<BTreeMap<ChannelId, Shown>>> {
        let picture = self.picture.borrow();
        picture.as_ref().map(|(_, channels)| Arc::clone(channels)).ok_or_else(unknown)
    }

    /// Whether there is such a channel, and it is switched on. A channel that was made a moment ago is waited for.
    ///
    /// # Errors
    /// `Kind::NotFound`; `Kind::Unavailable` if the channels service has never answered.
    pub(crate) async fn expect(&self, channel: &ChannelId) -> Result<()> {
        let has =
            |picture: &Picture| picture.as_ref().is_some_and(|(_, channels)| channels.contains_key(channel));
        if has(&self.picture.borrow()) {
            return Ok(());
        }
        let mut picture = self.picture.clone();
        let old = picture.borrow_and_update().as_ref().is_none_or(|(seen, _)| seen.elapsed() > FRESH);
        if old {
            self.wanted.notify_one();
            // If it does not come in time, the answer is what is known.
            let _ = timeout(PATIENCE, picture.changed()).await;
        }
        let picture = picture.borrow();
        match &*picture {
            known if has(known) => Ok(()),
            Some(_) => Err(Error::new(Kind::NotFound, format!("there is no channel {channel}"))),
            None => Err(unknown()),
        }
    }
}

fn unknown() -> Error {
    Error::new(Kind::Unavailable, "the channels are not known yet: try again")
}
