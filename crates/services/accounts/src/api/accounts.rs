//! Registration, confirmation, another password: what is done without being logged in.

use std::{sync::Arc, time::Instant};

use chrono::TimeDelta;
use funkturm_base::{Error, HouseholdId, Kind, Result};
use funkturm_contracts::mail::Template;
use funkturm_service::{Reply, Request, Routes, reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LARGEST, accepted, even_out, language, stale, with};
use crate::{
    app::{App, Mailbox, NEWS},
    email::Address,
    make::{Newborn, household_make},
    password,
    secret::{Secret, hash_of},
    store::{
        device::{devices_end, devices_forget},
        household::{email_set, household_by_email, household_get, household_lock_row, password_set},
        ticket::{
            ADDRESS, PASSWORD, Registration, Ticket, registration_put, registration_take, ticket_get,
            ticket_insert, ticket_take,
        },
    },
};

/// How long a registration waits to be confirmed.
const REGISTRATION_LIFE: TimeDelta = TimeDelta::days(2);
/// How long a password can be chosen with a mail: whoever can read the mailbox later shall not.
const RESET_LIFE: TimeDelta = TimeDelta::hours(1);

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/api/v1/accounts", with(app, register))
        .post("/api/v1/accounts/confirm", with(app, confirm))
        .post("/api/v1/accounts/reset", with(app, reset))
        .put("/api/v1/accounts/password", with(app, choose_password))
        .post("/api/v1/accounts/email", with(app, confirm_email))
}

/// What a household agrees to.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Consents {
    /// The terms; must be true.
    terms: bool,
    /// To be written to about offers.
    #[serde(default)]
    marketing: bool,
    /// To be shown advertisements chosen by what it watches.
    #[serde(default)]
    personalised_ads: bool,
}

/// A registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// The e-mail address.
    #[schema(example = "anna@example.org")]
    email: String,
    /// 8 characters at least, 1024 bytes at most.
    password: String,
    /// The language of mails; `de` where absent.
    language: Option<String>,
    /// What the household agrees to.
    consents: Consents,
}

/// Register
///
/// A mail with a link confirms the address; then the household is there. The answer is the same whether the address is known
/// or not: one that has an account gets a mail that says so.
#[utoipa::path(post, path = "/api/v1/accounts", operation_id = "register", tag = "accounts", request_body = NewAccount, responses(
    (status = 202, description = "Look into the mailbox"),
    (status = 400, description = "The address, the password or the consents are not as they should be"),
    (status = 413, description = "The body is too large"),
    (status = 429, description = "Too many from this network: wait for as long as Retry-After says"),
    (status = 503, description = "Too much to do, or something that is needed is away: try again"),
))]
pub(super) async fn register(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let NewAccount { email, password, language: spoken, consents } = request.json(LARGEST).await?;
    let began = Instant::now();
    let address: Address = email.parse()?;
    password::check(&password, &address)?;
    let spoken = language(spoken.as_deref().unwrap_or("de"))?;
    if !consents.terms {
        return Err(Error::new(
            Kind::Invalid,
            "consents.terms: nobody can register without accepting the terms",
        ));
    }
    app.limits.mail_asked_for(&app.network(&request)).await?;
    let mailed = app.limits.may_be_mailed(&address.key).await?;
    let password = app.hasher.hash(password).await?;
    let (own, now, token) = (Arc::clone(&app), app.now(), Secret::new());
    // The same statements for an address that is known: its registration is one that nobody gets the link of.
    let registered = app.outbox.transaction(move |connection| {
        let known = household_by_email(connection, &address.key)?;
        if !mailed {
            return Ok(());
        }
        let row = Registration {
            email_key: address.key,
            email: address.email,
            password,
            language: spoken,
            marketing: consents.marketing,
            personalised_ads: consents.personalised_ads,
            token: token.hash(),
            created_at: now,
            ends_at: now + REGISTRATION_LIFE,
        };
        registration_put(connection, &row)?;
        match &known {
            Some(known) => {
                let link = [("link", own.page("/login", None))];
                own.mail(connection, &known.mailbox(), Template::AlreadyRegistered, &link, NEWS)
            }
            None => {
                let link = [("link", own.page("/confirm", Some(&token.text())))];
                let to = Mailbox { email: &row.email, language: &row.language, household: None };
                own.mail(connection, &to, Template::ConfirmAddress, &link, REGISTRATION_LIFE)
            }
        }
    });
    registered.await?;
    even_out(began).await;
    Ok(accepted())
}

