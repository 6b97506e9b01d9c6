//! What the parts of the service share: the compiled offer, the households in memory, the log of changes, and the way in which
//! anything is changed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use arc_swap::{ArcSwap, ArcSwapOption};
use chrono::{DateTime, Utc};
use diesel::PgConnection;
use funkturm_base::{ChannelId, Clock, Error, HouseholdId, Kind, Result};
use funkturm_contracts::{
    client::Peer,
    rights::{
        Changes,
        offer::{Offer, OfferReport},
        subscription::Actor,
    },
};
use funkturm_db::{Db, Failure};
use funkturm_service::{Context, Latch};
use prometheus::{IntCounterVec, IntGauge};
use slog::{Logger, info, warn};
use tokio::{
    sync::{Notify, watch},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    changes::{self, Log, News},
    decide::{Household, Rules, Table},
    households::Households,
    offer,
    subscription::{
        clerk::{Clerk, Welcome},
        store,
    },
};

/// How often is looked for what other instances changed.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// How often channels is asked which channels there are.
const ASK_CHANNELS: Duration = Duration::from_secs(10);

/// Shared by everything. Clones share it.
#[derive(Clone)]
pub(crate) struct Core(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rules: Rules,
    welcome: Welcome,
    bills: bool,
    table: ArcSwapOption<Table>,
    households: Households,
    log: Log,
    /// The place of the log; whoever waits for a change waits for this.
    place: watch::Sender<i64>,
    channels: ArcSwap<Option<BTreeSet<ChannelId>>>,
    wake: Notify,
    decisions: IntCounterVec,
    version: IntGauge,
}

