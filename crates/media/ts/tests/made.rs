//! Elementary streams that are correct as far as headers go, and what comes out of them.

use bytes::Bytes;
use funkturm_ts::{
    Codec, Event, Programme, TrackInfo, Transport, Unit,
    write::{AccessUnit, Multiplex, Muxer, Programme as Made, Stream},
};

/// Ticks of a picture at 25 per second.
pub(crate) const PICTURE: u64 = 3600;
/// UTC in ticks at which the tests happen.
pub(crate) const NOW: i64 = 161_000_000_000_000;

/// Writes bits.
#[derive(Default)]
pub(crate) struct Bits(Vec<u8>, u32);

impl Bits {
    pub(crate) fn put(&mut self, value: u32, count: u32) -> &mut Self {
        for bit in (0..count).rev() {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (7 - self.1 % 8);
            self.1 += 1;
        }
        self
    }

    pub(crate) fn ue(&mut self, value: u32) -> &mut Self {
        let length = 32 - (value + 1).leading_zeros();
        self.put(0, length - 1).put(value + 1, length)
    }

    /// The bytes, ended by a one bit so that no NAL unit ends in zero.
    pub(crate) fn done(&mut self) -> Vec<u8> {
        self.put(1, 1);
        std::mem::take(&mut self.0)
    }
}

/// A sequence parameter set of the baseline profile for so many macroblocks.
pub(crate) fn sps(columns: u32, rows: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(66, 8).put(0xc01e, 16).ue(0).ue(0).ue(2).ue(1).put(0, 1).ue(columns - 1).ue(rows - 1);
    bits.put(1, 1).put(0, 1).put(0, 1);
    // VUI: only timing, 25 frames per second.
    bits.put(1, 1).put(0, 4).put(1, 1).put(0, 16).put(1, 16).put(0, 16).put(50, 16).put(1, 1);
    escaped([vec![0x67], bits.done()].concat())
}

/// With emulation prevention bytes (H.264, 7.4.1).
fn escaped(unit: Vec<u8>) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for byte in unit {
        if byte <= 3 && out.ends_with(&[0, 0]) {
            out.push(3);
        }
        out.push(byte);
    }
    out
}

/// A picture: parameter sets where it is one to begin at, then a slice filled with `filling`.
pub(crate) fn h264(key: bool, number: u32, sps: &[u8], filling: &[u8]) -> Bytes {
    let mut out = vec![0, 0, 0, 1, 9, 0xf0];
    if key {
        let pps =
            [vec![0x68], Bits::default().ue(0).ue(0).put(0, 2).ue(0).ue(0).ue(0).put(0, 3).done()].concat();
        for unit in [sps, &pps] {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
        }
    }
    out.extend_from_slice(&[0, 0, 1, if key { 0x65 } else { 0x41 }]);
    let mut slice = Bits::default();
    slice.ue(0).ue(if key { 7 } else { 5 }).ue(0).put(number % 16, 4);
    out.extend(slice.done());
    // No zeros and no ones: nothing in it can be taken for a start code.
    out.extend(filling.iter().map(|byte| byte | 0x40));
    out.into()
}

/// A frame of AAC, stereo at 48 kHz.
pub(crate) fn adts(filling: &[u8]) -> Bytes {
    let length = 7 + filling.len() as u32;
    let mut bits = Bits::default();
    bits.put(0xfff1, 16)
        .put(1, 2)
        .put(3, 4)
        .put(0, 1)
        .put(2, 3)
        .put(0, 4)
        .put(length, 13)
        .put(0x7ff, 11)
        .put(0, 2);
    // No 0xff: nothing in it can be taken for another frame.
    [bits.0, filling.iter().map(|byte| byte & 0x7f).collect()].concat().into()
}

/// A stream with the times at which its pieces arrive.
pub(crate) type Wire = Vec<(i64, Vec<u8>)>;

/// One programme, number 7, of H.264 and AAC.
pub(crate) struct Station {
    pub(crate) muxer: Muxer,
    pub(crate) sps: Vec<u8>,
    /// The next picture's decoding time.
    pub(crate) time: u64,
    pub(crate) pictures: u32,
    /// What was put in, by track.
    pub(crate) sent: [Vec<AccessUnit>; 2],
    audio_frames: u64,
    audio_base: u64,
    clock: u64,
}

impl Station {
    /// A station whose first picture has this PTS (33 bits and beyond).
    pub(crate) fn new(start: u64, bitrate: Option<u64>) -> Self {
        let streams = vec![Stream::video(Codec::H264), Stream::audio(Codec::AacAdts, "deu")];
        let programme = Made { number: 7, name: "Süd".into(), provider: "Funkturm".into(), streams };
        let clock = start - 90_000;
        let multiplex = Multiplex { bitrate, ..Multiplex::of(vec![programme]) };
        Self {
            muxer: Muxer::new(multiplex, clock).unwrap(),
            sps: sps(20, 15),
            time: start,
            pictures: 0,
            sent: Default::default(),
            audio_frames: 0,
            audio_base: start,
            clock,
        }
    }

