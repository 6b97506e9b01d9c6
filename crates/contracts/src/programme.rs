//! The programme stream: what ingest offers to transcoders, `GET /internal/v1/programmes/{channel}`.
//!
//! One programme, taken apart: epochs, and in them access units whose timestamps are already UTC. An **epoch**
//! is an unbroken run of same-format input; whatever breaks it (silence, jump, format or PMT change, another
//! input) ends it, for all renditions alike. A reader that joins late gets the running epoch's start first.
//!
//! On the wire: messages of a 4-byte big-endian length (of what follows), a kind byte, and the body: JSON for
//! all but [`Message::Unit`], which is `track u8, flags u8, pts i64, dts i64` (big endian) and the data.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use funkturm_base::Utc90;
use serde::{Deserialize, Serialize};

/// A message of the programme stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// An epoch begins; units follow.
    EpochStart(Epoch),
    /// A picture or a piece of sound.
    Unit(Unit),
    /// The epoch is over: flush what there is.
    EpochEnd(EpochEnd),
    /// Sent every second, so that a reader can tell silence from a dead connection.
    Heartbeat(Heartbeat),
}

/// An unbroken run of same-format input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Grows from epoch to epoch of a channel; the UTC tick at which it began.
    pub id: u64,
    /// The input's URL without secrets.
    pub input: String,
    /// The tracks of this epoch, by their index.
    pub tracks: Vec<Track>,
}

/// One elementary stream of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// What units refer to.
    pub index: u8,
    /// Where it was in the transport stream.
    pub pid: u16,
    /// How it is coded.
    pub codec: Codec,
    /// ISO 639-2 code from the PMT, lower case.
    pub language: Option<String>,
    /// What an audio track is for.
    #[serde(default)]
    pub role: AudioRole,
}

/// How an elementary stream is coded. Units are whole access units: video in Annex B byte-stream form (MPEG-2:
/// from the first header of a picture to the last slice), audio one or more whole frames with their headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// H.264, ITU-T.
    H264,
    /// H.265, ITU-T.
    Hevc,
    /// ISO/IEC 13818-2, also 11172-2.
    Mpeg2Video,
    /// AAC in ADTS frames.
    AacAdts,
    /// AAC in LATM/LOAS.
    AacLatm,
    /// MPEG-1/2 audio, layers I to III.
    MpegAudio,
    /// AC-3, ETSI TS 102 366.
    Ac3,
    /// Enhanced AC-3.
    Eac3,
}

impl Codec {
    /// Whether it is pictures.
    pub fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::Hevc | Self::Mpeg2Video)
    }
}

/// What an audio track is for (ISO 639 descriptor audio type, supplementary audio descriptor).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioRole {
    /// The programme's sound.
    #[default]
    Main,
    /// Made clearer for the hard of hearing.
    HardOfHearing,
    /// With spoken description of the pictures.
    Description,
}

/// One access unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The track's index.
    pub track: u8,
    /// Decoding can begin here: an IDR with parameter sets, an MPEG-2 I picture with sequence header; all audio.
    pub random_access: bool,
    /// Packets of it were lost or broken on the way.
    pub damaged: bool,
    /// When it is to be shown.
    pub pts: Utc90,
    /// When it is to be decoded.
    pub dts: Utc90,
    /// The coded bytes.
    pub data: Bytes,
}

/// Why an epoch ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochEnd {
    /// The epoch's id.
    pub id: u64,
    /// For the log and the console, e.g. `silence`, `timestamp jump of 3600.0 s`, `format change`.
    pub reason: String,
}

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Ingest's time of day.
    pub utc: Utc90,
    /// Whether an input delivers.
    pub receiving: bool,
}

/// The bytes are not a programme stream.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The length is beyond any real access unit.
    #[error("programme stream message of {0} bytes: at most {MAX_MESSAGE} are allowed")]
    TooLong(usize),
    /// A kind that this version does not know.
    #[error("programme stream message of unknown kind {0}")]
    Kind(u8),
    /// A unit without its header.
    #[error("programme stream message is too short")]
    Short,
    /// JSON that does not fit.
    #[error("programme stream message cannot be read")]
    Json(#[from] serde_json::Error),
}

/// The longest message: an access unit of UHD video at a very high rate is far below it.
pub const MAX_MESSAGE: usize = 16 << 20;

const EPOCH_START: u8 = 1;
const UNIT: u8 = 2;
const EPOCH_END: u8 = 3;
const HEARTBEAT: u8 = 4;
const UNIT_HEADER: usize = 18;