/// What a core is made of.
pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rules: Rules,
    pub(crate) welcome: Welcome,
    pub(crate) bills: bool,
    pub(crate) households: Households,
    pub(crate) decisions: IntCounterVec,
    pub(crate) version: IntGauge,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { db, clock, rules, welcome, bills, households, decisions, version } = parts;
        Self(Arc::new(Inner {
            db,
            clock,
            rules,
            welcome,
            bills,
            households,
            decisions,
            version,
            table: ArcSwapOption::empty(),
            log: Log::default(),
            place: watch::channel(i64::MIN).0,
            channels: ArcSwap::default(),
            wake: Notify::new(),
        }))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.clock.utc().to_chrono()
    }

    /// Whether there is a billing system.
    pub(crate) fn bills(&self) -> bool {
        self.0.bills
    }

    pub(crate) fn welcome(&self) -> &Welcome {
        &self.0.welcome
    }

    /// The compiled offer.
    ///
    /// # Errors
    /// It has never been read yet.
    pub(crate) fn table(&self) -> Result<Arc<Table>> {
        self.0.table.load_full().ok_or_else(|| {
            Error::new(Kind::Unavailable, "the offer has not been read from the database yet: try again")
        })
    }

    /// The channels that there are, as far as channels has ever said.
    pub(crate) fn channels(&self) -> Arc<Option<BTreeSet<ChannelId>>> {
        self.0.channels.load_full()
    }

    /// Does work that needs the tables of the database, once they are there.
    pub(crate) async fn when_ready<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.table()?;
        work.await
    }

    /// A household, out of memory if it was asked about lately.
    ///
    /// # Errors
    /// It is not in memory, and the database is away.
    pub(crate) async fn household(&self, id: HouseholdId) -> Result<Arc<Household>> {
        let read = || async {
            let (table, bills) = (self.table()?, self.bills());
            let read = move |connection: &mut _| store::household_load(connection, id, &table.offer, bills);
            self.0.db.run(read).await
        };
        self.0.households.get(id, read).await
    }

    /// Counts a decision.
    pub(crate) fn decided(&self, allowed: bool) {
        self.0.decisions.with_label_values(&[if allowed { "yes" } else { "no" }]).inc();
    }

    /// Changes something about a household in a transaction; when this returns, what is asked here knows.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        id: HouseholdId,
        who: Actor,
        work: impl FnOnce(&Clerk<'_>, &mut PgConnection) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        let (table, now, billing) = (self.table()?, self.now(), self.bills());
        let done = self.0.db.transaction(move |connection| {
            work(&Clerk { offer: &table.offer, now, who, billing }, connection)
        });
        // If the connection breaks, it may be done all the same: then the log of changes tells.
        let done = done.await?;
        self.forget(&[id]);
        self.0.wake.notify_one();
        Ok(done)
    }

    /// Forgets what is in memory of these households.
    pub(crate) fn forget(&self, ids: &[HouseholdId]) {
        ids.iter().for_each(|id| self.0.households.forget(*id));
    }

    /// Changes the offer; when this returns, what is decided here follows it.
    pub(crate) async fn change_offer(
        &self,
        work: impl FnOnce(&mut Offer) -> Result<()> + Send + 'static,
    ) -> Result<OfferReport> {
        let changed = self.0.db.transaction(move |connection| offer::store::offer_change(connection, work));
        let (offer, mut report) = changed.await?;
        self.compile(report.version, offer, false).await?;
        self.0.wake.notify_one();
        report.warnings = offer::check::warnings(&self.table()?.offer, self.channels().as_ref().as_ref());
        Ok(report)
    }

    /// What changed after a place. Waits a moment for a place that another instance has told of already.
    ///
    /// # Errors
    /// Nothing has been read from the database yet.
    pub(crate) async fn changes(&self, after: i64) -> Result<Changes> {
        let reached = async {
            let _ = self.0.place.subscribe().wait_for(|place| *place >= after).await;
        };
        let _ = timeout(LOOK_AGAIN * 3, reached).await;
        self.0.log.after(after).ok_or_else(|| {
            Error::new(
                Kind::Unavailable,
                "the log of changes has not been read from the database yet: try again",
            )
        })
    }

    /// Follows what any instance changes, until the process stops.
    pub(crate) async fn follow(self, context: Context, latch: Latch) -> anyhow::Result<()> {
        let log = &context.log;
        let (mut away, mut migrated) = (false, false);
        while !context.stop.requested() {
            match self.look(&mut migrated).await {
                Ok(()) => {
                    latch.open();
                    if std::mem::replace(&mut away, false) {
                        info!(log, "the database is back");
                    }
                }
                Err(error) if error.kind() == Kind::Unavailable => lost(log, &mut away, &error),
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.0.wake.notified() => {}
                () = context.stop.wait() => {}
            }
        }
        Ok(())
    }

    async fn look(&self, migrated: &mut bool) -> Result<()> {
        if !*migrated {
            self.0.db.migrate(store::MIGRATIONS).await?;
            *migrated = true;
        }
        let after = self.0.log.place();
        let news: News = self.0.db.run(move |connection| changes::news(connection, after)).await?;
        if self.0.table.load().as_ref().is_none_or(|table| table.version != news.version) {
            let (version, offer) = self.0.db.run(offer::store::offer_load).await?;
            // After a restore, an earlier version is the one that counts.
            self.compile(version, offer, news.lost).await?;
        }
        // Forgotten first, told of afterwards: see crate::changes.
        if news.lost {
            self.0.households.forget_all();
        }
        news.households.iter().for_each(|(_, id)| self.0.households.forget(*id));
        let place = news.place;
        self.0.log.add(news);
        self.0.place.send_replace(place);
        Ok(())
    }

    /// Takes an offer into use, unless a later one is; `whatever` is in use, after a restore.
    async fn compile(&self, version: i64, offer: Offer, whatever: bool) -> Result<()> {
        let rules = self.0.rules.clone();
        let compile = move || Table::compile(Arc::new(offer), version, rules);
        let table = spawn_blocking(compile)
            .await
            .map_err(|error| Error::internal("the offer could not be compiled", error))?;
        let table = Arc::new(table);
        let before = self.0.table.load_full();
        self.0.table.rcu(|current| match current {
            Some(current) if current.version > version && !whatever => Some(Arc::clone(current)),
            _ => Some(Arc::clone(&table)),
        });
        self.0.version.set(version);
        // Whether a trial goes on by itself is in its plan.
        if before.is_none_or(|before| before.offer.plans != table.offer.plans) {
            self.0.households.forget_all();
        }
        Ok(())
    }

    /// Asks channels which channels there are, until the process stops.
    pub(crate) async fn follow_channels(self, channels: Peer, context: Context) -> anyhow::Result<()> {
        let mut away = false;
        while !context.stop.requested() {
            match channels.channels().await {
                Ok(list) => {
                    away = false;
                    let ids =
                        list.channels.into_iter().filter(|channel| channel.enabled).map(|channel| channel.id);
                    self.0.channels.store(Arc::new(Some(ids.collect())));
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(context.log, "channels does not say which channels there are: the last list stays"; "error" => %error);
                    }
                }
            }
            let pause = if away { Duration::from_secs(1) } else { ASK_CHANNELS };
            let _ = timeout(pause, context.stop.wait()).await;
        }
        Ok(())
    }
}

/// Said once, not at every try.
fn lost(log: &Logger, away: &mut bool, error: &Error) {
    if !std::mem::replace(away, true) {
        warn!(log, "the database is away: households in memory are decided about, others are not"; "error" => error.chain());
    }
}
