//! PES packets taken out of transport packets (ISO/IEC 13818-1, 2.4.3.6).

use crate::{
    es::Stamp,
    packet::Packet,
    time::read_timestamp,
    transport::{Continuity, Received},
};

/// Takes what is in a PES stream.
pub(crate) trait Sink {
    /// A PES packet begins: its timestamps are those of the first access unit that begins in it.
    fn begin(&mut self, stamp: Stamp);
    /// The next bytes of the elementary stream.
    fn data(&mut self, bytes: &[u8]);
    /// Bytes are missing in this place.
    fn broken(&mut self);
}

/// Takes the PES packets of one PID apart.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    state: State,
    scrambled: bool,
}

#[derive(Debug, Default)]
enum State {
    /// Waits for the beginning of a PES packet.
    #[default]
    Idle,
    /// Has a part of a header.
    Head(Vec<u8>),
    /// In the payload, of which so many bytes are left where the packet says its length.
    Body(Option<usize>),
}

impl Reader {
    /// Takes the next packet of the PID, which was on the wire at `sent` (UTC in ticks).
    pub(crate) fn push(&mut self, received: &Received, sent: i64, sink: &mut impl Sink) {
        let packet = received.packet;
        match received.continuity {
            Continuity::Duplicate => return,
            Continuity::Good => {}
            Continuity::Gap => {
                sink.broken();
                if matches!(self.state, State::Head(_)) {
                    self.state = State::Idle;
                }
            }
        }
        self.scrambled = packet.scrambled();
        if self.scrambled {
            return;
        }
        if packet.starts_unit() {
            self.start(packet, sent, sink);
        } else {
            self.go_on(packet.payload(), sent, sink);
        }
    }

    /// The last packet was encrypted.
    pub(crate) fn scrambled(&self) -> bool {
        self.scrambled
    }

    fn start(&mut self, packet: Packet, sent: i64, sink: &mut impl Sink) {
        // A packet that is shorter than it said lost its end, even where the counters agree (16 packets lost).
        if !matches!(self.state, State::Idle | State::Body(None | Some(0))) {
            sink.broken();
        }
        self.state = State::Head(Vec::new());
        self.go_on(packet.payload(), sent, sink);
    }

    fn go_on(&mut self, bytes: &[u8], sent: i64, sink: &mut impl Sink) {
        match &mut self.state {
            State::Idle => {}
            State::Body(None) => sink.data(bytes),
            State::Body(Some(left)) => {
                let bytes = bytes.get(..*left).unwrap_or(bytes);
                *left -= bytes.len();
                sink.data(bytes);
            }
            State::Head(head) => {
                head.extend_from_slice(bytes);
                match Header::read(head) {
                    Ok(Some(header)) => {
                        let bytes = head.split_off(header.length.min(head.len()));
                        self.state = State::Body(header.payload);
                        self.scrambled |= header.scrambled;
                        if header.scrambled {
                            self.state = State::Idle;
                            return;
                        }
                        sink.begin(Stamp { pts: header.pts, dts: header.dts, sent });
                        self.go_on(&bytes, sent, sink);
                    }
                    Ok(None) => {}
                    Err(NotPes) => {
                        self.state = State::Idle;
                        sink.broken();
                    }
                }
            }
        }
    }
}

/// The head of a PES packet.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    /// Bytes until the payload.
    length: usize,
    /// Bytes of payload; video may leave it open.
    payload: Option<usize>,
    pts: Option<u64>,
    dts: Option<u64>,
    scrambled: bool,
}

/// It does not begin like a PES packet with timestamps and payload.
#[derive(Debug)]
struct NotPes;

impl Header {
    /// Reads a header; `None` where more bytes are needed.
    fn read(bytes: &[u8]) -> Result<Option<Self>, NotPes> {
        if !bytes.iter().zip(&[0, 0, 1]).all(|(byte, expected)| byte == expected) {
            return Err(NotPes);
        }
        let [_, _, _, id, high, low, marks, flags, optional, rest @ ..] = bytes else { return Ok(None) };
        // Maps, padding, ECM, EMM, directories: they have no such header, and nothing for us.
        if matches!(id, 0xbc | 0xbe | 0xbf | 0xf0 | 0xf1 | 0xf2 | 0xf8 | 0xff) || marks & 0xc0 != 0x80 {
            return Err(NotPes);
        }
        let optional = usize::from(*optional);
        let Some(rest) = rest.get(..optional) else { return Ok(None) };
        let timestamp =
            |at: usize| rest.get(at..at + 5).and_then(|bytes| bytes.try_into().ok()).and_then(read_timestamp);
        let pts = if flags & 0x80 != 0 { timestamp(0) } else { None };
        let dts = if flags & 0xc0 == 0xc0 { timestamp(5) } else { None };
        let length = usize::from(*high) << 8 | usize::from(*low);
        let payload = (length != 0).then(|| length.saturating_sub(3 + optional));
        Ok(Some(Self { length: 9 + optional, payload, pts, dts, scrambled: marks & 0x30 != 0 }))
    }
}
