//! The packager: the units of one epoch in, the segments of all its renditions out.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use funkturm_base::Utc90;
use funkturm_contracts::{
    channel::Profile,
    programme::{AudioRole, Epoch, Track, Unit},
    segment::Segment,
};
use gst::prelude::*;
use tokio::sync::mpsc;

use crate::{
    audio,
    collect::{Common, Kind},
    grid::Grid,
    ladder::Encoder,
    video,
};

/// What a packager is to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Length of a segment, ticks of 1/90000 s.
    pub segment_ticks: i64,
    /// Time between key pictures of encoded renditions, ticks; a divisor of the segment's length.
    pub keyframe_ticks: i64,
    /// As it is, or a ladder.
    pub profile: Profile,
    /// How ladders are encoded.
    pub encoder: Encoder,
}

/// What comes out.
#[derive(Clone, Debug)]
pub enum Output {
    /// An initialization section; the segments that name its hash need it.
    Init {
        /// First 16 hexadecimal digits of its SHA-256.
        hash: String,
        /// `ftyp` and `moov`.
        data: Bytes,
    },
    /// A segment.
    Segment {
        /// Its cell of the grid.
        number: u64,
        /// Its description.
        segment: Box<Segment>,
        /// `moof` and `mdat`, once for each key picture.
        data: Bytes,
    },
}