    /// The clock leaps; what is sent from now on is stamped accordingly.
    pub(crate) fn leap(&mut self, ticks: i64) {
        let streams = vec![Stream::video(Codec::H264), Stream::audio(Codec::AacAdts, "deu")];
        let programme = Made { number: 7, name: "Süd".into(), provider: "Funkturm".into(), streams };
        self.time = self.time.strict_add_signed(ticks);
        self.clock = self.clock.strict_add_signed(ticks);
        self.audio_base = self.time;
        self.audio_frames = 0;
        self.muxer = Muxer::new(Multiplex::of(vec![programme]), self.clock).unwrap();
    }

    /// Sends a picture and the sound that goes with it.
    pub(crate) fn picture(&mut self, key: bool, filling: &[u8]) {
        let data = h264(key, self.pictures, &self.sps, filling);
        self.pictures += 1;
        let unit = AccessUnit { pts: self.time + 2 * PICTURE, dts: self.time, random_access: key, data };
        self.muxer.push(0, 0, &unit).unwrap();
        self.sent[0].push(unit);
        self.time += PICTURE;
        loop {
            let pts = self.audio_base + 2 * PICTURE + self.audio_frames * 1920;
            if pts >= self.time + 2 * PICTURE {
                break;
            }
            self.audio_frames += 1;
            let data = adts(filling.get(..filling.len().min(300)).unwrap());
            let unit = AccessUnit { pts, dts: pts, random_access: true, data };
            self.muxer.push(0, 1, &unit).unwrap();
            self.sent[1].push(unit);
        }
    }

    /// What goes out until every picture so far was sent, half a second before it is decoded; arrival is as regular as
    /// the clock.
    pub(crate) fn run(&mut self, wire: &mut Wire, offset: i64) {
        while self.clock < self.time + 3 * PICTURE - 45_000 {
            self.clock += 900;
            let mut bytes = Vec::new();
            self.muxer.advance(self.clock, &mut bytes);
            wire.push((NOW + offset + self.clock as i64, bytes));
        }
    }
}

/// Some seconds of an ordinary programme: a key picture every second.
pub(crate) fn ordinary(station: &mut Station, seconds: u32) -> Wire {
    let mut wire = Wire::new();
    for n in 0..seconds * 25 {
        station.picture(n % 25 == 0, &[n as u8; 1500]);
        if n % 5 == 0 {
            station.run(&mut wire, 0);
        }
    }
    station.run(&mut wire, 0);
    wire
}

/// Everything that comes out of a stream, with the transport's counters.
pub(crate) fn received(
    wire: &[(i64, Vec<u8>)],
    programme: Option<u16>,
) -> (Vec<Event>, Programme, Transport) {
    let (mut transport, mut taken, mut out) = (Transport::default(), Programme::new(programme), Vec::new());
    for (at, bytes) in wire {
        transport.push(bytes, *at, |packet| taken.push(packet, *at, &mut out));
        taken.tick(*at, &mut out);
    }
    (out, taken, transport)
}

/// An epoch as it came out.
#[derive(Debug, Default)]
pub(crate) struct Epoch {
    pub(crate) id: i64,
    pub(crate) tracks: Vec<TrackInfo>,
    pub(crate) units: Vec<Unit>,
    pub(crate) end: Option<String>,
}

/// The epochs among the events; panics where events are out of order.
pub(crate) fn epochs(events: Vec<Event>) -> Vec<Epoch> {
    let mut epochs: Vec<Epoch> = Vec::new();
    for event in events {
        match event {
            Event::EpochStart { id, tracks } => {
                assert!(
                    epochs.last().is_none_or(|last| last.end.is_some() && last.id < id),
                    "epochs overlap"
                );
                epochs.push(Epoch { id, tracks, ..Epoch::default() });
            }
            Event::Unit(unit) => {
                let epoch = epochs.last_mut().filter(|epoch| epoch.end.is_none()).expect("a unit outside");
                assert!(unit.pts >= epoch.id && usize::from(unit.track) < epoch.tracks.len(), "{unit:?}");
                let before = epoch.units.iter().rev().find(|before| before.track == unit.track);
                assert!(before.is_none_or(|before| before.dts < unit.dts), "time goes back: {unit:?}");
                epoch.units.push(unit);
            }
            Event::EpochEnd { id, reason } => {
                let epoch = epochs.last_mut().filter(|epoch| epoch.end.is_none() && epoch.id == id);
                epoch.expect("an end without beginning").end = Some(reason.to_string());
            }
            Event::Section { .. } => {}
        }
    }
    epochs
}
