//! `funkturm up`: everything on one machine.
//!
//! The control services run in this process, behind one front listener; the media services are children of it; a private
//! PostgreSQL and Redis run under the state directory. Nothing here exists only here: every service is built from the same
//! configuration sections as in the fleet.

mod demo;
mod media;
mod ready;
mod state;

use std::{
    collections::BTreeMap, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration,
};

use anyhow::Context as _;
use funkturm_service::{
    Context, Routes, Service, ServiceMain,
    config::{self, Configuration},
    openapi, run as process, serve,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    out,
    server::Server,
    services::{self, CATALOGUE},
};
use media::Media;
use state::State;

/// Run everything on this machine.
///
/// Without a line-up yet, three demo channels are added, which a headend on this machine broadcasts; they go the whole
/// real way from there. What is kept lies in the state directory; delete it to begin anew.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where everything is kept
    #[arg(long, value_name = "DIR", env = "FUNKTURM_STATE", default_value = "state")]
    state: PathBuf,
    /// Where viewers, apps and operators reach it; port 0 takes any
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Begin with an empty line-up
    #[arg(long)]
    no_demo: bool,
    #[command(flatten)]
    common: config::Args,
}

/// Runs it.
pub(crate) fn run(args: Args) -> ExitCode {
    let opened = (|| -> anyhow::Result<_> {
        let state = State::open(&args.state)?;
        let sections: Vec<&str> = CATALOGUE.iter().map(|service| service.name).collect();
        let mut configuration = Configuration::read(&args.common, &sections)?;
        configuration.suggest(
            "process",
            &toml::toml! {
                // People look at this terminal: what goes well needs no line.
                log.level = "warning"
                shutdown_seconds = 5
            },
        )?;
        let tokens = toml::Table::from_iter([
            ("operator_token_file".to_owned(), path(&state.file(crate::server::OPERATOR_TOKEN_FILE)).into()),
            ("service_token_file".to_owned(), path(&state.file(state::SERVICE_TOKEN_FILE)).into()),
        ]);
        configuration.suggest("process", &toml::Table::from_iter([("auth".to_owned(), tokens.into())]))?;
        Ok((state, configuration.process()?, configuration))
    })();
    let (state, section, configuration) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            out::failed(&error);
            return ExitCode::FAILURE;
        }
    };
    process::process_around(&section, &configuration.clone(), async |context, admin| {
        everything(args, state, configuration, context, admin).await
    })
}

fn path(path: &std::path::Path) -> String {
    path.display().to_string()
}

async fn everything(
    args: Args,
    state: State,
    mut configuration: Configuration,
    context: Context,
    admin: process::Admin,
) -> anyhow::Result<()> {
    let started = tokio::time::Instant::now();
    let stores = Stores::start(&state).await?;
    out::progress("building the services …");
    let front = serve::bind(&args.listen).await.with_context(|| {
        format!("something else listens on {} already: choose another place with --listen", args.listen)
    })?;
    let internal = TcpListener::bind("127.0.0.1:0").await?;
    let places = Places {
        front: reachable(front.local_addr()?),
        internal: internal.local_addr()?,
        media: Places::for_media()?,
    };
    places.suggest(&mut configuration, &state, &stores)?;
    if !args.no_demo {
        demo::suggest(&mut configuration)?;
    }

    let control = Control::build(&configuration, &context).await?;
    let options = serve::Options { drain: Duration::from_secs(2), ..Default::default() };
    let public = control.routes.clone().without_prefix("/internal/").merge(serve::health_routes(&context));
    let listeners = vec![(front, public, options.clone()), (internal, control.routes, options)];
    let url = format!("http://{}", places.front);
    state.announce(&url)?;

    let server = Server::at(&url, &state.operator_token()?)?;
    let demo = !args.no_demo;
    let children = places.children(&configuration, &state)?;
    let crew = context.clone();
    context.spawn("crew", async move {
        for child in children {
            crew.spawn(child.name, child.keep(crew.clone()));
        }
        ready::wait_for_services(&crew, started).await;
        if crew.stop.requested() {
            return Ok(());
        }
        let demo = demo && demo::offer(&server).await?;
        if demo {
            crew.spawn("headend", Media::headend().keep(crew.clone()));
        }
        ready::wait_and_tell(&server, &url, &state, &crew, started, demo).await
    });
    let served = process::serve_all(context.clone(), admin, listeners).await;
    context.stop.trigger();
    out::note("stopping …");
    stores.stop(&context).await;
    served
}

/// A private PostgreSQL and Redis.
struct Stores {
    postgresql: funkturm_stores::PostgreSql,
    redis: funkturm_stores::Redis,
}

impl Stores {
    async fn start(state: &State) -> anyhow::Result<Self> {
        let options = funkturm_stores::Options { state: state.file(""), durable: true };
        let progress: funkturm_stores::Progress = Arc::new(|what| out::progress(what));
        let (postgresql, redis) = tokio::try_join!(
            funkturm_stores::PostgreSql::start(options.clone(), Arc::clone(&progress)),
            funkturm_stores::Redis::start(options, progress),
        )?;
        for service in CATALOGUE.iter().filter(|service| service.has("postgresql")) {
            postgresql.create_database(service.name).await?;
        }
        Ok(Self { postgresql, redis })
    }

