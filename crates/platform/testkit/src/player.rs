//! The test player: loops a transport stream file at its own pace, as one endless stream, and breaks it on demand.
//!
//! [`Player`] makes datagrams and says when each is due; it is deterministic by its seed. [`Line`] sends them.

mod http;
mod turns;

use std::{path::Path, time::Duration};

use funkturm_ts::{
    PACKET, Packet,
    rewrite::{Indexer, LoopError, Rewriter},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

pub use http::Http;
pub use turns::Turns;

/// What is done to the stream on its way. Chances are per packet, from 0 to 1.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Chance that a packet is lost.
    pub loss: f64,
    /// How many packets are lost at a time, at least 1.
    pub burst: u32,
    /// Chance that a bit of a packet flips.
    pub flip: f64,
    /// Chance that a packet is sent twice.
    pub double: f64,
    /// Chance that a packet's place is taken by random bytes.
    pub noise: f64,
    /// All clocks jump at a moment, by so many seconds, either way.
    pub jump: Option<(Duration, f64)>,
    /// Nothing is sent from a moment on, for a while; the clocks go on.
    pub silence: Option<(Duration, Duration)>,
    /// The 33-bit clocks wrap so long after the beginning.
    pub wrap_after: Option<Duration>,
    /// What all chance comes from.
    pub seed: u64,
}

/// The file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It cannot be looped.
    #[error("{path} cannot be looped")]
    Loop {
        /// The file.
        path: String,
        /// Why.
        source: LoopError,
    },
}

/// An endless stream.
pub trait Stream {
    /// The next datagram and when it is due, from the very beginning.
    fn datagram(&mut self) -> (Duration, Vec<u8>);
}

/// A recording on its endless way.
pub struct Player {
    packets: Vec<[u8; PACKET]>,
    rewriter: Rewriter,
    faults: Faults,
    chance: StdRng,
    next: u64,
    lost: u32,
    waiting: Option<(Duration, [u8; PACKET])>,
}

/// What fits into an Ethernet frame.
const DATAGRAM: usize = 7;
/// Where 33-bit clocks begin anew, ticks.
const WRAP: i64 = 1 << 33;

impl Player {
    /// Reads a file.
    ///
    /// # Errors
    /// See [`PlayError`].
    pub fn open(path: &Path, faults: Faults) -> Result<Self, PlayError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| PlayError::Read { path: shown.clone(), source })?;
        Self::new(&bytes, faults).map_err(|source| PlayError::Loop { path: shown, source })
    }

    /// Plays a recording in memory.
    ///
    /// # Errors
    /// It cannot be looped.
    pub fn new(recording: &[u8], faults: Faults) -> Result<Self, LoopError> {
        let packets: Vec<[u8; PACKET]> = recording.as_chunks::<PACKET>().0.to_vec();
        let mut indexer = Indexer::default();
        let mut first_pcr = None;
        for packet in packets.iter().filter_map(Packet::new) {
            first_pcr = first_pcr.or(packet
                .adaptation()
                .and_then(|field| field.pcr)
                .map(|pcr| i64::try_from(pcr / 300).unwrap_or(0)));
            indexer.push(packet);
        }
        let plan = indexer.finish()?;
        let shift = faults.wrap_after.map_or(0, |after| WRAP - ticks(after) - first_pcr.unwrap_or(0));
        Ok(Self {
            next: plan.range().start,
            rewriter: Rewriter::new(plan, shift),
            packets,
            chance: StdRng::seed_from_u64(faults.seed),
            faults,
            lost: 0,
            waiting: None,
        })
    }

    /// How long one round takes.
    pub fn round(&self) -> Duration {
        Duration::from_micros(self.rewriter.plan().period().unsigned_abs() * 100 / 9)
    }

    /// The next packet of the endless stream, whole.
    fn packet(&mut self) -> (Duration, [u8; PACKET]) {
        loop {
            let range = self.rewriter.plan().range();
            if !range.contains(&self.next) {
                self.next = range.start;
            }
            let position = self.next;
            self.next += 1;
            let Some(mut packet) =
                usize::try_from(position).ok().and_then(|at| self.packets.get(at)).copied()
            else {
                continue;
            };
            if let Some(due) = self.rewriter.rewrite(position, &mut packet) {
                return (Duration::from_micros(due.max(0).unsigned_abs() * 100 / 9), packet);
            }
        }
    }

    /// Puts a packet into a datagram, or what the faults leave of it.
    fn send(&mut self, at: Duration, mut packet: [u8; PACKET], datagram: &mut Vec<u8>) {
        if let Some((_, by)) = self.faults.jump.filter(|(from, _)| at >= *from) {
            funkturm_ts::rewrite::shift_clocks(&mut packet, (by * 90_000.0) as i64);
        }
        if self.faults.silence.is_some_and(|(from, length)| (from..from + length).contains(&at)) {
            return;
        }
        if self.lost == 0 && self.chance.random_bool(self.faults.loss.clamp(0.0, 1.0)) {
            self.lost = self.faults.burst.max(1);
        }
        if self.lost > 0 {
            self.lost -= 1;
            return;
        }
        if self.chance.random_bool(self.faults.noise.clamp(0.0, 1.0)) {
            let length = self.chance.random_range(1..PACKET);
            datagram.extend((0..length).map(|_| self.chance.random::<u8>()));
            return;
        }
        if self.chance.random_bool(self.faults.flip.clamp(0.0, 1.0)) {
            let bit = self.chance.random_range(32..PACKET * 8);
            if let Some(byte) = packet.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        datagram.extend_from_slice(&packet);
        if self.chance.random_bool(self.faults.double.clamp(0.0, 1.0)) {
            datagram.extend_from_slice(&packet);
        }
    }
}

