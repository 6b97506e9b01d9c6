//! Who may fetch what: the token in the path, checked here without asking anyone, and the sessions that were revoked.

use std::sync::Arc;

use arc_swap::ArcSwap;
use funkturm_base::{Clock, Error, Kind, TICKS_PER_SECOND};
use funkturm_service::{Context, Request, watched};
use funkturm_token::{Claims, Keys, Refused};
use prometheus::IntCounterVec;

use crate::{Config, revoked::Revoked};

/// Decides about every request of a player.
pub(crate) struct Gate {
    open_house: bool,
    keys: Option<Arc<ArcSwap<Keys>>>,
    revoked: Arc<Revoked>,
    refused: IntCounterVec,
    clock: Arc<dyn Clock>,
}

/// What a request may have.
pub(crate) struct Pass(Option<Claims>);

impl Gate {
    pub(crate) fn new(config: &Config, revoked: Arc<Revoked>, context: &Context) -> anyhow::Result<Self> {
        let file = &config.token_keys_file;
        let keys = if file.as_os_str().is_empty() {
            None
        } else {
            Some(watched::follow(file, context, Keys::parse)?)
        };
        let help = "Requests that were refused for their token: invalid (401), or good for something else (403), or revoked.";
        let name = "funkturm_origin_refused_total";
        let refused = funkturm_service::metrics::counters(&context.metrics, name, help, &["reason"])?;
        let clock = Arc::clone(&context.clock);
        Ok(Self { open_house: config.open_house, keys, revoked, refused, clock })
    }

    /// Lets a request of `/…/{token}/{channel}/…` in, or says why not: 401 if its token is no good, 403 if it is good for something
    /// else, or its session was ended.
    pub(crate) fn admit(&self, request: &Request) -> Result<Pass, Error> {
        let token = request.text("token")?;
        if token == "open" {
            return self.admit_open();
        }
        let Some(keys) = &self.keys else { return Err(self.refuse(Refused::UnknownKey)) };
        let claims = keys.load().verify(&token).map_err(|refused| self.refuse(refused))?;
        let now = u64::try_from(self.clock.utc().0 / TICKS_PER_SECOND).unwrap_or(0);
        // The path is `/hls/TOKEN/CHANNEL/REST`, or `/hls-check/…` of the same form.
        let (channel, rest) =
            (request.text("channel")?, request.path().splitn(5, '/').nth(4).unwrap_or_default());
        let allowed = claims
            .check_time(now)
            .and_then(|()| claims.check_request(request.method.as_str(), &channel, rest));
        allowed.map_err(|refused| self.refuse(refused))?;
        match self.revoked.has(&claims.session) {
            Some(false) => Ok(Pass(Some(claims))),
            Some(true) => {
                self.refused.with_label_values(&["revoked"]).inc();
                Err(Error::new(Kind::Denied, "this playback session was ended: ask for a new one"))
            }
            None => Err(Error::new(
                Kind::Unavailable,
                "which sessions were ended is not known here yet: try again",
            )),
        }
    }

    fn admit_open(&self) -> Result<Pass, Error> {
        if self.open_house {
            return Ok(Pass(None));
        }
        self.refused.with_label_values(&["invalid"]).inc();
        Err(Error::new(Kind::Unauthenticated, "this is no open house: ask for a playback session"))
    }

    /// What is said to whoever sent a token that does not do.
    pub(crate) fn refuse(&self, refused: Refused) -> Error {
        let (kind, reason) =
            if refused.is_invalid() { (Kind::Unauthenticated, "invalid") } else { (Kind::Denied, "other") };
        self.refused.with_label_values(&[reason]).inc();
        Error::new(kind, format!("{refused}: ask for a new playback session"))
    }
}

impl Pass {
    /// Whether HD is in it.
    pub(crate) fn hd(&self) -> bool {
        self.0.as_ref().is_none_or(|claims| claims.hd)
    }

    /// Whether a segment is in it.
    pub(crate) fn check_segment(&self, number: u64) -> Result<(), Refused> {
        self.0.as_ref().map_or(Ok(()), |claims| claims.check_segment(number))
    }
}
