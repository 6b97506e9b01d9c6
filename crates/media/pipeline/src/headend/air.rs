//! On the air: studios, their multiplexer, and the line that it sends on.

use std::{
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use funkturm_ts::write::{AccessUnit, Event, Muxer};
use gst::prelude::*;
use slog::{Logger, warn};

use super::{
    DemoChannel, multiplex,
    studio::{Coded, Studio},
};
use crate::{packager::Error, srt};

/// Units waiting for the multiplexer: seconds of three streams.
const QUEUE: usize = 2000;
/// How far the stream is behind the studios, ticks: what the encoders take, at most.
const DELAY: u64 = 90_000;
/// The streams' clock does not begin at 0, since a DTS may lie before it.
const START: u64 = 10 * 90_000;
/// Seven packets are what fits into an Ethernet frame.
const DATAGRAM: usize = 7 * 188;
/// A broadcast of the demo's guide, seconds.
const SHOW: i64 = 1800;

/// Where a stream is sent to.
pub(super) enum Line {
    Srt(srt::Sender),
    Udp(UdpSocket, SocketAddrV4),
}

impl Line {
    pub(super) fn srt(uri: &str) -> Result<Self, Error> {
        srt::Sender::open(uri).map(Self::Srt)
    }

    /// Multicast over loopback, which needs no route and no rights.
    pub(super) fn multicast(group: SocketAddrV4) -> Result<Self, Error> {
        let open = || -> std::io::Result<UdpSocket> {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
            socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
            socket.set_multicast_loop_v4(true)?;
            socket.set_multicast_ttl_v4(0)?;
            Ok(socket.into())
        };
        open().map(|socket| Self::Udp(socket, group)).map_err(|error| Error::Failed {
            element: format!("multicast to {group}"),
            message: error.to_string(),
        })
    }

    fn send(&self, packets: &[u8]) -> Result<(), String> {
        match self {
            Self::Srt(sender) => {
                sender.send(Bytes::copy_from_slice(packets)).map_err(|error| error.to_string())
            }
            Self::Udp(socket, group) => {
                socket.send_to(packets, group).map(drop).map_err(|error| format!("{group}: {error}"))
            }
        }
    }
}

/// A stream on the air; off when dropped.
pub(super) struct Air {
    studios: Vec<Studio>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Air {
    pub(super) fn start(channels: &[DemoChannel], line: Line, log: &Logger) -> Result<Self, Error> {
        let (out, units) = mpsc::sync_channel(QUEUE);
        let base = gst::SystemClock::obtain().time();
        let open = |(index, channel)| Studio::open(channel, index, base, &out);
        let studios = channels.iter().enumerate().map(open).collect::<Result<_, _>>()?;
        let stop = Arc::new(AtomicBool::new(false));
        let sender =
            Sender { channels: channels.to_vec(), line, base, log: log.clone(), stop: Arc::clone(&stop) };
        let thread = std::thread::Builder::new().name("headend".into()).spawn(move || sender.work(&units));
        let thread = thread
            .map_err(|error| Error::Failed { element: "headend".into(), message: error.to_string() })?;
        Ok(Self { studios, stop, thread: Some(thread) })
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.studios.iter().try_for_each(Studio::check)
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Sender {
    channels: Vec<DemoChannel>,
    line: Line,
    base: gst::ClockTime,
    log: Logger,
    stop: Arc<AtomicBool>,
}

impl Sender {
    /// Multiplexes what the studios make and sends it at its pace.
    fn work(&self, units: &mpsc::Receiver<Coded>) {
        let mut muxer = match Muxer::new(multiplex(&self.channels), START) {
            Ok(muxer) => muxer,
            Err(error) => return warn!(self.log, "the demo cannot be multiplexed: {error}"),
        };
        let (mut out, mut show, mut failing) = (Vec::new(), 0, false);
        while !self.stop.load(Ordering::Relaxed) {
            if let Ok(unit) = units.recv_timeout(Duration::from_millis(10)) {
                for unit in std::iter::once(unit).chain(units.try_iter()) {
                    let (programme, stream) = (unit.programme, unit.stream);
                    let unit = AccessUnit {
                        pts: unit.pts + START + DELAY,
                        dts: unit.dts + START + DELAY,
                        random_access: unit.random_access,
                        data: unit.data,
                    };
                    let _ = muxer.push(programme, stream, &unit); // too much at once: the receiver sees a hole, as it would
                }
            }
            let now = chrono::Utc::now().timestamp();
            if now / SHOW != show {
                show = now / SHOW;
                self.announce(&mut muxer, show);
            }
            let elapsed = gst::SystemClock::obtain().time().saturating_sub(self.base);
            muxer.advance(START + elapsed.nseconds() * 9 / 100_000, &mut out);
            for packets in out.chunks(DATAGRAM) {
                let sent = self.line.send(packets);
                if let (Err(error), false) = (&sent, failing) {
                    warn!(self.log, "the demo cannot be sent: {error}");
                }
                failing = sent.is_err();
            }
            out.clear();
        }
    }

    /// What is on now, and what comes next.
    fn announce(&self, muxer: &mut Muxer, show: i64) {
        let titles = [
            "Über den Dächern",
            "Abendblick",
            "Die Sendung vom Turm",
            "Nachtstudio",
            "Wetter über der Stadt",
        ];
        for (index, channel) in self.channels.iter().enumerate() {
            let event = |show: i64| Event {
                id: u16::try_from(show.rem_euclid(60_000)).unwrap_or(0),
                start: show * SHOW,
                duration: u32::try_from(SHOW).unwrap_or(0),
                language: "deu".to_owned(),
                title: {
                    let place = usize::try_from(show).unwrap_or(0) + index * 2;
                    titles.get(place % titles.len()).copied().unwrap_or_default().to_owned()
                },
                text: format!("Eine Sendung von {}.", channel.name),
            };
            let _ = muxer.set_events(index, Some(event(show)), Some(event(show + 1)));
        }
    }
}
