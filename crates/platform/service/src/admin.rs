//! The admin listener: is it alive, is it ready, how does it do, how much does it log. Not for the public.

use funkturm_base::{Error, Kind};
use tokio::net::TcpListener;

use crate::{
    Context, Routes,
    http::{reply, serve},
    log::{Level, LevelSwitch},
    metrics,
};

/// Serves the admin routes until the process has stopped.
///
/// # Errors
/// None at present; the type is that of a task.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    level: LevelSwitch,
    configuration: String,
) -> anyhow::Result<()> {
    let routes = routes(&context, level, configuration);
    serve::listen(listener, routes, serve::Options::default(), &context).await
}

fn routes(context: &Context, level: LevelSwitch, configuration: String) -> Routes {
    let (ready, registry) = (context.clone(), context.metrics.clone());
    let text = |text: String| reply::bytes("text/plain; charset=utf-8", text.into());
    Routes::new()
        .get("/live", move |_| async move { Ok(text("alive\n".into())) })
        .get("/ready", move |_| {
            let unready = ready.unready();
            async move {
                if unready.is_empty() {
                    return Ok(text("ready\n".into()));
                }
                Err(Error::new(Kind::Unavailable, format!("not ready: {}", unready.join("; "))))
            }
        })
        .get("/metrics", move |_| {
            let registry = registry.clone();
            async move { Ok(reply::bytes("text/plain; version=0.0.4", metrics::text(&registry).into())) }
        })
        .get("/config", move |_| {
            let configuration = configuration.clone();
            async move { Ok(text(configuration)) }
        })
        .put("/log-level", move |mut request| {
            let level = level.clone();
            async move {
                let wanted = request.bytes(64).await?;
                let name = String::from_utf8_lossy(&wanted).trim().to_lowercase();
                let parsed: Level = serde_json::from_value(name.into()).map_err(|_| {
                    Error::new(Kind::Invalid, "send one of trace, debug, info, warning, error, critical")
                })?;
                level.set(parsed);
                Ok(reply::no_content())
            }
        })
}
