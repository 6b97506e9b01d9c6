//! Playback sessions: one player playing one thing.

use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, DeviceId, HouseholdId};
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
    /// End this session of the household, and take its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takeover: Option<Uuid>,
}

/// A session: play `url`, and tell us every `heartbeat_seconds` that it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Playback {
    /// Names the session in heartbeats.
    pub session: Uuid,
    /// The multivariant playlist.
    pub url: String,
    /// Until when `url`, and what it refers to, can be fetched; the answers to heartbeats have a newer one in time. None if nothing
    /// ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_expires_at: Option<DateTime<Utc>>,
    /// When the session ends unless a heartbeat comes.
    pub expires_at: DateTime<Utc>,
    /// How often a heartbeat is expected.
    pub heartbeat_seconds: u32,
}

/// A running session, for operators and its household.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunningSession {
    /// Its id.
    pub session: Uuid,
    /// What it plays.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The household that plays it; none in an open house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub household: Option<HouseholdId>,
    /// The device that it is played on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub device: Option<DeviceId>,
}

/// 403: the household may not play this now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotAllowed {
    /// What is in the way: `not_in_package`, `age`, `abroad` or `licence`.
    #[serde(rename = "type")]
    #[schema(example = "not_in_package")]
    pub kind: String,
    /// For people.
    pub title: String,
    /// 403.
    pub status: u16,
    /// For people.
    pub detail: String,
    /// Packages that have it, by their ids.
    #[serde(default)]
    pub packages: Vec<String>,
}

/// 403: as many streams run as may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TooManyStreams {
    /// `too_many_streams`.
    #[serde(rename = "type")]
    #[schema(example = "too_many_streams")]
    pub kind: String,
    /// For people.
    pub title: String,
    /// 403.
    pub status: u16,
    /// For people.
    pub detail: String,
    /// How many may run.
    pub limit: u32,
    /// The broadcaster group whose limit it is; none if it is the household's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Those that run and count: name one of them in `takeover` to take its place.
    pub sessions: Vec<RunningSession>,
}

/// Sessions whose tokens are not to be served any more: what origins fetch every second from `GET /internal/v1/revocations?after=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocations {
    /// Ask after this the next time.
    pub place: String,
    /// The sessions, and when the last of their tokens ends by itself, seconds since 1970: until then they are to be remembered.
    pub sessions: Vec<Revoked>,
    /// There are more: ask again at once.
    #[serde(default)]
    pub more: bool,
}

/// A revoked session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Its id, `cti` in its tokens.
    pub session: Uuid,
    /// When its last token ends by itself, seconds since 1970.
    pub until: u64,
}
