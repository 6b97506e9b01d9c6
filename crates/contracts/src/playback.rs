//! Playback sessions: one player playing one thing.

use chrono::{DateTime, Utc};
use funkturm_base::ChannelId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What to play.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaybackRequest {
    /// The channel to watch live.
    #[schema(value_type = String, example = "das-erste")]
    pub channel: ChannelId,
}

/// A session: play `url`, and tell us every `heartbeat_seconds` that it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Playback {
    /// Names the session in heartbeats.
    pub session: Uuid,
    /// The multivariant playlist.
    pub url: String,
    /// When the session ends unless a heartbeat comes.
    pub expires_at: DateTime<Utc>,
    /// How often a heartbeat is expected.
    pub heartbeat_seconds: u32,
}

/// A running session, for operators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunningSession {
    /// Its id.
    pub session: Uuid,
    /// What it plays.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// Sessions whose tokens are not to be served any more: what origins fetch every second from `GET /internal/v1/revocations?after=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocations {
    /// Ask after this the next time.
    pub place: String,
    /// The sessions, and when the last of their tokens ends by itself, seconds since 1970: until then they are to be remembered.
    pub sessions: Vec<Revoked>,
}

/// A revoked session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Its id, `cti` in its tokens.
    pub session: Uuid,
    /// When its last token ends by itself, seconds since 1970.
    pub until: u64,
}
