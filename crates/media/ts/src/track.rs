//! One elementary stream from its packets to stamped units.

use bytes::Bytes;

use crate::{
    audio::{self, AudioFormat},
    codec::{Codec, Role},
    pes::Reader,
    stamp::{Pictures, Sounds, Stamped},
    time::TICKS,
    transport::Received,
    video::{self, Entry, VideoFormat},
};

/// A track of a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackInfo {
    /// Where it is.
    pub pid: u16,
    /// How it is coded.
    pub codec: Codec,
    /// ISO 639-2 code, lower case.
    pub language: Option<String>,
    /// What sound is for.
    pub role: Role,
}

/// How a unit is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pictures.
    Video(VideoFormat),
    /// Sound.
    Audio(AudioFormat),
}

/// A unit on the sender's clock.
#[derive(Debug)]
pub(crate) struct RawUnit {
    pub(crate) stamped: Stamped,
    pub(crate) entry: Entry,
    pub(crate) damaged: bool,
    pub(crate) format: Option<Format>,
    /// How long a frame of sound is, in ticks; 0 for pictures.
    pub(crate) duration: i64,
    pub(crate) data: Bytes,
}

/// Takes one track apart.
pub(crate) struct Track {
    pub(crate) info: TrackInfo,
    reader: Reader,
    splitter: Splitter,
    /// Units that could not be given a time.
    unstamped: u64,
}

enum Splitter {
    Video(video::Splitter, Pictures),
    Audio(audio::Splitter, Sounds),
}

impl Track {
    pub(crate) fn new(info: TrackInfo) -> Self {
        let splitter = if info.codec.is_video() {
            Splitter::Video(video::Splitter::new(info.codec), Pictures::default())
        } else {
            Splitter::Audio(audio::Splitter::new(info.codec), Sounds::default())
        };
        Self { info, reader: Reader::default(), splitter, unstamped: 0 }
    }

    /// Takes a packet of the track, which was on the wire at `sent`, and gives the units that it completes.
    pub(crate) fn push(&mut self, received: &Received, sent: i64, out: &mut Vec<RawUnit>) {
        match &mut self.splitter {
            Splitter::Video(splitter, _) => self.reader.push(received, sent, splitter.buffer()),
            Splitter::Audio(splitter, _) => self.reader.push(received, sent, splitter.buffer()),
        }
        self.take(false, out);
    }

    /// The stream is interrupted: gives what is there, and begins anew with the next PES packet.
    pub(crate) fn finish(&mut self, out: &mut Vec<RawUnit>) {
        self.take(true, out);
        *self = Self { unstamped: self.unstamped, ..Self::new(self.info.clone()) };
    }

    /// The track is encrypted.
    pub(crate) fn scrambled(&self) -> bool {
        self.reader.scrambled()
    }

    /// Units that were dropped because neither they nor their neighbours had timestamps.
    pub(crate) fn unstamped(&self) -> u64 {
        self.unstamped
    }

    fn take(&mut self, all: bool, out: &mut Vec<RawUnit>) {
        let unstamped = &mut self.unstamped;
        match &mut self.splitter {
            Splitter::Video(splitter, clock) => {
                let mut each = |picture: video::Picture| {
                    let video::Picture { piece, entry, format, order } = picture;
                    match clock.stamp(piece.stamp, format.as_ref(), order) {
                        Some(stamped) => out.push(RawUnit {
                            stamped,
                            entry,
                            damaged: piece.damaged,
                            format: format.map(Format::Video),
                            duration: 0,
                            data: piece.data,
                        }),
                        None => *unstamped += 1,
                    }
                };
                if all { splitter.finish(&mut each) } else { splitter.run(&mut each) }
            }
            Splitter::Audio(splitter, clock) => {
                let mut each = |sound: audio::Sound| {
                    let audio::Sound { piece, format, samples } = sound;
                    match clock.stamp(piece.stamp, samples, format.sample_rate) {
                        Some(stamped) => out.push(RawUnit {
                            stamped,
                            entry: Entry::Clean,
                            damaged: piece.damaged,
                            format: Some(Format::Audio(format)),
                            duration: TICKS * i64::from(samples) / i64::from(format.sample_rate.max(1)),
                            data: piece.data,
                        }),
                        None => *unstamped += 1,
                    }
                };
                if all { splitter.finish(&mut each) } else { splitter.run(&mut each) }
            }
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Video(video) => {
                write!(f, "{} {}×{}", video.codec, video.width, video.height)?;
                if video.interlaced {
                    f.write_str(" interlaced")?;
                }
                if let Some((numerator, denominator)) = video.frame_rate {
                    // Two decimals at most, none where there are none: 29.97, 25.
                    let rate = (f64::from(numerator) / f64::from(denominator) * 100.0).round() / 100.0;
                    write!(f, " {rate} fps")?;
                }
                Ok(())
            }
            Self::Audio(audio) => {
                write!(f, "{} ", audio.codec)?;
                match audio.channels {
                    0 => {}
                    1 => f.write_str("mono ")?,
                    2 => f.write_str("stereo ")?,
                    6 => f.write_str("5.1 ")?,
                    8 => f.write_str("7.1 ")?,
                    channels => write!(f, "{channels} channels ")?,
                }
                write!(f, "{} kHz", f64::from(audio.sample_rate) / 1000.0)
            }
        }
    }
}
