//! `funkturm serve …`: one service of a fleet.

use std::process::ExitCode;

use funkturm_service::{ServiceMain, config, run};

use crate::out;

/// Run one service.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which one
    #[arg(value_enum)]
    service: Name,
    #[command(flatten)]
    common: config::Args,
    /// Check the configuration, print it as it would be used, and end
    #[arg(long)]
    check_config: bool,
    /// End when standard input is closed: for a service that is another process's child
    #[arg(long, hide = true)]
    child: bool,
}

/// The services.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Name {
    /// Inputs: receives, watches, fails over, takes apart
    Ingest,
    /// Ladders and passthrough
    Transcode,
    /// The live window, playlists, segments
    Origin,
    /// Channels, inputs, line-up, logos
    Channels,
    /// Playback sessions
    Playback,
    /// The web app and the console
    Web,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> ExitCode {
    match args.service {
        Name::Ingest => one::<funkturm_ingest::Ingest>(args),
        Name::Transcode => one::<funkturm_transcode::Transcode>(args),
        Name::Origin => one::<funkturm_origin::Origin>(args),
        Name::Channels => one::<funkturm_channels::Channels>(args),
        Name::Playback => one::<funkturm_playback::Playback>(args),
        Name::Web => one::<funkturm_web::Web>(args),
    }
}

fn one<S: ServiceMain>(args: &Args) -> ExitCode {
    if !args.check_config {
        return run::run::<S>(&args.common, args.child);
    }
    match run::check::<S>(&args.common) {
        Ok(configuration) => {
            out::line(configuration);
            ExitCode::SUCCESS
        }
        Err(error) => {
            out::failed(&error);
            ExitCode::from(run::EX_CONFIG)
        }
    }
}
