//! What one channel has to offer, ready to be sent: swapped as a whole, so that readers never wait.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use funkturm_hls::{playlist, window::Window};
use funkturm_service::reply::{Asset, gzip};
use funkturm_token::HD_LINES;
use http::HeaderValue;
use ring::digest;

/// Everything of a channel that players can ask for.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) multivariant: Option<Arc<Asset>>,
    /// The same without HD; none where there is nothing else.
    pub(crate) without_hd: Option<Arc<Asset>>,
    pub(crate) renditions: BTreeMap<String, Tray>,
}

/// Everything of one rendition.
#[derive(Clone, Default)]
pub(crate) struct Tray {
    /// It is known to be no HD.
    pub(crate) is_below_hd: bool,
    pub(crate) playlist: Option<Arc<Asset>>,
    pub(crate) i_frames: Option<Arc<Asset>>,
    /// Segments by number, from when they are listed; those that have left the playlist stay fetchable for a while (RFC
    /// 8216bis, 6.2.2).
    pub(crate) segments: BTreeMap<u64, Arc<Asset>>,
    /// Segments that are not listed yet, by number and epoch.
    pub(crate) waiting: BTreeMap<(u64, u64), Arc<Asset>>,
    /// Initialization sections by hash.
    pub(crate) inits: BTreeMap<String, Arc<Asset>>,
}

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// Initialization sections of a rendition that are kept anyway; each is a kilobyte.
const INITS: usize = 8;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The first 16 hexadecimal digits of the SHA-256: what initialization sections are named by, and a strong validator, the same
/// at every origin.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn etag(bytes: &[u8]) -> HeaderValue {
    HeaderValue::try_from(format!("\"{}\"", hash(bytes))).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// A piece of media: the same for ever under its name.
pub(crate) fn media(video: bool, body: Bytes) -> Arc<Asset> {
    let content_type = HeaderValue::from_static(if video { "video/mp4" } else { "audio/mp4" });
    let etag = etag(&body);
    Arc::new(Asset::new(content_type, HeaderValue::from_static(FOR_EVER), etag, body).for_all_sites())
}

fn text(text: String, known: Option<&Arc<Asset>>, seconds: u64) -> Arc<Asset> {
    if let Some(known) = known.filter(|known| known.body() == text.as_bytes()) {
        return Arc::clone(known);
    }
    let gzip = gzip(text.as_bytes());
    let body = Bytes::from(text);
    let cache = HeaderValue::try_from(format!("public, max-age={seconds}"))
        .unwrap_or_else(|_| HeaderValue::from_static("no-cache"));
    let etag = etag(&body);
    Arc::new(
        Asset::new(HeaderValue::from_static(PLAYLIST), cache, etag, body).with_gzip(gzip).for_all_sites(),
    )
}

impl Shelf {
    /// Writes all playlists anew. One that is the same stays the same.
    pub(crate) fn rewrite(&mut self, window: &Window) {
        if let Some((_, last)) = window.listed() {
            for (name, tray) in &mut self.renditions {
                tray.take_listed(window, name, last);
            }
        }
        let half = (window.target() / 2).max(1);
        let written = playlist::multivariant(window);
        self.multivariant = written.map(|written| text(written, self.multivariant.as_ref(), half));
        let written = playlist::multivariant_below(window, HD_LINES);
        self.without_hd = written.map(|written| text(written, self.without_hd.as_ref(), half));
        for (name, tray) in &mut self.renditions {
            tray.is_below_hd =
                window.renditions().get(name).is_some_and(|rendition| rendition.media.is_below(HD_LINES));
            tray.playlist =
                playlist::media(window, name).map(|written| text(written, tray.playlist.as_ref(), half));
            tray.i_frames =
                playlist::i_frames(window, name).map(|written| text(written, tray.i_frames.as_ref(), half));
        }
        self.drop_old(window);
    }

    /// Takes an initialization section; whether it was there already.
    pub(crate) fn put_init(&mut self, window: &Window, name: &str, hash: String, body: Bytes) -> bool {
        let tray = self.renditions.entry(name.to_owned()).or_default();
        tray.drop_inits(window, name, INITS - 1);
        tray.inits.insert(hash, media(name.starts_with('v'), body)).is_some()
    }

    /// Drops segments that nobody can want any more, and initialization sections that nothing needs.
    fn drop_old(&mut self, window: &Window) {
        let oldest = window.oldest_kept();
        for (name, tray) in &mut self.renditions {
            tray.segments = tray.segments.split_off(&oldest);
            tray.drop_inits(window, name, INITS);
        }
        self.renditions.retain(|_, tray| {
            !tray.inits.is_empty() || !tray.segments.is_empty() || !tray.waiting.is_empty()
        });
    }
}

impl Tray {
    /// Takes what was listed of the epoch that was chosen, and lets go of the others'.
    fn take_listed(&mut self, window: &Window, name: &str, last: u64) {
        let later = self.waiting.split_off(&(last + 1, 0));
        let listed = window.renditions().get(name).map(|rendition| &rendition.segments);
        for ((number, epoch), asset) in std::mem::replace(&mut self.waiting, later) {
            let chosen = listed.and_then(|listed| listed.get(&number)).map(|segment| segment.epoch);
            if chosen == Some(epoch) {
                self.segments.insert(number, asset);
            }
        }
    }

    /// Drops initialization sections that nothing needs, if there are more than `most`: a few are kept beyond their need,
    /// because a player may be behind, and a transcoder about to push more.
    fn drop_inits(&mut self, window: &Window, name: &str, most: usize) {
        if self.inits.len() > most {
            self.inits.retain(|hash, _| window.needs_init(name, hash));
        }
    }
}
