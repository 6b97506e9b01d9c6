//! From the transport stream's words to those of the programme stream.

use funkturm_base::Utc90;
use funkturm_contracts::programme::{AudioRole, Codec, Track, Unit};
use funkturm_ts::{Role, TrackInfo};

/// The tracks of an epoch, numbered.
pub(crate) fn tracks(infos: Vec<TrackInfo>) -> Vec<Track> {
    let track = |(index, info): (usize, TrackInfo)| Track {
        index: u8::try_from(index).unwrap_or(u8::MAX),
        pid: info.pid,
        codec: codec(info.codec),
        language: info.language,
        role: match info.role {
            Role::Main => AudioRole::Main,
            Role::HardOfHearing => AudioRole::HardOfHearing,
            Role::Description => AudioRole::Description,
        },
    };
    infos.into_iter().enumerate().map(track).collect()
}

fn codec(codec: funkturm_ts::Codec) -> Codec {
    use funkturm_ts::Codec as Ts;
    match codec {
        Ts::H264 => Codec::H264,
        Ts::Hevc => Codec::Hevc,
        Ts::Mpeg2Video => Codec::Mpeg2Video,
        Ts::AacAdts => Codec::AacAdts,
        Ts::AacLatm => Codec::AacLatm,
        Ts::MpegAudio => Codec::MpegAudio,
        Ts::Ac3 => Codec::Ac3,
        Ts::Eac3 => Codec::Eac3,
    }
}

/// A unit; its data is shared, not copied.
pub(crate) fn unit(unit: funkturm_ts::Unit) -> Unit {
    Unit {
        track: unit.track,
        random_access: unit.random_access,
        damaged: unit.damaged,
        pts: Utc90(unit.pts),
        dts: Utc90(unit.dts),
        data: unit.data,
    }
}
