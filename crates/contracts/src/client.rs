//! How a service calls another one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use funkturm_base::{ChannelId, DeviceId, HouseholdId};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::{
    channel::{Channel, ChannelList},
    health::{IngestStatus, OriginStatus, TranscodeStatus},
    identity::KeySet,
    link::Holder,
    playback::Revocations,
    programme::Message,
    rights::{Changes, Decision, Question, Rights},
    segment::{Receipt, SEGMENT_HEADER, Segment},
};

/// Why a call did not give an answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody there, or the connection broke.
    #[error("{url} does not answer")]
    Unreachable {
        /// What was called.
        url: String,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// An answer, but not the one that was wanted.
    #[error("{url} answered {status}: {body}")]
    Refused {
        /// What was called.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// A stream without even a heartbeat.
    #[error("{url} has fallen silent")]
    Silent {
        /// What was called.
        url: String,
    },
    /// A stream that is not what it should be.
    #[error("{url} sent a broken stream")]
    Broken {
        /// What was called.
        url: String,
        /// What was wrong.
        source: crate::programme::DecodeError,
    },
}

impl CallError {
    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// A service at a base URL, called with the fleet's service token. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peer {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Peer {
    /// A peer at `base` (`http://host:port`, without a slash at the end). `token` goes along as bearer.
    ///
    /// # Errors
    /// The TLS set-up of the machine is unusable.
    pub fn new(base: impl Into<String>, token: Option<String>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .read_timeout(Duration::from_secs(20))
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .no_proxy()
            .build()?;
        Ok(Self { http, base: base.into().trim_end_matches('/').to_owned(), token })
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks channels for every channel.
    ///
    /// # Errors
    /// See [`CallError`]; the same for every call here.
    pub async fn channels(&self) -> Result<ChannelList, CallError> {
        self.get("/internal/v1/channels").await
    }

    /// Asks channels for one channel.
    ///
    /// # Errors
    /// See [`CallError`]; an unknown channel is a refusal with status 404.
    pub async fn channel(&self, id: &ChannelId) -> Result<Channel, CallError> {
        self.get(&format!("/internal/v1/channels/{id}")).await
    }

    /// Asks accounts for the keys that access tokens are checked with.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn keys(&self) -> Result<KeySet, CallError> {
        self.get("/api/v1/keys").await
    }

    /// Asks accounts whom a link acts for, by the hash of its token (see [`link`](crate::link)).
    ///
    /// # Errors
    /// See [`CallError`]; a link that is not there (any more) is a refusal with status 404.
    pub async fn link(&self, hash: &str) -> Result<Holder, CallError> {
        self.get(&format!("/internal/v1/accounts/links/{hash}")).await
    }

    /// Asks playback which sessions were revoked after a place in its list; from the beginning where that is empty.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn revocations(&self, after: &str) -> Result<Revocations, CallError> {
        self.get(&format!("/internal/v1/revocations?after={after}")).await
    }

    /// Asks rights whether a household may do something.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn decide(&self, question: &Question) -> Result<Decision, CallError> {
        let path = "/internal/v1/decisions";
        let request =
            self.request(reqwest::Method::POST, path).timeout(Duration::from_secs(5)).json(question);
        self.json(self.send(request, path).await?, path).await
    }

    /// Asks rights what a household may do in every channel.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn rights(&self, household: HouseholdId, child: bool) -> Result<Rights, CallError> {
        self.get(&format!("/internal/v1/households/{household}/rights?child={child}")).await
    }

    /// Asks rights what changed after a place in its log.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn right_changes(&self, after: i64) -> Result<Changes, CallError> {
        self.get(&format!("/internal/v1/changes?after={after}")).await
    }

    /// Asks ingest how its inputs do.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn ingest_status(&self) -> Result<IngestStatus, CallError> {
        self.get("/internal/v1/status").await
    }

    /// Asks a transcoder how it does.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn transcode_status(&self) -> Result<TranscodeStatus, CallError> {
        self.get("/internal/v1/status").await
    }

    /// Asks an origin how it does.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn origin_status(&self) -> Result<OriginStatus, CallError> {
        self.get("/internal/v1/status").await
    }

    /// Fetches a channel's multivariant playlist at an origin, with a playback token, which stands in no error.
    ///
    /// # Errors
    /// See [`CallError`]; a channel that is not on air there is a refusal with status 404.
    pub async fn multivariant(&self, token: &str, channel: &ChannelId) -> Result<Bytes, CallError> {
        let path = format!("/hls/{token}/{channel}/master.m3u8");
        let request = self.request(reqwest::Method::GET, &path).timeout(Duration::from_secs(2));
        let shown = format!("/hls/…/{channel}/master.m3u8");
        let unreachable = |source: reqwest::Error| CallError::Unreachable {
            url: shown.clone(),
            source: source.without_url(),
        };
        match self.send(request, &shown).await {
            Ok(response) => response.bytes().await.map_err(unreachable),
            Err(CallError::Unreachable { source, .. }) => Err(unreachable(source)),
            Err(other) => Err(other),
        }
    }

    /// Opens the programme stream of a channel at ingest.
    ///
    /// # Errors
    /// See [`CallError`]; a channel that this ingest does not have is a refusal with status 404.
    pub async fn programme(&self, id: &ChannelId) -> Result<ProgrammeStream, CallError> {
        let path = format!("/internal/v1/programmes/{id}");
        let response = self.send(self.request(reqwest::Method::GET, &path), &path).await?;
        let url = format!("{}{path}", self.base);
        Ok(ProgrammeStream { url, body: Box::pin(response.bytes_stream()), buffer: BytesMut::new() })
    }

    /// Pushes an initialization section to an origin; `grid` as in the segments that need it.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn push_init(
        &self,
        channel: &ChannelId,
        rendition: &str,
        hash: &str,
        grid: i64,
        body: Bytes,
    ) -> Result<Receipt, CallError> {
        let path = format!("/internal/v1/inits/{channel}/{rendition}/{hash}?grid={grid}");
        let request = self.request(reqwest::Method::PUT, &path).timeout(PUSH_TIMEOUT).body(body);
        self.json(self.send(request, &path).await?, &path).await
    }

    /// Pushes a segment to an origin.
    ///
    /// # Errors
    /// See [`CallError`]; status 424 means that the origin wants the init first.
    pub async fn push_segment(
        &self,
        channel: &ChannelId,
        number: u64,
        segment: &Segment,
        body: Bytes,
    ) -> Result<Receipt, CallError> {
        let path = format!("/internal/v1/segments/{channel}/{}/{number}", segment.rendition.name);
        // A header takes visible ASCII only; serde_json leaves letters as they are, so they are escaped here.
        let description = ascii_json(&serde_json::to_string(segment).unwrap_or_default());
        let request = self
            .request(reqwest::Method::PUT, &path)
            .timeout(PUSH_TIMEOUT)
            .header(SEGMENT_HEADER, description)
            .body(body);
        self.json(self.send(request, &path).await?, &path).await
    }

    /// Tells a service something: `body` as JSON to one of its `/internal/` routes, whose answer does not matter.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn deliver<T: serde::Serialize + Sync>(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&T>,
    ) -> Result<(), CallError> {
        let mut request = self.request(method, path).timeout(DELIVERY_TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request, path).await.map(drop)
    }

    /// Asks for what a service knows of a household, as it is.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn household(
        &self,
        service: &str,
        household: HouseholdId,
    ) -> Result<serde_json::Value, CallError> {
        self.get(&household_path(service, household)).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let request = self.request(reqwest::Method::GET, path).timeout(Duration::from_secs(5));
        self.json(self.send(request, path).await?, path).await
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        path: &str,
    ) -> Result<reqwest::Response, CallError> {
        let url = format!("{}{path}", self.base);
        let response = match request.send().await {
            Ok(response) => response,
            Err(source) => return Err(CallError::Unreachable { url, source }),
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body: String = response.text().await.unwrap_or_default().chars().take(300).collect();
        Err(CallError::Refused { url, status, body })
    }

    async fn json<T: DeserializeOwned>(
        &self,
        response: reqwest::Response,
        path: &str,
    ) -> Result<T, CallError> {
        let url = format!("{}{path}", self.base);
        response.json().await.map_err(|source| CallError::Unreachable { url, source })
    }
}

