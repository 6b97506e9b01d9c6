//! The admin listener: is it alive, is it ready, how does it do, how is it configured, how much does it log.
//! Not for the public.

use funkturm_base::{Error, Kind};
use tokio::net::TcpListener;

use crate::{
    Context, Reply, Routes, Stop,
    http::{reply, serve},
    log::{Level, LevelSwitch},
    metrics,
};

/// Serves the admin routes until its own stop is triggered, which is after everything else in the process has
/// ended: until then it says how far things are.
///
/// # Errors
/// None at present; the type is that of a task.
pub(crate) async fn serve(
    listener: TcpListener,
    mut context: Context,
    stop: Stop,
    level: LevelSwitch,
    configuration: String,
) -> anyhow::Result<()> {
    let routes = routes(&context, level, configuration);
    context.stop = stop;
    serve::listen(listener, routes, serve::Options::default(), &context).await
}

fn text(text: impl Into<bytes::Bytes>) -> Reply {
    reply::bytes("text/plain; charset=utf-8", text.into())
}

fn routes(context: &Context, level: LevelSwitch, configuration: String) -> Routes {
    let (readiness, registry) = (context.clone(), context.metrics.clone());
    let now = level.clone();
    Routes::new()
        .get_now("/live", |_| Ok(text("alive\n")))
        .get_now("/ready", move |_| readiness.check_ready().map(|()| text("ready\n")))
        .get_now("/metrics", move |_| {
            Ok(reply::bytes("text/plain; version=0.0.4", metrics::text(&registry).into()))
        })
        .get_now("/config", move |_| Ok(text(configuration.clone())))
        .get_now("/log-level", move |_| Ok(text(format!("{}\n", now.get()))))
        .put("/log-level", move |mut request| {
            let level = level.clone();
            async move {
                let wanted = request.bytes(64).await?;
                let wanted = String::from_utf8_lossy(&wanted).trim().to_ascii_lowercase();
                let wanted: Level =
                    wanted.parse().map_err(|error| Error::new(Kind::Invalid, format!("{error}")))?;
                level.set(wanted);
                Ok(reply::no_content())
            }
        })
}
