//! From the muxer's buffers to segments: one collector for each rendition.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};
use funkturm_base::{TICKS_PER_SECOND, Utc90};
use funkturm_contracts::segment::{IndependentFrame, Media, Rendition, Segment};
use gst::prelude::*;
use tokio::sync::mpsc;

use crate::{boxes, grid::Grid, packager::Output};

/// What goes into every collector of an epoch.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) grid: Grid,
    pub(crate) epoch: u64,
    /// Running time 0 of the pipeline.
    pub(crate) base: Utc90,
    pub(crate) output: mpsc::Sender<Output>,
    pub(crate) last: Arc<Mutex<Option<u64>>>,
}

impl Common {
    /// The time on the timeline of a buffer's time. Elements may shift timestamps together with their segment (x264enc does,
    /// by 1000 hours, so that a DTS is never negative), so the segment says what is meant.
    pub(crate) fn time(&self, pad: &gst::Pad, time: gst::ClockTime) -> Utc90 {
        self.base
            + match running_time(pad, time) {
                Some(gst::Signed::Positive(running)) => Utc90::from_nanos(running.nseconds()).0,
                Some(gst::Signed::Negative(running)) => -Utc90::from_nanos(running.nseconds()).0,
                None => Utc90::from_nanos(time.nseconds()).0,
            }
    }
}

/// The running time of a buffer's time, as the pad's segment has it.
pub(crate) fn running_time(pad: &gst::Pad, time: gst::ClockTime) -> Option<gst::Signed<gst::ClockTime>> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    segment.segment().downcast_ref::<gst::ClockTime>()?.to_running_time_full(time)
}

/// Collects the fragments of one rendition into segments.
pub(crate) struct Collector {
    common: Common,
    name: String,
    kind: Kind,
    /// What the muxer was told about the fragments that have not come out of it yet.
    expected: VecDeque<Expected>,
    cell: Option<u64>,
    init: Option<Init>,
    building: Option<Building>,
    /// Whether a segment came out.
    begun: bool,
}

/// What begins so little after its cell, or ends so little before its end, lacks nothing: two pictures, or frames of sound. Ticks.
const PUNCTUAL: i64 = TICKS_PER_SECOND / 12;

/// When the next picture comes so much later than it should, some are missing. Ticks.
const MISSING: i64 = TICKS_PER_SECOND / 2;

/// What a rendition is, as far as it is known before its first fragment.
#[derive(Clone)]
pub(crate) enum Kind {
    Video { on_grid: bool },
    Audio { language: Option<String>, label: String, description: bool, default: bool },
}

struct Expected {
    cell: u64,
    time: Utc90,
    decode_time: Utc90,
    /// The last one of its cell.
    last: bool,
}

struct Init {
    hash: String,
    timescale: u32,
    rendition: Rendition,
}

struct Building {
    cell: u64,
    start: Utc90,
    /// Nothing came before it.
    first: bool,
    duration: i64,
    data: BytesMut,
    frames: Vec<IndependentFrame>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts the cutting probe before a muxer and the collector behind it.
pub(crate) fn attach(mux: &gst::Element, sink: &gst_app::AppSink, common: Common, name: String, kind: Kind) {
    let video = matches!(kind, Kind::Video { .. });
    let collector = Arc::new(Mutex::new(Collector {
        common: common.clone(),
        name,
        kind,
        expected: VecDeque::new(),
        cell: None,
        init: None,
        building: None,
        begun: false,
    }));
    let Some(pad) = mux.sink_pads().into_iter().next() else { return };
    // Decode times of UTC, so that there is room for 64 bits of them; `Collector::fragment` sets them to the tick.
    mux.set_property("decode-time-offset", common.base.nanos().cast_signed());
    if video {
        // 90 kHz, so that the media has the very ticks of the timeline.
        pad.set_property("trak-timescale", TICKS_PER_SECOND as u32);
    }
    let cutting = Arc::clone(&collector);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(buffer) = info.buffer() else { return gst::PadProbeReturn::Ok };
        // The muxer ends the pipeline at a buffer without a time.
        let Some(pts) = buffer.pts() else { return gst::PadProbeReturn::Handled };
        let cut = lock(&cutting).cut(pad, buffer, pts, video);
        if let Some(chunk) = cut {
            let structure = gst::Structure::builder("FMP4MuxSplitNow").field("chunk", chunk).build();
            pad.send_event(gst::event::CustomDownstream::new(structure));
        }
        gst::PadProbeReturn::Ok
    });
    let ending = Arc::clone(&collector);
    let mux_pad = pad.downgrade();
    sink.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let caps = mux_pad.upgrade().and_then(|pad| pad.current_caps());
                let done = lock(&collector).take(&sample, caps.as_ref());
                send(sink, &common, done)
            })
            .eos(move |sink| {
                let mut collector = lock(&ending);
                let done = collector.finish();
                let common = collector.common.clone();
                drop(collector);
                let _ = send(sink, &common, done);
            })
            .build(),
    );
}

