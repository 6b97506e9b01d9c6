//! Segments: what transcoders push to origins.
//!
//! `PUT /internal/v1/segments/{channel}/{rendition}/{number}` with the media as body and a [`Segment`] as JSON in
//! the header `x-funkturm-segment`; `PUT /internal/v1/inits/{channel}/{rendition}/{hash}?grid=…` with the
//! initialization section as body. An origin that does not have the init of a segment answers 424; the transcoder sends it and
//! tries again. Both answer with a [`Receipt`].

use funkturm_base::Utc90;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The header that carries a [`Segment`].
pub const SEGMENT_HEADER: &str = "x-funkturm-segment";

/// A segment's description. Its media is CMAF: `moof` and `mdat` once for each [`IndependentFrame`] of video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// The rendition it belongs to.
    pub rendition: Rendition,
    /// Length of the grid's cells in ticks of 1/90000 s: `number` = cell of UTC.
    pub grid: i64,
    /// Where it begins: the earliest presentation time in it.
    pub start: Utc90,
    /// Its length in ticks of 1/90000 s.
    pub duration: i64,
    /// The epoch it is from; another epoch than the segment before means a discontinuity.
    pub epoch: u64,
    /// Its transcoder began in the middle of its cell, or ended there, so another one may have more of it.
    #[serde(default)]
    pub cut: bool,
    /// No other transcoder can be at work on the channel, so nobody need wait for the whole of what is cut: it is not redundant, and
    /// the lease of its transcoder was good when this was pushed.
    #[serde(default)]
    pub alone: bool,
    /// The SHA-256 of its initialization section, the first 16 hexadecimal digits.
    pub init: String,
    /// The pictures that stand alone, in order (video only).
    #[serde(default)]
    pub independent_frames: Vec<IndependentFrame>,
}

/// A picture in a segment that can be shown alone: for I-frame playlists (RFC 8216bis 4.4.3.6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndependentFrame {
    /// First byte in the segment: the `moof` it is in.
    pub offset: u64,
    /// Bytes from there to the end of the picture.
    pub length: u64,
    /// When it is shown.
    pub time: Utc90,
}

/// One quality of a channel, or one of its sound tracks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendition {
    /// Its name in URLs: `v0`, `v1`, … from the best on, `a0`, `a1`, … in the source's order.
    pub name: String,
    /// The codec string of RFC 6381.
    pub codecs: String,
    /// What it carries.
    pub media: Media,
}

/// What a rendition carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Media {
    /// Pictures.
    Video {
        /// Display width in pixels.
        width: u32,
        /// Display height in pixels.
        height: u32,
        /// Pictures per second.
        frame_rate: f64,
        /// Key pictures were asked for where cells begin, as in a ladder; else they are where the source has them.
        #[serde(default)]
        on_grid: bool,
    },
    /// Sound.
    Audio {
        /// ISO 639-2 code.
        language: Option<String>,
        /// What viewers read in the track menu.
        label: String,
        /// Channels: 2 for stereo, 6 for 5.1.
        channels: u32,
        /// With spoken description of the pictures.
        description: bool,
        /// The one that plays unless another is chosen.
        default: bool,
    },
}

/// An origin's answer to a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Another one than last time: the origin started anew and wants the window again.
    pub origin: Uuid,
    /// It had this one already, from the other transcoder.
    pub known: bool,
}
