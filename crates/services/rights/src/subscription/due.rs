//! What time brings: trials are over, subscriptions end, new households that could not be welcomed yet are, and what is old in the
//! log of changes is forgotten. Any number of instances do this side by side.

use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use funkturm_base::{Error, HouseholdId, Kind};
use funkturm_contracts::rights::subscription::{Actor, State};
use funkturm_db::Failure;
use funkturm_service::Context;
use slog::warn;

use super::{
    clerk::{Clerk, Welcome},
    store::{self, Row},
};
use crate::{
    changes,
    core::Core,
    schema::{household, subscription},
    vouchers,
};

/// How often is looked.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Households at once, so that no transaction is long.
const BATCH: i64 = 50;
/// For how long changes are remembered.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// Does what is due until the process stops.
pub(crate) async fn run(core: Core, context: Context) -> anyhow::Result<()> {
    let (mut away, mut round) = (false, 0_u32);
    while !context.stop.requested() {
        let tidy = round.is_multiple_of(600);
        match core.when_ready(work(&core, tidy)).await {
            Ok(()) => away = false,
            Err(error) if error.kind() == Kind::Unavailable => {
                if !std::mem::replace(&mut away, true) {
                    warn!(context.log, "what is due has to wait for the database"; "error" => error.chain());
                }
            }
            Err(error) => return Err(error.into()),
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = context.stop.wait() => {}
        }
    }
    Ok(())
}

async fn work(core: &Core, tidy: bool) -> Result<(), Error> {
    loop {
        let (table, now, billing) = (core.table()?, core.now(), core.bills());
        let welcome = core.welcome().clone();
        let touched = core
            .db()
            .transaction(move |connection| {
                let clerk = Clerk { offer: &table.offer, now, who: Actor::System, billing };
                let mut touched = ends(&clerk, connection)?;
                touched.extend(welcomes(&clerk, connection, &welcome)?);
                if tidy {
                    changes::forget(connection, now - REMEMBERED)?;
                    vouchers::tidy(connection, now)?;
                }
                Ok(touched)
            })
            .await?;
        core.forget(&touched);
        if touched.len() < BATCH as usize {
            return Ok(());
        }
    }
}

fn ends(clerk: &Clerk<'_>, connection: &mut PgConnection) -> Result<Vec<HouseholdId>, Failure> {
    let trial_over = subscription::state.eq("trial").and(subscription::trial_ends.le(clerk.now));
    let over = subscription::state.eq("ends_at").and(subscription::ends_at.le(clerk.now));
    let due = trial_over.or(over);
    // Households are locked, not rows: everybody who changes one does so, and what billing hears of it stays in order.
    let households: Vec<uuid::Uuid> = household::table
        .filter(household::id.eq_any(subscription::table.filter(due).select(subscription::household)))
        .limit(BATCH)
        .select(household::id)
        .for_update()
        .skip_locked()
        .load(connection)?;
    let rows: Vec<Row> = subscription::table
        .filter(subscription::household.eq_any(&households).and(due))
        .order(subscription::since)
        .select(Row::as_select())
        .load(connection)?;
    for mut row in rows {
        let (to, why) = match row.state()? {
            State::Trial => after_trial(clerk, &row),
            _ => (State::Ended, "its time is over"),
        };
        clerk.bring(connection, &mut row, to, None, why)?;
    }
    Ok(households.into_iter().map(HouseholdId).collect())
}

/// A trial becomes what was chosen to follow it.
fn after_trial(clerk: &Clerk<'_>, row: &Row) -> (State, &'static str) {
    let plan = row.plan.as_deref().and_then(|id| clerk.offer.plans.iter().find(|plan| plan.id == id));
    match plan {
        Some(plan) if plan.cents > 0 && clerk.billing => {
            (State::Paused, "the trial is over: a payment is waited for")
        }
        Some(_) => (State::Active, "the trial is over, the plan goes on"),
        None => (State::Ended, "the trial is over"),
    }
}

/// Welcomes households that came while what they get was not in the offer yet.
fn welcomes(
    clerk: &Clerk<'_>,
    connection: &mut PgConnection,
    welcome: &Welcome,
) -> Result<Vec<HouseholdId>, Failure> {
    let waiting: Vec<uuid::Uuid> = household::table
        .filter(household::welcomed.eq(false))
        .order(household::created_at)
        .limit(BATCH)
        .select(household::id)
        .for_update()
        .skip_locked()
        .load(connection)?;
    let mut welcomed = Vec::new();
    for id in waiting.into_iter().map(HouseholdId) {
        if clerk.welcome(connection, id, welcome)? {
            welcomed.push(id);
        }
    }
    Ok(welcomed)
}

/// A household that has arrived: it is added, and welcomed if that can be. Doing it twice is doing it once.
pub(crate) fn arrive(
    clerk: &Clerk<'_>,
    connection: &mut PgConnection,
    id: HouseholdId,
    welcome: &Welcome,
) -> Result<(), Failure> {
    store::household_add(connection, id, clerk.now)?;
    if !store::household_lock(connection, id)? {
        clerk.welcome(connection, id, welcome)?;
    }
    Ok(())
}