/// What stands in a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// As in the link of the mail.
    token: String,
}

/// Confirm an address after registration
#[utoipa::path(post, path = "/api/v1/accounts/confirm", operation_id = "confirm_account", tag = "accounts", request_body = Token, responses(
    (status = 204, description = "The household is there: log in"),
    (status = 400, description = "The body is not what it should be"),
    (status = 404, description = "The link is not good any more: it was used already, or is too old"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn confirm(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let Token { token } = request.json(LARGEST).await?;
    let (own, now) = (Arc::clone(&app), app.now());
    let confirmed = app.outbox.transaction(move |connection| {
        let registration = registration_take(connection, &hash_of(&token), now)?.ok_or_else(stale)?;
        if household_by_email(connection, &registration.email_key)?.is_some() {
            return Err(stale().into());
        }
        let newborn = Newborn {
            address: Address { email: registration.email, key: registration.email_key },
            password: Some(registration.password),
            language: registration.language,
            marketing: registration.marketing,
            personalised_ads: registration.personalised_ads,
            terms_accepted_at: registration.created_at,
        };
        household_make(&own, connection, newborn)
    });
    confirmed.await?;
    app.registered.inc();
    Ok(reply::no_content())
}

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    /// The e-mail address.
    #[schema(example = "anna@example.org")]
    email: String,
}

/// Ask for a mail to choose another password with
///
/// The answer is the same whether the address is known or not.
#[utoipa::path(post, path = "/api/v1/accounts/reset", operation_id = "reset_password", tag = "accounts", request_body = Forgotten, responses(
    (status = 202, description = "Look into the mailbox"),
    (status = 400, description = "This is not an e-mail address"),
    (status = 413, description = "The body is too large"),
    (status = 429, description = "Too many from this network: wait for as long as Retry-After says"),
    (status = 503, description = "Something that is needed is away: try again"),
))]
pub(super) async fn reset(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let Forgotten { email } = request.json(LARGEST).await?;
    let began = Instant::now();
    let address: Address = email.parse()?;
    app.limits.mail_asked_for(&app.network(&request)).await?;
    if app.limits.may_be_mailed(&address.key).await? {
        let own = Arc::clone(&app);
        let asked = app.outbox.transaction(move |connection| {
            let household = household_by_email(connection, &address.key)?.map(|row| row.household());
            household.map_or(Ok(()), |household| reset_mail(&own, connection, household))
        });
        asked.await?;
    }
    even_out(began).await;
    Ok(accepted())
}

/// Puts a mail with which a household chooses another password into the transaction.
pub(super) fn reset_mail(
    app: &App,
    connection: &mut diesel::PgConnection,
    household: HouseholdId,
) -> Result<(), funkturm_db::Failure> {
    let row = household_get(connection, household)?;
    let token = Secret::new();
    let ticket = Ticket {
        token: token.hash(),
        household: row.id,
        purpose: PASSWORD.to_owned(),
        email: None,
        email_key: None,
        ends_at: app.now() + RESET_LIFE,
    };
    ticket_insert(connection, &ticket)?;
    let link = [("link", app.page("/reset", Some(&token.text())))];
    app.mail(connection, &row.mailbox(), Template::ResetPassword, &link, RESET_LIFE)
}

/// Another password, with what stood in a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenPassword {
    /// As in the link of the mail.
    token: String,
    /// 8 characters at least, 1024 bytes at most.
    password: String,
}

