//! What the origin says about itself.

use std::sync::atomic::Ordering;

use funkturm_contracts::health::{OriginStatus, RenditionHealth, WindowHealth};
use funkturm_hls::window::{Media, Rendition};
use funkturm_service::{Reply, reply};

use crate::live::Live;

/// `GET /internal/v1/status`
pub(crate) fn reply(live: &Live) -> Reply {
    let now = live.clock.utc();
    let channels = live.channels();
    let channels = channels.iter().filter_map(|(id, channel)| {
        let on_air = channel.on_air(now);
        let window = channel.window();
        let (first, last) = window.listed()?;
        let renditions =
            window.renditions().iter().map(|(name, rendition)| health(name, rendition)).collect();
        let seconds = (last + 1 - first) as f64 * window.grid() as f64 / 90_000.0;
        Some(WindowHealth { channel: id.clone(), on_air, first, last, seconds, renditions })
    });
    let status = OriginStatus {
        host: live.host.clone(),
        bytes: live.bytes.load(Ordering::Relaxed),
        max_bytes: live.config.max_bytes,
        channels: channels.collect(),
    };
    reply::json(http::StatusCode::OK, &status)
}

fn health(name: &str, rendition: &Rendition) -> RenditionHealth {
    let description = match &rendition.media {
        Media::Video { width, height, frame_rate } => format!("{width}×{height} {frame_rate} fps"),
        Media::Audio { label, channels: 2, .. } => format!("{label} stereo"),
        Media::Audio { label, channels, .. } => format!("{label} {channels} channels"),
    };
    RenditionHealth {
        name: name.to_owned(),
        description,
        codecs: rendition.codecs.clone(),
        bandwidth: rendition.peak,
        average_bandwidth: rendition.average(),
    }
}
