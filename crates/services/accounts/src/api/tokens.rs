//! Logging in and out: OAuth's token endpoint (RFC 6749 3.2), and the keys.

use std::sync::Arc;

use funkturm_base::{DeviceId, Error, HouseholdId, Kind, Result};
use funkturm_contracts::{identity::KeySet, mail::Template};
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use slog::warn;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    name,
    oauth::{OAuthError, Refusal, form, refuse},
    private, with,
};
use crate::{
    app::{App, Grant, NEWS},
    email::Address,
    limits::From as Origin,
    pairing::Poll,
    password::{LONGEST, Verdict},
    secret::{RefreshToken, hash_of},
    store::{
        device::{
            LoggedIn, Newcomer, Refreshed, device_end, device_is_known, devices_end, log_in as begin, refresh,
        },
        household::{
            HouseholdRow, household_by_email, household_get, network_is_usual, network_seen, password_rehash,
        },
        ticket::{Registration, registration_by_email},
    },
};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const OPENID: &str = "urn:funkturm:params:oauth:grant-type:openid";
/// What devices are.
const KINDS: [&str; 6] = ["tv", "phone", "tablet", "computer", "console", "other"];

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .post("/api/v1/tokens", with(app, log_in))
        .delete("/api/v1/tokens", with(app, log_out))
        .get("/api/v1/keys", with(app, keys))
}

/// What a token is asked for with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenForm {
    /// `password`, `refresh_token`, `urn:ietf:params:oauth:grant-type:device_code` or
    /// `urn:funkturm:params:oauth:grant-type:openid`.
    grant_type: Option<String>,
    /// With `password`: the e-mail address.
    username: Option<String>,
    /// With `password`.
    password: Option<String>,
    /// With `password` and `openid`: what people call the device.
    device_name: Option<String>,
    /// With `password` and `openid`: `tv`, `phone`, `tablet`, `computer`, `console` or `other`.
    device_kind: Option<String>,
    /// With `password` and `openid`: which device it is, if it was logged in here before.
    device_id: Option<String>,
    /// With `device_id`: its secret.
    device_secret: Option<String>,
    /// After `device_limit`: the device whose place this one takes.
    replace_device: Option<String>,
    /// With `refresh_token`.
    refresh_token: Option<String>,
    /// With a device code.
    device_code: Option<String>,
    /// With `openid`: the code that the web app was given.
    code: Option<String>,
}

/// Log in, or go on
///
/// OAuth's token endpoint. Access tokens are valid for some minutes; ask for the next one with the refresh token, of which
/// each is for one use. If an answer does not come, ask again with the same one within a minute: you get the same answer's
/// refresh token. One that is used again later ends the log-in, because then somebody has a copy of it.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "log_in", tag = "accounts",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Logged in", body = Grant),
        (status = 400, description = "Refused (RFC 6749 5.2, RFC 8628 3.5)", body = OAuthError),
        (status = 413, description = "The body is too large"),
        (status = 429, description = "Too many attempts: wait for as long as Retry-After says", body = OAuthError),
        (status = 503, description = "Too much to do, or something that is needed is away: try again", body = OAuthError),
    ))]
pub(super) async fn log_in(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let granted = match form::<TokenForm>(&mut request).await {
        Ok(form) => grant(&app, &request, &form).await,
        Err(refusal) => Err(refusal),
    };
    match granted {
        Ok(grant) => Ok(private(StatusCode::OK, &grant)),
        Err(Refusal::Error(error)) if error.kind() == Kind::TooLarge => Err(error),
        Err(refusal) => refusal.reply(),
    }
}

async fn grant(app: &Arc<App>, request: &Request, form: &TokenForm) -> Result<Grant, Refusal> {
    let logged_in = match form.grant_type.as_deref() {
        Some("password") => by_password(app, request, form).await?,
        Some("refresh_token") => by_refresh(app, wanted(&form.refresh_token, "refresh_token")?).await?,
        Some(DEVICE_CODE) => by_device_code(app, request, wanted(&form.device_code, "device_code")?).await?,
        Some(OPENID) => by_openid(app, request, form).await?,
        Some(other) => {
            return Err(refuse("unsupported_grant_type", format!("{other:?} is not possible here")));
        }
        None => return Err(refuse("invalid_request", "grant_type is missing")),
    };
    Ok(app.grant_log_in(&logged_in)?)
}

fn wanted<'f>(value: &'f Option<String>, field: &str) -> Result<&'f str, Refusal> {
    let value = value.as_deref().filter(|value| !value.is_empty());
    value.ok_or_else(|| refuse("invalid_request", format!("{field} is missing")))
}

/// What an account is found by, and who shows up.
struct Found {
    household: Option<HouseholdRow>,
    registration: Option<Registration>,
    known: bool,
    usual: bool,
}

