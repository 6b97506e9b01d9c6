//! Households.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use funkturm_base::{Error, HouseholdId, Kind, ProfileId};
use funkturm_db::Failure;
use uuid::Uuid;

use crate::{
    app::Mailbox,
    email::Address,
    schema::{household, identity, profile, usual_network},
};

/// A household as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = household)]
pub(crate) struct HouseholdRow {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) email_key: String,
    pub(crate) password: Option<String>,
    pub(crate) pin: Option<String>,
    pub(crate) language: String,
    pub(crate) country: String,
    pub(crate) terms_accepted_at: DateTime<Utc>,
    pub(crate) marketing: bool,
    pub(crate) personalised_ads: bool,
    pub(crate) consents_changed_at: DateTime<Utc>,
    pub(crate) locked_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
}

impl HouseholdRow {
    pub(crate) fn household(&self) -> HouseholdId {
        HouseholdId(self.id)
    }

    /// Where its mails go.
    pub(crate) fn mailbox(&self) -> Mailbox<'_> {
        Mailbox { email: &self.email, language: &self.language, household: Some(self.household()) }
    }

    pub(crate) fn address(&self) -> Address {
        Address { email: self.email.clone(), key: self.email_key.clone() }
    }
}

/// What can be changed of a household; what is none stays.
#[derive(Default, AsChangeset)]
#[diesel(table_name = household)]
pub(crate) struct HouseholdChange {
    pub(crate) language: Option<String>,
    pub(crate) marketing: Option<bool>,
    pub(crate) personalised_ads: Option<bool>,
    pub(crate) consents_changed_at: Option<DateTime<Utc>>,
}

/// The household of an address, found without regard to case.
pub(crate) fn household_by_email(
    connection: &mut PgConnection,
    key: &str,
) -> QueryResult<Option<HouseholdRow>> {
    household::table
        .filter(household::email_key.eq(key))
        .select(HouseholdRow::as_select())
        .first(connection)
        .optional()
}

/// A household.
pub(crate) fn household_get(connection: &mut PgConnection, id: HouseholdId) -> Result<HouseholdRow, Failure> {
    let row = household::table.find(id.0).select(HouseholdRow::as_select()).first(connection).optional()?;
    row.ok_or_else(|| none(id))
}

/// A household, which nobody else changes until the transaction is over.
pub(crate) fn household_lock_row(
    connection: &mut PgConnection,
    id: HouseholdId,
) -> Result<HouseholdRow, Failure> {
    let row = household::table
        .find(id.0)
        .select(HouseholdRow::as_select())
        .for_update()
        .first(connection)
        .optional()?;
    row.ok_or_else(|| none(id))
}

/// A new household, with its first profile.
pub(crate) fn household_insert(
    connection: &mut PgConnection,
    row: &HouseholdRow,
    profile_name: &str,
) -> Result<ProfileId, Failure> {
    diesel::insert_into(household::table).values(row).execute(connection)?;
    let first = ProfileId::new();
    diesel::insert_into(profile::table)
        .values((
            profile::id.eq(first.0),
            profile::household.eq(row.id),
            profile::name.eq(profile_name),
            profile::child.eq(false),
            profile::created_at.eq(row.created_at),
        ))
        .execute(connection)?;
    Ok(first)
}

pub(crate) fn household_change(
    connection: &mut PgConnection,
    id: HouseholdId,
    change: &HouseholdChange,
) -> Result<HouseholdRow, Failure> {
    let nothing = change.language.is_none() && change.consents_changed_at.is_none();
    if !nothing {
        diesel::update(household::table.find(id.0)).set(change).execute(connection)?;
    }
    household_get(connection, id)
}

pub(crate) fn password_set(connection: &mut PgConnection, id: HouseholdId, hash: &str) -> QueryResult<usize> {
    diesel::update(household::table.find(id.0)).set(household::password.eq(hash)).execute(connection)
}

/// Puts a hash with today's parameters in the place of the one that was compared with, if that is still there.
pub(crate) fn password_rehash(
    connection: &mut PgConnection,
    id: HouseholdId,
    before: &str,
    hash: &str,
) -> QueryResult<usize> {
    diesel::update(household::table.find(id.0).filter(household::password.eq(before)))
        .set(household::password.eq(hash))
        .execute(connection)
}

pub(crate) fn pin_set(
    connection: &mut PgConnection,
    id: HouseholdId,
    hash: Option<&str>,
) -> QueryResult<usize> {
    diesel::update(household::table.find(id.0)).set(household::pin.eq(hash)).execute(connection)
}