    async fn stop(self, context: &Context) {
        // The services let go of their connections first.
        let _ = context.finish(Duration::from_secs(8)).await;
        tokio::join!(self.postgresql.stop(), self.redis.stop());
    }
}

/// Where everything listens.
struct Places {
    front: SocketAddr,
    internal: SocketAddr,
    media: BTreeMap<&'static str, SocketAddr>,
}

/// How channels are encoded where one machine does everything, the headend and perhaps the browser too: a small one saves
/// at the pictures' quality rather than falling behind.
fn encoder() -> toml::Table {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (preset, threads, every_field) = match cores {
        ..4 => ("ultrafast", 1, false),
        4..8 => ("superfast", 1, true),
        _ => ("veryfast", 2, true),
    };
    toml::Table::from_iter([
        ("preset".to_owned(), preset.into()),
        ("threads".to_owned(), threads.into()),
        ("every_field".to_owned(), every_field.into()),
    ])
}

/// The address to be told to people: one cannot connect to 0.0.0.0.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// A port that is free now; the child that gets it binds it at once.
fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Places {
    /// A place for each media service.
    fn for_media() -> anyhow::Result<BTreeMap<&'static str, SocketAddr>> {
        let media = CATALOGUE.iter().filter(|service| !service.control);
        media.map(|service| Ok((service.name, free_port()?))).collect()
    }

    /// What the configuration leaves open, filled in for one machine.
    fn suggest(
        &self,
        configuration: &mut Configuration,
        state: &State,
        stores: &Stores,
    ) -> anyhow::Result<()> {
        for service in CATALOGUE {
            let mut own = toml::Table::new();
            if service.has("postgresql") {
                own.insert("database".to_owned(), stores.postgresql.url(service.name).into());
            }
            if service.has("redis") {
                own.insert("redis".to_owned(), stores.redis.url().into());
            }
            if service.has("objects") {
                let place = ("directory".to_owned(), path(&state.file("objects")).into());
                own.insert("objects".to_owned(), toml::Table::from_iter([place]).into());
            }
            configuration.suggest(service.name, &own)?;
        }
        // What is particular about a service: whom it has to know, and how it shall be on one machine.
        let internal = format!("http://{}", self.internal);
        let media = |name| self.media.get(name).map(|address| format!("http://{address}"));
        let (ingest, transcode) = (media("ingest"), media("transcode"));
        let token_keys = path(&state.file(state::TOKEN_KEYS_FILE));
        // All that know something of households.
        let knowing: BTreeMap<&str, &String> =
            ["rights", "notify", "playback"].into_iter().map(|name| (name, &internal)).collect();
        let accounts = json!({
            "public_url": format!("http://{}", self.front),
            "signing_keys": path(&state.file(state::SIGNING_KEYS)),
            "notify": internal, "rights": internal, "services": knowing,
        });
        let particular = [
            ("accounts", accounts),
            ("channels", json!({ "ingest": [ingest], "transcoders": [transcode], "origins": [internal] })),
            (
                "playback",
                json!({
                    "channels": internal, "accounts": internal, "rights": internal, "origins": [internal],
                    "token_keys_file": token_keys,
                    "open_house": true,
                }),
            ),
            ("notify", json!({ "without_server": "catch" })),
            // Operators add channels first, and licences when they have some.
            (
                "rights",
                json!({ "channels": internal, "accounts": internal, "unlicensed_channels": "live_only" }),
            ),
            ("origin", json!({ "playback": [internal], "token_keys_file": token_keys, "open_house": true })),
            ("ingest", json!({ "channels": internal })),
            (
                "transcode",
                json!({ "channels": internal, "ingest": [ingest], "origins": [internal], "encoder": encoder() }),
            ),
        ];
        particular.iter().try_for_each(|(service, settings)| configuration.suggest(service, settings))
    }

    /// The media services, each with a configuration file of its own.
    fn children(&self, configuration: &Configuration, state: &State) -> anyhow::Result<Vec<Media>> {
        let mut children = Vec::new();
        for (&name, address) in &self.media {
            let file = state.file(&format!("{name}.toml"));
            let mut process = configuration.section::<toml::Table>("process")?;
            process.insert("listen".to_owned(), address.to_string().into());
            process.insert("admin_listen".to_owned(), "127.0.0.1:0".into());
            let sections = toml::Table::from_iter([
                ("process".to_owned(), process.into()),
                (name.to_owned(), configuration.section::<toml::Table>(name)?.into()),
            ]);
            std::fs::write(&file, sections.to_string())?;
            children.push(Media::service(name, &file));
        }
        Ok(children)
    }
}

/// The control services, built.
struct Control {
    routes: Routes,
}

impl Control {
    async fn build(configuration: &Configuration, context: &Context) -> anyhow::Result<Self> {
        let mut routes = Routes::new();
        let mut documents = Vec::new();
        for service in services::build_control(configuration, context).await? {
            routes = routes.merge(service.routes);
            documents.push(service.openapi);
        }
        let document = openapi::merge(documents);
        Ok(Self { routes: routes.merge(openapi::routes(&document)?) })
    }
}

/// Builds the service of this type.
pub(crate) async fn one<S: ServiceMain>(
    configuration: &Configuration,
    context: &Context,
) -> anyhow::Result<Service> {
    let config = configuration.service::<S>()?;
    S::build(config, context.child(S::NAME))
        .await
        .with_context(|| format!("the {} service cannot start", S::NAME))
}
