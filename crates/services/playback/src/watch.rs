//! What goes on beside requests: sessions whose heartbeats stay out end, and so do those that rights does not allow any more.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use funkturm_base::{HouseholdId, Result};
use funkturm_bus::{Bus, Lease, Leases};
use funkturm_contracts::rights::Changes;
use funkturm_service::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use prometheus::IntCounter;
use slog::{info, warn};

use crate::{household::Households, members::question_of, rights::Rights};

/// How often sessions that are over are looked for, and rights is asked what changed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After a thousand of them there is a pause.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(50);
/// How long one instance follows rights for all of them before it has to say so again.
const LEASE: Duration = Duration::from_secs(10);
/// Households that are asked about at the same time.
const AT_ONCE: usize = 32;

/// Ends sessions whose time is over, until the process stops. Every instance does: it is the same whoever does it.
pub(crate) async fn sweep(households: Households, context: Context) -> anyhow::Result<()> {
    let mut away = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = context.stop.wait() => return Ok(()),
        }
        loop {
            match households.sweep().await {
                // Others want something of Redis, too.
                Ok(true) if !context.stop.requested() => tokio::time::sleep(BETWEEN_SWEEPS).await,
                Ok(_) => {
                    away = false;
                    break;
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(context.log, "sessions that are over cannot be ended at the moment"; "error" => error.chain());
                    }
                    break;
                }
            }
        }
    }
}

/// Follows what changes in rights.
pub(crate) struct Withdrawals {
    rights: Arc<Rights>,
    households: Households,
    bus: Bus,
    leases: Leases,
    withdrawn: IntCounter,
    context: Context,
}

impl Withdrawals {
    pub(crate) fn new(
        rights: Arc<Rights>,
        households: Households,
        bus: Bus,
        withdrawn: IntCounter,
        context: Context,
    ) -> Self {
        let leases = bus.leases(uuid::Uuid::new_v4().to_string(), LEASE);
        Self { rights, households, bus, leases, withdrawn, context }
    }

    /// Asks about running sessions of whoever's rights changed, until the process stops. One instance does so at a time.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let (mut lease, mut away) = (None, false);
        while !self.context.stop.requested() {
            match self.step(&mut lease).await {
                Ok(()) => {
                    if std::mem::replace(&mut away, false) {
                        info!(self.context.log, "withdrawn rights are followed again");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(self.context.log, "withdrawn rights are not followed at the moment: they end with their tokens";
                            "error" => error);
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.context.stop.wait() => {}
            }
        }
        if let Some(lease) = lease {
            // It would run out by itself.
            let _ = self.leases.release(lease).await;
        }
        Ok(())
    }

    async fn step(&self, lease: &mut Option<Lease>) -> std::result::Result<(), String> {
        let chain = |error: funkturm_base::Error| error.chain();
        *lease = self.leases.acquire("withdrawals").await.map_err(chain)?;
        if lease.is_none() {
            return Ok(());
        }
        let place = self.place().await.map_err(chain)?;
        let changes = self.rights.peer.right_changes(place).await.map_err(|error| error.to_string())?;
        if changes.place == place && changes.households.is_empty() && !changes.everybody {
            return Ok(());
        }
        self.ask_about(&changes).await.map_err(chain)?;
        let mut command = redis::cmd("SET");
        command.arg(self.bus.key(&["rights-place"])).arg(changes.place);
        self.bus.run::<()>(&command).await.map_err(chain)
    }

    /// Where the log was read to; from its beginning where that is not known.
    async fn place(&self) -> Result<i64> {
        let mut command = redis::cmd("GET");
        command.arg(self.bus.key(&["rights-place"]));
        let place: Option<i64> = self.bus.run(&command).await?;
        Ok(place.unwrap_or(0))
    }

    async fn ask_about(&self, changes: &Changes) -> Result<()> {
        let everybody: BTreeSet<HouseholdId> =
            if changes.everybody { self.households.those_with_sessions().await? } else { BTreeSet::new() };
        let households = if changes.everybody { &everybody } else { &changes.households };
        stream::iter(households)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |household| self.ask_again(*household))
            .await
    }

    /// Ends a household's sessions that are not allowed any more. One that goes on without HD gets a token that says so with its next one.
    async fn ask_again(&self, household: HouseholdId) -> Result<()> {
        for record in self.households.list(household).await? {
            let decision = self.rights.ask(&question_of(&record)).await?;
            if !decision.allowed && self.households.finish(household, record.session).await? {
                self.withdrawn.inc();
                info!(self.context.log, "a session was ended: its right was withdrawn";
                    "session" => %record.session, "channel" => %record.channel, "because" => decision.because);
            }
        }
        Ok(())
    }
}
