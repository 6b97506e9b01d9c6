//! The studio: one channel's pictures and sounds, drawn and encoded as they happen.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use gst::prelude::*;
use gst_video::prelude::*;
use std::sync::mpsc::SyncSender;

use super::{DemoChannel, disc, stamp};
use crate::packager::{Error, make};

/// How a channel looks and sounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) picture: Picture,
    /// Of what moves, 0xRRGGBB.
    pub(super) colour: u32,
    /// Of what does not, 0xRRGGBB.
    pub(super) background: u32,
    /// The German sound's tone, Hz; the English one is a fifth above it, and ticks.
    pub(super) tone: u32,
}

/// What kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// 1280×720, 25 progressive, H.264, with AAC.
    Hd,
    /// 720×576, 25 interlaced, 16:9, H.264, with MPEG audio.
    InterlacedSd,
}

/// Something encoded, on its way to the multiplexer.
pub(super) struct Coded {
    pub(super) programme: usize,
    pub(super) stream: usize,
    pub(super) pts: u64,
    pub(super) dts: u64,
    pub(super) random_access: bool,
    pub(super) data: Bytes,
}

/// A running studio.
pub(super) struct Studio {
    pipeline: gst::Pipeline,
}

impl Studio {
    /// Opens it. Times of what it makes count from `base`, by GStreamer's clock.
    pub(super) fn open(
        channel: &DemoChannel,
        programme: usize,
        base: gst::ClockTime,
        out: &SyncSender<Coded>,
    ) -> Result<Self, Error> {
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        // All studios and the multiplexer count from one instant.
        pipeline.set_start_time(gst::ClockTime::NONE);
        pipeline.set_base_time(base);
        let studio = Self { pipeline };
        studio.pictures(channel, programme, out)?;
        studio.sound(channel, programme, 1, out)?;
        studio.sound(channel, programme, 2, out)?;
        studio.pipeline.set_state(gst::State::Playing)?;
        Ok(studio)
    }

