//! SRT, as caller and as listener.

use std::time::Duration;

use funkturm_pipeline::srt::Receiver;
use tokio::time::timeout;

use super::{Source, Trouble};

/// A connection over which nothing comes for so long is dead, whatever the library thinks of it.
const SILENCE: Duration = Duration::from_secs(10);

/// Receives until the connection breaks. A listener waits for its caller for ever.
pub(super) async fn receive(source: &Source) -> Trouble {
    let (url, log) = (source.url.clone(), source.log.clone());
    // Starting GStreamer, looking up a host's name and opening the socket may block.
    let opened = tokio::task::spawn_blocking(move || {
        funkturm_pipeline::init(&log)
            .map_err(|error| Trouble::because("GStreamer, which SRT needs, cannot be started", &error))?;
        Receiver::open(&url).map_err(|error| Trouble::because("SRT cannot be opened", &error))
    })
    .await;
    let mut receiver = match opened {
        Ok(Ok(receiver)) => receiver,
        Ok(Err(trouble)) => return trouble,
        Err(error) => return Trouble::because("SRT cannot be opened", &error),
    };
    let mut connected = false;
    loop {
        let piece = match connected {
            true => timeout(SILENCE, receiver.next()).await,
            false => Ok(receiver.next().await),
        };
        match piece {
            Ok(Ok(bytes)) => {
                if !std::mem::replace(&mut connected, true) {
                    source.opened();
                }
                source.feed.push(&bytes, None);
            }
            Ok(Err(error)) => return Trouble::because("no SRT connection", &error),
            Err(_) => return Trouble::new("the SRT connection is open, but nothing comes over it"),
        }
    }
}