async fn by_password(app: &Arc<App>, request: &Request, form: &TokenForm) -> Result<LoggedIn, Refusal> {
    let (username, password) = (wanted(&form.username, "username")?, wanted(&form.password, "password")?);
    if password.len() > LONGEST {
        return Err(refuse("invalid_request", "password is too long"));
    }
    let (mut newcomer, secret) = newcomer(form)?;
    // What is no address has no account, and is told so in the same way and time.
    let key = username
        .parse::<Address>()
        .map_or_else(|_| username.to_lowercase().replace('\0', ""), |address| address.key);
    let network = app.network(request);
    let found = find(app, &key, newcomer.known, secret, &network).await?;
    if !found.known {
        newcomer.known = None;
    }
    let origin = match newcomer.known {
        Some(device) => Origin::Device(device),
        None if found.usual => Origin::Usual(&network),
        None => Origin::Elsewhere(&network),
    };
    let attempt = app.limits.log_in(&key, &origin).await?;
    let registered = found.registration.as_ref().map(|registration| registration.password.as_str());
    let hash = found.household.as_ref().map_or(registered, |household| household.password.as_deref());
    let verdict = app.hasher.verify(password.to_owned(), hash).await?;
    if verdict == Verdict::Wrong {
        return Err(refuse("invalid_grant", "this is not the e-mail address and password of an account"));
    }
    app.succeeded(attempt).await;
    let Some(household) = found.household else {
        return Err(refuse("invalid_grant", "confirm the e-mail address first: follow the link in the mail"));
    };
    if verdict == Verdict::Outdated {
        rehash(app, &household, password.to_owned()).await;
    }
    Ok(enter(app, household.household(), newcomer, Some(network)).await?)
}

async fn find(
    app: &Arc<App>,
    key: &str,
    device: Option<DeviceId>,
    secret: Option<Vec<u8>>,
    network: &str,
) -> Result<Found> {
    let (key, network, now) = (key.to_owned(), network.to_owned(), app.now());
    let find = app.db.run(move |connection| {
        let household = household_by_email(connection, &key)?;
        // Asked for in any case, so that it takes the same time whether there is an account or not.
        let registration = registration_by_email(connection, &key, now)?;
        let id = household.as_ref().map_or(HouseholdId(Uuid::nil()), HouseholdRow::household);
        let known = match (device, secret) {
            (Some(device), Some(secret)) => device_is_known(connection, id, device, &secret)?,
            _ => false,
        };
        let usual = network_is_usual(connection, id, &network, now - crate::USUAL)?;
        Ok::<_, diesel::result::Error>(Found { household, registration, known, usual })
    });
    find.await
}

/// Keeps the password with today's parameters. If that does not work out, it does at the next log-in.
async fn rehash(app: &Arc<App>, household: &HouseholdRow, password: String) {
    let (id, before) = (household.household(), household.password.clone().unwrap_or_default());
    let done = async {
        let hash = app.hasher.hash(password).await?;
        app.db.run(move |connection| password_rehash(connection, id, &before, &hash)).await
    };
    if let Err(error) = done.await {
        warn!(app.log, "a password keeps its old parameters"; "error" => error.chain());
    }
}

/// The device of a form, and the hash of the secret that it shows.
fn newcomer(form: &TokenForm) -> Result<(Newcomer, Option<Vec<u8>>), Refusal> {
    let kind = form.device_kind.as_deref().unwrap_or("other");
    let device = name(form.device_name.as_deref().unwrap_or_default(), "device_name")?;
    let id = |text: &Option<String>, field: &str| {
        let parsed = text.as_deref().filter(|text| !text.is_empty()).map(str::parse).transpose();
        parsed.map_err(|_| refuse("invalid_request", format!("{field} is not the id of a device")))
    };
    let newcomer = Newcomer {
        name: device,
        kind: device_kind(kind)?,
        known: id(&form.device_id, "device_id")?,
        replaces: id(&form.replace_device, "replace_device")?,
    };
    Ok((newcomer, form.device_secret.as_deref().map(hash_of)))
}

/// One of the kinds of device.
pub(super) fn device_kind(kind: &str) -> Result<String> {
    if !KINDS.contains(&kind) {
        let message = format!("device_kind: one of {}", KINDS.join(", "));
        return Err(Error::new(Kind::Invalid, message));
    }
    Ok(kind.to_owned())
}