impl Stream for Player {
    fn datagram(&mut self) -> (Duration, Vec<u8>) {
        let mut datagram = Vec::with_capacity(DATAGRAM * PACKET);
        let mut due = None;
        while datagram.len() < DATAGRAM * PACKET {
            let (at, packet) = self.waiting.take().unwrap_or_else(|| self.packet());
            let first = *due.get_or_insert(at);
            // A slow stream's packets do not wait for a datagram to fill.
            if at > first + Duration::from_millis(40) {
                self.waiting = Some((at, packet));
                break;
            }
            self.send(at, packet, &mut datagram);
        }
        (due.unwrap_or_default(), datagram)
    }
}

fn ticks(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros() * 9 / 100).unwrap_or(i64::MAX)
}

/// Where datagrams are sent to.
pub trait Line {
    /// Sends one.
    ///
    /// # Errors
    /// It cannot be sent.
    fn send(&mut self, datagram: &[u8]) -> std::io::Result<()>;
}

/// UDP, in the clear or as RTP (RFC 3550 with the MP2T payload of RFC 2250).
pub struct Udp {
    socket: std::net::UdpSocket,
    target: std::net::SocketAddr,
    rtp: Option<u16>,
}

impl Udp {
    /// Opens it; multicast goes over loopback.
    ///
    /// # Errors
    /// No socket can be had.
    pub fn open(target: std::net::SocketAddr, rtp: bool) -> std::io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(target), socket2::Type::DGRAM, None)?;
        if target.ip().is_multicast() {
            socket.set_multicast_if_v4(&std::net::Ipv4Addr::LOCALHOST)?;
            socket.set_multicast_loop_v4(true)?;
        }
        Ok(Self { socket: socket.into(), target, rtp: rtp.then_some(0) })
    }
}

impl Line for Udp {
    fn send(&mut self, datagram: &[u8]) -> std::io::Result<()> {
        let sent = match &mut self.rtp {
            None => self.socket.send_to(datagram, self.target),
            Some(number) => {
                let [high, low] = number.to_be_bytes();
                *number = number.wrapping_add(1);
                let mut packet = vec![0x80, 33, high, low, 0, 0, 0, 0, 0, 0, 0, 1];
                packet.extend_from_slice(datagram);
                self.socket.send_to(&packet, self.target)
            }
        };
        match sent {
            // Nobody listens yet: on loopback the kernel says so, on a network nobody would.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(()),
            sent => sent.map(drop),
        }
    }
}

