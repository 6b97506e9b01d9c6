//! What the origin says about itself.

use std::time::Duration;

use funkturm_contracts::health::{OriginStatus, RenditionHealth, WindowHealth};
use funkturm_hls::window::{Media, Rendition, TICKS};
use funkturm_service::{Reply, reply};

use crate::live::Live;

/// `GET /internal/v1/status`
pub(crate) fn reply(live: &Live) -> Reply {
    let now = live.clock.monotonic();
    let channels = live.channels().into_iter().filter_map(|channel| {
        let window = channel.window();
        let (first, last) = window.listed()?;
        let fresh = Duration::from_secs(2 * window.target());
        let on_air = window.listed_at().is_some_and(|listed| now.saturating_sub(listed) <= fresh);
        let offered = window.renditions().iter().filter(|(name, _)| window.offers(name));
        let renditions = offered.map(|(name, rendition)| health(name, rendition)).collect();
        let seconds = window.length() as f64 / TICKS as f64;
        Some(WindowHealth { channel: channel.id.clone(), on_air, first, last, seconds, renditions })
    });
    let status = OriginStatus {
        host: live.host.clone(),
        bytes: live.bytes(),
        max_bytes: live.config.max_bytes,
        channels: channels.collect(),
    };
    reply::json(http::StatusCode::OK, &status)
}

fn health(name: &str, rendition: &Rendition) -> RenditionHealth {
    let description = match &rendition.media {
        Media::Video { width, height, frame_rate, .. } => format!("{width}×{height} {frame_rate} fps"),
        Media::Audio { label, channels: 2, .. } => format!("{label} stereo"),
        Media::Audio { label, channels, .. } => format!("{label} {channels} channels"),
    };
    RenditionHealth {
        name: name.to_owned(),
        description,
        codecs: rendition.codecs.clone(),
        bandwidth: rendition.rates.peak(),
        average_bandwidth: rendition.rates.average(),
    }
}