/// Begins a log-in, and tells the household if it might be surprised.
async fn enter(
    app: &Arc<App>,
    household: HouseholdId,
    newcomer: Newcomer,
    network: Option<String>,
) -> Result<LoggedIn> {
    let (terms, link, own) = (app.terms(), app.page("/devices", None), Arc::clone(app));
    let entered = app.outbox.transaction(move |connection| {
        let logged_in = begin(connection, household, &newcomer, &terms)?;
        if let Some(network) = network {
            network_seen(connection, household, &network, terms.now)?;
        }
        if logged_in.surprising {
            let row = household_get(connection, household)?;
            let time = terms.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            let values = [("device", newcomer.name.clone()), ("time", time), ("link", link)];
            own.mail(connection, &row.mailbox(), Template::NewDevice, &values, NEWS)?;
        }
        Ok(logged_in)
    });
    entered.await
}

async fn by_refresh(app: &Arc<App>, token: &str) -> Result<LoggedIn, Refusal> {
    let unknown = || refuse("invalid_grant", "this refresh token is not valid (any more): log in anew");
    let token: RefreshToken = token.parse().map_err(|()| unknown())?;
    let terms = app.terms();
    match app.db.transaction(move |connection| refresh(connection, &token, &terms)).await? {
        Refreshed::GoesOn(logged_in) => Ok(logged_in),
        Refreshed::Unknown => Err(unknown()),
        Refreshed::Reused(household, device) => {
            app.reused.inc();
            warn!(app.log, "a refresh token was used twice: its log-in has ended";
                "household" => %household, "device" => %device);
            Err(unknown())
        }
    }
}

async fn by_device_code(app: &Arc<App>, request: &Request, code: &str) -> Result<LoggedIn, Refusal> {
    let (household, tv) = match app.pairings.poll(code).await? {
        Poll::Approved(household, tv) => (household, tv),
        Poll::Pending => return Err(refuse("authorization_pending", "nobody has approved it yet")),
        Poll::SlowDown => {
            return Err(refuse("slow_down", "ask less often: 5 seconds more between two times"));
        }
        Poll::Denied => return Err(refuse("access_denied", "it was refused")),
        Poll::Expired => {
            return Err(refuse("expired_token", "this code has run out, or was used: begin anew"));
        }
        Poll::Unknown => return Err(refuse("invalid_grant", "there is no such code")),
    };
    let newcomer = Newcomer { name: tv.name, kind: tv.kind, known: None, replaces: None };
    Ok(enter(app, household, newcomer, Some(app.network(request))).await?)
}

async fn by_openid(app: &Arc<App>, request: &Request, form: &TokenForm) -> Result<LoggedIn, Refusal> {
    let (mut newcomer, secret) = newcomer(form)?;
    let code = wanted(&form.code, "code")?;
    let household: Option<HouseholdId> = app.codes.take("openid-code", code).await?;
    let household =
        household.ok_or_else(|| refuse("invalid_grant", "this code has run out, or was used: begin anew"))?;
    if let Some(device) = newcomer.known {
        let secret = secret.unwrap_or_default();
        let known = app.db.run(move |connection| device_is_known(connection, household, device, &secret));
        if !known.await? {
            newcomer.known = None;
        }
    }
    Ok(enter(app, household, newcomer, Some(app.network(request))).await?)
}

/// What ends with a log-out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogOut {
    #[serde(default)]
    everywhere: bool,
}

/// Log out
///
/// Ends the log-in of this device, or of all devices of the household. Access tokens that are out stay valid at other
/// services for their last minutes.
#[utoipa::path(delete, path = "/api/v1/tokens", operation_id = "log_out", tag = "accounts", security(("household" = [])),
    params(("everywhere" = Option<bool>, Query, description = "On every device")),
    responses(
        (status = 204, description = "Logged out"),
        (status = 400, description = "The query is not what it should be"),
        (status = 401, description = "Not logged in"),
        (status = 403, description = "A child's profile cannot log out other devices"),
        (status = 503, description = "The database is away"),
    ))]
pub(super) async fn log_out(app: Arc<App>, request: Request) -> Result<Reply> {
    let LogOut { everywhere } = request.query()?;
    let caller = if everywhere { app.adult(&request).await? } else { app.caller(&request).await? };
    let out = app.db.run(move |connection| match everywhere {
        true => devices_end(connection, caller.household, None),
        false => device_end(connection, caller.household, caller.device),
    });
    out.await?;
    Ok(reply::no_content())
}

/// The keys that access tokens are checked with
///
/// A JWK set (RFC 7517). A new key is published a minute before it signs.
#[utoipa::path(get, path = "/api/v1/keys", operation_id = "get_keys", tag = "accounts", responses(
    (status = 200, description = "The keys", body = KeySet),
    (status = 503, description = "They are not read yet"),
))]
pub(super) async fn keys(app: Arc<App>, _: Request) -> Result<Reply> {
    let mut reply = reply::json(StatusCode::OK, &app.keys.set()?);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=10"));
    Ok(reply)
}
