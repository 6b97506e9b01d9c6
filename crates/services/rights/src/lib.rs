//! What households may do: packages, licences, price plans, subscriptions, vouchers, and the decision.
//!
//! Operators edit the offer (`/admin/v1/offer` and its parts); it is compiled into a table that every instance holds, and follows
//! within a second. What a household has is read from PostgreSQL once and then from memory, until the log of changes says that it
//! changed. [`decide`] is the heart: a pure function of both and the time.

mod api;
mod billing;
mod changes;
mod config;
mod core;
pub mod decide;
mod households;
mod offer;
mod schema;
mod subscription;
mod vouchers;

use std::sync::Arc;

use funkturm_contracts::client::Peer;
use funkturm_db::{Db, Options};
use funkturm_service::{Context, Service, ServiceMain, identity::Identity, metrics};
use utoipa::OpenApi;

pub use config::{Billing, Config};

use crate::{
    billing::{outbound::Sender, signature::Secret},
    core::{Core, Parts},
    decide::{Rules, Zone},
    households::Households,
    subscription::clerk::Welcome,
};

/// The service.
pub struct Rights;

impl ServiceMain for Rights {
    const NAME: &'static str = "rights";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        config.check().map_err(anyhow::Error::msg)?;
        let token = context.tokens.service.clone();
        let accounts = Peer::new(config.accounts.as_str(), token.clone())?;
        // Ready without keys: services are answered also while accounts is away, and households are told to come again.
        let latch = context.latch("keys");
        latch.open();
        let identity = Identity::follow(accounts, &context, latch);
        let (service, core) = build(&config, &context, identity)?;
        let channels = Peer::new(config.channels.as_str(), token)?;
        context.spawn("channels", core.follow_channels(channels, context.clone()));
        Ok(service)
    }
}

impl Rights {
    /// The service, with access tokens checked by `identity`, and without channels to ask: for tests.
    ///
    /// # Errors
    /// As [`ServiceMain::build`].
    pub fn with_identity(config: &Config, context: &Context, identity: Identity) -> anyhow::Result<Service> {
        build(config, context, identity).map(|(service, _)| service)
    }
}

fn build(config: &Config, context: &Context, identity: Identity) -> anyhow::Result<(Service, Core)> {
    let (registry, log) = (&context.metrics, &context.log);
    let mut options = Options::new(Rights::NAME, &config.database);
    options.connections = config.database_connections;
    let asked = metrics::counters(
        registry,
        "funkturm_rights_households_total",
        "Households that were looked up, by where they were (memory, database)",
        &["from"],
    )?;
    let core = Core::new(Parts {
        db: Db::open(&options, registry, log)?,
        clock: Arc::clone(&context.clock),
        rules: Rules {
            zone: Arc::new(Zone::named(&config.time_zone).map_err(anyhow::Error::msg)?),
            unlicensed: config.unlicensed_channels,
            child_age: config.child_age,
        },
        welcome: Welcome {
            package: config.welcome_package.clone(),
            trial: config.welcome_trial.clone(),
            days: config.welcome_trial_days,
        },
        bills: !config.billing.url.is_empty(),
        households: Households::new(config.households_in_memory, asked),
        decisions: metrics::counters(
            registry,
            "funkturm_rights_decisions_total",
            "Decisions that services asked for, by answer (yes, no)",
            &["answer"],
        )?,
        version: metrics::gauge(
            registry,
            "funkturm_rights_offer_version",
            "The version of the offer in use",
        )?,
    });
    let secrets = secrets(&config.billing)?;
    context.spawn("offer", core.clone().follow(context.clone(), context.latch("offer")));
    context.spawn("due", subscription::due::run(core.clone(), context.clone()));
    if let Some(secret) = secrets.first().filter(|_| !config.billing.url.is_empty()) {
        let sender = Sender {
            core: core.clone(),
            url: config.billing.url.clone(),
            secret: Arc::clone(secret),
            http: Sender::client()?,
            counter: metrics::counters(
                registry,
                "funkturm_rights_billing_events_total",
                "Deliveries of events to the billing system, by outcome (sent, failed, refused)",
                &["outcome"],
            )?,
            waiting: metrics::gauge(
                registry,
                "funkturm_rights_billing_events_waiting_count",
                "Events that wait for the billing system",
            )?,
        };
        context.spawn("billing", sender.run(context.clone()));
    }
    let app = api::App { core: core.clone(), identity, secrets, patience: config.billing.signature_seconds };
    Ok((Service { routes: api::routes(&Arc::new(app)), openapi: api::Description::openapi() }, core))
}

/// The secrets that events are signed with: ours first, then the one before it.
fn secrets(billing: &Billing) -> anyhow::Result<Vec<Arc<Secret>>> {
    let files = [&billing.secret_file, &billing.old_secret_file];
    files.into_iter().flatten().map(|file| Secret::read(file).map(Arc::new)).collect()
}
