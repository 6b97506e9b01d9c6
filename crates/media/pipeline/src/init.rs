//! Starting GStreamer.

use std::sync::OnceLock;

use slog::{Logger, debug, error, o, warn};

/// What can go wrong with GStreamer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be used at all.
    #[error("GStreamer cannot be started")]
    Start(#[source] gst::glib::Error),
    /// The CMAF muxer, which is built in, cannot be registered.
    #[error("the CMAF muxer cannot be registered")]
    Register(#[source] gst::glib::BoolError),
    /// Plugins are not installed.
    #[error("GStreamer plugins are missing: {0}")]
    Missing(String),
}

static STARTED: OnceLock<Result<(), String>> = OnceLock::new();

/// Starts GStreamer once for the process; its own log goes to ours, from warnings on.
///
/// # Errors
/// It cannot be started, or elements that everything here needs are not installed.
pub fn init(log: &Logger) -> Result<(), Error> {
    let log = log.new(o!("from" => "gstreamer"));
    let mut failed = None;
    let started = STARTED.get_or_init(|| match start(log) {
        Ok(()) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            failed = Some(error);
            Err(text)
        }
    });
    match (failed, started) {
        (Some(error), _) => Err(error),
        (None, Err(text)) => Err(Error::Missing(text.clone())),
        (None, Ok(())) => Ok(()),
    }
}

fn start(log: Logger) -> Result<(), Error> {
    gst::init().map_err(Error::Start)?;
    gst::log::remove_default_log_function();
    gst::log::set_default_threshold(gst::DebugLevel::Warning);
    gst::log::add_log_function(move |category, level, _file, _function, _line, object, message| {
        let text = message.get();
        let text = text.as_deref().map_or("", |text| text.as_str());
        let of = object.map(ToString::to_string).unwrap_or_default();
        match level {
            gst::DebugLevel::Error => error!(log, "{text}"; "category" => category.name(), "of" => of),
            gst::DebugLevel::Warning => warn!(log, "{text}"; "category" => category.name(), "of" => of),
            _ => debug!(log, "{text}"; "category" => category.name(), "of" => of),
        }
    });
    gst_fmp4::plugin_register_static().map_err(Error::Register)?;
    let missing = missing_elements();
    if missing.is_empty() { Ok(()) } else { Err(Error::Missing(missing.join("; "))) }
}

/// The elements that are not installed, each with the Debian package that has it.
pub fn missing_elements() -> Vec<String> {
    let needed = [
        ("appsrc", "gstreamer1.0-plugins-base"),
        ("videoscale", "gstreamer1.0-plugins-base"),
        ("audioresample", "gstreamer1.0-plugins-base"),
        ("deinterlace", "gstreamer1.0-plugins-good"),
        ("aacparse", "gstreamer1.0-plugins-good"),
        ("h264parse", "gstreamer1.0-plugins-bad"),
        ("srtsrc", "gstreamer1.0-plugins-bad"),
        ("x264enc", "gstreamer1.0-plugins-ugly"),
        ("avdec_h264", "gstreamer1.0-libav"),
        ("avenc_aac", "gstreamer1.0-libav"),
    ];
    needed
        .into_iter()
        .filter(|(element, _)| gst::ElementFactory::find(element).is_none())
        .map(|(element, package)| format!("{element} (Debian package {package})"))
        .collect()
}
