//! The elements of a video track: packaged as it is, or decoded, scaled and encoded.

use funkturm_contracts::{channel::Profile, programme::Codec};
use gst::prelude::*;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    collect::{self, Common, Kind},
    ladder::{self, Encoder, EncoderName, Rung},
    packager::{Error, make, sink_for},
};

/// Caps of an elementary stream as ingest hands it on.
pub(crate) fn caps(codec: Codec) -> gst::Caps {
    match codec {
        Codec::Hevc => {
            gst::Caps::builder("video/x-h265").field("stream-format", "byte-stream").field("alignment", "au")
        }
        Codec::Mpeg2Video => {
            gst::Caps::builder("video/mpeg").field("mpegversion", 2).field("systemstream", false)
        }
        _ => {
            gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au")
        }
    }
    .build()
}

fn parser(codec: Codec) -> &'static str {
    match codec {
        Codec::Hevc => "h265parse",
        Codec::Mpeg2Video => "mpegvideoparse",
        _ => "h264parse",
    }
}

/// Packages a track as it is.
pub(crate) fn passthrough(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    codec: Codec,
    common: &Common,
) -> Result<(), Error> {
    let parse = make(parser(codec))?;
    let (media, format) =
        if codec == Codec::Hevc { ("video/x-h265", "hvc1") } else { ("video/x-h264", "avc") };
    let caps = gst::Caps::builder(media).field("stream-format", format).field("alignment", "au").build();
    let filter = make("capsfilter")?;
    filter.set_property("caps", caps);
    let (mux, sink) = sink_for(pipeline)?;
    pipeline.add_many([&parse, &filter])?;
    gst::Element::link_many([source.upcast_ref(), &parse, &filter, &mux])?;
    collect::attach(&mux, &sink, common.clone(), "v0".into(), Kind::Video { on_grid: false });
    Ok(())
}

