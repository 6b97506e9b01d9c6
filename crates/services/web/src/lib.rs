//! The viewers' web app with the pages of their account, and the operators' console.
//!
//! They are built by npm in `app/`, embedded in the binary, and served from memory: the pages anew each time,
//! everything they refer to for ever. They talk to the other services through their public interface alone.

mod config;
mod files;
mod house;
mod policy;

use std::sync::Arc;

use funkturm_base::{ChannelId, Error, Kind};
use funkturm_service::{Context, Reply, Request, Routes, Service, ServiceMain, reply};

pub use config::{Config, House};
use files::Files;
use policy::Policy;
use utoipa::OpenApi;

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
        let hosts = config.content_hosts;
        let files = tokio::task::spawn_blocking(move || Files::embedded(&hosts)).await??;
        Ok(Service {
            routes: house::routes(config.house).merge(routes(Arc::new(Site { files, policy }))),
            openapi: house::Description::openapi(),
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

/// The pages of the account, which are one page to a browser.
const ACCOUNT: [&str; 15] = [
    "/sign-up",
    "/confirm",
    "/login",
    "/reset",
    "/email",
    "/help",
    "/profiles",
    "/devices",
    "/pair",
    "/tv",
    "/account",
    "/account/profiles",
    "/account/devices",
    "/account/packages",
    "/account/running",
];

fn routes(site: Arc<Site>) -> Routes {
    let page = |pattern: &'static str, name: &'static str| {
        let site = site.clone();
        Routes::new().get(pattern, move |request| {
            let site = site.clone();
            async move { site.file(&request, name) }
        })
    };
    let account = ACCOUNT.into_iter().map(|pattern| page(pattern, "account.html"));
    account
        .fold(page("/", "index.html").merge(page("/console", "console.html")), Routes::merge)
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
