//! How elementary streams are coded, as far as this crate takes them apart.

use std::fmt;

/// How an elementary stream is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    Hevc,
    /// ISO/IEC 13818-2 and 11172-2.
    Mpeg2Video,
    /// AAC in ADTS frames.
    AacAdts,
    /// AAC in LATM/LOAS.
    AacLatm,
    /// MPEG-1 and MPEG-2 audio, layers I to III.
    MpegAudio,
    /// AC-3, ETSI TS 102 366.
    Ac3,
    /// Enhanced AC-3, ETSI TS 102 366 annex E.
    Eac3,
}

impl Codec {
    /// Pictures, as opposed to sound.
    pub fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::Hevc | Self::Mpeg2Video)
    }

    /// The stream type in a PMT (ISO/IEC 13818-1, table 2-34); DVB marks AC-3 and E-AC-3 by a descriptor instead.
    pub(crate) fn stream_type(self) -> u8 {
        match self {
            Self::Mpeg2Video => 0x02,
            Self::MpegAudio => 0x03,
            Self::Ac3 | Self::Eac3 => 0x06,
            Self::AacAdts => 0x0f,
            Self::AacLatm => 0x11,
            Self::H264 => 0x1b,
            Self::Hevc => 0x24,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Mpeg2Video => "MPEG-2 video",
            Self::AacAdts | Self::AacLatm => "AAC",
            Self::MpegAudio => "MPEG audio",
            Self::Ac3 => "AC-3",
            Self::Eac3 => "E-AC-3",
        })
    }
}

/// What a track of sound is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// The programme's sound.
    #[default]
    Main,
    /// Made clearer for the hard of hearing.
    HardOfHearing,
    /// With spoken description of the pictures.
    Description,
}