/// Sends at the stream's pace until `stop` says so, on the calling thread.
///
/// # Errors
/// The line cannot send.
pub fn play(
    stream: &mut dyn Stream,
    line: &mut dyn Line,
    mut stop: impl FnMut() -> bool,
) -> std::io::Result<()> {
    let started = std::time::Instant::now();
    while !stop() {
        let (due, datagram) = stream.datagram();
        while let Some(left) = due.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        if !datagram.is_empty() {
            line.send(&datagram)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use funkturm_ts::{
        Codec,
        write::{AccessUnit, Multiplex, Muxer, Programme, Stream},
    };

    use super::{Stream as _, *};

    /// Five seconds of sound, a unit every 24 ms.
    fn recording() -> Vec<u8> {
        let streams = vec![Stream::audio(Codec::MpegAudio, "deu")];
        let programme = Programme { number: 1, name: "x".into(), provider: "y".into(), streams };
        let mut muxer = Muxer::new(Multiplex::of(vec![programme]), 0).unwrap();
        let mut out = Vec::new();
        for n in 0..210_u64 {
            let time = 90_000 + n * 2160;
            let mut data = vec![0xff, 0xfd, 0x84, 0x04];
            data.resize(576, 0);
            let unit = AccessUnit { pts: time, dts: time, random_access: true, data: data.into() };
            muxer.push(0, 0, &unit).unwrap();
            muxer.advance(time - 40_000, &mut out);
        }
        out
    }

    fn sent(faults: Faults, seconds: u64) -> Vec<u8> {
        let mut player = Player::new(&recording(), faults).unwrap();
        let mut bytes = Vec::new();
        loop {
            let (due, datagram) = player.datagram();
            if due > Duration::from_secs(seconds) {
                return bytes;
            }
            bytes.extend(datagram);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let faults =
            |seed| Faults { loss: 0.05, flip: 0.05, noise: 0.01, double: 0.02, seed, ..Faults::default() };
        assert_eq!(sent(faults(7), 3), sent(faults(7), 3));
        assert_ne!(sent(faults(7), 3), sent(faults(8), 3));
    }

    #[test]
    fn silence_and_loss_leave_packets_out() {
        let whole = sent(Faults::default(), 4).len();
        let silent = (Duration::from_secs(1), Duration::from_secs(2));
        let quiet = sent(Faults { silence: Some(silent), ..Faults::default() }, 4).len();
        assert!((whole * 4 / 10..whole * 6 / 10).contains(&quiet), "{quiet} of {whole}");
        let lossy = sent(Faults { loss: 0.1, seed: 3, ..Faults::default() }, 4).len();
        assert!(lossy < whole, "{lossy} of {whole}");
    }

    #[test]
    fn recordings_take_turns_at_the_same_pace() {
        let player = |seed| Player::new(&recording(), Faults { seed, ..Faults::default() }).unwrap();
        let mut turns = Turns::new(vec![player(1), player(2)], Duration::from_secs(2));
        let (mut last, mut seen) = (Duration::ZERO, Vec::new());
        while last < Duration::from_secs(9) {
            let (due, _) = turns.datagram();
            assert!(due >= last, "{due:?} after {last:?}");
            assert!(due - last < Duration::from_millis(200), "{due:?} after {last:?}");
            last = due;
            if seen.last() != Some(&turns.current()) {
                seen.push(turns.current());
            }
        }
        assert_eq!(seen, [0, 1, 0, 1, 0]);
    }

    #[test]
    fn whoever_asks_over_http_gets_what_is_sent_from_then_on() {
        use std::io::{Read, Write};
        let mut line = Http::open("127.0.0.1:0".parse().unwrap()).unwrap();
        line.send(b"before").unwrap();
        let mut receiver = std::net::TcpStream::connect(line.address()).unwrap();
        receiver.write_all(b"GET /any HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut head = [0; 15];
        receiver.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.0 200 OK");
        line.send(b"after").unwrap();
        let mut text = String::new();
        while !text.ends_with("\r\n\r\nafter") {
            let mut some = [0; 64];
            let length = receiver.read(&mut some).unwrap();
            assert!(length > 0, "it ended with {text:?}");
            text.push_str(&String::from_utf8_lossy(&some[..length]));
        }
        assert!(!text.contains("before"));
        drop(receiver);
        for _ in 0..100 {
            line.send(&[0; 1316]).unwrap(); // nobody is there any more, which is no error
        }
    }
}