/// Gives a household another address.
pub(crate) fn email_set(
    connection: &mut PgConnection,
    id: HouseholdId,
    address: &Address,
) -> Result<(), Failure> {
    let done = diesel::update(household::table.find(id.0))
        .set((household::email.eq(&address.email), household::email_key.eq(&address.key)))
        .execute(connection)
        .map_err(Failure::from);
    match done {
        Err(failure) if failure.violates("household_email") => {
            Err(Error::new(Kind::Conflict, "this address has an account of its own").into())
        }
        other => other.map(drop),
    }
}

pub(crate) fn locked_set(
    connection: &mut PgConnection,
    id: HouseholdId,
    locked_at: Option<DateTime<Utc>>,
) -> QueryResult<usize> {
    diesel::update(household::table.find(id.0)).set(household::locked_at.eq(locked_at)).execute(connection)
}

pub(crate) fn household_delete(connection: &mut PgConnection, id: HouseholdId) -> QueryResult<usize> {
    diesel::delete(household::table.find(id.0)).execute(connection)
}

/// Households in the order of their ids, which is that of their making: at most so many behind `after`, and of this address
/// only, if one is named.
pub(crate) fn households_list(
    connection: &mut PgConnection,
    email_key: Option<&str>,
    after: Option<Uuid>,
    most: i64,
) -> QueryResult<Vec<HouseholdRow>> {
    let mut query = household::table.select(HouseholdRow::as_select()).into_boxed();
    if let Some(key) = email_key {
        // Addresses are read by people: a part of one is enough, from its beginning.
        query = query.filter(household::email_key.like(format!("{}%", like_literal(key))));
    }
    if let Some(after) = after {
        query = query.filter(household::id.gt(after));
    }
    query.order(household::id).limit(most).load(connection)
}

fn like_literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Who a household is at the operator's identity provider.
pub(crate) fn identity_find(
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> QueryResult<Option<Uuid>> {
    identity::table.find((issuer, subject)).select(identity::household).first(connection).optional()
}

pub(crate) fn identity_insert(
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
    household: HouseholdId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(identity::table)
        .values((
            identity::issuer.eq(issuer),
            identity::subject.eq(subject),
            identity::household.eq(household.0),
            identity::created_at.eq(now),
        ))
        .execute(connection)
}

/// Issuers and subjects of a household.
pub(crate) fn identities_list(
    connection: &mut PgConnection,
    household: HouseholdId,
) -> QueryResult<Vec<(String, String)>> {
    identity::table
        .filter(identity::household.eq(household.0))
        .order((identity::issuer, identity::subject))
        .select((identity::issuer, identity::subject))
        .load(connection)
}

/// Whether a household has logged in from there since then.
pub(crate) fn network_is_usual(
    connection: &mut PgConnection,
    household: HouseholdId,
    network: &str,
    since: DateTime<Utc>,
) -> QueryResult<bool> {
    let row = usual_network::table
        .find((household.0, network))
        .filter(usual_network::seen_at.gt(since))
        .select(usual_network::household)
        .first::<Uuid>(connection)
        .optional()?;
    Ok(row.is_some())
}

/// A household has logged in from there.
pub(crate) fn network_seen(
    connection: &mut PgConnection,
    household: HouseholdId,
    network: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(usual_network::table)
        .values((
            usual_network::household.eq(household.0),
            usual_network::network.eq(network),
            usual_network::seen_at.eq(now),
        ))
        .on_conflict((usual_network::household, usual_network::network))
        .do_update()
        .set(usual_network::seen_at.eq(now))
        .execute(connection)
}

/// The networks of a household, with when they were seen last.
pub(crate) fn networks_list(
    connection: &mut PgConnection,
    household: HouseholdId,
) -> QueryResult<Vec<(String, DateTime<Utc>)>> {
    usual_network::table
        .filter(usual_network::household.eq(household.0))
        .order(usual_network::seen_at)
        .select((usual_network::network, usual_network::seen_at))
        .load(connection)
}

/// Forgets from where households logged in before `then`.
pub(crate) fn networks_forget(connection: &mut PgConnection, then: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(usual_network::table.filter(usual_network::seen_at.lt(then))).execute(connection)
}

fn none(id: HouseholdId) -> Failure {
    Error::new(Kind::NotFound, format!("there is no household {id}")).into()
}