/// Hands segments on. The queue holds a minute; if nobody takes them for so long, they are of no more use to anyone.
fn send(
    sink: &gst_app::AppSink,
    common: &Common,
    outputs: Vec<Output>,
) -> Result<gst::FlowSuccess, gst::FlowError> {
    for output in outputs {
        if let Err(mpsc::error::TrySendError::Full(_)) = common.output.try_send(output) {
            gst::element_warning!(
                sink,
                gst::ResourceError::NoSpaceLeft,
                ["segments are not taken: one is dropped"]
            );
        }
    }
    Ok(gst::FlowSuccess::Ok)
}

impl Collector {
    /// Decides before a buffer enters the muxer whether the fragment before it ends here: `Some(false)` with its segment,
    /// `Some(true)` within it.
    fn cut(
        &mut self,
        pad: &gst::Pad,
        buffer: &gst::BufferRef,
        pts: gst::ClockTime,
        video: bool,
    ) -> Option<bool> {
        if video && buffer.flags().contains(gst::BufferFlags::DELTA_UNIT) {
            return None;
        }
        let time = self.common.time(pad, pts);
        let cell = self.common.grid.number(time);
        let known = self.cell.replace(cell);
        if !video && known == Some(cell) {
            return None;
        }
        let ends = known.is_some_and(|known| known != cell);
        if ends && let Some(before) = self.expected.back_mut() {
            before.last = true;
        }
        let decode_time = self.common.time(pad, buffer.dts().unwrap_or(pts));
        self.expected.push_back(Expected { cell, time, decode_time, last: false });
        known.map(|_| !ends)
    }

    fn take(&mut self, sample: &gst::Sample, caps: Option<&gst::Caps>) -> Vec<Output> {
        let mut outputs = Vec::new();
        let buffers: Vec<gst::Buffer> = match sample.buffer_list_owned() {
            Some(list) => list.iter_owned().collect(),
            None => sample.buffer_owned().into_iter().collect(),
        };
        let mut data = BytesMut::with_capacity(buffers.iter().map(|buffer| buffer.size()).sum());
        for buffer in buffers {
            let Ok(map) = buffer.map_readable() else { continue };
            if buffer.flags().contains(gst::BufferFlags::DISCONT | gst::BufferFlags::HEADER) {
                outputs.extend(self.begin(map.to_vec(), caps));
            } else {
                data.extend_from_slice(&map);
            }
        }
        if !data.is_empty() {
            outputs.extend(self.fragment(data));
        }
        outputs
    }

    /// The initialization section.
    fn begin(&mut self, mut init: Vec<u8>, caps: Option<&gst::Caps>) -> Option<Output> {
        boxes::forget_creation(&mut init);
        let init = Bytes::from(init);
        let hash = ring::digest::digest(&ring::digest::SHA256, &init);
        let hash: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let rendition = self.describe(caps?)?;
        self.init = Some(Init { hash: hash.clone(), timescale: boxes::timescale(&init)?, rendition });
        Some(Output::Init { hash, data: init })
    }

    fn describe(&self, caps: &gst::Caps) -> Option<Rendition> {
        let codecs = gst_pbutils::functions::codec_utils_caps_get_mime_codec(caps).ok()?.to_string();
        let structure = caps.structure(0)?;
        let number = |name| structure.get::<i32>(name).ok().and_then(|value| u32::try_from(value).ok());
        let media = match &self.kind {
            Kind::Video { on_grid } => {
                let rate = structure.get::<gst::Fraction>("framerate").ok().filter(|rate| rate.numer() > 0);
                let frame_rate = rate.map_or(25.0, |rate| f64::from(rate.numer()) / f64::from(rate.denom()));
                let par = structure.get::<gst::Fraction>("pixel-aspect-ratio").ok();
                let par = par.map_or(1.0, |par| f64::from(par.numer()) / f64::from(par.denom().max(1)));
                let width = (f64::from(number("width")?) * par).round() as u32;
                Media::Video { width, height: number("height")?, frame_rate, on_grid: *on_grid }
            }
            Kind::Audio { language, label, description, default } => Media::Audio {
                language: language.clone(),
                label: label.clone(),
                channels: number("channels").unwrap_or(2),
                description: *description,
                default: *default,
            },
        };
        Some(Rendition { name: self.name.clone(), codecs, media })
    }

