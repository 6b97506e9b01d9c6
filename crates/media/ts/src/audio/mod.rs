//! Sound: an elementary stream cut into whole frames.

mod ac3;
mod adts;
mod latm;
mod mpeg;

use crate::{
    codec::Codec,
    es::{Buffer, Piece},
};

/// How sound is coded, from the frames' own headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// Which codec.
    pub codec: Codec,
    /// Samples in a second of the coded signal (with SBR the output has twice as many).
    pub sample_rate: u32,
    /// Loudspeakers, low frequencies included; 0 where only the frame's inside says it.
    pub channels: u8,
    /// Profile or layer: what else has to be the same for a decoder to go on.
    pub(crate) profile: u8,
}

/// A frame, cut out.
#[derive(Debug)]
pub(crate) struct Sound {
    pub(crate) piece: Piece,
    pub(crate) format: AudioFormat,
    /// Samples of each channel in it.
    pub(crate) samples: u32,
}

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    /// Bytes, header included.
    length: usize,
    samples: u32,
    format: AudioFormat,
    /// It goes with the frame before it (E-AC-3 dependent substreams).
    dependent: bool,
}

/// What the bytes at a place are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Frame(Frame),
    /// Too few bytes to tell.
    More,
    /// No frame begins here.
    None,
}

/// Cuts an elementary stream into frames.
pub(crate) struct Splitter {
    codec: Codec,
    buffer: Buffer,
    /// The last frame ended where the buffer begins.
    synced: bool,
    latm: latm::Latm,
}

impl Splitter {
    /// A splitter for an audio codec.
    pub(crate) fn new(codec: Codec) -> Self {
        Self { codec, buffer: Buffer::default(), synced: false, latm: latm::Latm::default() }
    }

    /// Where the bytes go.
    pub(crate) fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    /// Hands on every frame that is complete.
    pub(crate) fn run(&mut self, each: &mut dyn FnMut(Sound)) {
        if self.buffer.take_overflow() || self.buffer.broken_at_start() {
            self.synced = false;
        }
        loop {
            let frame = match self.group() {
                Look::More => return,
                Look::None => {
                    self.skip_to_sync();
                    continue;
                }
                Look::Frame(frame) if frame.dependent => {
                    // What it depends on was never seen.
                    self.buffer.skip(frame.length);
                    continue;
                }
                Look::Frame(frame) => frame,
            };
            // A frame is believed if it follows another one, or if one follows it.
            if !self.synced {
                match self.look(frame.length) {
                    Look::More => return,
                    Look::None => {
                        self.skip_to_sync();
                        continue;
                    }
                    Look::Frame(_) => self.synced = true,
                }
            }
            if let Some(gap) = self.buffer.first_break(frame.length) {
                // Its length is no longer true, so what is left of it cannot be delimited.
                self.buffer.skip(gap);
                self.synced = false;
                continue;
            }
            if self.buffer.bytes().len() < frame.length {
                return;
            }
            let piece = self.buffer.cut(frame.length);
            each(Sound { piece, format: frame.format, samples: frame.samples });
        }
    }

    /// The stream ends or is interrupted: hands on the last frame, if it only waited for what depends on it.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(Sound)) {
        self.run(each);
        if let (true, Look::Frame(mut frame)) = (self.synced, self.look(0)) {
            while let Look::Frame(next) = self.look(frame.length)
                && next.dependent
            {
                frame.length += next.length;
            }
            let whole = frame.length <= self.buffer.bytes().len();
            if whole && self.buffer.first_break(frame.length).is_none() {
                let piece = self.buffer.cut(frame.length);
                each(Sound { piece, format: frame.format, samples: frame.samples });
            }
        }
        self.buffer.clear();
        self.synced = false;
    }

    /// On to the next byte that can begin a frame.
    fn skip_to_sync(&mut self) {
        let rest = self.buffer.bytes().get(1..).unwrap_or_default();
        let skipped = memchr::memchr(self.first_byte(), rest).map_or(rest.len(), |at| at) + 1;
        self.synced = false;
        self.buffer.skip(skipped);
    }

    /// The frame at the front, as long as it is together with those that depend on it.
    fn group(&mut self) -> Look {
        let Look::Frame(mut frame) = self.look(0) else { return self.look(0) };
        while self.codec == Codec::Eac3 {
            match self.look(frame.length) {
                Look::Frame(next) if next.dependent => frame.length += next.length,
                Look::More => return Look::More,
                _ => break,
            }
        }
        Look::Frame(frame)
    }

    fn look(&mut self, at: usize) -> Look {
        let bytes = self.buffer.bytes().get(at..).unwrap_or_default();
        match self.codec {
            Codec::AacLatm => self.latm.look(bytes),
            Codec::AacAdts => adts::look(bytes),
            Codec::Ac3 | Codec::Eac3 => ac3::look(bytes),
            _ => mpeg::look(bytes),
        }
    }

    /// What every frame of the codec begins with.
    fn first_byte(&self) -> u8 {
        match self.codec {
            Codec::AacLatm => 0x56,
            Codec::Ac3 | Codec::Eac3 => 0x0b,
            _ => 0xff,
        }
    }
}
