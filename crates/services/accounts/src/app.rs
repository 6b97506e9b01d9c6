//! What the handlers work with, and who is asking.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use funkturm_base::{Clock, DeviceId, Error, HouseholdId, Kind, ProfileId, Result, TICKS_PER_SECOND};
use funkturm_contracts::{
    client::Peer,
    identity::{Claims, ISSUER},
    mail::{Mail, Template},
};
use funkturm_db::{Db, Failure};
use funkturm_outbox::Outbox;
use funkturm_service::{
    Proxies, Request,
    identity::{Caller, Identity},
    network,
};
use http::Method;
use prometheus::IntCounter;
use serde::Serialize;
use slog::{Logger, warn};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    config::Config,
    keys::Keys,
    limits::{Attempt, Limits},
    openid::Provider,
    pairing::{Codes, Pairings},
    password::{Hasher, Verdict},
    store::{
        device::{LoggedIn, Terms, device_present},
        household::{HouseholdRow, household_get},
    },
};

/// The receivers of the outbox that are always there.
pub(crate) const NOTIFY: &str = "notify";
pub(crate) const RIGHTS: &str = "rights";
/// The one that is told of devices that are removed, where it is there.
pub(crate) const PLAYBACK: &str = "playback";

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) outbox: Outbox,
    pub(crate) hasher: Hasher,
    pub(crate) keys: Keys,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) pairings: Pairings,
    pub(crate) codes: Codes,
    pub(crate) proxies: Proxies,
    /// Those that know something of households.
    pub(crate) services: BTreeMap<String, Peer>,
    pub(crate) openid: Option<Provider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registered: IntCounter,
    pub(crate) reused: IntCounter,
    pub(crate) log: Logger,
}

/// What a log-in gives.
#[derive(Serialize, ToSchema)]
pub(crate) struct Grant {
    /// The access token: a JWT, for `Authorization: Bearer …`.
    pub(crate) access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// For how many seconds the access token is valid.
    pub(crate) expires_in: u32,
    /// What the next access token is asked for with; each is for one use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    /// The household.
    #[schema(value_type = Uuid)]
    pub(crate) household: HouseholdId,
    /// The profile that is chosen.
    #[schema(value_type = Uuid)]
    pub(crate) profile: ProfileId,
    /// It is a child's.
    pub(crate) child: bool,
    /// The device. Name it, and its secret, when you log in on it again.
    #[schema(value_type = Uuid)]
    pub(crate) device: DeviceId,
    /// Only for a new device: what it shows to be known again. Keep it, also when you log out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_secret: Option<String>,
}

/// Whom a mail is for.
#[derive(Clone, Copy)]
pub(crate) struct Mailbox<'a> {
    pub(crate) email: &'a str,
    pub(crate) language: &'a str,
    /// The household that it is about, with which it is exported and forgotten.
    pub(crate) household: Option<HouseholdId>,
}

