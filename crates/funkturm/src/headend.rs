//! `funkturm headend`: the demo channels, broadcast on this machine.

use std::{net::SocketAddrV4, process::ExitCode, sync::mpsc};

use funkturm_pipeline::headend;
use funkturm_service::{config, run as process};

use crate::out;

/// Broadcast the three demo channels, as a headend would.
///
/// The first one waits for SRT callers; the others are a multiplex over multicast, on loopback only.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port on which the first channel waits for SRT callers
    #[arg(long, default_value_t = 9710)]
    srt_port: u16,
    /// Group and port of the multiplex with the other two
    #[arg(long, default_value = "239.255.71.1:9711")]
    multicast: SocketAddrV4,
    /// End when standard input is closed: for one that is another process's child
    #[arg(long, hide = true)]
    child: bool,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> ExitCode {
    let read = config::Configuration::read(&config::Args::default(), &[]);
    let (process, configuration) = match read.and_then(|read| Ok((read.process()?, read))) {
        Ok(read) => read,
        Err(error) => {
            out::failed(&error);
            return ExitCode::FAILURE;
        }
    };
    process::process_around(&process, &configuration, async |context, _| {
        if args.child {
            context.spawn("parent", process::stop_with_parent(context.clone()));
        }
        funkturm_pipeline::init(&context.log)?;
        let (ended, stopped) = mpsc::channel::<()>();
        let (places, log) =
            (headend::Places { srt_port: args.srt_port, multicast: args.multicast }, context.log.clone());
        let running = tokio::task::spawn_blocking(move || {
            headend::run(&places, &log, || {
                matches!(stopped.try_recv(), Err(mpsc::TryRecvError::Disconnected))
            })
        });
        if !args.child {
            out::line(format_args!(
                "srt://127.0.0.1:{}   Turm Eins\nudp://127.0.0.1@{}   Turm Zwei (programme 2), Turm Drei (programme 3)\n\
                 Ctrl-C stops it.",
                args.srt_port, args.multicast
            ));
        }
        let stop = context.stop.clone();
        let waiting = tokio::spawn(async move {
            stop.wait().await;
            drop(ended);
        });
        let ended = running.await?;
        waiting.abort();
        Ok(ended?)
    })
}
