//! Households: registration, log-in, profiles, devices, pairing, export and deletion.
//!
//! Households and their log-ins are in PostgreSQL; attempts that are counted, TVs that wait to be paired and codes of a moment
//! are in Redis. Access tokens are signed here and checked by every service by itself. What other services have to know
//! (a mail, a new household, a deletion) goes through the outbox.

mod api;
mod app;
mod config;
mod email;
mod keys;
mod limits;
mod make;
mod openid;
mod pairing;
mod password;
mod schema;
mod secret;
mod store;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Error;
use chrono::TimeDelta;
use funkturm_base::Kind;
use funkturm_bus::Bus;
use funkturm_contracts::client::Peer;
use funkturm_db::{Db, Options};
use funkturm_outbox::Outbox;
use funkturm_service::{Context, Latch, Proxies, Service, ServiceMain, identity::Identity, metrics};
use slog::warn;
use utoipa::OpenApi;

pub use config::{Config, Hashing, OpenId};

/// For how long a network, or a device that is logged out, is remembered.
pub(crate) const USUAL: TimeDelta = TimeDelta::days(90);

/// The service.
pub struct Accounts;

impl ServiceMain for Accounts {
    const NAME: &'static str = "accounts";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        config.check().map_err(Error::msg)?;
        let app = Arc::new(open(config, &context)?);
        let open = "funkturm_accounts_deletions_open_count";
        let open =
            metrics::gauge(&context.metrics, open, "Households that some service has not deleted yet")?;
        let (started, process) = (Arc::clone(&app), context.clone());
        let (tables, keys) = (context.latch("tables"), context.latch("signing keys"));
        context.spawn("start", async move {
            if !migrated(&started.db, &process, &tables).await? {
                return Ok(());
            }
            started.outbox.start(&process);
            process.spawn("deletions", make::tend(Arc::clone(&started), process.clone(), open));
            let (db, identity) = (started.db.clone(), started.identity.clone());
            started.keys.clone().follow(db, identity, process, keys).await
        });
        Ok(Service { routes: api::routes(&app), openapi: api::Description::openapi() })
    }
}

fn open(config: Config, context: &Context) -> anyhow::Result<app::App> {
    let (registry, log) = (&context.metrics, &context.log);
    let mut options = Options::new(Accounts::NAME, &config.database);
    options.connections = config.database_connections;
    let db = Db::open(&options, registry, log)?;
    let bus = Bus::open(&config.redis, Accounts::NAME, registry, log)?;
    let peer = |url: &String| Peer::new(url, context.tokens.service.clone());
    let mut services = BTreeMap::new();
    for (name, url) in &config.services {
        services.insert(name.clone(), peer(url)?);
    }
    let mut receivers = services.clone();
    receivers.insert(app::NOTIFY.to_owned(), peer(&config.notify)?);
    receivers.insert(app::RIGHTS.to_owned(), peer(&config.rights)?);
    let clock = Arc::clone(&context.clock);
    let registered = "funkturm_accounts_households_registered_total";
    let reused = "funkturm_accounts_refresh_tokens_reused_total";
    let redirect = format!("{}{}", config.public_url, api::CALLBACK);
    Ok(app::App {
        outbox: Outbox::open(db.clone(), receivers, funkturm_outbox::Options::default(), context)?,
        hasher: password::Hasher::start(&config.hashing, registry)?,
        keys: keys::Keys::new(
            config.signing_keys.clone(),
            config.key_publish_seconds,
            config.access_token_seconds,
        ),
        identity: Identity::without_keys(context),
        limits: limits::Limits::new(bus.clone(), Arc::clone(&clock)),
        pairings: pairing::Pairings::new(bus.clone(), Arc::clone(&clock)),
        codes: pairing::Codes::new(bus),
        proxies: Proxies::new(&config.proxies).map_err(Error::msg)?,
        services,
        openid: config.openid.clone().map(|openid| openid::Provider::new(openid, redirect)).transpose()?,
        clock,
        registered: metrics::counter(registry, registered, "Households that were made")?,
        reused: metrics::counter(
            registry,
            reused,
            "Refresh tokens that were used twice, and ended a log-in",
        )?,
        log: log.clone(),
        db,
        config,
    })
}

/// Makes the tables, as soon as PostgreSQL is there. Answers whether they are; not if the process stops before.
async fn migrated(db: &Db, context: &Context, latch: &Latch) -> anyhow::Result<bool> {
    let mut complained = false;
    while !context.stop.requested() {
        let done = async {
            db.migrate(funkturm_outbox::MIGRATIONS).await?;
            db.migrate(store::MIGRATIONS).await
        };
        match done.await {
            Ok(()) => {
                latch.open();
                return Ok(true);
            }
            Err(error) if error.kind() == Kind::Unavailable => {
                if !std::mem::replace(&mut complained, true) {
                    warn!(context.log, "waiting for the database"; "error" => error.chain());
                }
            }
            Err(error) => return Err(error.into()),
        }
        // Time to try again, or to stop: the loop's condition tells.
        let _ = tokio::time::timeout(Duration::from_millis(500), context.stop.wait()).await;
    }
    Ok(false)
}