impl App {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.utc().to_chrono()
    }

    /// The terms of log-ins.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            now: self.now(),
            life: TimeDelta::days(self.config.login_days.into()),
            grace: TimeDelta::seconds(self.config.refresh_grace_seconds.into()),
            devices: self.config.devices as usize,
        }
    }

    /// The network that a request comes from.
    pub(crate) fn network(&self, request: &Request) -> String {
        self.proxies.client(request).map_or_else(|| "unknown".into(), network)
    }

    /// Who is asking: the device of the access token must still be logged in, and the household must not be locked.
    pub(crate) async fn caller(&self, request: &Request) -> Result<Caller> {
        let caller = self.identity.caller(&request.headers)?;
        let now = self.now();
        let present =
            self.db.run(move |connection| device_present(connection, caller.household, caller.device, now));
        let Some(present) = present.await? else {
            let message = "this device is not logged in any more: log in anew";
            return Err(Error::new(Kind::Unauthenticated, message));
        };
        Ok(Caller { child: caller.child || present.child, ..caller })
    }

    /// Who is asking; not with a child's profile.
    pub(crate) async fn adult(&self, request: &Request) -> Result<Caller> {
        let caller = self.caller(request).await?;
        if caller.child {
            let message = "this is not for a child's profile: choose another one, with the PIN";
            return Err(Error::new(Kind::Denied, message));
        }
        Ok(caller)
    }

    /// An access token.
    pub(crate) fn access_token(&self, caller: &Caller) -> Result<String> {
        let iat = u64::try_from(self.clock.utc().0 / TICKS_PER_SECOND).unwrap_or(0);
        self.keys.sign(&Claims {
            iss: ISSUER.to_owned(),
            sub: caller.household,
            profile: caller.profile,
            child: caller.child,
            device: caller.device,
            iat,
            exp: iat + u64::from(self.config.access_token_seconds),
        })
    }

    /// What whoever has logged in, or chosen a profile, gets.
    pub(crate) fn grant(&self, caller: &Caller) -> Result<Grant> {
        Ok(Grant {
            access_token: self.access_token(caller)?,
            token_type: "Bearer",
            expires_in: self.config.access_token_seconds,
            refresh_token: None,
            household: caller.household,
            profile: caller.profile,
            child: caller.child,
            device: caller.device,
            device_secret: None,
        })
    }

    /// The same with what goes on from a log-in.
    pub(crate) fn grant_log_in(&self, logged_in: &LoggedIn) -> Result<Grant> {
        let LoggedIn { household, device, profile, child, .. } = *logged_in;
        let grant = self.grant(&Caller { household, profile, child, device })?;
        Ok(Grant {
            refresh_token: Some(logged_in.refresh.text()),
            device_secret: logged_in.secret.as_ref().map(crate::secret::Secret::text),
            ..grant
        })
    }

    /// A household that proves once more that it is who it says, before something that cannot be undone. One that only the
    /// identity provider lets in has no password to say.
    ///
    /// # Errors
    /// `Kind::Denied` if the password is wrong, `Kind::TooMany` after too many of those.
    pub(crate) async fn confirm(&self, caller: &Caller, password: Option<String>) -> Result<HouseholdRow> {
        let id = caller.household;
        let row = self.db.run(move |connection| household_get(connection, id)).await?;
        let Some(hash) = row.password.as_deref() else { return Ok(row) };
        let password = password
            .filter(|password| password.len() <= crate::password::LONGEST)
            .ok_or_else(|| Error::new(Kind::Denied, "the password is needed for this"))?;
        let attempt = self.limits.confirmation(id, caller.device).await?;
        if self.hasher.verify(password, Some(hash)).await? == Verdict::Wrong {
            return Err(Error::new(Kind::Denied, "this is not the password"));
        }
        self.succeeded(attempt).await;
        Ok(row)
    }

    /// An attempt was none to guess.
    pub(crate) async fn succeeded(&self, attempt: Attempt) {
        if let Err(error) = self.limits.succeeded(attempt).await {
            warn!(self.log, "an attempt that succeeded counts as failed"; "error" => error.chain());
        }
    }

    /// Puts a mail into the transaction: to whom, with which values, of use for how long.
    pub(crate) fn mail(
        &self,
        connection: &mut PgConnection,
        to: &Mailbox<'_>,
        template: Template,
        values: &[(&str, String)],
        life: TimeDelta,
    ) -> Result<(), Failure> {
        let mail = Mail {
            to: to.email.to_owned(),
            template,
            language: to.language.to_owned(),
            household: to.household,
            values: values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            until: self.now() + life,
        };
        let path = format!("/internal/v1/mails/{}", Uuid::now_v7());
        self.outbox.put(connection, NOTIFY, &Method::PUT, &path, &mail).map(drop)
    }

    /// A page of the web app. A secret stands behind the #, which browsers do not send, so that no log has it.
    pub(crate) fn page(&self, page: &str, secret: Option<&str>) -> String {
        let base = &self.config.public_url;
        secret.map_or_else(|| format!("{base}{page}"), |secret| format!("{base}{page}#token={secret}"))
    }
}

/// How long mails are of use that only tell something.
pub(crate) const NEWS: TimeDelta = TimeDelta::days(2);
