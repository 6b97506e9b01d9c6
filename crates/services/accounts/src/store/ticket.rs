//! Registrations that are not confirmed yet, and what links in mails are good for.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use uuid::Uuid;

use crate::schema::{mail_token, registration};

/// A registration.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = registration)]
pub(crate) struct Registration {
    pub(crate) email_key: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) language: String,
    pub(crate) marketing: bool,
    pub(crate) personalised_ads: bool,
    pub(crate) token: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

/// What a link in a mail is good for.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = mail_token)]
pub(crate) struct Ticket {
    pub(crate) token: Vec<u8>,
    pub(crate) household: Uuid,
    pub(crate) purpose: String,
    pub(crate) email: Option<String>,
    pub(crate) email_key: Option<String>,
    pub(crate) ends_at: DateTime<Utc>,
}

/// To choose another password.
pub(crate) const PASSWORD: &str = "password";
/// To confirm another address.
pub(crate) const ADDRESS: &str = "address";

/// Keeps a registration; it replaces the one before of the same address.
pub(crate) fn registration_put(connection: &mut PgConnection, row: &Registration) -> QueryResult<usize> {
    diesel::insert_into(registration::table)
        .values(row)
        .on_conflict(registration::email_key)
        .do_update()
        .set((
            registration::email.eq(excluded(registration::email)),
            registration::password.eq(excluded(registration::password)),
            registration::language.eq(excluded(registration::language)),
            registration::marketing.eq(excluded(registration::marketing)),
            registration::personalised_ads.eq(excluded(registration::personalised_ads)),
            registration::token.eq(excluded(registration::token)),
            registration::created_at.eq(excluded(registration::created_at)),
            registration::ends_at.eq(excluded(registration::ends_at)),
        ))
        .execute(connection)
}

/// The registration of an address that still waits to be confirmed.
pub(crate) fn registration_by_email(
    connection: &mut PgConnection,
    key: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Registration>> {
    registration::table
        .find(key)
        .filter(registration::ends_at.gt(now))
        .select(Registration::as_select())
        .first(connection)
        .optional()
}

/// Takes the registration that a token confirms, if there is one.
pub(crate) fn registration_take(
    connection: &mut PgConnection,
    token: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Option<Registration>> {
    diesel::delete(
        registration::table.filter(registration::token.eq(token)).filter(registration::ends_at.gt(now)),
    )
    .returning(Registration::as_returning())
    .get_result(connection)
    .optional()
}

pub(crate) fn ticket_insert(connection: &mut PgConnection, row: &Ticket) -> QueryResult<usize> {
    diesel::insert_into(mail_token::table).values(row).execute(connection)
}

/// Looks at a ticket without taking it.
pub(crate) fn ticket_get(
    connection: &mut PgConnection,
    token: &[u8],
    purpose: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Ticket>> {
    mail_token::table
        .find(token)
        .filter(mail_token::purpose.eq(purpose))
        .filter(mail_token::ends_at.gt(now))
        .select(Ticket::as_select())
        .first(connection)
        .optional()
}

/// Takes a ticket, if there is one, and with it all others of that household and purpose.
pub(crate) fn ticket_take(
    connection: &mut PgConnection,
    token: &[u8],
    purpose: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Ticket>> {
    let one = mail_token::table.find(token).filter(mail_token::purpose.eq(purpose));
    let taken: Option<Ticket> = diesel::delete(one.filter(mail_token::ends_at.gt(now)))
        .returning(Ticket::as_returning())
        .get_result(connection)
        .optional()?;
    if let Some(ticket) = &taken {
        tickets_delete(connection, ticket.household, purpose)?;
    }
    Ok(taken)
}

/// Makes every ticket of a household and purpose useless.
pub(crate) fn tickets_delete(
    connection: &mut PgConnection,
    household: Uuid,
    purpose: &str,
) -> QueryResult<usize> {
    let all = mail_token::table.filter(mail_token::household.eq(household));
    diesel::delete(all.filter(mail_token::purpose.eq(purpose))).execute(connection)
}

/// Forgets what has run out.
pub(crate) fn outdated_delete(connection: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(registration::table.filter(registration::ends_at.lt(now))).execute(connection)?;
    diesel::delete(mail_token::table.filter(mail_token::ends_at.lt(now))).execute(connection)
}
