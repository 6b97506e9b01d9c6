//! MPEG transport streams taken apart and put together. Pure: no IO, and no clock but the arrival times handed in.
//!
//! [`Transport`] finds the packets in a stream of bytes and follows their continuity; one or more [`Programme`]s take
//! what is theirs and turn it into epochs and units on the UTC timeline. [`Scan`] lists what a stream has.
//! [`mod@write`] makes streams, [`rewrite`] loops recordings.

mod audio;
mod bits;
mod clock;
mod codec;
mod crc;
mod es;
pub mod packet;
mod pes;
mod programme;
mod psi;
pub mod rewrite;
mod scan;
mod stamp;
mod stats;
mod tables;
mod text;
pub mod time;
mod track;
mod transport;
mod video;
pub mod write;

pub use audio::AudioFormat;
pub use codec::{Codec, Role};
pub use packet::{PACKET, Packet};
pub use programme::{Break, Event, Health, Problem, Programme, Unit};
pub use psi::{Assembler, Section};
pub use scan::{Found, Scan};
pub use stats::Stats;
pub use tables::{Kind, Pmt, Service, Stream};
pub use text::decode as decode_text;
pub use track::{Format, TrackInfo};
pub use transport::{Continuity, Received, Transport};
pub use video::VideoFormat;
