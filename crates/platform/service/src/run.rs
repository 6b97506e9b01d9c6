//! A process around one service, and the pieces for a process around several.

use std::{future::Future, process::ExitCode, time::Duration};

use anyhow::Context as _;
use sd_notify::NotifyState;
use slog::{error, info, warn};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    Context, Routes, ServiceMain,
    config::{Args, Configuration, Process},
    http::serve,
    log::Log,
};

/// Exit status for a configuration that cannot be used (sysexits.h, EX_CONFIG).
pub const EX_CONFIG: u8 = 78;

/// Runs one service until it is told to stop; a child also ends when its standard input is closed.
pub fn run<S: ServiceMain>(args: &Args, child: bool) -> ExitCode {
    let read = || -> anyhow::Result<_> {
        let configuration = Configuration::read(args, &[S::NAME])?;
        Ok((configuration.process()?, configuration.service::<S>()?, configuration))
    };
    let (process, config, configuration) = match read() {
        Ok(read) => read,
        Err(error) => return bad_configuration(&error),
    };
    process_around(&process, &configuration, async |context, admin| {
        if child {
            context.spawn("parent", stop_with_parent(context.clone()));
        }
        let service = S::build(config, context.child(S::NAME)).await?;
        let listener = listener(&process.listen).await?;
        info!(context.log, "{} listens", S::NAME; "address" => %listener.local_addr()?);
        let options = serve::Options {
            tls: process.tls.clone(),
            drain: Duration::from_secs(process.shutdown_seconds),
            ..Default::default()
        };
        let routes = service.routes.merge(serve::health_routes(&context));
        serve_all(context, admin, vec![(listener, routes, options)]).await
    })
}

/// Checks a configuration without starting anything, and prints it as it would be used.
pub fn check<S: ServiceMain>(args: &Args) -> Result<String, anyhow::Error> {
    let configuration = Configuration::read(args, &[S::NAME])?;
    configuration.process()?.auth.read()?;
    configuration.service::<S>()?;
    Ok(configuration.print())
}

fn bad_configuration(error: &anyhow::Error) -> ExitCode {
    let log = Log::open(crate::log::Format::default(), crate::log::Level::default());
    error!(log.logger, "the configuration cannot be used: {error:#}");
    ExitCode::from(EX_CONFIG)
}

/// The admin listener's part of a process.
pub struct Admin {
    level: crate::log::LevelSwitch,
    configuration: String,
    listen: String,
}

/// Log, runtime, signals and the end of a process, around `main`.
pub fn process_around<F>(
    process: &Process,
    configuration: &Configuration,
    main: impl FnOnce(Context, Admin) -> F,
) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    let log = Log::open(process.log.format, process.log.level);
    let ended = (|| -> anyhow::Result<()> {
        let tokens = process.auth.read()?;
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        if process.threads > 0 {
            builder.worker_threads(process.threads);
        }
        let runtime = builder.enable_all().build()?;
        let admin = Admin {
            level: log.level.clone(),
            configuration: configuration.print(),
            listen: process.admin_listen.clone(),
        };
        let patience = Duration::from_secs(process.shutdown_seconds);
        let ended = runtime.block_on(async {
            let context = Context::new(process.host(), log.logger.clone(), tokens);
            tokio::spawn(signals(context.clone()));
            tokio::spawn(systemd(context.clone()));
            let ended = main(context.clone(), admin).await;
            context.stop.trigger();
            let finished = context.finish(patience).await;
            ended.and(finished)
        });
        // Blocking work that still runs (a query, a pipeline) is not waited for any longer.
        runtime.shutdown_timeout(Duration::from_secs(2));
        ended
    })();
    match ended {
        Ok(()) => {
            info!(log.logger, "stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!(log.logger, "stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Serves listeners, the admin one last of all, until the process stops and its requests are done.
///
/// # Errors
/// A listener cannot be used.
pub async fn serve_all(
    context: Context,
    admin: Admin,
    listeners: Vec<(TcpListener, Routes, serve::Options)>,
) -> anyhow::Result<()> {
    let listener = serve::bind(&admin.listen).await.context("the admin listener")?;
    info!(context.log, "admin listens"; "address" => %listener.local_addr()?);
    let admin = tokio::spawn(crate::serve_admin(listener, context.clone(), admin.level, admin.configuration));
    let mut serving = tokio::task::JoinSet::new();
    for (listener, routes, options) in listeners {
        let context = context.clone();
        serving.spawn(async move { serve::listen(listener, routes, options, &context).await });
    }
    let mut ended = Ok(());
    while let Some(one) = serving.join_next().await {
        ended = ended.and(one.map_err(anyhow::Error::from).flatten());
        context.stop.trigger();
    }
    admin.abort();
    ended
}

/// The socket that systemd hands over, or a new one.
async fn listener(address: &str) -> anyhow::Result<TcpListener> {
    match listenfd::ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            Ok(TcpListener::from_std(listener)?)
        }
        None => serve::bind(address).await,
    }
}

/// The first SIGTERM or SIGINT asks for a clean end, the second one ends at once.
async fn signals(context: Context) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        warn!(context.log, "signals cannot be caught");
        return;
    };
    for round in 0.. {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        if round > 0 {
            warn!(context.log, "{name} again: ending at once");
            std::process::abort();
        }
        info!(context.log, "{name}: stopping");
        context.stop.trigger();
    }
}

/// Ends the process when its standard input is closed: for children, so that none outlives its parent.
pub async fn stop_with_parent(context: Context) -> anyhow::Result<()> {
    let mut stdin = tokio::io::stdin();
    let mut sink = [0; 64];
    loop {
        tokio::select! {
            read = stdin.read(&mut sink) => if !matches!(read, Ok(1..)) {
                info!(context.log, "the parent is gone: stopping");
                context.stop.trigger();
                return Ok(());
            },
            () = context.stop.wait() => return Ok(()),
        }
    }
}

/// Tells systemd when the process is ready, that it still lives, and that it stops.
async fn systemd(context: Context) {
    let notify = |states: &[NotifyState<'_>]| {
        if let Err(error) = sd_notify::notify(states) {
            warn!(context.log, "systemd cannot be told: {error}");
        }
    };
    context.ready().await;
    info!(context.log, "ready");
    notify(&[NotifyState::Ready]);
    let beat = sd_notify::watchdog_enabled().map_or(Duration::from_secs(3600), |limit| limit / 2);
    loop {
        tokio::select! {
            () = tokio::time::sleep(beat) => notify(&[NotifyState::Watchdog]),
            () = context.stop.wait() => return notify(&[NotifyState::Stopping]),
        }
    }
}
