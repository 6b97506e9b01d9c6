//! The studio: one channel's pictures and sounds, drawn and encoded as they happen.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use gst::prelude::*;
use gst_video::prelude::*;
use std::sync::mpsc::SyncSender;

use super::{DemoChannel, stamp};
use crate::packager::{Error, make};

/// How a channel looks and sounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) picture: Picture,
    /// Of what moves, ARGB.
    pub(super) colour: u32,
    /// Of what does not, ARGB.
    pub(super) background: u32,
    /// The German sound's tone, Hz; the English one is a fifth above it, and ticks.
    pub(super) tone: u32,
}

/// What kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// 1280×720, 25 progressive, H.264, with AAC.
    Hd,
    /// 720×576, 25 interlaced, 16:9, MPEG-2, with MPEG audio.
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
        source.set_property_from_str("pattern", "ball");
        source.set_property_from_str("motion", "wavy");
        source.set_property("foreground-color", look.colour);
        source.set_property("background-color", look.background);
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
        tell_the_time(&name, &clock)?;
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
        let caps = gst::Caps::builder("audio/x-raw").field("rate", 48_000).field("channels", 2).build();
        format.set_property("caps", caps);
        let (convert, queue) = (make("audioconvert")?, make("queue")?);
        let mut elements = vec![source, format, queue, convert];
        match channel.look.picture {
            Picture::Hd => {
                let encoder = make("avenc_aac")?;
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

/// Before each picture: the clock and the counter as text, and the time as squares.
fn tell_the_time(name: &gst::Element, clock: &gst::Element) -> Result<(), Error> {
    let pad = name.static_pad("video_sink").ok_or(Error::Element("textoverlay"))?;
    let (clock, frames) = (clock.downgrade(), AtomicU64::new(0));
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let now = chrono::Utc::now();
        let frame = frames.fetch_add(1, Ordering::Relaxed);
        if let Some(clock) = clock.upgrade() {
            clock.set_property("text", format!("{}  #{frame:06}", now.format("%H:%M:%S%.3f UTC")));
        }
        let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data else { return gst::PadProbeReturn::Ok };
        let video = pad.current_caps().and_then(|caps| gst_video::VideoInfo::from_caps(&caps).ok());
        if let Some(video) = video
            && let Ok(mut picture) =
                gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.make_mut(), &video)
        {
            let (width, height) = (picture.width() as usize, picture.height() as usize);
            let stride = usize::try_from(picture.plane_stride().first().copied().unwrap_or(0)).unwrap_or(0);
            if let Ok(luma) = picture.plane_data_mut(0) {
                stamp::draw(luma, width, height, stride, u64::try_from(now.timestamp_millis()).unwrap_or(0));
            }
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

fn encoder(picture: Picture) -> Result<Vec<gst::Element>, Error> {
    // Two pictures of room, so that drawing does not wait for encoding.
    let queue = make("queue")?;
    queue.set_property("max-size-buffers", 5_u32);
    let mut elements = vec![queue];
    match picture {
        Picture::Hd => {
            let encoder = make("x264enc")?;
            encoder.set_property_from_str("speed-preset", "superfast");
            encoder.set_property("bitrate", 2500_u32);
            encoder.set_property("vbv-buf-capacity", 1000_u32);
            encoder.set_property("key-int-max", 50_u32);
            encoder.set_property("bframes", 2_u32);
            encoder.set_property("b-adapt", false);
            encoder.set_property("threads", 1_u32);
            encoder.set_property("rc-lookahead", 0_i32);
            encoder.set_property("option-string", "scenecut=0:open-gop=0:keyint=50:min-keyint=50");
            let parse = make("h264parse")?;
            parse.set_property("config-interval", -1_i32);
            let format = make("capsfilter")?;
            let caps = gst::Caps::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .build();
            format.set_property("caps", caps);
            elements.extend([encoder, parse, format]);
        }
        Picture::InterlacedSd => {
            let interlace = make("interlace")?;
            interlace.set_property_from_str("field-pattern", "1:1");
            interlace.set_property("top-field-first", true);
            // Told that its input is interlaced, mpeg2enc 1.22 writes a size of 16×16; told only to encode so, it does it right.
            let plain = make("capssetter")?;
            let caps = gst::Caps::builder("video/x-raw").field("interlace-mode", "progressive").build();
            plain.set_property("caps", caps);
            let encoder = make("mpeg2enc")?;
            encoder.set_property_from_str("interlace-mode", "1");
            encoder.set_property_from_str("playback-field-order", "1");
            encoder.set_property_from_str("format", "3");
            encoder.set_property("bitrate", 3500_i32);
            encoder.set_property("min-gop-size", 25_i32);
            encoder.set_property("max-gop-size", 25_i32);
            encoder.set_property("closed-gop", true);
            encoder.set_property("motion-search-radius", 8_i32);
            encoder.set_property("sequence-header-every-gop", true);
            encoder.set_property_from_str("aspect", "3");
            elements.extend([interlace, plain, encoder, make("mpegvideoparse")?]);
        }
    }
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
