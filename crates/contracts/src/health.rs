//! What the media services say about themselves: inputs, transcoders, origins.
//!
//! Each answers `GET /internal/v1/status`; the channels service gathers the answers for operators under
//! `/admin/v1/{inputs,transcoders,origins}` and for viewers as `on_air`.

use chrono::{DateTime, Utc};
use funkturm_base::ChannelId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An ingest instance: `GET /internal/v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IngestStatus {
    /// Which machine.
    pub host: String,
    /// Every input of every channel, in order of preference.
    pub inputs: Vec<InputHealth>,
}

/// How an input does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InputHealth {
    /// The channel.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// Its place in the order of preference, from 0.
    pub preference: u32,
    /// Where it comes from, secrets left out.
    pub url: String,
    /// What it does.
    pub state: InputState,
    /// What is wrong, and what to do about it.
    pub problem: Option<String>,
    /// Bits per second of the whole transport stream, over the last seconds.
    pub bitrate: u64,
    /// Continuity counter errors since start (TR 101 290, 1.4).
    pub continuity_errors: u64,
    /// Packets with the transport error indicator, or out of sync, since start (TR 101 290, 1.1 to 1.2 and 2.1).
    pub transport_errors: u64,
    /// Greatest deviation of the PCR's arrival in the last seconds, in milliseconds.
    pub pcr_jitter_ms: f64,
    /// When the last packet came.
    pub last_packet_at: Option<DateTime<Utc>>,
    /// When the last whole picture came.
    pub last_picture_at: Option<DateTime<Utc>>,
    /// Epochs since start, and why the last one ended.
    pub epochs: u64,
    /// Why the last epoch ended.
    pub last_break: Option<String>,
    /// What is in it, e.g. `H.264 1920×1080 25 fps`, `AAC deu`.
    pub tracks: Vec<String>,
    /// The programme that is taken, with the name in the SDT where there is one.
    pub programme: Option<String>,
    /// Which UTC instant a PTS stood for, when it was last measured.
    pub clock: Option<ClockMapping>,
}

/// Which PTS was on the wire at which instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClockMapping {
    /// 33-bit PTS in ticks of 1/90000 s.
    pub pts: u64,
    /// UTC in ticks of 1/90000 s since the Unix epoch.
    pub utc_ticks: i64,
}

/// What an input does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputState {
    /// Its programme is the one that transcoders get.
    Active,
    /// Delivers; would be taken if the better ones failed.
    Standby,
    /// Delivers again, but not yet for long enough to be trusted.
    Recovering,
    /// Nothing usable comes.
    Down,
}

/// A transcode instance: `GET /internal/v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TranscodeStatus {
    /// Which machine.
    pub host: String,
    /// How much it can take, in units of one 1080p25 ladder = 100.
    pub capacity: u32,
    /// How much of that is leased.
    pub used: u32,
    /// What it works on.
    pub channels: Vec<TranscodeHealth>,
}

/// How one channel's transcoding does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TranscodeHealth {
    /// The channel.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// The worker's process id; absent for passthrough, which runs in the service's own process.
    pub worker: Option<u32>,
    /// Times that the worker was started again.
    pub restarts: u32,
    /// What comes out, e.g. `v0 1280×720 25 fps avc1.64001f`.
    pub renditions: Vec<String>,
    /// The last segment's number.
    pub last_segment: Option<u64>,
    /// How long after its last picture was on the wire the last segment was ready, in milliseconds.
    pub delay_ms: Option<f64>,
    /// Pictures left out because they were damaged.
    pub dropped: u64,
    /// What is wrong.
    pub problem: Option<String>,
}

/// An origin: `GET /internal/v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OriginStatus {
    /// Which machine.
    pub host: String,
    /// Bytes of segments in memory.
    pub bytes: u64,
    /// The most that it keeps.
    pub max_bytes: u64,
    /// The channels it has.
    pub channels: Vec<WindowHealth>,
}

/// How one channel's live window does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowHealth {
    /// The channel.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// Can be watched at this moment: the newest segment is not older than two target durations.
    pub on_air: bool,
    /// First and last segment number.
    pub first: u64,
    /// Last segment number.
    pub last: u64,
    /// Length of the window in seconds.
    pub seconds: f64,
    /// Its renditions with their measured peak and average bit rates.
    pub renditions: Vec<RenditionHealth>,
}

/// A rendition as it is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RenditionHealth {
    /// `v0`, `a0`, …
    pub name: String,
    /// e.g. `1280×720 25 fps`, `deu stereo`.
    pub description: String,
    /// The codec string.
    pub codecs: String,
    /// Measured peak, bits per second.
    pub bandwidth: u64,
    /// Measured average, bits per second.
    pub average_bandwidth: u64,
}
