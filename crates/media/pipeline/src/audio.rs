//! The elements of an audio track: packaged as it is where it is AAC already, else decoded and encoded to AAC.

use std::sync::atomic::{AtomicBool, Ordering};

use funkturm_base::TICKS_PER_SECOND;
use funkturm_contracts::programme::Codec;
use gst::prelude::*;

use crate::{
    collect::{self, Common, Kind},
    packager::{Error, make, sink_for},
};

/// Samples per second of encoded sound.
const RATE: i64 = 48_000;
/// Samples of an AAC frame.
const FRAME: i64 = 1024;

/// Caps of an elementary stream as ingest hands it on.
pub(crate) fn caps(codec: Codec) -> gst::Caps {
    match codec {
        Codec::AacLatm => {
            gst::Caps::builder("audio/mpeg").field("mpegversion", 4).field("stream-format", "loas")
        }
        Codec::MpegAudio => gst::Caps::builder("audio/mpeg").field("mpegversion", 1),
        Codec::Ac3 => gst::Caps::builder("audio/x-ac3"),
        Codec::Eac3 => gst::Caps::builder("audio/x-eac3"),
        _ => gst::Caps::builder("audio/mpeg").field("mpegversion", 4).field("stream-format", "adts"),
    }
    .build()
}

/// Packages a track, as it is or encoded.
pub(crate) fn track(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    codec: Codec,
    name: String,
    kind: Kind,
    common: &Common,
) -> Result<(), Error> {
    let filter = make("capsfilter")?;
    let raw = gst::Caps::builder("audio/mpeg").field("mpegversion", 4).field("stream-format", "raw").build();
    filter.set_property("caps", raw);
    let parse = make("aacparse")?;
    let (mux, sink) = sink_for(pipeline)?;
    pipeline.add_many([&parse, &filter])?;
    if codec == Codec::AacAdts {
        gst::Element::link_many([source.upcast_ref(), &parse, &filter, &mux])?;
    } else {
        let encoder = encode(pipeline, source, codec, common)?;
        gst::Element::link_many([&encoder, &parse, &filter, &mux])?;
    }
    collect::attach(&mux, &sink, common.clone(), name, kind);
    Ok(())
}

fn encode(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    codec: Codec,
    common: &Common,
) -> Result<gst::Element, Error> {
    let (parser, decoder) = match codec {
        Codec::MpegAudio => ("mpegaudioparse", "avdec_mp2float"),
        Codec::Ac3 => ("ac3parse", "avdec_ac3"),
        Codec::Eac3 => ("ac3parse", "avdec_eac3"),
        Codec::AacLatm => ("aacparse", "avdec_aac_latm"),
        _ => ("aacparse", "avdec_aac"),
    };
    let names = [parser, decoder, "audioconvert", "audioresample", "capsfilter", "audiorate", "avenc_aac"];
    let elements: Vec<gst::Element> = names.into_iter().map(make).collect::<Result<_, _>>()?;
    let [.., caps, rate, encoder] = elements.as_slice() else { return Err(Error::Element("audio")) };
    let stereo = gst::Caps::builder("audio/x-raw")
        .field("format", "F32LE")
        .field("layout", "interleaved")
        .field("rate", RATE as i32)
        .field("channels", 2);
    caps.set_property("caps", stereo.build());
    // Jitter of a few ticks in the source's timestamps is not a hole.
    rate.set_property("tolerance", gst::ClockTime::from_mseconds(40).nseconds());
    // No silence from running time 0 on, which lies ten seconds before the pictures.
    rate.set_property("skip-to-first", true);
    encoder.set_property("bitrate", 128_000_i32);
    pipeline.add_many(&elements)?;
    gst::Element::link_many(std::iter::once(source.upcast_ref::<gst::Element>()).chain(&elements))?;
    if let Some(pad) = caps.static_pad("src") {
        align(&pad, common.clone());
    }
    Ok(encoder.clone())
}

/// Cuts the beginning so that AAC frames begin at multiples of their length since 1970: then two transcoders that began at
/// different times make the same frames.
fn align(pad: &gst::Pad, common: Common) {
    let aligned = AtomicBool::new(false);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if aligned.load(Ordering::Relaxed) {
            return gst::PadProbeReturn::Ok;
        }
        let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data else { return gst::PadProbeReturn::Ok };
        let Some(pts) = buffer.pts() else { return gst::PadProbeReturn::Handled };
        let sample = common.time(pad, pts).0 * RATE / TICKS_PER_SECOND;
        let skip = (FRAME - sample.rem_euclid(FRAME)) % FRAME;
        let bytes = usize::try_from(skip).unwrap_or(0) * 8; // two channels of 32 bits
        if bytes >= buffer.size() {
            return gst::PadProbeReturn::Handled;
        }
        let start = (sample + skip) * TICKS_PER_SECOND / RATE;
        if let Ok(mut rest) = buffer.copy_region(gst::BufferCopyFlags::MEMORY, bytes..)
            && let Some(writable) = rest.get_mut()
        {
            let running = funkturm_base::Utc90(start - common.base.0).nanos();
            writable.set_pts(gst::ClockTime::from_nseconds(running));
            let samples = writable.size() as u64 / 8;
            writable.set_duration(gst::ClockTime::from_nseconds(samples * 1_000_000_000 / RATE as u64));
            *buffer = rest;
            aligned.store(true, Ordering::Relaxed);
        }
        gst::PadProbeReturn::Ok
    });
}