/// Where a service keeps what it knows of a household: with the service's name, because on one machine all share a listener.
pub fn household_path(service: &str, household: HouseholdId) -> String {
    format!("/internal/v1/{service}/households/{household}")
}

/// Where a service is told that a device of a household is gone.
pub fn device_path(service: &str, household: HouseholdId, device: DeviceId) -> String {
    format!("{}/devices/{device}", household_path(service, household))
}

/// How long a connection lies idle before it is given up. Servers end theirs after twenty seconds (`head_timeout`): who asks at that very
/// moment, as whoever looks every twenty seconds does, would find it closed.
const IDLE: Duration = Duration::from_secs(10);

/// A push that takes longer is tried again; a segment is a few megabytes.
const PUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// What is not answered by then is delivered again.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

fn ascii_json(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

/// The programme stream beats every second: after so long without a byte, the host is gone.
const SILENCE: Duration = Duration::from_secs(3);

/// A channel's programme stream, message by message.
pub struct ProgrammeStream {
    url: String,
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<Bytes>> + Send>>,
    buffer: BytesMut,
}

impl ProgrammeStream {
    /// The next message; none when ingest ended the stream.
    ///
    /// # Errors
    /// The connection broke, nothing came for three seconds, or what came is not a programme stream.
    pub async fn next(&mut self) -> Result<Option<Message>, CallError> {
        loop {
            match Message::decode(&mut self.buffer) {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(source) => return Err(CallError::Broken { url: self.url.clone(), source }),
            }
            let Ok(piece) = tokio::time::timeout(SILENCE, self.body.next()).await else {
                return Err(CallError::Silent { url: self.url.clone() });
            };
            match piece {
                Some(Ok(piece)) => self.buffer.extend_from_slice(&piece),
                Some(Err(source)) => return Err(CallError::Unreachable { url: self.url.clone(), source }),
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_fits_into_a_header_and_comes_back() {
        let text = "{\"label\":\"Français – 中文 🎬\"}";
        let ascii = ascii_json(text);
        assert!(ascii.bytes().all(|b| (0x20..0x7f).contains(&b)));
        let (a, b): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(text).unwrap(), serde_json::from_str(&ascii).unwrap());
        assert_eq!(a, b);
    }
}
