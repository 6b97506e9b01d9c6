//! SRT, by GStreamer's elements over libsrt.

use bytes::Bytes;
use gst::prelude::*;
use tokio::sync::mpsc;

use crate::packager::{Error, make};

/// Receives from an SRT URI (`srt://host:port?mode=caller|listener&latency=ms&passphrase=…&streamid=…`) as long as it lives.
pub struct Receiver {
    pipeline: gst::Pipeline,
    bytes: mpsc::Receiver<Bytes>,
}

/// Pieces on their way to the reader: two seconds at 20 Mbit/s. A reader that is slower loses data, and sees that in the
/// continuity counters, as on any network.
const QUEUE: usize = 4096;

impl Receiver {
    /// Opens it. A caller that finds nobody, and a connection that breaks, show as an error of [`Self::next`].
    ///
    /// # Errors
    /// The URI is refused.
    pub fn open(uri: &str) -> Result<Self, Error> {
        let pipeline = gst::Pipeline::new();
        let source = make("srtsrc")?;
        source.set_property("uri", uri);
        // A sender that goes away is an end here, so that the input can be seen to be down and be opened again.
        if source.find_property("auto-reconnect").is_some() {
            source.set_property("auto-reconnect", false);
        }
        let sink = gst_app::AppSink::builder().sync(false).async_(false).build();
        pipeline.add_many([&source, sink.upcast_ref()])?;
        source.link(&sink)?;
        let (sender, bytes) = mpsc::channel(QUEUE);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    if let Some(map) = sample.buffer().and_then(|buffer| buffer.map_readable().ok())
                        && let Err(mpsc::error::TrySendError::Closed(_)) =
                            sender.try_send(Bytes::copy_from_slice(&map))
                    {
                        return Err(gst::FlowError::Eos);
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline, bytes })
    }

    /// The next piece, whenever it comes.
    ///
    /// # Errors
    /// The connection is gone, or was never made.
    pub async fn next(&mut self) -> Result<Bytes, Error> {
        loop {
            let wait = tokio::time::sleep(std::time::Duration::from_millis(200));
            tokio::select! {
                piece = self.bytes.recv() => return piece.ok_or_else(ended),
                () = wait => self.check()?,
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&ends));
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => {
                Err(Error::Failed { element: "srt".into(), message: error.error().to_string() })
            }
            Some(_) => Err(ended()),
            None => Ok(()),
        }
    }
}

fn ended() -> Error {
    Error::Failed { element: "srt".into(), message: "the sender has gone".into() }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let pipeline = self.pipeline.clone();
        // Closing a socket of libsrt can take a moment; nobody has to wait for it.
        std::thread::spawn(move || {
            let _ = pipeline.set_state(gst::State::Null);
        });
    }
}

/// Sends to an SRT URI, as a caller or to whoever calls, as long as it lives.
pub struct Sender {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
}

impl Sender {
    /// Opens it.
    ///
    /// # Errors
    /// The URI is refused.
    pub fn open(uri: &str) -> Result<Self, Error> {
        let pipeline = gst::Pipeline::new();
        let sink = make("srtsink")?;
        sink.set_property("uri", uri);
        sink.set_property("sync", false);
        sink.set_property("async", false);
        sink.set_property("wait-for-connection", false);
        // What nobody takes is not kept.
        let source = gst_app::AppSrc::builder().is_live(true).max_bytes(4 << 20).block(false).build();
        source.set_property_from_str("leaky-type", "downstream");
        pipeline.add_many([source.upcast_ref(), &sink])?;
        source.link(&sink)?;
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline, source })
    }

    /// Sends whole packets, at most seven (1316 bytes) at a time.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn send(&self, packets: Bytes) -> Result<(), Error> {
        let buffer = gst::Buffer::from_slice(packets);
        self.source.push_buffer(buffer).map(drop).map_err(|_| ended())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
