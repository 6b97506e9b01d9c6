//! Logos that we keep: in the object store, and in memory once somebody asked for them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_objects::{Key, Objects};
use funkturm_service::reply::Asset;
use http::HeaderValue;
use slog::{Logger, warn};

use crate::{logo::Picture, record, snapshot::short_hash};

/// Memory for logos. A line-up of 300 channels with 20 kB each needs a tenth of this; what goes beyond is read from
/// the object store again.
const MEMORY: usize = 64 << 20;

/// The logos.
pub(crate) struct Logos {
    objects: Objects,
    memory: Mutex<Memory>,
    log: Logger,
}

#[derive(Default)]
struct Memory {
    logos: HashMap<Key, Bytes>,
    bytes: usize,
}

impl Logos {
    pub(crate) fn new(objects: Objects, log: Logger) -> Self {
        Self { objects, memory: Mutex::default(), log }
    }

    /// Stores a picture as the logo of a channel. It is named after its content, so storing it twice is no harm.
    pub(crate) async fn store(&self, channel: &ChannelId, picture: Bytes) -> Result<Key> {
        let kind = Picture::recognise(&picture)?;
        let name = format!("logos/{channel}/{}.{}", short_hash(&picture), kind.ending());
        let key = name.parse().map_err(|error| Error::internal("a logo has no name", error))?;
        self.objects.put(&key, picture).await?;
        Ok(key)
    }

    /// Removes a logo that nothing refers to any more. If that fails, some kilobytes are left over: no reason to fail.
    pub(crate) async fn forget(&self, key: &Key) {
        if let Err(error) = self.objects.delete(key).await {
            warn!(self.log, "a logo that is not needed any more could not be removed";
                "key" => %key, "error" => error.chain());
        }
    }

    /// A logo, ready to be sent; `cache_control` depends on how it was asked for.
    pub(crate) async fn asset(&self, key: &Key, cache_control: &'static str) -> Result<Asset> {
        let body = match self.remembered(key) {
            Some(body) => body,
            None => {
                let body = self.objects.get(key, None).await?;
                self.remember(key.clone(), body.clone());
                body
            }
        };
        let picture = key.as_str().rsplit('.').next().and_then(Picture::from_ending);
        let picture = picture.ok_or_else(|| Error::new(Kind::Internal, format!("{key} is no picture")))?;
        let etag = HeaderValue::try_from(format!("\"{}\"", record::hash(key)))
            .map_err(|error| Error::internal("a logo has no ETag", error))?;
        let content_type = HeaderValue::from_static(picture.media_type());
        Ok(Asset::new(content_type, HeaderValue::from_static(cache_control), etag, body))
    }

    fn remembered(&self, key: &Key) -> Option<Bytes> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).logos.get(key).cloned()
    }

    fn remember(&self, key: Key, body: Bytes) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.bytes + body.len() > MEMORY {
            // Replaced logos and those of removed channels go with it; what is needed comes back by itself.
            *memory = Memory::default();
        }
        memory.bytes += body.len();
        if let Some(before) = memory.logos.insert(key, body) {
            memory.bytes -= before.len();
        }
    }
}
