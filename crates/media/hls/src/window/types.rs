//! What a window is made of.

/// Ticks in a second.
pub const TICKS: i64 = 90_000;

/// A segment, without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its earliest presentation time, ticks of 1/90000 s since the Unix epoch.
    pub start: i64,
    /// Its length in ticks.
    pub duration: i64,
    /// The epoch it is from.
    pub epoch: u64,
    /// It may be only a part of what another transcoder has: as long as it is not listed, a longer one takes its place.
    pub cut: bool,
    /// No other transcoder can be at work on the channel, so nobody need wait for a longer one.
    pub alone: bool,
    /// Names its initialization section.
    pub init: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its pictures that stand alone.
    pub frames: Vec<Frame>,
}

impl Segment {
    /// Where it ends, ticks.
    pub fn end(&self) -> i64 {
        self.start + self.duration
    }
}

/// A picture that stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First byte in the segment.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// When it is shown, ticks.
    pub time: i64,
}

/// What a rendition carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Media {
    /// Pictures.
    Video {
        /// Pixels across, as displayed.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Pictures per second.
        frame_rate: f64,
        /// Its segments begin where cells do, whatever becomes of the source.
        on_grid: bool,
    },
    /// Sound.
    Audio {
        /// ISO 639-2.
        language: Option<String>,
        /// What viewers read.
        label: String,
        /// Channels.
        channels: u32,
        /// Describes the pictures.
        description: bool,
        /// Plays unless another is chosen.
        default: bool,
    },
}

impl Media {
    /// Whether it is pictures.
    pub fn is_video(&self) -> bool {
        matches!(self, Self::Video { .. })
    }

    /// Whether it is sound, or pictures of fewer than so many lines.
    pub fn is_below(&self, lines: u32) -> bool {
        match self {
            Self::Video { height, .. } => *height < lines,
            Self::Audio { .. } => true,
        }
    }
}

/// What became of a segment that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is in.
    New,
    /// It was there already, from another transcoder of the same epoch, or is listed.
    Known,
    /// Its number is listed already, as a gap, or has left.
    Late,
}

/// A number that is listed: the same in all renditions. All that playlists say about it was decided when it was listed, and
/// stays (RFC 8216bis 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its media sequence number.
    pub number: u64,
    /// EXT-X-DISCONTINUITY stands before it.
    pub discontinuity: bool,
    /// Where it begins in the reference rendition, ticks; for those that do not have it.
    pub start: i64,
    /// How long it is there, ticks.
    pub duration: i64,
}
