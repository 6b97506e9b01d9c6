//! Access units for tests: pictures and sound as ingest hands them on.

use bytes::Bytes;
use funkturm_base::Utc90;
use funkturm_contracts::programme::{AudioRole, Codec, Epoch, Track, Unit};
use gst::prelude::*;
use slog::{Logger, o};

pub(crate) fn gstreamer() {
    funkturm_pipeline::init(&Logger::root(slog::Discard, o!())).unwrap();
}

/// The tracks of [`units`].
pub(crate) fn epoch(video: Codec, audio: Codec) -> Epoch {
    let track = |index, codec, language: Option<&str>| Track {
        index,
        pid: 256 + u16::from(index),
        codec,
        language: language.map(Into::into),
        role: AudioRole::Main,
    };
    Epoch { id: 1, input: "test".into(), tracks: vec![track(0, video, None), track(1, audio, Some("deu"))] }
}

/// What an elementary stream of `seconds` from `start` on consists of.
fn elementary(description: &str, track: u8, start: Utc90) -> Vec<Unit> {
    let pipeline = gst::parse::launch(&format!("{description} ! appsink name=sink sync=false")).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let (mut units, mut zero) = (Vec::new(), None);
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        let ticks = |time: gst::ClockTime| Utc90::from_nanos(time.nseconds()).0;
        let dts = ticks(buffer.dts_or_pts().unwrap());
        let zero = *zero.get_or_insert(dts);
        units.push(Unit {
            track,
            random_access: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            damaged: false,
            pts: start + (ticks(buffer.pts().unwrap()) - zero),
            dts: start + (dts - zero),
            data: Bytes::copy_from_slice(&buffer.map_readable().unwrap()),
        });
    }
    pipeline.set_state(gst::State::Null).unwrap();
    units
}

/// Pictures (320×180, 25 a second, a key picture every two seconds) and sound, in the order of their times.
pub(crate) fn units(video: Codec, audio: Codec, start: Utc90, seconds: u32) -> Vec<Unit> {
    gstreamer();
    let pictures = seconds * 25;
    let source = format!(
        "videotestsrc num-buffers={pictures} pattern=ball ! video/x-raw,width=320,height=180,framerate=25/1 ! videoconvert"
    );
    let encoder = match video {
        Codec::Mpeg2Video => "mpeg2enc format=3 bitrate=800 min-gop-size=50 max-gop-size=50 closed-gop=true ! mpegvideoparse".to_owned(),
        _ => "x264enc key-int-max=50 bframes=2 option-string=scenecut=0:open-gop=0 speed-preset=ultrafast ! h264parse \
              config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au"
            .to_owned(),
    };
    let samples = seconds * 48_000 / 1024;
    let sound = format!(
        "audiotestsrc num-buffers={samples} samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2"
    );
    let sound_encoder = match audio {
        Codec::MpegAudio => "avenc_mp2 ! mpegaudioparse".to_owned(),
        _ => "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts".to_owned(),
    };
    let mut units = elementary(&format!("{source} ! {encoder}"), 0, start);
    units.extend(elementary(&format!("{sound} ! audioconvert ! {sound_encoder}"), 1, start));
    units.sort_by_key(|unit| unit.dts);
    units
}