    /// Whether it still runs.
    pub(super) fn check(&self) -> Result<(), Error> {
        let message = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => {
                Err(Error::Failed { element: "headend".into(), message: error.error().to_string() })
            }
            _ => Ok(()),
        }
    }

    fn chain(&self, elements: &[gst::Element]) -> Result<(), Error> {
        self.pipeline.add_many(elements)?;
        gst::Element::link_many(elements)?;
        Ok(())
    }

    fn pictures(
        &self,
        channel: &DemoChannel,
        programme: usize,
        out: &SyncSender<Coded>,
    ) -> Result<(), Error> {
        let look = channel.look;
        let source = make("videotestsrc")?;
        source.set_property("is-live", true);
        source.set_property_from_str("pattern", "solid-color");
        source.set_property("foreground-color", 0xff00_0000 | look.background);
        let size = make("capsfilter")?;
        let (width, height, rate, par) = match look.picture {
            Picture::Hd => (1280, 720, 25, gst::Fraction::new(1, 1)),
            Picture::InterlacedSd => (720, 576, 50, gst::Fraction::new(64, 45)),
        };
        size.set_property(
            "caps",
            gst::Caps::builder("video/x-raw")
                .field("format", "I420")
                .field("width", width)
                .field("height", height)
                .field("framerate", gst::Fraction::new(rate, 1))
                .field("pixel-aspect-ratio", par)
                .build(),
        );
        let name = make("textoverlay")?;
        name.set_property("text", channel.name);
        name.set_property("font-desc", "DejaVu Sans Bold 40");
        name.set_property_from_str("halignment", "left");
        name.set_property_from_str("valignment", "top");
        name.set_property("xpad", width / 16);
        name.set_property("ypad", height / 12);
        name.set_property("draw-outline", false);
        let clock = make("textoverlay")?;
        clock.set_property("font-desc", "DejaVu Sans Mono Bold 26");
        clock.set_property_from_str("halignment", "left");
        clock.set_property_from_str("valignment", "bottom");
        clock.set_property("xpad", width / 16);
        clock.set_property("ypad", height / 9);
        clock.set_property("draw-outline", false);
        draw_before(&name, &clock, look.colour)?;
        let mut elements = vec![source, size, name, clock];
        elements.extend(encoder(look.picture)?);
        let sink = gst_app::AppSink::builder().sync(false).async_(false).build();
        elements.push(sink.clone().upcast());
        self.chain(&elements)?;
        deliver(&sink, programme, 0, out);
        Ok(())
    }

    fn sound(
        &self,
        channel: &DemoChannel,
        programme: usize,
        stream: usize,
        out: &SyncSender<Coded>,
    ) -> Result<(), Error> {
        let source = make("audiotestsrc")?;
        source.set_property("is-live", true);
        source.set_property("samplesperbuffer", 1152);
        source.set_property("volume", 0.04);
        let tone = f64::from(channel.look.tone);
        if stream == 1 {
            source.set_property_from_str("wave", "sine");
            source.set_property("freq", tone);
        } else {
            source.set_property_from_str("wave", "ticks");
            source.set_property("freq", tone * 1.5);
        }
        let format = make("capsfilter")?;
        // Whole numbers: the ticks of audiotestsrc 1.22 are no numbers at all in floating point.
        let caps = gst::Caps::builder("audio/x-raw")
            .field("format", "S16LE")
            .field("rate", 48_000)
            .field("channels", 2)
            .build();
        format.set_property("caps", caps);
        let (convert, queue) = (make("audioconvert")?, make("queue")?);
        let mut elements = vec![source, format, queue, convert];
        match channel.look.picture {
            Picture::Hd => {
                let encoder = make("voaacenc")?;
                encoder.set_property("bitrate", 128_000_i32);
                let adts = make("capsfilter")?;
                let caps = gst::Caps::builder("audio/mpeg").field("stream-format", "adts").build();
                adts.set_property("caps", caps);
                elements.extend([encoder, make("aacparse")?, adts]);
            }
            Picture::InterlacedSd => {
                let encoder = make("avenc_mp2")?;
                encoder.set_property("bitrate", 192_000_i32);
                elements.extend([encoder, make("mpegaudioparse")?]);
            }
        }
        let sink = gst_app::AppSink::builder().sync(false).async_(false).build();
        elements.push(sink.clone().upcast());
        self.chain(&elements)?;
        deliver(&sink, programme, stream, out);
        Ok(())
    }
}

/// How late a picture may be, nanoseconds, before it is left out: a studio that cannot keep up shows fewer pictures, not old ones.
const LATE: i64 = 1_500_000_000;

