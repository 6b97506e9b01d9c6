//! Logging in by way of the operator's identity provider.

use std::sync::Arc;

use funkturm_base::{Error, HouseholdId, Kind, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use slog::{info, warn};

use super::{language, with};
use crate::{
    app::App,
    email::Address,
    make::{Newborn, household_make},
    openid::{Person, Provider, Underway},
    secret::Secret,
    store::household::{household_by_email, identity_find, identity_insert},
};

/// How long somebody may take at the provider.
const UNDERWAY: std::time::Duration = std::time::Duration::from_secs(600);
/// How long the web app has to take its code to the token endpoint.
const CODE_LIFE: std::time::Duration = std::time::Duration::from_secs(60);
/// The cookie that ties a log-in to the browser that began it.
const COOKIE: &str = "funkturm_openid";
/// The path that the cookie, and with it the provider's answer, is for.
pub(crate) const CALLBACK: &str = "/api/v1/login/openid/callback";

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new().get("/api/v1/login/openid", with(app, begin)).get(CALLBACK, with(app, callback))
}

/// Log in by way of the operator's identity provider
///
/// Open this in the browser: it leads to the provider, and back to the web app's `/login` with `#openid_code=…`, for the token
/// endpoint (`grant_type=urn:funkturm:params:oauth:grant-type:openid`), or with `#openid_error=…`: `denied`, `expired`,
/// `no_address`, `known_address` (log in with the password) or `unavailable`.
#[utoipa::path(get, path = "/api/v1/login/openid", operation_id = "begin_openid", tag = "accounts", responses(
    (status = 303, description = "To the provider"),
    (status = 404, description = "The operator has none"),
    (status = 429, description = "Too many from this network"),
    (status = 503, description = "The provider, or Redis, is away"),
))]
pub(super) async fn begin(app: Arc<App>, request: Request) -> Result<Reply> {
    let provider = provider(&app)?;
    app.limits.openid(&app.network(&request)).await?;
    let browser = Secret::new().text();
    let underway = provider.prepare(browser.clone());
    let state = app.codes.put("openid-state", &underway, UNDERWAY).await?;
    let mut reply = see(&provider.url(state, &underway).await?)?;
    let secure = if app.config.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={browser}; Path={CALLBACK}; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        UNDERWAY.as_secs()
    );
    set_cookie(&mut reply, &cookie);
    Ok(reply)
}

fn provider(app: &App) -> Result<&Provider> {
    app.openid.as_ref().ok_or_else(|| {
        Error::new(Kind::NotFound, "no identity provider is configured here (accounts.openid)")
    })
}

/// What the provider sends somebody back with (RFC 6749 4.1.2); it may add what it likes.
#[derive(Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Come back from the identity provider
#[utoipa::path(get, path = "/api/v1/login/openid/callback", operation_id = "finish_openid", tag = "accounts",
    params(
        ("state" = Option<String>, Query, description = "As it was given to the provider"),
        ("code" = Option<String>, Query, description = "The provider's code"),
        ("error" = Option<String>, Query, description = "Why the provider gives none"),
        ("iss" = Option<String>, Query, description = "The provider (RFC 9207)"),
    ),
    responses(
        (status = 303, description = "To the web app, with a code or an error behind the #"),
        (status = 400, description = "The query is not what it should be"),
        (status = 404, description = "The operator has no identity provider"),
        (status = 503, description = "Something that is needed is away"),
    ))]
pub(super) async fn callback(app: Arc<App>, request: Request) -> Result<Reply> {
    provider(&app)?;
    let back: Back = request.query()?;
    let fragment = match finish(&app, &request, back).await {
        Ok(code) => format!("openid_code={code}"),
        Err(why) => format!("openid_error={why}"),
    };
    let mut reply = see(&format!("{}#{fragment}", app.page("/login", None)))?;
    set_cookie(&mut reply, &format!("{COOKIE}=; Path={CALLBACK}; Max-Age=0; HttpOnly; SameSite=Lax"));
    Ok(reply)
}