impl Message {
    /// The message as it goes over the wire: a head, and for a unit its data apart, so that nothing is copied.
    pub fn encode(&self) -> (Bytes, Option<Bytes>) {
        let json = |kind: u8, body: Result<Vec<u8>, serde_json::Error>| {
            // Our own types hold no map with keys that JSON could not carry, so this cannot fail.
            let body = body.unwrap_or_default();
            let mut head = BytesMut::with_capacity(5 + body.len());
            head.put_u32(u32::try_from(body.len() + 1).unwrap_or(u32::MAX));
            head.put_u8(kind);
            head.put_slice(&body);
            (head.freeze(), None)
        };
        match self {
            Self::EpochStart(epoch) => json(EPOCH_START, serde_json::to_vec(epoch)),
            Self::EpochEnd(end) => json(EPOCH_END, serde_json::to_vec(end)),
            Self::Heartbeat(beat) => json(HEARTBEAT, serde_json::to_vec(beat)),
            Self::Unit(unit) => {
                let mut head = BytesMut::with_capacity(5 + UNIT_HEADER);
                head.put_u32(u32::try_from(1 + UNIT_HEADER + unit.data.len()).unwrap_or(u32::MAX));
                head.put_u8(UNIT);
                head.put_u8(unit.track);
                head.put_u8(u8::from(unit.random_access) | u8::from(unit.damaged) << 1);
                head.put_i64(unit.pts.0);
                head.put_i64(unit.dts.0);
                (head.freeze(), Some(unit.data.clone()))
            }
        }
    }

    /// Takes one message off the front of `buffer`, if a whole one is there. A unit's data shares the buffer's
    /// memory.
    ///
    /// # Errors
    /// Bytes that are not a programme stream; the connection is of no more use then.
    pub fn decode(buffer: &mut BytesMut) -> Result<Option<Self>, DecodeError> {
        let Some(length) = buffer.first_chunk::<4>().map(|head| u32::from_be_bytes(*head) as usize) else {
            return Ok(None);
        };
        if length > MAX_MESSAGE {
            return Err(DecodeError::TooLong(length));
        }
        if buffer.len() < 4 + length {
            buffer.reserve(4 + length - buffer.len());
            return Ok(None);
        }
        buffer.advance(4);
        let mut body = buffer.split_to(length).freeze();
        let kind = body.try_get_u8().map_err(|_| DecodeError::Short)?;
        Ok(Some(match kind {
            EPOCH_START => Self::EpochStart(serde_json::from_slice(&body)?),
            EPOCH_END => Self::EpochEnd(serde_json::from_slice(&body)?),
            HEARTBEAT => Self::Heartbeat(serde_json::from_slice(&body)?),
            UNIT => {
                if body.len() < UNIT_HEADER {
                    return Err(DecodeError::Short);
                }
                let (track, flags) = (body.get_u8(), body.get_u8());
                let (pts, dts) = (Utc90(body.get_i64()), Utc90(body.get_i64()));
                Self::Unit(Unit {
                    track,
                    random_access: flags & 1 != 0,
                    damaged: flags & 2 != 0,
                    pts,
                    dts,
                    data: body,
                })
            }
            other => return Err(DecodeError::Kind(other)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(messages: &[Message]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages {
            let (head, data) = message.encode();
            bytes.extend_from_slice(&head);
            bytes.extend_from_slice(data.as_deref().unwrap_or_default());
        }
        bytes
    }

    proptest! {
        #[test]
        fn what_was_sent_arrives_however_it_is_cut(
            units in prop::collection::vec((any::<u8>(), any::<bool>(), any::<bool>(), any::<i64>(),
                prop::collection::vec(any::<u8>(), 0..200)), 0..8),
            cut in 1_usize..50,
        ) {
            let mut messages = vec![
                Message::EpochStart(Epoch { id: 7, input: "udp://x".into(), tracks: vec![Track {
                    index: 0, pid: 256, codec: Codec::H264, language: None, role: AudioRole::Main }] }),
                Message::Heartbeat(Heartbeat { utc: Utc90(5), receiving: true }),
            ];
            messages.extend(units.into_iter().map(|(track, random_access, damaged, time, data)| {
                Message::Unit(Unit { track, random_access, damaged, pts: Utc90(time), dts: Utc90(!time),
                    data: data.into() })
            }));
            messages.push(Message::EpochEnd(EpochEnd { id: 7, reason: "silence".into() }));
            let (mut buffer, mut got) = (BytesMut::new(), Vec::new());
            for piece in wire(&messages).chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(message) = Message::decode(&mut buffer).unwrap() {
                    got.push(message);
                }
            }
            prop_assert!(buffer.is_empty());
            prop_assert_eq!(got, messages);
        }

        #[test]
        fn noise_is_refused_or_waits_but_never_panics(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut buffer = BytesMut::from(&noise[..]);
            while let Ok(Some(_)) = Message::decode(&mut buffer) {}
        }
    }
}
