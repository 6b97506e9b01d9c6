//! A headend for demonstrations: three channels made here, broadcast as a real one would, over SRT and as a multiplex by multicast
//! on this machine. Everything behind the wire is the real way.

mod air;
mod disc;
pub mod stamp;
mod studio;

use funkturm_ts::{
    Codec,
    write::{Multiplex, Programme, Stream},
};
use slog::Logger;

use crate::packager::Error;
use studio::{Look, Picture};

/// A demo channel.
#[derive(Clone, Copy, Debug)]
pub struct DemoChannel {
    /// What viewers read.
    pub name: &'static str,
    /// The programme's number in its stream.
    pub programme: u16,
    /// Its logo, an SVG.
    pub logo: &'static [u8],
    look: Look,
}

/// The demo channels: the first one over SRT, the others in one multiplex.
pub const DEMO_CHANNELS: [DemoChannel; 3] = [
    DemoChannel {
        name: "Turm Eins",
        programme: 1,
        logo: include_bytes!("headend/logos/eins.svg"),
        look: Look { picture: Picture::Hd, colour: 0x3d_a1ff, background: 0x0b_1b33, tone: 330 },
    },
    DemoChannel {
        name: "Turm Zwei",
        programme: 2,
        logo: include_bytes!("headend/logos/zwei.svg"),
        look: Look { picture: Picture::Hd, colour: 0xff_5c9a, background: 0x2b_0a1c, tone: 392 },
    },
    DemoChannel {
        name: "Turm Drei",
        programme: 3,
        logo: include_bytes!("headend/logos/drei.svg"),
        look: Look { picture: Picture::InterlacedSd, colour: 0x3d_d9b6, background: 0x06_231e, tone: 262 },
    },
];

/// Where the demo is sent to.
#[derive(Clone, Debug)]
pub struct Places {
    /// The port on which the first channel waits for SRT callers.
    pub srt_port: u16,
    /// Group and port of the multiplex, sent over loopback.
    pub multicast: std::net::SocketAddrV4,
}

/// Broadcasts until `stop` says so. Blocks.
///
/// # Errors
/// An element is missing, or a socket cannot be had.
pub fn run(places: &Places, log: &Logger, stop: impl Fn() -> bool) -> Result<(), Error> {
    let [eins, zwei, drei] = DEMO_CHANNELS;
    let srt = air::Line::srt(&format!("srt://127.0.0.1:{}?mode=listener&latency=120", places.srt_port))?;
    let udp = air::Line::multicast(places.multicast)?;
    let single = air::Air::start(&[eins], srt, log)?;
    let multiplex = air::Air::start(&[zwei, drei], udp, log)?;
    while !stop() {
        for air in [&single, &multiplex] {
            air.check()?;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    Ok(())
}

/// The multiplex of these channels.
fn multiplex(channels: &[DemoChannel]) -> Multiplex {
    let programmes = channels.iter().map(|channel| {
        let audio = match channel.look.picture {
            Picture::Hd => Codec::AacAdts,
            Picture::InterlacedSd => Codec::MpegAudio,
        };
        Programme {
            number: channel.programme,
            name: channel.name.to_owned(),
            provider: "Funkturm".to_owned(),
            streams: vec![
                Stream::video(Codec::H264),
                Stream::audio(audio, "deu"),
                Stream::audio(audio, "eng"),
            ],
        }
    });
    Multiplex {
        transport_stream: channels.first().map_or(1, |channel| channel.programme),
        ..Multiplex::of(programmes.collect())
    }
}