/// Answers a code for the web app, or what went wrong in one word.
async fn finish(app: &Arc<App>, request: &Request, back: Back) -> std::result::Result<String, &'static str> {
    let tell = |error: Error| {
        if error.kind() == Kind::Denied {
            info!(app.log, "a log-in by way of the identity provider is refused"; "error" => error.chain());
        } else {
            warn!(app.log, "a log-in by way of the identity provider failed"; "error" => error.chain());
        }
        match error.kind() {
            Kind::Denied => "denied",
            Kind::Conflict => "known_address",
            Kind::Invalid => "no_address",
            _ => "unavailable",
        }
    };
    let provider = provider(app).map_err(tell)?;
    let state = back.state.ok_or("denied")?;
    let underway: Underway = app.codes.take("openid-state", &state).await.map_err(tell)?.ok_or("expired")?;
    if cookie(request) != Some(underway.browser.as_str()) {
        return Err("expired");
    }
    if let Some(error) = back.error {
        info!(app.log, "the identity provider lets somebody not in"; "error" => error);
        return Err("denied");
    }
    if back.iss.is_some_and(|iss| app.config.openid.as_ref().is_some_and(|openid| openid.issuer != iss)) {
        return Err("denied");
    }
    let person = provider.person(back.code.ok_or("denied")?, &underway).await.map_err(tell)?;
    let household = household(app, person, provider.links_by_email()).await.map_err(tell)?;
    app.codes.put("openid-code", &household, CODE_LIFE).await.map_err(tell)
}

/// The household of a person: by who that is at the provider, or by a confirmed address where that is allowed, or a new one.
async fn household(app: &Arc<App>, person: Person, by_email: bool) -> Result<HouseholdId> {
    let (own, now) = (Arc::clone(app), app.now());
    let found = app.outbox.transaction(move |connection| {
        let Person { issuer, subject, email, email_verified, locale } = person;
        if let Some(id) = identity_find(connection, &issuer, &subject)? {
            return Ok((HouseholdId(id), false));
        }
        let email = email.filter(|_| email_verified).ok_or_else(|| {
            Error::new(Kind::Invalid, "the identity provider knows no confirmed address of this person")
        })?;
        let address: Address = email.parse()?;
        let known = household_by_email(connection, &address.key)?;
        let (household, new) = match known {
            Some(known) if by_email => (known.household(), false),
            Some(_) => {
                let message = "this address has an account, and the provider is not trusted to know whose (link_by_email)";
                return Err(Error::new(Kind::Conflict, message).into());
            }
            None => {
                let spoken = locale.and_then(|locale| language(&locale).ok()).unwrap_or_else(|| "de".into());
                let newborn = Newborn {
                    address,
                    password: None,
                    language: spoken,
                    marketing: false,
                    personalised_ads: false,
                    terms_accepted_at: now,
                };
                (household_make(&own, connection, newborn)?, true)
            }
        };
        identity_insert(connection, &issuer, &subject, household, now)?;
        Ok((household, new))
    });
    let (household, new) = found.await?;
    if new {
        app.registered.inc();
    }
    Ok(household)
}

fn cookie(request: &Request) -> Option<&str> {
    let pairs = request.header(header::COOKIE)?.split(';');
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

fn set_cookie(reply: &mut Reply, cookie: &str) {
    if let Ok(value) = HeaderValue::try_from(cookie) {
        reply.headers_mut().insert(header::SET_COOKIE, value);
    }
}

/// RFC 9110 15.4.4.
fn see(url: &str) -> Result<Reply> {
    let location =
        HeaderValue::try_from(url).map_err(|error| Error::internal("a URL is no header", error))?;
    let mut reply = reply::no_content();
    *reply.status_mut() = StatusCode::SEE_OTHER;
    reply.headers_mut().insert(header::LOCATION, location);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(reply)
}
