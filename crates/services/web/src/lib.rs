//! The viewers' web app and the operators' console.
//!
//! Both are built by npm in `app/`, embedded in the binary, and served from memory: the pages anew each time,
//! everything they refer to for ever. They talk to the other services through their public interface alone.

mod config;
mod files;
mod policy;

use std::sync::Arc;

use funkturm_base::{ChannelId, Error, Kind};
use funkturm_service::{Context, Reply, Request, Routes, Service, ServiceMain, reply};

pub use config::Config;
use files::Files;
use policy::Policy;

/// The service.
pub struct Web;

impl ServiceMain for Web {
    const NAME: &'static str = "web";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, _context: Context) -> anyhow::Result<Service> {
        let policy = Policy::new(&config.content_hosts)?;
        // Compressing takes a moment, and happens once.
        let files = tokio::task::spawn_blocking(move || Files::embedded(&config.content_hosts)).await??;
        Ok(Service {
            routes: routes(Arc::new(Site { files, policy })),
            openapi: utoipa::openapi::OpenApiBuilder::new().build(),
        })
    }
}

/// Everything that is served, ready to be sent.
struct Site {
    files: Files,
    policy: Policy,
}

impl Site {
    /// The embedded file of this name, or 404.
    fn file(&self, request: &Request, name: &str) -> Result<Reply, Error> {
        let file = self.files.get(name).ok_or_else(nothing_here)?;
        let mut answer = reply::asset(request, file);
        self.policy.apply(answer.headers_mut());
        Ok(answer)
    }
}

fn nothing_here() -> Error {
    Error::new(Kind::NotFound, "there is nothing at this path")
}

fn routes(site: Arc<Site>) -> Routes {
    let page = |pattern: &'static str, name: &'static str| {
        let site = site.clone();
        Routes::new().get(pattern, move |request| {
            let site = site.clone();
            async move { site.file(&request, name) }
        })
    };
    page("/", "index.html")
        .merge(page("/console", "console.html"))
        .merge(watch(site.clone()))
        .merge(assets(site.clone()))
        .merge(others(site))
}

/// A link to a channel. Whether the channel exists the app finds out; that it cannot exist is known here.
fn watch(site: Arc<Site>) -> Routes {
    Routes::new().get("/watch/{channel}", move |request| {
        let site = site.clone();
        async move {
            request.param::<ChannelId>("channel").map_err(|_| nothing_here())?;
            site.file(&request, "index.html")
        }
    })
}

/// Scripts and styles, whose names carry a hash of their content.
fn assets(site: Arc<Site>) -> Routes {
    Routes::new().get("/assets/{name}", move |request| {
        let site = site.clone();
        async move {
            let name = format!("assets/{}", request.text("name")?);
            site.file(&request, &name)
        }
    })
}

/// Icon, manifest, licences: what lies beside the pages, which themselves have no names of their own.
fn others(site: Arc<Site>) -> Routes {
    Routes::new().get("/{name}", move |request| {
        let site = site.clone();
        async move {
            let name = request.text("name")?;
            if name.ends_with(".html") { Err(nothing_here()) } else { site.file(&request, &name) }
        }
    })
}