/// Before the texts are laid over a picture: what moves, the time as squares, and what the clock shall read.
fn draw_before(name: &gst::Element, clock: &gst::Element, colour: u32) -> Result<(), Error> {
    let pad = name.static_pad("video_sink").ok_or(Error::Element("textoverlay"))?;
    let (clock, frames) = (clock.downgrade(), AtomicU64::new(0));
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let now = chrono::Utc::now();
        let frame = frames.fetch_add(1, Ordering::Relaxed);
        let Some(source) = pad.parent_element() else { return gst::PadProbeReturn::Ok };
        let meant = info.buffer().and_then(|picture| picture.pts());
        if let (Some(meant), Some(clock)) = (meant, source.current_running_time())
            && clock.nseconds().cast_signed() - meant.nseconds().cast_signed() > LATE
        {
            return gst::PadProbeReturn::Handled;
        }
        if let Some(clock) = clock.upgrade() {
            clock.set_property("text", format!("{}  #{frame:06}", now.format("%H:%M:%S%.3f UTC")));
        }
        let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data else { return gst::PadProbeReturn::Ok };
        let video = pad.current_caps().and_then(|caps| gst_video::VideoInfo::from_caps(&caps).ok());
        if let Some(video) = video
            && let Ok(mut picture) =
                gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.make_mut(), &video)
        {
            draw(&mut picture, colour, u64::try_from(now.timestamp_millis()).unwrap_or(0));
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

fn draw(picture: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>, colour: u32, millis: u64) {
    let size @ (width, height) = (picture.width() as usize, picture.height() as usize);
    let shape = picture.info().par();
    let [line, line_blue, line_red, ..] = *picture.plane_stride() else { return };
    let [line, line_blue, line_red] =
        [line, line_blue, line_red].map(|stride| usize::try_from(stride).unwrap_or(0));
    let [luma, blue, red, _] = picture.planes_data_mut();
    stamp::draw(luma, width, height, line, millis);
    let planes = disc::Planes { luma: (luma, line), blue: (blue, line_blue), red: (red, line_red) };
    let stretch = shape.numer() as f32 / shape.denom() as f32;
    disc::draw(planes, size, stretch, disc::colour(colour, height), millis as f64 / 1000.0);
}

fn encoder(picture: Picture) -> Result<Vec<gst::Element>, Error> {
    // Two pictures of room, so that drawing does not wait for encoding.
    let queue = make("queue")?;
    queue.set_property("max-size-buffers", 5_u32);
    let mut elements = vec![queue];
    let encoder = make("x264enc")?;
    encoder.set_property_from_str("speed-preset", "ultrafast");
    encoder.set_property("vbv-buf-capacity", 1000_u32);
    encoder.set_property("bitrate", 2500_u32);
    encoder.set_property("key-int-max", 50_u32);
    encoder.set_property("bframes", 2_u32);
    encoder.set_property("b-adapt", false);
    encoder.set_property("threads", 1_u32);
    encoder.set_property("rc-lookahead", 0_i32);
    encoder
        .set_property("option-string", "scenecut=0:open-gop=0:keyint=50:min-keyint=50:aq-mode=0:weightp=0");
    if picture == Picture::InterlacedSd {
        let interlace = make("interlace")?;
        interlace.set_property_from_str("field-pattern", "1:1");
        interlace.set_property("top-field-first", true);
        encoder.set_property("interlaced", true);
        encoder.set_property("bitrate", 1800_u32);
        elements.push(interlace);
    }
    let parse = make("h264parse")?;
    parse.set_property("config-interval", -1_i32);
    let format = make("capsfilter")?;
    let caps = gst::Caps::builder("video/x-h264")
        .field("stream-format", "byte-stream")
        .field("alignment", "au")
        .build();
    format.set_property("caps", caps);
    elements.extend([encoder, parse, format]);
    Ok(elements)
}

/// Hands what is encoded to the multiplexer, with times in ticks from the common base.
fn deliver(sink: &gst_app::AppSink, programme: usize, stream: usize, out: &SyncSender<Coded>) {
    let out = out.clone();
    sink.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let (Some(buffer), Some(segment)) = (sample.buffer(), sample.segment()) else {
                    return Ok(gst::FlowSuccess::Ok);
                };
                let Some(segment) = segment.downcast_ref::<gst::ClockTime>() else {
                    return Ok(gst::FlowSuccess::Ok);
                };
                let ticks = |time: gst::ClockTime| match segment.to_running_time_full(time) {
                    Some(gst::Signed::Positive(time)) => time.nseconds() * 9 / 100_000,
                    _ => 0,
                };
                let Some(pts) = buffer.pts().map(ticks) else { return Ok(gst::FlowSuccess::Ok) };
                let Ok(map) = buffer.map_readable() else { return Ok(gst::FlowSuccess::Ok) };
                let coded = Coded {
                    programme,
                    stream,
                    pts,
                    dts: buffer.dts().map_or(pts, ticks),
                    random_access: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
                    data: Bytes::copy_from_slice(&map),
                };
                // A multiplexer that does not take them is ending.
                out.try_send(coded).map(|()| gst::FlowSuccess::Ok).or(Ok(gst::FlowSuccess::Ok))
            })
            .build(),
    );
}

impl Drop for Studio {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
