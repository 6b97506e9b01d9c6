//! How a channel's transcoding does: written by its runner, read by whoever asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use funkturm_base::{ChannelId, Utc90};
use funkturm_contracts::{
    health::TranscodeHealth,
    segment::{Media, Segment},
};

/// The health of one channel, shared.
#[derive(Clone)]
pub(crate) struct Health(Arc<Mutex<TranscodeHealth>>);

impl Health {
    pub(crate) fn new(channel: ChannelId) -> Self {
        Self(Arc::new(Mutex::new(TranscodeHealth {
            channel,
            worker: None,
            restarts: 0,
            renditions: Vec::new(),
            last_segment: None,
            delay_ms: None,
            dropped: 0,
            problem: None,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, TranscodeHealth> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self) -> TranscodeHealth {
        self.lock().clone()
    }

    pub(crate) fn problem(&self, problem: impl Into<Option<String>>) {
        self.lock().problem = problem.into();
    }

    /// A segment is ready.
    pub(crate) fn made(&self, number: u64, segment: &Segment, now: Utc90) {
        let mut health = self.lock();
        let rendition = &segment.rendition;
        let text = match &rendition.media {
            Media::Video { width, height, frame_rate, .. } => {
                format!("{} {width}×{height} {frame_rate} fps {}", rendition.name, rendition.codecs)
            }
            Media::Audio { label, channels, .. } => {
                format!("{} {label} {channels} channels {}", rendition.name, rendition.codecs)
            }
        };
        let name = format!("{} ", rendition.name);
        match health.renditions.iter_mut().find(|known| known.starts_with(&name)) {
            Some(known) => *known = text,
            None => {
                health.renditions.push(text);
                // v0, v1, … before a0, a1, …
                health.renditions.sort_by_key(|text| (text.starts_with('a'), text.clone()));
            }
        }
        health.last_segment = health.last_segment.max(Some(number));
        if matches!(rendition.media, Media::Video { .. }) {
            health.delay_ms =
                Some((now.seconds_since(segment.start + segment.duration) * 1e4).round() / 10.0);
        }
        health.problem = None;
    }
}
