//! The household itself: what it sees and changes of its account.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use funkturm_base::{DeviceId, Error, HouseholdId, Kind, ProfileId, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use futures_util::future::join_all;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{
    LARGEST, accepted,
    accounts::{address_mail, others_out, tell_of_password},
    language, private, with,
};
use crate::{
    app::App,
    email::Address,
    make::household_remove,
    password,
    store::{
        household::{HouseholdChange, household_change, household_get, password_set, pin_set},
        profile::profiles_list,
        ticket::{PASSWORD, tickets_delete},
    },
    view::{Deletion, Household, everything},
};

/// A service that has not told what it knows of a household by then is away.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn routes(app: &Arc<App>) -> Routes {
    Routes::new()
        .get("/api/v1/me", with(app, get))
        .patch("/api/v1/me", with(app, edit))
        .delete("/api/v1/me", with(app, remove))
        .get("/api/v1/me/export", with(app, export))
        .post("/api/v1/me/email", with(app, change_email))
        .put("/api/v1/me/password", with(app, change_password))
        .put("/api/v1/me/pin", with(app, set_pin))
}

/// The household, and who is asking.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    #[serde(flatten)]
    household: Household,
    /// The profile that is chosen.
    #[schema(value_type = uuid::Uuid)]
    profile: ProfileId,
    /// It is a child's.
    child: bool,
    /// The device.
    #[schema(value_type = uuid::Uuid)]
    device: DeviceId,
}

/// The household
#[utoipa::path(get, path = "/api/v1/me", operation_id = "get_me", tag = "accounts", security(("household" = [])), responses(
    (status = 200, description = "The household", body = Me),
    (status = 401, description = "Not logged in"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.caller(&request).await?;
    let row = app.db.run(move |connection| household_get(connection, caller.household)).await?;
    let (profile, child, device) = (caller.profile, caller.child, caller.device);
    Ok(private(StatusCode::OK, &Me { household: (&row).into(), profile, child, device }))
}

/// What is changed of a household; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeChange {
    /// The language of its mails.
    language: Option<String>,
    /// What it agrees to.
    consents: Option<ConsentsChange>,
}

/// What is changed of what a household agrees to; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentsChange {
    /// To be written to about offers.
    marketing: Option<bool>,
    /// To be shown advertisements chosen by what it watches.
    personalised_ads: Option<bool>,
}

/// Change the household
#[utoipa::path(patch, path = "/api/v1/me", operation_id = "edit_me", tag = "accounts", security(("household" = [])), request_body = MeChange, responses(
    (status = 200, description = "The household now", body = Household),
    (status = 400, description = "The body is not what it should be"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile"),
    (status = 413, description = "The body is too large"),
    (status = 503, description = "The database is away"),
))]
pub(super) async fn edit(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let MeChange { language: spoken, consents } = request.json(LARGEST).await?;
    let change = HouseholdChange {
        language: spoken.as_deref().map(language).transpose()?,
        marketing: consents.as_ref().and_then(|consents| consents.marketing),
        personalised_ads: consents.as_ref().and_then(|consents| consents.personalised_ads),
        consents_changed_at: consents.is_some().then(|| app.now()),
    };
    let change =
        move |connection: &mut diesel::PgConnection| household_change(connection, caller.household, &change);
    let row = app.db.transaction(change).await?;
    Ok(private(StatusCode::OK, &Household::from(&row)))
}

/// A proof that it is the household itself.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// Its password; not needed by one that only the identity provider lets in.
    password: Option<String>,
}

/// Delete the household, and everything about it
///
/// It is gone here at once. Every other service deletes what it knows; when the last one has, a mail says so.
#[utoipa::path(delete, path = "/api/v1/me", operation_id = "remove_me", tag = "accounts", security(("household" = [])), request_body = Proof, responses(
    (status = 202, description = "It is being deleted", body = Deletion),
    (status = 400, description = "The body is not what it should be"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile, or this is not the password"),
    (status = 413, description = "The body is too large"),
    (status = 429, description = "Too many wrong passwords"),
    (status = 503, description = "Something that is needed is away"),
))]
pub(super) async fn remove(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let body = request.bytes(LARGEST).await?;
    let proof: Proof = match body.is_empty() {
        true => Proof::default(),
        false => serde_json::from_slice(&body).map_err(|error| {
            Error::new(Kind::Invalid, format!("the body is not what it should be: {error}"))
        })?,
    };
    app.confirm(&caller, proof.password).await?;
    delete(&app, caller.household).await
}

/// Deletes a household, and tells how far that is.
pub(super) async fn delete(app: &Arc<App>, household: HouseholdId) -> Result<Reply> {
    let own = Arc::clone(app);
    let removed = app.outbox.transaction(move |connection| {
        household_remove(&own, connection, household)?;
        Ok(crate::store::deletion::deletion_get(connection, household)?)
    });
    let progress = removed.await?.ok_or_else(|| Error::new(Kind::Internal, "a deletion was not written"))?;
    Ok(private(StatusCode::ACCEPTED, &Deletion::new(household, progress)))
}

