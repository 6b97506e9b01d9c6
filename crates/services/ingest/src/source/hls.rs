//! HLS pulled: the best variant of a live presentation, segment after segment, at its own pace.

use std::time::Duration;

use futures_util::StreamExt;
use slog::debug;
use tokio::time::{Instant, sleep_until};

use super::{
    Source, Trouble, http,
    pace::Paced,
    playlist::{self, Media, Playlist, Segment},
};

/// Live playback begins so many segments before the end (RFC 8216, 6.3.3).
const FROM_END: usize = 3;
/// The longest playlist that is read: an hour of one-second segments is a tenth of it.
const LONGEST: usize = 4 << 20;
/// A live playlist to which nothing is added for so many target durations is dead.
const STALE: u32 = 5;

/// Pulls until the presentation ends or cannot be had any more.
pub(super) async fn receive(source: &Source, url: &str) -> Trouble {
    let pull = async {
        let mut base = parse(url)?;
        let mut media = match load(source, &mut base).await? {
            Playlist::Media(media) => media,
            Playlist::Multivariant(uri) => {
                base = join(&base, &uri)?;
                match load(source, &mut base).await? {
                    Playlist::Media(media) => media,
                    Playlist::Multivariant(_) => {
                        return Err(Trouble::new("the variant is a list of variants again"));
                    }
                }
            }
        };
        source.opened();
        follow(source, base, &mut media).await
    };
    match pull.await {
        Ok(()) => Trouble::new("the presentation has ended"),
        Err(trouble) => trouble,
    }
}

async fn follow(source: &Source, mut base: reqwest::Url, media: &mut Media) -> Result<(), Trouble> {
    let mut paced = Paced::new(&source.feed);
    let start = if media.ended { 0 } else { media.segments.len().saturating_sub(FROM_END) };
    let mut next = media.segments.get(start).map_or(0, |segment| segment.number);
    let mut loaded = Instant::now();
    let mut grew = loaded;
    loop {
        for segment in &media.segments {
            if segment.number < next {
                continue;
            }
            let missed = segment.number > next;
            if segment.discontinuity || missed {
                paced.interrupted();
            }
            next = segment.number + 1;
            grew = Instant::now();
            if !segment.gap {
                take(source, &base, segment, &mut paced).await?;
            }
        }
        if media.ended {
            return Ok(());
        }
        let target = Duration::from_secs(media.target);
        if grew.elapsed() > target * STALE {
            return Err(Trouble::new("nothing is added to the playlist any more"));
        }
        // Half a target duration after a load without news (RFC 8216, 6.3.4); playing took most of the time already.
        sleep_until(loaded + target / 2).await;
        loaded = Instant::now();
        *media = match load(source, &mut base).await? {
            Playlist::Media(media) => media,
            Playlist::Multivariant(_) => return Err(Trouble::new("the playlist became a list of variants")),
        };
        // A server that began anew counts from somewhere else.
        if media.segments.last().is_some_and(|last| last.number + 1 < next) {
            debug!(source.log, "the playlist's numbers went back, following it");
            paced.interrupted();
            next = media.segments.first().map_or(0, |first| first.number);
        }
    }
}

async fn take(
    source: &Source,
    base: &reqwest::Url,
    segment: &Segment,
    paced: &mut Paced<'_>,
) -> Result<(), Trouble> {
    let response = match http::get(source, join(base, &segment.uri)?.as_str()).await {
        Ok(response) => response,
        Err(trouble) => {
            // One missing segment is a gap; the playlist tells whether there is more to come.
            debug!(source.log, "segment left out: {trouble}"; "number" => segment.number);
            paced.interrupted();
            return Ok(());
        }
    };
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(bytes) => paced.push(&bytes).await,
            Err(error) => {
                debug!(source.log, "segment broke off: {}", error.without_url(); "number" => segment.number);
                paced.interrupted();
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Loads a playlist; where it was redirected, what it names is relative to the new place.
async fn load(source: &Source, url: &mut reqwest::Url) -> Result<Playlist, Trouble> {
    let response = http::get(source, url.as_str()).await?;
    *url = response.url().clone();
    let mut text = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece =
            piece.map_err(|error| Trouble::because("the playlist broke off", &error.without_url()))?;
        text.extend_from_slice(&piece);
        if text.len() > LONGEST {
            return Err(Trouble::new("the playlist is longer than any real one"));
        }
    }
    playlist::read(&String::from_utf8_lossy(&text)).map_err(|error| Trouble::new(error.to_string()))
}

fn parse(url: &str) -> Result<reqwest::Url, Trouble> {
    reqwest::Url::parse(url).map_err(|error| Trouble::because("the URL cannot be read", &error))
}

fn join(base: &reqwest::Url, uri: &str) -> Result<reqwest::Url, Trouble> {
    base.join(uri).map_err(|error| Trouble::because("the playlist names something that is no URL", &error))
}
