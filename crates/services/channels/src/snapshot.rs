//! What readers get: the line-up in memory, as the bytes that will be sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use funkturm_base::{ChannelId, Error, Result};
use funkturm_contracts::channel::{ChannelList, LineUp};
use funkturm_service::reply::{self, Asset};
use http::HeaderValue;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::record::Record;

/// Viewers ask again every few seconds, to see what is on air; edges may answer for us as long.
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=2");
/// Operators and services want what is true now; the ETag spares them what they know.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// A body smaller than this is not worth compressing.
const WORTH_GZIP: usize = 1024;

/// The line-up at one moment; never changes.
pub(crate) struct Snapshot {
    pub(crate) version: i64,
    pub(crate) records: BTreeMap<ChannelId, Record>,
    /// `LineUp`: what viewers see.
    pub(crate) line_up: Asset,
    /// `LineUpEntry` of each channel that viewers see.
    pub(crate) entries: HashMap<ChannelId, Asset>,
    /// `ChannelList`: what operators and services see.
    pub(crate) list: Asset,
}

impl Snapshot {
    pub(crate) fn new(
        version: i64,
        records: BTreeMap<ChannelId, Record>,
        on_air: &BTreeSet<ChannelId>,
    ) -> Result<Self> {
        let mut ordered: Vec<&Record> = records.values().collect();
        ordered.sort_by_key(|record| record.number);
        let shown = ordered.iter().filter(|record| record.enabled);
        let channels: Vec<_> = shown.map(|record| record.entry(on_air.contains(&record.id))).collect();
        let entries = channels
            .iter()
            .map(|entry| Ok((entry.id.clone(), asset(entry, PUBLIC)?)))
            .collect::<Result<_>>()?;
        let line_up = asset(&LineUp { channels }, PUBLIC)?;
        let channels = ordered.iter().map(|record| record.channel()).collect();
        let list = asset(&ChannelList { version, channels }, PRIVATE)?;
        Ok(Self { version, records, line_up, entries, list })
    }
}

/// A JSON document, ready to be sent.
fn asset(document: &impl Serialize, cache_control: HeaderValue) -> Result<Asset> {
    let unwritable =
        |error: &dyn std::fmt::Display| Error::internal("the line-up cannot be written", error.to_string());
    let body = Bytes::from(serde_json::to_vec(document).map_err(|error| unwritable(&error))?);
    let etag =
        HeaderValue::try_from(format!("\"{}\"", short_hash(&body))).map_err(|error| unwritable(&error))?;
    let gzip = if body.len() >= WORTH_GZIP { reply::gzip(&body) } else { None };
    Ok(Asset::new(HeaderValue::from_static("application/json"), cache_control, etag, body).with_gzip(gzip))
}

/// The first 16 hexadecimal digits of the SHA-256: names content.
pub(crate) fn short_hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
