//! `funkturm serve …`: one service of a fleet.

use std::process::ExitCode;

use funkturm_service::{ServiceMain, config, run};

use crate::{out, services};

/// Run one service.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which one
    #[arg(value_enum)]
    service: services::Name,
    #[command(flatten)]
    common: config::Args,
    /// Check the configuration, print it as it would be used, and end
    #[arg(long)]
    check_config: bool,
    /// End when standard input is closed: for a service that is another process's child
    #[arg(long, hide = true)]
    child: bool,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> ExitCode {
    services::serve(args.service, args)
}

/// Runs the service of this type.
pub(crate) fn one<S: ServiceMain>(args: &Args) -> ExitCode {
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
