//! Households that are being deleted: which services have confirmed it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Timestamptz, Uuid as SqlUuid},
};
use funkturm_base::HouseholdId;
use uuid::Uuid;

use crate::schema::{deletion, deletion_step};

/// A deletion that every service has confirmed, and which is closed with that.
#[derive(QueryableByName)]
pub(crate) struct Confirmed {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) household: Uuid,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub(crate) email: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub(crate) language: String,
}

/// How far a deletion is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) done_at: Option<DateTime<Utc>>,
    /// By service, when it confirmed.
    pub(crate) services: BTreeMap<String, Option<DateTime<Utc>>>,
}

/// Begins a deletion: `steps` are services, each with its message in the outbox.
pub(crate) fn deletion_insert(
    connection: &mut PgConnection,
    household: HouseholdId,
    email: &str,
    language: &str,
    steps: &[(String, i64)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(deletion::table)
        .values((
            deletion::household.eq(household.0),
            deletion::email.eq(email),
            deletion::language.eq(language),
            deletion::asked_at.eq(now),
        ))
        .execute(connection)?;
    let rows: Vec<_> = steps
        .iter()
        .map(|(service, message)| {
            (
                deletion_step::household.eq(household.0),
                deletion_step::service.eq(service),
                deletion_step::message.eq(message),
            )
        })
        .collect();
    diesel::insert_into(deletion_step::table).values(rows).execute(connection).map(drop)
}

/// Notes which messages have been delivered, and gives the deletions that are complete with that: they are closed, and the
/// address is forgotten.
pub(crate) fn deletions_confirm(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Confirmed>> {
    sql_query(
        "UPDATE deletion_step SET confirmed_at = $1 WHERE confirmed_at IS NULL
         AND NOT EXISTS (SELECT FROM outbox WHERE outbox.id = deletion_step.message)",
    )
    .bind::<Timestamptz, _>(now)
    .execute(connection)?;
    // What is returned is what was before, so it is selected first; the lock keeps other instances out.
    sql_query(
        "WITH complete AS (
             SELECT household, email, language FROM deletion WHERE done_at IS NULL AND NOT EXISTS
                 (SELECT FROM deletion_step step WHERE step.household = deletion.household AND confirmed_at IS NULL)
             FOR UPDATE SKIP LOCKED
         )
         UPDATE deletion SET done_at = $1, email = NULL, language = NULL FROM complete
         WHERE deletion.household = complete.household
         RETURNING complete.household, complete.email, complete.language",
    )
    .bind::<Timestamptz, _>(now)
    .load(connection)
}

/// How far the deletion of a household is, if there is one.
pub(crate) fn deletion_get(
    connection: &mut PgConnection,
    household: HouseholdId,
) -> QueryResult<Option<Progress>> {
    let times: Option<(DateTime<Utc>, Option<DateTime<Utc>>)> = deletion::table
        .find(household.0)
        .select((deletion::asked_at, deletion::done_at))
        .first(connection)
        .optional()?;
    let Some((asked_at, done_at)) = times else { return Ok(None) };
    let services: Vec<(String, Option<DateTime<Utc>>)> = deletion_step::table
        .filter(deletion_step::household.eq(household.0))
        .select((deletion_step::service, deletion_step::confirmed_at))
        .load(connection)?;
    Ok(Some(Progress { asked_at, done_at, services: services.into_iter().collect() }))
}

/// Deletions that are not complete.
pub(crate) fn deletions_open(connection: &mut PgConnection) -> QueryResult<i64> {
    deletion::table.filter(deletion::done_at.is_null()).count().get_result(connection)
}