/// Choose another password, with the link of a mail
///
/// Every log-in ends, and no device is known any more.
#[utoipa::path(put, path = "/api/v1/accounts/password", operation_id = "choose_password", tag = "accounts", request_body = ChosenPassword, responses(
    (status = 204, description = "Log in with it"),
    (status = 400, description = "The password is not as it should be; the link stays good"),
    (status = 404, description = "The link is not good any more: it was used already, or is too old"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "Too much to do, or the database is away: try again"),
))]
pub(super) async fn choose_password(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let ChosenPassword { token, password } = request.json(LARGEST).await?;
    let (token, now) = (hash_of(&token), app.now());
    let asked = token.clone();
    // Before the password is hashed: anybody can send nonsense.
    let household = app.db.run(move |connection| {
        let ticket = ticket_get(connection, &asked, PASSWORD, now)?.ok_or_else(stale)?;
        household_get(connection, HouseholdId(ticket.household))
    });
    password::check(&password, &household.await?.address())?;
    let hash = app.hasher.hash(password).await?;
    let own = Arc::clone(&app);
    let changed = app.outbox.transaction(move |connection| {
        let ticket = ticket_take(connection, &token, PASSWORD, now)?.ok_or_else(stale)?;
        let household = household_lock_row(connection, HouseholdId(ticket.household))?;
        password_set(connection, household.household(), &hash)?;
        devices_forget(connection, household.household())?;
        tell_of_password(&own, connection, &household.mailbox())
    });
    changed.await?;
    Ok(reply::no_content())
}

/// Puts the mail that tells of another password into the transaction.
pub(super) fn tell_of_password(
    app: &App,
    connection: &mut diesel::PgConnection,
    to: &Mailbox<'_>,
) -> Result<(), funkturm_db::Failure> {
    let link = [("link", app.page("/reset", None))];
    app.mail(connection, to, Template::PasswordChanged, &link, NEWS)
}

/// Confirm another address, with the link of a mail
#[utoipa::path(post, path = "/api/v1/accounts/email", operation_id = "confirm_email", tag = "accounts", request_body = Token, responses(
    (status = 204, description = "This is the household's address from now on"),
    (status = 400, description = "The body is not what it should be"),
    (status = 404, description = "The link is not good any more: it was used already, or is too old"),
    (status = 409, description = "Meanwhile this address has an account of its own"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn confirm_email(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let Token { token } = request.json(LARGEST).await?;
    let (own, now) = (Arc::clone(&app), app.now());
    let changed = app.outbox.transaction(move |connection| {
        let ticket = ticket_take(connection, &hash_of(&token), ADDRESS, now)?.ok_or_else(stale)?;
        let household = household_lock_row(connection, HouseholdId(ticket.household))?;
        let (Some(email), Some(key)) = (ticket.email, ticket.email_key) else { return Err(stale().into()) };
        email_set(connection, household.household(), &Address { email, key })?;
        // What was sent to the old mailbox to choose a password with is not good any more.
        crate::store::ticket::tickets_delete(connection, household.id, PASSWORD)?;
        let link = [("link", own.page("/help", None))];
        own.mail(connection, &household.mailbox(), Template::AddressChanged, &link, NEWS)
    });
    changed.await?;
    Ok(reply::no_content())
}

/// Puts the mail to another address into the transaction, with which it is confirmed.
pub(super) fn address_mail(
    app: &App,
    connection: &mut diesel::PgConnection,
    household: HouseholdId,
    address: &Address,
) -> Result<(), funkturm_db::Failure> {
    let row = household_get(connection, household)?;
    if let Some(other) = household_by_email(connection, &address.key)?.filter(|other| other.id != row.id) {
        let link = [("link", app.page("/login", None))];
        return app.mail(connection, &other.mailbox(), Template::AlreadyRegistered, &link, NEWS);
    }
    let token = Secret::new();
    let ticket = Ticket {
        token: token.hash(),
        household: row.id,
        purpose: ADDRESS.to_owned(),
        email: Some(address.email.clone()),
        email_key: Some(address.key.clone()),
        ends_at: app.now() + REGISTRATION_LIFE,
    };
    ticket_insert(connection, &ticket)?;
    let link = [("link", app.page("/email", Some(&token.text())))];
    let to = Mailbox { email: &address.email, ..row.mailbox() };
    app.mail(connection, &to, Template::ChangeAddress, &link, REGISTRATION_LIFE)
}

/// Ends the other log-ins of a household whose password was changed on a device.
pub(super) fn others_out(
    connection: &mut diesel::PgConnection,
    caller: &funkturm_service::identity::Caller,
) -> diesel::QueryResult<usize> {
    devices_end(connection, caller.household, Some(caller.device))
}
