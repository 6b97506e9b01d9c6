//! Channels: what a viewer zaps to, and where its transport stream comes from.

use funkturm_base::ChannelId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A channel as its operator sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// The id in URLs; never changes.
    #[schema(value_type = String, example = "das-erste")]
    pub id: ChannelId,
    /// What viewers read.
    pub name: String,
    /// The number that viewers type; unique.
    pub number: u32,
    /// Where its logo is served, if it has one.
    pub logo_url: Option<String>,
    /// What viewers get: the source as it is, or a ladder.
    pub profile: Profile,
    /// Two transcoders work on it at once, so that either can die unnoticed.
    pub redundant: bool,
    /// Switched off: kept, but neither received nor shown.
    pub enabled: bool,
    /// Where it comes from, in order of preference.
    pub inputs: Vec<Input>,
    /// Grows with every change of this channel.
    pub version: i64,
}

/// A channel to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// What viewers read; the id is made from it.
    pub name: String,
    /// The number that viewers type; the next free one where absent.
    #[serde(default)]
    pub number: Option<u32>,
    /// Where its logo is, if it is kept elsewhere.
    #[serde(default)]
    pub logo_url: Option<String>,
    /// What viewers get.
    #[serde(default)]
    pub profile: Profile,
    /// Two transcoders at once.
    #[serde(default)]
    pub redundant: bool,
    /// Where it comes from, in order of preference; at least one.
    pub inputs: Vec<Input>,
}

/// What to change in a channel; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelChange {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// A new logo elsewhere; an empty text takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
    /// A new profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Two transcoders at once, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redundant: Option<bool>,
    /// On or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// All inputs anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<Input>>,
}

/// What is made of a channel's source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The source as it is, only packaged anew: H.264 or HEVC video, AAC audio; other audio is encoded.
    #[default]
    Passthrough,
    /// An encoded ladder that begins at 1080p.
    FullHd,
    /// An encoded ladder that begins at 720p.
    Hd,
    /// An encoded ladder that begins at 576p.
    Sd,
}

/// One place where a channel's transport stream can be had.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `udp://[interface@]group-or-address:port`, `rtp://…`, `srt://host:port?mode=caller|listener&latency=ms`
    /// `&passphrase=…&streamid=…`, `http(s)://….ts`, `http(s)://….m3u8`, `file:///path.ts` (looped). Read with
    /// `contracts::input`.
    #[schema(example = "udp://239.1.1.1:5000")]
    pub url: String,
    /// Which programme of a multi-programme stream; the first one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<u16>,
}

/// A channel as viewers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineUpEntry {
    /// The id to ask playback for.
    #[schema(value_type = String)]
    pub id: ChannelId,
    /// The number to type.
    pub number: u32,
    /// The name.
    pub name: String,
    /// Where its logo is, if it has one.
    pub logo_url: Option<String>,
    /// Whether it can be watched at this moment.
    pub on_air: bool,
    /// What this household may do with it.
    pub actions: Vec<Action>,
}

/// Something that a household may do with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Watch it live.
    Live,
}

/// The viewers' line-up, in the order of the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineUp {
    /// The channels.
    pub channels: Vec<LineUpEntry>,
}

/// All channels, for operators and services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelList {
    /// Grows with every change of any channel.
    pub version: i64,
    /// The channels, in the order of their numbers.
    pub channels: Vec<Channel>,
}

/// The stream of changes to channels: entries are [`ChannelEvent`]s.
pub const CHANNEL_STREAM: &str = "channels";

/// A channel was made, changed or removed. Delivered at least once, perhaps out of order: what counts is the greatest
/// version seen of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelEvent {
    /// Which channel.
    pub channel: ChannelId,
    /// The version of the list of channels that this made.
    pub version: i64,
    /// It is not there any more.
    pub removed: bool,
}