/// Decodes a track and encodes the rungs of a profile. They are made when the decoder knows the picture's size.
pub(crate) fn encoded(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    codec: Codec,
    profile: Profile,
    encoder: &Encoder,
    keyframe_ticks: i64,
    common: &Common,
) -> Result<(), Error> {
    let parse = make(parser(codec))?;
    let decode = make(match codec {
        Codec::Hevc => "avdec_h265",
        Codec::Mpeg2Video => "avdec_mpeg2video",
        _ => "avdec_h264",
    })?;
    let deinterlace = make("deinterlace")?;
    deinterlace.set_property_from_str("method", "linear");
    deinterlace.set_property_from_str("fields", if encoder.every_field { "all" } else { "top" });
    let convert = make("videoconvert")?;
    let i420 = make("capsfilter")?;
    i420.set_property("caps", gst::Caps::builder("video/x-raw").field("format", "I420").build());
    let queue = raw_queue()?;
    pipeline.add_many([&parse, &decode, &queue, &deinterlace, &convert, &i420])?;
    gst::Element::link_many([source.upcast_ref(), &parse, &decode, &queue, &deinterlace, &convert, &i420])?;
    let pad = i420.static_pad("src").ok_or(Error::Element("capsfilter"))?;
    force_keyframes(&pad, keyframe_ticks, common.clone());
    let plan =
        Plan { pipeline: pipeline.downgrade(), encoder: encoder.clone(), profile, common: common.clone() };
    let built = AtomicBool::new(false);
    let from = i420.downgrade();
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        let Some(gst::PadProbeData::Event(event)) = &info.data else { return gst::PadProbeReturn::Ok };
        let gst::EventView::Caps(caps) = event.view() else { return gst::PadProbeReturn::Ok };
        if built.swap(true, Ordering::Relaxed) {
            return gst::PadProbeReturn::Ok;
        }
        let height = caps.caps().structure(0).and_then(|s| s.get::<i32>("height").ok()).unwrap_or(0);
        if let Some(from) = from.upgrade()
            && let Err(error) = plan.build(&from, u32::try_from(height).unwrap_or(0))
        {
            gst::element_error!(from, gst::CoreError::Failed, ["the ladder cannot be built: {error}"]);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// A few pictures between two threads: enough to keep both busy, little enough to hold no memory.
fn raw_queue() -> Result<gst::Element, Error> {
    let queue = make("queue")?;
    queue.set_property("max-size-buffers", 6_u32);
    queue.set_property("max-size-bytes", 0_u32);
    queue.set_property("max-size-time", 0_u64);
    Ok(queue)
}

struct Plan {
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    encoder: Encoder,
    profile: Profile,
    common: Common,
}

impl Plan {
    /// The rungs behind `from`, each scaled from the one above it, which costs half of scaling each from the source.
    fn build(&self, from: &gst::Element, source_height: u32) -> Result<(), Error> {
        let Some(pipeline) = self.pipeline.upgrade() else { return Ok(()) };
        let mut from = from.clone();
        let rungs = ladder::rungs(self.profile, source_height);
        let mut made = Vec::new();
        for (index, rung) in rungs.iter().enumerate() {
            let scale = make("videoscale")?;
            // Another shape of picture gets borders rather than being stretched.
            scale.set_property("add-borders", true);
            let size = make("capsfilter")?;
            let caps = gst::Caps::builder("video/x-raw")
                .field("width", i32::try_from(rung.width).unwrap_or(0))
                .field("height", i32::try_from(rung.height).unwrap_or(0))
                .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
                .build();
            size.set_property("caps", caps);
            let tee = make("tee")?;
            pipeline.add_many([&scale, &size, &tee])?;
            gst::Element::link_many([&from, &scale, &size, &tee])?;
            let queue = raw_queue()?;
            let (encoder, parse, profile) = (self.encoder(rung)?, make("h264parse")?, make("capsfilter")?);
            profile.set_property(
                "caps",
                gst::Caps::builder("video/x-h264")
                    .field("stream-format", "avc")
                    .field("alignment", "au")
                    .build(),
            );
            if let Some(pad) = encoder.static_pad("src") {
                keep_decode_times_near(&pad);
            }
            let (mux, sink) = sink_for(&pipeline)?;
            pipeline.add_many([&queue, &encoder, &parse, &profile])?;
            gst::Element::link_many([&tee, &queue, &encoder, &parse, &profile, &mux])?;
            collect::attach(
                &mux,
                &sink,
                self.common.clone(),
                format!("v{index}"),
                Kind::Video { on_grid: true },
            );
            made.extend([sink.upcast(), mux, profile, parse, encoder, queue, tee.clone(), size, scale]);
            if index + 1 < rungs.len() {
                let next = raw_queue()?;
                pipeline.add(&next)?;
                gst::Element::link_many([&tee, &next])?;
                made.push(next.clone());
                from = next;
            }
        }
        // From the sinks up, so that nothing flows into an element that is not ready.
        for element in made {
            element.sync_state_with_parent()?;
        }
        Ok(())
    }

    fn encoder(&self, rung: &Rung) -> Result<gst::Element, Error> {
        let long = 10_000_u32; // key pictures are asked for, on the grid
        Ok(match self.encoder.name {
            EncoderName::X264 => {
                let encoder = make("x264enc")?;
                encoder.set_property_from_str("speed-preset", &self.encoder.preset);
                encoder.set_property("bitrate", rung.bitrate);
                encoder.set_property("vbv-buf-capacity", 1000_u32);
                encoder.set_property("key-int-max", long);
                encoder.set_property("bframes", 2_u32);
                encoder.set_property("b-adapt", false);
                encoder.set_property("threads", self.encoder.threads);
                // Reproducible: two transcoders make pictures of the same kind.
                encoder.set_property("option-string", "scenecut=0:open-gop=0");
                encoder
            }
            EncoderName::Openh264 => {
                let encoder = make("openh264enc")?;
                encoder.set_property("bitrate", rung.bitrate * 1000);
                encoder.set_property("gop-size", long);
                encoder.set_property("multi-thread", self.encoder.threads);
                encoder.set_property_from_str("rate-control", "bitrate");
                encoder
            }
        })
    }
}

/// Asks for a key picture wherever a picture is the first one of a step of the grid.
fn force_keyframes(pad: &gst::Pad, step: i64, common: Common) {
    let last = Mutex::new(None);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(pts) = info.buffer().and_then(|buffer| buffer.pts()) else {
            return gst::PadProbeReturn::Handled;
        };
        let index = (common.time(pad, pts).0 + common.grid.tolerance).div_euclid(step.max(1));
        let before = last.lock().unwrap_or_else(PoisonError::into_inner).replace(index);
        // The very first picture is a key picture anyway; asking for it would break later requests (x264enc 1.22
        // remembers the running time of a request that comes before its first output).
        if before.is_some_and(|before| before != index) {
            // With its time: a request without one is forgotten while another one waits for its picture to come out.
            let event = gst_video::DownstreamForceKeyUnitEvent::builder()
                .all_headers(true)
                .running_time(collect::running_time(pad, pts).and_then(gst::Signed::positive))
                .build();
            pad.push_event(event);
        }
        gst::PadProbeReturn::Ok
    });
}

/// The farthest that a picture is decoded before it is shown, in pictures: two B pictures, one of which others refer to.
const REORDERED: u64 = 4;

/// Moves decode times behind a hole. x264 gives a picture the time of the one shown two before it to be decoded at: where
/// pictures are missing that lies before the hole, and browsers throw away what follows such a jump up to the next key picture.
fn keep_decode_times_near(pad: &gst::Pad) {
    let last = Mutex::new(None);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        let (Some(pts), Some(dts)) = (buffer.pts(), buffer.dts()) else { return gst::PadProbeReturn::Ok };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = buffer.duration().unwrap_or(gst::ClockTime::from_mseconds(40));
        let after_last = last.map_or(dts, |last| last + gst::ClockTime::NSECOND);
        let near = dts.max(pts.saturating_sub(picture * REORDERED)).max(after_last).min(pts);
        if near != dts {
            buffer.make_mut().set_dts(near);
        }
        *last = Some(near);
        gst::PadProbeReturn::Ok
    });
}
