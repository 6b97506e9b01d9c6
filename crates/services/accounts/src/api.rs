//! The service's routes.

mod accounts;
mod admin;
mod devices;
mod internal;
mod links;
mod login;
mod me;
mod oauth;
mod pairing;
mod profiles;
mod tokens;

pub(crate) use login::CALLBACK;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use funkturm_base::{Error, Kind, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::OpenApi;

use crate::app::App;

/// The largest body: a password of the longest kind, escaped.
const LARGEST: usize = 16 << 10;

/// Every route of the service.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    [
        accounts::routes(app),
        tokens::routes(app),
        pairing::routes(app),
        me::routes(app),
        devices::routes(app),
        links::routes(app),
        profiles::routes(app),
        login::routes(app),
        admin::routes(app),
        internal::routes(app),
    ]
    .into_iter()
    .fold(Routes::new(), Routes::merge)
}

/// A handler with the app in its hands.
fn with<F, R>(app: &Arc<App>, handler: F) -> impl Fn(Request) -> R + Send + Sync + 'static
where
    F: Fn(Arc<App>, Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Reply>> + Send + 'static,
{
    let app = Arc::clone(app);
    move |request| handler(Arc::clone(&app), request)
}

/// The description of the public and the operators' routes.
#[derive(OpenApi)]
#[openapi(paths(
    accounts::register,
    accounts::confirm,
    accounts::reset,
    accounts::choose_password,
    accounts::confirm_email,
    tokens::log_in,
    tokens::log_out,
    tokens::keys,
    pairing::begin,
    pairing::asks,
    pairing::approve,
    me::get,
    me::edit,
    me::remove,
    me::export,
    me::change_email,
    me::change_password,
    me::set_pin,
    devices::list,
    devices::rename,
    devices::remove,
    links::create,
    profiles::list,
    profiles::create,
    profiles::edit,
    profiles::remove,
    profiles::choose,
    login::begin,
    login::callback,
    admin::list,
    admin::create,
    admin::get,
    admin::remove,
    admin::deletion,
    admin::lock,
    admin::unlock,
    admin::reset_password,
))]
pub(crate) struct Description;

/// JSON that is for whoever asked and nobody else.
fn private(status: StatusCode, body: &impl Serialize) -> Reply {
    let mut reply = reply::json(status, body);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// 202.
fn accepted() -> Reply {
    let mut reply = reply::no_content();
    *reply.status_mut() = StatusCode::ACCEPTED;
    reply
}

/// Waits until a multiple of this has gone by since then, so that the time of an answer does not tell what was done for it.
async fn even_out(began: Instant) {
    const STEP: Duration = Duration::from_millis(100);
    let steps = began.elapsed().as_millis() / STEP.as_millis() + 1;
    let end = STEP.saturating_mul(u32::try_from(steps).unwrap_or(1));
    tokio::time::sleep_until((began + end).into()).await;
}

/// Something that people call something: 1 to 64 characters, none of which moves a cursor.
fn name(text: &str, field: &str) -> Result<String> {
    let text = text.trim();
    let wrong = text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control);
    if wrong {
        return Err(Error::new(Kind::Invalid, format!("{field}: 1 to 64 characters")));
    }
    Ok(text.to_owned())
}

/// A language: `de`, `en-GB` (RFC 5646, as far as mails and texts need it).
fn language(text: &str) -> Result<String> {
    let parts = text.split('-');
    let legal = (2..=16).contains(&text.len())
        && parts
            .clone()
            .all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && parts.take(1).all(|part| part.bytes().all(|b| b.is_ascii_lowercase()));
    if !legal {
        return Err(Error::new(Kind::Invalid, "language: a language tag, such as `de` or `en-GB`"));
    }
    Ok(text.to_owned())
}

/// What a link in a mail that is no good any more leads to.
fn stale() -> Error {
    Error::new(Kind::NotFound, "this link is not good any more: it was used already, or is too old")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_languages_are_what_people_write() {
        assert_eq!(name("  Omas Fernseher 📺 ", "name").unwrap(), "Omas Fernseher 📺");
        for wrong in ["", "  ", "a\nb", "\u{1b}[2J", &"a".repeat(65)] {
            assert!(name(wrong, "name").is_err(), "{wrong:?}");
        }
        assert!(language("de").is_ok() && language("en-GB").is_ok() && language("zh-Hant-TW").is_ok());
        for wrong in ["", "d", "DE", "de-", "de_DE", "deutsch/oesterreich", "../.."] {
            assert!(language(wrong).is_err(), "{wrong:?}");
        }
    }
}