/// Why a packager cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An element is not installed, or cannot be used as it has to be.
    #[error("GStreamer element {0} cannot be used")]
    Element(&'static str),
    /// Elements do not fit together, or refuse to run.
    #[error("the pipeline cannot be built")]
    Build(#[from] gst::glib::BoolError),
    /// It does not start.
    #[error("the pipeline does not start")]
    Start(#[from] gst::StateChangeError),
    /// It failed while it ran.
    #[error("{element}: {message}")]
    Failed {
        /// The element that says so.
        element: String,
        /// What it says.
        message: String,
    },
}

/// Packages one epoch.
pub struct Packager {
    pipeline: gst::Pipeline,
    inputs: Vec<Option<Input>>,
    video: Option<u8>,
    common: Common,
    end: Utc90,
    /// Until the encoder has caught up, pictures are left out.
    behind: bool,
    /// Pictures left out because the machine is too slow.
    pub dropped: u64,
}

/// A track's way into the pipeline.
struct Input {
    source: gst_app::AppSrc,
    /// What is handed on together, so that the threads behind it wake up once for all.
    gathered: Vec<gst::Buffer>,
}

impl Input {
    fn flush(&mut self) {
        if !self.gathered.is_empty() {
            // A refused buffer shows as a failure on the bus, with the reason.
            let _ = self.source.push_buffer_list(self.gathered.drain(..).collect::<gst::BufferList>());
        }
    }
}

/// More than this waiting for the encoder, and pictures are left out up to the next key picture; less than a third of it,
/// and they are taken again.
const LONGEST_QUEUE: gst::ClockTime = gst::ClockTime::from_seconds(6);

/// How long the last pictures may take through the encoder at an epoch's end.
const FLUSH: gst::ClockTime = gst::ClockTime::from_seconds(5);

pub(crate) fn make(name: &'static str) -> Result<gst::Element, Error> {
    gst::ElementFactory::make(name).build().map_err(|_| Error::Element(name))
}

/// A muxer and the sink behind it, in the pipeline.
pub(crate) fn sink_for(pipeline: &gst::Pipeline) -> Result<(gst::Element, gst_app::AppSink), Error> {
    let mux = make("cmafmux")?;
    mux.set_property("manual-split", true);
    mux.set_property("send-force-keyunit", false);
    mux.set_property("fragment-duration", gst::ClockTime::from_seconds(60));
    mux.set_property_from_str("write-edts-mode", "never");
    // One track without data must not hold all others in preroll: async=false.
    let sink = gst_app::AppSink::builder().sync(false).async_(false).buffer_list(true).build();
    pipeline.add(&mux)?;
    pipeline.add(&sink)?;
    mux.link(&sink)?;
    Ok((mux, sink))
}

impl Packager {
    /// A packager for an epoch whose first picture is decoded at `first`. `epoch` goes into every segment.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn start(
        tracks: &Epoch,
        epoch: u64,
        first: Utc90,
        settings: &Settings,
        output: mpsc::Sender<Output>,
    ) -> Result<Self, Error> {
        let grid = Grid { cell: settings.segment_ticks, tolerance: TOLERANCE };
        // Running times are small numbers: they count from ten seconds before the cell in which the epoch begins, which leaves
        // room for sound that comes before the first picture.
        let base = Utc90(grid.start(grid.number(first)).0 - 10 * funkturm_base::TICKS_PER_SECOND);
        let common = Common { grid, epoch, base, output, last: Arc::new(Mutex::new(None)) };
        let pipeline = gst::Pipeline::new();
        // Nothing is paced here: what comes is handled, in its own time.
        pipeline.use_clock(None::<&gst::Clock>);
        let mut packager =
            Self { pipeline, inputs: Vec::new(), video: None, common, end: first, behind: false, dropped: 0 };
        let built = packager.build(&tracks.tracks, settings);
        if built.is_ok() {
            packager.pipeline.set_state(gst::State::Playing)?;
        }
        built.map(|()| packager)
    }

    fn build(&mut self, tracks: &[Track], settings: &Settings) -> Result<(), Error> {
        let mut sounds = 0;
        for track in tracks {
            let source = source(track)?;
            self.pipeline.add(&source)?;
            if track.codec.is_video() {
                self.video = Some(track.index);
                if settings.profile == Profile::Passthrough
                    && track.codec != funkturm_contracts::programme::Codec::Mpeg2Video
                {
                    video::passthrough(&self.pipeline, &source, track.codec, &self.common)?;
                } else {
                    let profile = match settings.profile {
                        // Browsers do not play MPEG-2, so it cannot be handed on as it is.
                        Profile::Passthrough => Profile::Sd,
                        profile => profile,
                    };
                    let (encoder, step) = (&settings.encoder, settings.keyframe_ticks);
                    video::encoded(
                        &self.pipeline,
                        &source,
                        track.codec,
                        profile,
                        encoder,
                        step,
                        &self.common,
                    )?;
                }
            } else {
                let kind = Kind::Audio {
                    language: track.language.clone(),
                    label: label(track),
                    description: track.role == AudioRole::Description,
                    default: sounds == 0,
                };
                audio::track(&self.pipeline, &source, track.codec, format!("a{sounds}"), kind, &self.common)?;
                sounds += 1;
            }
            let index = usize::from(track.index);
            if self.inputs.len() <= index {
                self.inputs.resize_with(index + 1, || None);
            }
            if let Some(place) = self.inputs.get_mut(index) {
                *place = Some(Input { source, gathered: Vec::new() });
            }
        }
        Ok(())
    }

    /// Takes a unit. It is worked on after [`Self::flush`].
    pub fn push(&mut self, unit: &Unit) {
        let Some(Some(input)) = self.inputs.get_mut(usize::from(unit.track)) else { return };
        let before_all = |time: Utc90| time.0 < self.common.base.0;
        if before_all(unit.dts) || before_all(unit.pts) {
            return;
        }
        if self.video == Some(unit.track) {
            let waiting = input.source.current_level_time().unwrap_or(gst::ClockTime::ZERO);
            if waiting > LONGEST_QUEUE {
                self.behind = true;
            }
            if self.behind && (!unit.random_access || waiting > LONGEST_QUEUE / 3) {
                self.dropped += 1;
                return;
            }
            self.behind = false;
            self.end = self.end.max(unit.dts);
        }
        let time = |time: Utc90| gst::ClockTime::from_nseconds(Utc90(time.0 - self.common.base.0).nanos());
        let mut buffer = gst::Buffer::from_slice(unit.data.clone());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(time(unit.pts));
            if self.video == Some(unit.track) {
                buffer.set_dts(time(unit.dts));
                if !unit.random_access {
                    buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
                }
                if unit.damaged {
                    buffer.set_flags(gst::BufferFlags::CORRUPTED);
                }
            }
        }
        input.gathered.push(buffer);
    }

    /// Hands what was taken to the pipeline: once for everything that came at once.
    ///
    /// # Errors
    /// The pipeline has failed; the packager is of no more use.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.inputs.iter_mut().flatten().for_each(Input::flush);
        self.check()
    }

    /// How much of the pictures waits for the encoder: whoever has a recording rather than a live source waits until it is
    /// little.
    pub fn waiting(&self) -> Duration {
        let video = self.video.and_then(|index| self.inputs.get(usize::from(index))).and_then(Option::as_ref);
        video.and_then(|input| input.source.current_level_time()).map_or(Duration::ZERO, Into::into)
    }

    /// Ends the epoch: what is in the pipeline comes out, cut as the grid says. The first cell that the next epoch may fill
    /// comes back. Takes up to a few seconds; not to be called on an async thread.
    ///
    /// # Errors
    /// The pipeline failed on the way; what had come out before is good.
    pub fn finish(mut self) -> Result<u64, Error> {
        let (published, next) = self.common.grid.after_break(self.end);
        let last = if published { next - 1 } else { next.saturating_sub(1) };
        *self.common.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        for input in self.inputs.iter_mut().flatten() {
            input.flush();
            let _ = input.source.end_of_stream();
        }
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = self.pipeline.bus().and_then(|bus| bus.timed_pop_filtered(FLUSH, &ends));
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => Err(failed(error)),
            _ => Ok(next),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let message = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

impl Drop for Packager {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Half a picture of 25 a second: what comes so little before a cell was meant for it.
const TOLERANCE: i64 = 1800;

fn failed(error: &gst::message::Error) -> Error {
    let element = error.src().map(|source| source.name().to_string()).unwrap_or_default();
    Error::Failed { element, message: error.error().to_string() }
}

fn source(track: &Track) -> Result<gst_app::AppSrc, Error> {
    let caps = if track.codec.is_video() { video::caps(track.codec) } else { audio::caps(track.codec) };
    Ok(gst_app::AppSrc::builder()
        .caps(&caps)
        .format(gst::Format::Time)
        .is_live(true)
        .max_bytes(0)
        .max_time(None::<gst::ClockTime>)
        .block(false)
        .build())
}

/// What viewers read in the track menu, where an app has no name for the language of its own.
fn label(track: &Track) -> String {
    let language = track.language.clone().unwrap_or_else(|| "und".to_owned());
    match track.role {
        AudioRole::Main => language,
        AudioRole::HardOfHearing => format!("{language} (clear speech)"),
        AudioRole::Description => format!("{language} (description)"),
    }
}

/// How long an output queue has to be: a minute of the finest ladder with many sounds.
pub const OUTPUT_QUEUE: usize = 256;
