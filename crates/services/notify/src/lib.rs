//! Mail over SMTP.
//!
//! Other services put a mail here, which is stored before they get their answer; workers send it, again and again while the mail server
//! puts it off. One that is refused for good, or whose time is over, is kept as a dead letter for operators to see. Where there is no mail
//! server, as on one machine, mails go the same way and are caught at its end, for operators to read.

mod api;
mod config;
mod message;
mod meters;
mod smtp;
mod store;
mod texts;
mod workers;

use std::{sync::Arc, time::Duration};

use anyhow::Error;
use funkturm_bus::Bus;
use funkturm_service::{Context, Service, ServiceMain};
use utoipa::OpenApi;
use uuid::Uuid;

pub use config::{Config, Encryption, Smtp, WithoutServer};

use crate::{
    message::Sender,
    meters::Meters,
    store::{Keep, Store},
    texts::{Look, Texts},
    workers::{Carrier, Office},
};

/// The notify service.
pub struct Notify;

impl ServiceMain for Notify {
    const NAME: &'static str = "notify";
    type Config = Config;

    fn check(config: &Config) -> Result<(), String> {
        config.check()
    }

    async fn build(config: Config, context: Context) -> anyhow::Result<Service> {
        config.check().map_err(Error::msg)?;
        let bus = Bus::open(&config.redis, Self::NAME, &context.metrics, &context.log)?;
        let settled = Duration::from_secs(u64::from(config.keep_days) * 86_400);
        let keep = Keep { settled, caught: config.keep_caught };
        let store = Arc::new(Store::new(bus, Arc::clone(&context.clock), keep));
        let meters = Meters::register(&context.metrics)?;
        let accepted = meters.accepted.clone();
        let count = meters::count(&meters, Arc::clone(&store), context.clone(), context.latch("redis"));
        context.spawn("count", count);

        let sender = Sender::new(&config.operator, &config.from, &config.reply_to).map_err(Error::msg)?;
        let carrier = match &config.smtp {
            Some(smtp) => Carrier::Smtp(smtp::Smtp::new(smtp, sender.address())?),
            None => Carrier::Catch,
        };
        let look = Look {
            operator: config.operator.clone(),
            colour: config.colour.clone(),
            signature: config.signature.clone(),
        };
        let office = Arc::new(Office {
            store: Arc::clone(&store),
            texts: Texts::load(config.texts.as_deref(), look)?,
            sender,
            carrier,
            meters,
            retry: Office::retries(&config),
            bell: Arc::default(),
            pause: workers::Pause::default(),
            stop: context.stop.clone(),
            log: context.log.clone(),
        });
        let instance = Uuid::new_v4();
        for number in 0..config.connections {
            context.spawn("worker", Arc::clone(&office).work(format!("{instance}-{number}")));
        }
        let app = api::App { store, bell: Arc::clone(&office.bell), accepted };
        Ok(Service { routes: api::routes(&Arc::new(app)), openapi: api::Description::openapi() })
    }
}
