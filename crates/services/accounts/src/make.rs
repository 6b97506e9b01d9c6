//! Households come and go: what is to be done here, and told to others.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use funkturm_base::{HouseholdId, Kind, Result};
use funkturm_contracts::{client::household_path, mail::Template};
use funkturm_db::Failure;
use funkturm_service::Context;
use http::Method;
use prometheus::IntGauge;
use serde_json::json;
use slog::{info, warn};
use tokio::time::timeout;

use crate::{
    app::{App, Mailbox, NEWS, RIGHTS},
    email::Address,
    store::{
        deletion::{deletion_insert, deletions_confirm, deletions_open},
        device::strangers_delete,
        household::{HouseholdRow, household_delete, household_insert, household_lock_row, networks_forget},
        ticket::outdated_delete,
    },
};

/// How often is looked for what other services have confirmed, and what has run out, if nothing happens here.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// What a household begins with.
pub(crate) struct Newborn {
    pub(crate) address: Address,
    pub(crate) password: Option<String>,
    pub(crate) language: String,
    pub(crate) marketing: bool,
    pub(crate) personalised_ads: bool,
    pub(crate) terms_accepted_at: DateTime<Utc>,
}

/// Makes a household, with its first profile, and tells rights; call it in a transaction.
pub(crate) fn household_make(
    app: &App,
    connection: &mut PgConnection,
    newborn: Newborn,
) -> Result<HouseholdId, Failure> {
    let (id, now) = (HouseholdId::new(), app.now());
    let profile = if newborn.language.starts_with("de") { "Hauptprofil" } else { "Main profile" };
    let row = HouseholdRow {
        id: id.0,
        email: newborn.address.email,
        email_key: newborn.address.key,
        password: newborn.password,
        pin: None,
        language: newborn.language,
        country: app.config.country.clone(),
        terms_accepted_at: newborn.terms_accepted_at,
        marketing: newborn.marketing,
        personalised_ads: newborn.personalised_ads,
        consents_changed_at: newborn.terms_accepted_at,
        locked_at: None,
        created_at: now,
    };
    household_insert(connection, &row, profile)?;
    app.outbox.put(
        connection,
        RIGHTS,
        &Method::PUT,
        &household_path(RIGHTS, id),
        &json!({ "country": row.country }),
    )?;
    Ok(id)
}

/// Deletes a household here, and has every other service do the same; call it in a transaction.
pub(crate) fn household_remove(
    app: &App,
    connection: &mut PgConnection,
    id: HouseholdId,
) -> Result<(), Failure> {
    let row = household_lock_row(connection, id)?;
    let mut steps = Vec::new();
    for service in app.services.keys() {
        let message =
            app.outbox.put(connection, service, &Method::DELETE, &household_path(service, id), &())?;
        steps.push((service.clone(), message));
    }
    deletion_insert(connection, id, &row.email, &row.language, &steps, app.now())?;
    household_delete(connection, id)?;
    Ok(())
}

/// Notes what other services have deleted, tells households when all have, and clears away what has run out; until the
/// process stops.
pub(crate) async fn tend(app: Arc<App>, context: Context, open: IntGauge) -> anyhow::Result<()> {
    let (mut complained, mut deliveries) = (false, app.outbox.deliveries());
    while !context.stop.requested() {
        deliveries.mark_unchanged();
        match look(&app, &open).await {
            Ok(()) => complained = false,
            Err(error) if error.kind() == Kind::Unavailable => {
                if !std::mem::replace(&mut complained, true) {
                    warn!(context.log, "deletions cannot be looked after"; "error" => error.chain());
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            // That nothing was delivered in time is an answer too: another instance may have.
            _ = timeout(LOOK_AGAIN, deliveries.changed()) => {}
            () = context.stop.wait() => {}
        }
    }
    Ok(())
}

async fn look(app: &Arc<App>, open: &IntGauge) -> Result<()> {
    let (own, now) = (Arc::clone(app), app.now());
    let confirm = app.db.transaction(move |connection| {
        let complete = deletions_confirm(connection, now)?;
        for deletion in &complete {
            let (email, language) = (&deletion.email, &deletion.language);
            let to = Mailbox { email, language, household: Some(HouseholdId(deletion.household)) };
            own.mail(connection, &to, Template::Deleted, &[], NEWS)?;
        }
        outdated_delete(connection, now)?;
        networks_forget(connection, now - crate::USUAL)?;
        strangers_delete(connection, now - crate::USUAL)?;
        let complete: Vec<_> = complete.iter().map(|deletion| deletion.household).collect();
        Ok((complete, deletions_open(connection)?))
    });
    let (complete, left) = confirm.await?;
    open.set(left);
    for household in &complete {
        info!(app.log, "a household is deleted everywhere"; "household" => %household);
    }
    if !complete.is_empty() {
        app.outbox.wake();
    }
    Ok(())
}
