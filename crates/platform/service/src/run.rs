//! A process around one service, and the pieces for a process around several.

use std::{future::Future, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use sd_notify::NotifyState;
use slog::{error, info, warn};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::{JoinHandle, JoinSet},
};

use crate::{
    Context, Latch, Routes, ServiceMain, Stop, admin,
    config::{Args, Configuration, Process},
    http::serve,
    log::{Log, Recording},
};

/// Exit status for a configuration that cannot be used (sysexits.h, EX_CONFIG).
pub const EX_CONFIG: u8 = 78;

/// Runs one service until it is told to stop; a child also ends when its standard input is closed.
pub fn run<S: ServiceMain>(args: &Args, child: bool) -> ExitCode {
    let (configuration, process, config) = match settled::<S>(args) {
        Ok(settled) => settled,
        Err(error) => return bad_configuration(&error),
    };
    process_around(&process, &configuration, async |context, admin| {
        if child {
            context.spawn("parent", stop_with_parent(context.clone()));
        }
        let service = tokio::select! {
            built = S::build(config, context.child(S::NAME)) => built?,
            () = context.stop.wait() => return Ok(()),
        };
        let listener = listener(&process.listen, 0).await?;
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
///
/// # Errors
/// It cannot be used.
pub fn check<S: ServiceMain>(args: &Args) -> anyhow::Result<String> {
    let (configuration, process, _) = settled::<S>(args)?;
    process.auth.read()?;
    process.tls.iter().try_for_each(crate::Tls::check)?;
    Ok(configuration.print())
}

/// The configuration of a process around one service, with its defaults filled in.
fn settled<S: ServiceMain>(args: &Args) -> anyhow::Result<(Configuration, Process, S::Config)> {
    let mut configuration = Configuration::read(args, &[S::NAME])?;
    let (process, config) = (configuration.process()?, configuration.service::<S>()?);
    configuration.suggest(crate::config::PROCESS, &process)?;
    configuration.suggest(S::NAME, &config)?;
    Ok((configuration, process, config))
}

fn bad_configuration(error: &anyhow::Error) -> ExitCode {
    let log = Log::open(crate::log::Format::default(), crate::log::Level::default());
    error!(log.logger, "the configuration cannot be used: {error:#}");
    ExitCode::from(EX_CONFIG)
}

/// The door for operators: it opens before anything else in a process and closes last. Whoever has it can say
/// that the process serves, which [`serve_all`] does.
pub struct Admin {
    serving: Latch,
}

struct AdminListener {
    task: JoinHandle<anyhow::Result<()>>,
    stop: Stop,
}

impl AdminListener {
    async fn open(
        process: &Process,
        configuration: String,
        context: &Context,
        log: &Log,
    ) -> anyhow::Result<Self> {
        let listener = listener(&process.admin_listen, 1).await.context("the admin listener")?;
        info!(context.log, "admin listens"; "address" => %listener.local_addr()?);
        let stop = Stop::default();
        let (context, level) = (context.clone(), log.level.clone());
        let task = tokio::spawn(admin::serve(listener, context, stop.clone(), level, configuration));
        Ok(Self { task, stop })
    }

    async fn close(self) {
        self.stop.trigger();
        // Nobody waits long for an answer about a process that has ended.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.task).await;
    }
}

/// Log, runtime, admin listener, signals and the end of a process, around `main`.
///
/// The end: the first signal makes the process unready and asks everything to stop; `main` returns when its
/// requests are done; then the tasks are waited for, together at most `shutdown_seconds`; the admin listener
/// closes last. A second signal ends it at once.
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
        let ended = runtime.block_on(async {
            let mut context = Context::new(process.host(), log.logger.clone(), tokens);
            context.recording = Recording { format: process.log.format, level: log.level.clone() };
            let admin = Admin { serving: context.latch("listeners") };
            let listener = AdminListener::open(process, configuration.print(), &context, &log).await?;
            let at_once = Stop::default();
            tokio::spawn(signals(context.clone(), at_once.clone()));
            tokio::spawn(systemd(context.clone()));
            let patience = Duration::from_secs(process.shutdown_seconds);
            let ended = tokio::select! {
                ended = to_the_end(&context, main(context.clone(), admin), patience) => ended,
                () = at_once.wait() => bail!("it was told twice to stop"),
            };
            listener.close().await;
            ended
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

async fn to_the_end(
    context: &Context,
    main: impl Future<Output = anyhow::Result<()>>,
    patience: Duration,
) -> anyhow::Result<()> {
    let ended = main.await;
    context.stop.trigger();
    let finished = context.finish(patience).await;
    ended.and(finished)
}

/// Serves listeners until the process stops and their requests are done.
///
/// # Errors
/// A listener cannot be used.
pub async fn serve_all(
    context: Context,
    admin: Admin,
    listeners: Vec<(TcpListener, Routes, serve::Options)>,
) -> anyhow::Result<()> {
    let mut serving = JoinSet::new();
    for (listener, routes, options) in listeners {
        let context = context.clone();
        serving.spawn(async move { serve::listen(listener, routes, options, &context).await });
    }
    admin.serving.open();
    let mut ended = Ok(());
    while let Some(one) = serving.join_next().await {
        ended = ended.and(one.map_err(anyhow::Error::from).flatten());
        context.stop.trigger();
    }
    ended
}

/// The socket that systemd hands over at this place, or a new one.
async fn listener(address: &str, place: usize) -> anyhow::Result<TcpListener> {
    match listenfd::ListenFd::from_env().take_tcp_listener(place)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            Ok(TcpListener::from_std(listener)?)
        }
        None => serve::bind(address).await,
    }
}

/// The first SIGTERM or SIGINT asks for a clean end, the second one ends at once, the third one does not even
/// say so.
async fn signals(context: Context, at_once: Stop) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        warn!(context.log, "signals cannot be caught");
        return;
    };
    loop {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        if at_once.requested() {
            std::process::abort();
        } else if context.stop.requested() {
            warn!(context.log, "{name} again: ending at once");
            at_once.trigger();
        } else {
            info!(context.log, "{name}: stopping");
            context.stop.trigger();
        }
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
    let tell = |state: NotifyState<'_>| {
        if let Err(error) = sd_notify::notify(&[state]) {
            warn!(context.log, "systemd cannot be told: {error}");
        }
    };
    let start = async {
        tokio::select! {
            () = context.ready() => {
                info!(context.log, "ready");
                tell(NotifyState::Ready);
            }
            () = context.stop.wait() => {}
        }
        context.stop.wait().await;
        tell(NotifyState::Stopping);
    };
    // To the very end: a process that hangs while it stops is one that hangs.
    let alive = async {
        let Some(limit) = sd_notify::watchdog_enabled() else { return };
        loop {
            tokio::time::sleep(limit / 2).await;
            tell(NotifyState::Watchdog);
        }
    };
    tokio::join!(start, alive);
}
