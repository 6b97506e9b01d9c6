//! A headend that sends H.264 and AAC, correct as far as headers go, in real time to wherever a test wants it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use funkturm_ts::{
    Codec,
    write::{AccessUnit, Multiplex, Muxer, Programme, Stream},
};
use tokio::{net::UdpSocket, sync::mpsc, task::AbortHandle, time::Instant};

/// Ticks of a picture at 25 per second, and of a frame of sound at 48 kHz.
const PICTURE: u64 = 3600;
const FRAME: u64 = 1920;
/// A picture to begin at comes so often.
const GROUP: u64 = 12;
const LEAD: u64 = 45_000;

/// Sequence parameter sets of 320×240 and 640×480 at 25 frames per second, and a picture parameter set.
pub(crate) const SMALL: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xda, 0x05, 0x07, 0xc8, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0c,
    0xb0,
];
pub(crate) const LARGE: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf4, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03,
    0x00, 0xcb,
];
const PPS: &[u8] = &[0x68, 0xce, 0x20];

/// What a test can make it do.
pub(crate) enum Command {
    /// Nothing is sent any more; time goes on.
    Pause,
    /// It sends again.
    Resume,
    /// Pictures are coded with another sequence parameter set.
    Sequence(&'static [u8]),
    /// The clock leaps by so many ticks.
    Leap(u64),
    /// The sound of the first programme has another language.
    Language(&'static str),
    /// Random bytes are sent instead.
    Noise,
}

/// A headend; stops when dropped.
pub(crate) struct Headend {
    commands: mpsc::UnboundedSender<Command>,
    task: AbortHandle,
}

impl Drop for Headend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Headend {
    /// Sends so many programmes, numbered from 1, the first picture at `start` (ticks), by `send`.
    pub(crate) fn start(programmes: u16, start: u64, send: impl FnMut(&[u8]) + Send + 'static) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(Plant::new(programmes, start), inbox, send)).abort_handle();
        Self { commands, task }
    }

    /// Sends by UDP in datagrams of seven packets.
    pub(crate) async fn udp(programmes: u16, target: SocketAddr) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        Self::start(programmes, 900_000, move |bytes| {
            for datagram in bytes.chunks(1316) {
                let _ = socket.try_send_to(datagram, target);
            }
        })
    }

    pub(crate) fn tell(&self, command: Command) {
        self.commands.send(command).unwrap();
    }
}

/// So many seconds of one programme, as fast as they can be made.
pub(crate) fn recording(seconds: u64) -> Vec<u8> {
    let mut plant = Plant::new(1, 900_000);
    (0..seconds * 100).flat_map(|step| plant.advance(step * 900)).collect()
}

async fn run(mut plant: Plant, mut inbox: mpsc::UnboundedReceiver<Command>, mut send: impl FnMut(&[u8])) {
    let began = Instant::now();
    let (mut sending, mut noise) = (true, false);
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        ticks.tick().await;
        while let Ok(command) = inbox.try_recv() {
            match command {
                Command::Pause => sending = false,
                Command::Resume => (sending, noise) = (true, false),
                Command::Noise => noise = true,
                Command::Sequence(sequence) => plant.sequence = sequence,
                Command::Leap(ticks) => plant.leap(ticks),
                Command::Language(language) => plant.speak(language),
            }
        }
        let mut bytes = plant.advance(began.elapsed().as_micros() as u64 * 9 / 100);
        if noise {
            let mut state = bytes.len() as u64 + 1;
            bytes.iter_mut().for_each(|byte| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (state >> 56) as u8;
            });
        }
        if sending {
            send(&bytes);
        }
    }
}

/// Encoders and multiplexer.
struct Plant {
    muxer: Muxer,
    programmes: Vec<Programme>,
    sequence: &'static [u8],
    /// What the clock showed at the beginning, and how far it has leapt.
    start: u64,
    pictures: u64,
    frames: u64,
}

impl Plant {
    fn new(programmes: u16, start: u64) -> Self {
        let streams = || vec![Stream::video(Codec::H264), Stream::audio(Codec::AacAdts, "deu")];
        let programme = |number| Programme {
            number,
            name: format!("Programme {number}"),
            provider: "Funkturm".into(),
            streams: streams(),
        };
        let programmes: Vec<_> = (1..=programmes).map(programme).collect();
        let muxer = Muxer::new(Multiplex::of(programmes.clone()), start).unwrap();
        Self { muxer, programmes, sequence: SMALL, start, pictures: 0, frames: 0 }
    }

    fn leap(&mut self, ticks: u64) {
        self.start += ticks;
        let now = self.start + self.pictures * PICTURE;
        self.muxer = Muxer::new(Multiplex::of(self.programmes.clone()), now).unwrap();
    }

    fn speak(&mut self, language: &str) {
        let streams = vec![Stream::video(Codec::H264), Stream::audio(Codec::AacAdts, language)];
        self.programmes[0].streams.clone_from(&streams);
        self.muxer.set_streams(0, streams).unwrap();
    }

    /// What is to be sent until so long after the beginning.
    fn advance(&mut self, elapsed: u64) -> Vec<u8> {
        while self.pictures * PICTURE <= elapsed + LEAD {
            let pts = self.start + LEAD + self.pictures * PICTURE;
            let key = self.pictures.is_multiple_of(GROUP);
            let data = picture(key, self.pictures, self.sequence);
            self.push(0, &AccessUnit { pts, dts: pts, random_access: key, data });
            self.pictures += 1;
        }
        while self.frames * FRAME <= elapsed + LEAD {
            let pts = self.start + LEAD + self.frames * FRAME;
            self.push(1, &AccessUnit { pts, dts: pts, random_access: true, data: frame() });
            self.frames += 1;
        }
        let mut bytes = Vec::new();
        self.muxer.advance(self.start + elapsed, &mut bytes);
        bytes
    }

    fn push(&mut self, stream: usize, unit: &AccessUnit) {
        for programme in 0..self.programmes.len() {
            // While a leap makes the clock stand, the queues may be full.
            let _ = self.muxer.push(programme, stream, unit);
        }
    }
}

fn picture(key: bool, number: u64, sequence: &[u8]) -> Bytes {
    let mut out = vec![0, 0, 0, 1, 9, 0xf0];
    if key {
        for unit in [sequence, PPS] {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
        }
        out.extend_from_slice(&[0, 0, 1, 0x65, 0x88, 0x80]);
    } else {
        // First macroblock 0, P, parameter set 0, the frame's number in four bits.
        let frame = (number % 16) as u8;
        out.extend_from_slice(&[0, 0, 1, 0x41, 0x9a, 0x10 | frame << 5 | frame >> 3, 0x80]);
    }
    out.resize(out.len() + if key { 9000 } else { 1500 }, 0x5a);
    out.into()
}

fn frame() -> Bytes {
    let mut out = vec![0xff, 0xf1, 0x4c, 0x80, 0x19, 0x1f, 0xfc];
    out.resize(200, 0x21);
    out.into()
}