    /// A fragment came out of the muxer: the oldest of those that are expected.
    fn fragment(&mut self, mut data: BytesMut) -> Vec<Output> {
        let mut outputs = Vec::new();
        let (Some(expected), Some(init)) = (self.expected.pop_front(), &self.init) else { return outputs };
        let Some(fragment) = boxes::fragment(&data) else { return outputs };
        let scale = i128::from(init.timescale);
        let scaled = |ticks: i64| {
            let ticks = i128::from(ticks) * scale + i128::from(TICKS_PER_SECOND / 2);
            u64::try_from(ticks / i128::from(TICKS_PER_SECOND)).unwrap_or(0)
        };
        boxes::set_decode_time(&mut data, &fragment, scaled(expected.decode_time.0));
        let ticks = |length: u64| {
            let ticks = i128::from(length) * i128::from(TICKS_PER_SECOND) / scale.max(1);
            i64::try_from(ticks).unwrap_or(0)
        };
        let mut duration = ticks(fragment.duration);
        // The muxer does not know yet what follows when it writes the last picture's duration, and takes the encoder's word for it,
        // which is of the order of showing, not of decoding: where pictures are missing, that is not the same.
        if let (Some(next), Kind::Video { .. }) = (self.expected.front(), &self.kind) {
            let begun = self.building.as_ref().filter(|building| building.cell == expected.cell);
            let full = begun.map_or(expected.time, |building| building.start) + self.common.grid.cell;
            let shown = next.time - expected.time;
            // The last picture stands for missing ones, but not until its segment is longer than a cell.
            let steady = ticks(fragment.steady);
            let lasts =
                if shown - steady > MISSING { shown.min(steady.max(full - expected.time)) } else { shown };
            let until = next.decode_time.0 - (shown - lasts);
            boxes::set_duration(
                &mut data,
                &fragment,
                scaled(until).saturating_sub(scaled(expected.decode_time.0)),
            );
            duration = lasts;
        }
        if self.building.as_ref().is_some_and(|building| building.cell != expected.cell) {
            outputs.extend(self.close(false));
        }
        let building = self.building.get_or_insert_with(|| Building {
            cell: expected.cell,
            start: expected.time,
            first: !self.begun,
            duration: 0,
            data: BytesMut::new(),
            frames: Vec::new(),
        });
        if matches!(self.kind, Kind::Video { .. }) {
            building.frames.push(IndependentFrame {
                offset: (building.data.len() + fragment.start) as u64,
                length: (fragment.first_sample_end - fragment.start) as u64,
                time: expected.time,
            });
        }
        building.duration += duration;
        if building.data.is_empty() {
            building.data = data;
        } else {
            building.data.extend_from_slice(&data);
        }
        if expected.last {
            outputs.extend(self.close(false));
        }
        outputs
    }

    /// A segment is done: because its cell is over, or because the epoch is.
    fn close(&mut self, ended: bool) -> Option<Output> {
        let (building, init) = (self.building.take()?, self.init.as_ref()?);
        self.begun = true;
        let grid = &self.common.grid;
        let late = building.start - grid.start(building.cell) > PUNCTUAL;
        let early = grid.start(building.cell + 1) - building.start > building.duration + PUNCTUAL;
        Some(Output::Segment {
            number: building.cell,
            segment: Box::new(Segment {
                rendition: init.rendition.clone(),
                grid: self.common.grid.cell,
                start: building.start,
                duration: building.duration,
                epoch: self.common.epoch,
                cut: (building.first && late) || (ended && early),
                alone: false,
                init: init.hash.clone(),
                independent_frames: building.frames,
            }),
            data: building.data.freeze(),
        })
    }

    /// The epoch is over: the part of its last cell is published, or not.
    fn finish(&mut self) -> Vec<Output> {
        let published = *lock(&self.common.last);
        let keep =
            self.building.as_ref().is_some_and(|building| published.is_none_or(|last| building.cell <= last));
        if keep { self.close(true).into_iter().collect() } else { Vec::new() }
    }
}