/// Everything about the household
///
/// What each service knows of it, by the service's name. All of it, or, while one of them is away, nothing: try again then.
#[utoipa::path(get, path = "/api/v1/me/export", operation_id = "export_me", tag = "accounts", security(("household" = [])), responses(
    (status = 200, description = "By service, what it knows; null where that is nothing", body = BTreeMap<String, Value>),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile"),
    (status = 429, description = "Too many in a short time"),
    (status = 503, description = "A service is away; the detail says which"),
))]
pub(super) async fn export(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let (household, now) = (caller.household, app.now());
    app.limits.export(household).await?;
    let own = app.db.run(move |connection| everything(connection, household, now)).await?;
    let own = serde_json::to_value(own)
        .map_err(|error| Error::internal("a household cannot be written as JSON", error))?;
    let asked = app.services.iter().map(|(name, peer)| async move {
        match timeout(PATIENCE, peer.household(name, household)).await {
            Ok(Ok(answer)) => Ok((name.clone(), answer)),
            Ok(Err(error)) if error.status() == Some(404) => Ok((name.clone(), Value::Null)),
            Ok(Err(error)) => Err(away(name).with_source(error)),
            Err(late) => Err(away(name).with_source(late)),
        }
    });
    let mut all = join_all(asked).await.into_iter().collect::<Result<BTreeMap<String, Value>>>()?;
    all.insert("accounts".to_owned(), own);
    Ok(private(StatusCode::OK, &all))
}

fn away(service: &str) -> Error {
    Error::new(
        Kind::Unavailable,
        format!("the service {service} does not say what it knows: try again later"),
    )
}

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmail {
    /// The address.
    #[schema(example = "anna@example.org")]
    email: String,
    /// The household's password.
    password: Option<String>,
}

/// Change the e-mail address
///
/// A mail to the new address has a link that confirms it; until then the old one stays.
#[utoipa::path(post, path = "/api/v1/me/email", operation_id = "change_email", tag = "accounts", security(("household" = [])), request_body = NewEmail, responses(
    (status = 202, description = "Look into the new mailbox"),
    (status = 400, description = "This is not an e-mail address"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile, or this is not the password"),
    (status = 413, description = "The body is too large"),
    (status = 429, description = "Too many wrong passwords, or mails"),
    (status = 503, description = "Something that is needed is away"),
))]
pub(super) async fn change_email(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let NewEmail { email, password } = request.json(LARGEST).await?;
    let address: Address = email.parse()?;
    app.confirm(&caller, password).await?;
    app.limits.mail_asked_for(&app.network(&request)).await?;
    if app.limits.may_be_mailed(&address.key).await? {
        let own = Arc::clone(&app);
        let asked = app
            .outbox
            .transaction(move |connection| address_mail(&own, connection, caller.household, &address));
        asked.await?;
    }
    Ok(accepted())
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The one that there is; none for a household that has none yet.
    old: Option<String>,
    /// 8 characters at least, 1024 bytes at most.
    new: String,
}

/// Change the password
///
/// All other devices are logged out.
#[utoipa::path(put, path = "/api/v1/me/password", operation_id = "change_password", tag = "accounts", security(("household" = [])), request_body = NewPassword, responses(
    (status = 204, description = "Changed"),
    (status = 400, description = "The new password is not as it should be"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile, or the old password is wrong"),
    (status = 413, description = "The body is too large"),
    (status = 429, description = "Too many wrong passwords"),
    (status = 503, description = "Something that is needed is away"),
))]
pub(super) async fn change_password(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let NewPassword { old, new } = request.json(LARGEST).await?;
    let household = app.confirm(&caller, old).await?;
    password::check(&new, &household.address())?;
    let (hash, own) = (app.hasher.hash(new).await?, Arc::clone(&app));
    let changed = app.outbox.transaction(move |connection| {
        password_set(connection, caller.household, &hash)?;
        tickets_delete(connection, caller.household.0, PASSWORD)?;
        others_out(connection, &caller)?;
        tell_of_password(&own, connection, &household.mailbox())
    });
    changed.await?;
    Ok(reply::no_content())
}

/// A PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPin {
    /// The household's password.
    password: Option<String>,
    /// 4 to 8 digits; null takes the PIN away.
    #[schema(example = "2580")]
    pin: Option<String>,
}

/// Set the PIN
///
/// It is needed to leave a child's profile, so that a household with one cannot be without.
#[utoipa::path(put, path = "/api/v1/me/pin", operation_id = "set_pin", tag = "accounts", security(("household" = [])), request_body = NewPin, responses(
    (status = 204, description = "Set, or taken away"),
    (status = 400, description = "A PIN is 4 to 8 digits"),
    (status = 401, description = "Not logged in"),
    (status = 403, description = "Not with a child's profile, or this is not the password"),
    (status = 409, description = "There is a child's profile, which needs the PIN"),
    (status = 413, description = "The body is too large"),
    (status = 429, description = "Too many wrong passwords"),
    (status = 503, description = "Something that is needed is away"),
))]
pub(super) async fn set_pin(app: Arc<App>, mut request: Request) -> Result<Reply> {
    let caller = app.adult(&request).await?;
    let NewPin { password, pin } = request.json(LARGEST).await?;
    if pin.as_ref().is_some_and(|pin| !is_pin(pin)) {
        return Err(Error::new(Kind::Invalid, "pin: 4 to 8 digits"));
    }
    app.confirm(&caller, password).await?;
    let hash = match pin {
        Some(pin) => Some(app.hasher.hash(pin).await?),
        None => None,
    };
    let set = app.db.transaction(move |connection| {
        crate::store::household::household_lock_row(connection, caller.household)?;
        let children = profiles_list(connection, caller.household)?.iter().any(|profile| profile.child);
        if hash.is_none() && children {
            let message = "there is a child's profile, and only the PIN keeps it from being left";
            return Err(Error::new(Kind::Conflict, message).into());
        }
        Ok(pin_set(connection, caller.household, hash.as_deref())?)
    });
    set.await?;
    Ok(reply::no_content())
}

/// Whether that can be a PIN.
pub(super) fn is_pin(pin: &str) -> bool {
    (4..=8).contains(&pin.len()) && pin.bytes().all(|digit| digit.is_ascii_digit())
}
