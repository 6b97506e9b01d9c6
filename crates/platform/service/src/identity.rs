//! Who is asking: access tokens of households, checked here without asking anyone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use funkturm_base::{Clock, DeviceId, Error, HouseholdId, Kind, ProfileId, Result, TICKS_PER_SECOND};
use funkturm_contracts::{
    client::Peer,
    identity::{Claims, ISSUER, KeySet},
};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use slog::{info, warn};
use tokio::sync::Notify;

use crate::{Context, Latch, http::bearer};

/// How often the keys are fetched. A new one is published for longer than this before it signs.
const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// How soon they are fetched again when a token names one that is not known, or when they could not be had.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// What clocks of machines may differ by, seconds.
const LEEWAY: u64 = 5;

/// The household that is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The household.
    pub household: HouseholdId,
    /// The profile that is chosen.
    pub profile: ProfileId,
    /// It is a child's.
    pub child: bool,
    /// The device.
    pub device: DeviceId,
}

/// What access tokens are checked with. Clones share it.
#[derive(Clone)]
pub struct Identity {
    keys: Arc<ArcSwapOption<BTreeMap<String, DecodingKey>>>,
    wanted: Arc<Notify>,
    clock: Arc<dyn Clock>,
}

impl Identity {
    /// Follows the keys of accounts until the process stops. The latch opens with the first ones; while accounts is away,
    /// the last ones stay.
    pub fn follow(accounts: Peer, context: &Context, latch: Latch) -> Self {
        let identity = Self::without_keys(context);
        let (follower, process) = (identity.clone(), context.clone());
        context.spawn("keys", async move {
            let mut away = false;
            while !process.stop.requested() {
                match accounts.keys().await {
                    Ok(keys) => {
                        follower.set_keys(&keys)?;
                        latch.open();
                        if std::mem::replace(&mut away, false) {
                            info!(process.log, "accounts is back");
                        }
                    }
                    Err(error) if !std::mem::replace(&mut away, true) => {
                        warn!(process.log, "accounts does not give its keys: those that are known stay"; "error" => %error);
                    }
                    Err(_) => {}
                }
                tokio::select! {
                    () = tokio::time::sleep(if away { LOOK_SOON } else { LOOK_AGAIN }) => {}
                    () = follower.asked_for() => {}
                    () = process.stop.wait() => {}
                }
            }
            Ok(())
        });
        identity
    }

    /// Without keys yet: everybody is told to come again. For accounts itself, and for tests; see [`Self::set_keys`].
    pub fn without_keys(context: &Context) -> Self {
        Self { keys: Arc::default(), wanted: Arc::default(), clock: Arc::clone(&context.clock) }
    }

    /// These are the keys from now on.
    ///
    /// # Errors
    /// One of them is not a key.
    pub fn set_keys(&self, set: &KeySet) -> anyhow::Result<()> {
        let keys = set.keys.iter().map(|key| Ok((key.kid.clone(), DecodingKey::from_ed_components(&key.x)?)));
        self.keys.store(Some(Arc::new(keys.collect::<anyhow::Result<_>>()?)));
        Ok(())
    }

    /// The household whose access token a request carries (RFC 6750 2.1).
    ///
    /// # Errors
    /// `Kind::Unauthenticated` without a token, or if it is not valid (any more); `Kind::Unavailable` as long as there are
    /// no keys.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller> {
        let refused = |message: &str| Error::new(Kind::Unauthenticated, message);
        let token = bearer(headers)
            .and_then(|token| std::str::from_utf8(token).ok())
            .ok_or_else(|| refused("log in first, and send the access token as `Authorization: Bearer …`"))?;
        let keys = self.keys.load();
        let keys = keys.as_deref().ok_or_else(|| {
            Error::new(Kind::Unavailable, "tokens cannot be checked at the moment: try again")
        })?;
        let wrong = || refused("this access token is not valid: log in anew");
        let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid).ok_or_else(wrong)?;
        let Some(key) = keys.get(&kid) else {
            self.wanted.notify_one();
            return Err(wrong());
        };
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation()).map_err(|_| wrong())?.claims;
        let now = u64::try_from(self.clock.utc().0 / TICKS_PER_SECOND).unwrap_or(0);
        if claims.exp.saturating_add(LEEWAY) <= now {
            return Err(refused("this access token has run out: refresh it"));
        }
        let Claims { sub: household, profile, child, device, .. } = claims;
        Ok(Caller { household, profile, child, device })
    }

    /// Returns when a token named a key that is not known, but not more than once in a while: anybody can send such tokens.
    async fn asked_for(&self) {
        tokio::time::sleep(LOOK_SOON).await;
        self.wanted.notified().await;
    }
}

/// Only what accounts makes; the time is looked at by our own clock.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["iss", "sub", "exp"]);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use funkturm_base::{ManualClock, Utc90};
    use funkturm_contracts::identity::Key;
    use http::{HeaderValue, header};
    use jsonwebtoken::{EncodingKey, Header};
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    struct Signer(EncodingKey, Key);

    fn signer(kid: &str) -> Signer {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let text = |text: &str| text.to_owned();
        let (kty, crv, alg, usage) = (text("OKP"), text("Ed25519"), text("EdDSA"), text("sig"));
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        Signer(EncodingKey::from_ed_der(pkcs8.as_ref()), Key { kty, crv, alg, usage, kid: kid.into(), x })
    }

    fn claims() -> Claims {
        Claims {
            iss: ISSUER.into(),
            sub: HouseholdId::new(),
            profile: ProfileId::new(),
            child: true,
            device: DeviceId::new(),
            iat: NOW - 10,
            exp: NOW + 290,
        }
    }

    fn token(signer: &Signer, claims: &Claims) -> String {
        let header = Header { kid: Some(signer.1.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &signer.0).unwrap()
    }

    fn ask(identity: &Identity, token: &str) -> Result<Caller> {
        let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        identity.caller(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
    }

    fn identity(keys: &[&Signer]) -> (Identity, Arc<ManualClock>) {
        let mut context = Context::for_test("a");
        let clock = Arc::new(ManualClock::at(Utc90(NOW as i64 * TICKS_PER_SECOND)));
        context.clock = Arc::clone(&clock) as _;
        let identity = Identity::without_keys(&context);
        if !keys.is_empty() {
            identity
                .set_keys(&KeySet { keys: keys.iter().map(|signer| signer.1.clone()).collect() })
                .unwrap();
        }
        (identity, clock)
    }

    #[test]
    fn a_token_says_who_asks_until_it_runs_out() {
        let (one, other) = (signer("one"), signer("other"));
        let (identity, clock) = identity(&[&one, &other]);
        for signer in [&one, &other] {
            let claims = claims();
            let caller = ask(&identity, &token(signer, &claims)).unwrap();
            let Claims { sub: household, profile, child, device, .. } = claims;
            assert_eq!(caller, Caller { household, profile, child, device });
        }
        let last = token(&one, &claims());
        clock.advance(Duration::from_secs(294));
        assert!(ask(&identity, &last).is_ok(), "clocks differ a little");
        clock.advance(Duration::from_secs(1));
        assert_eq!(ask(&identity, &last).unwrap_err().kind(), Kind::Unauthenticated);
    }

    #[test]
    fn what_accounts_did_not_sign_is_refused() {
        let (ours, foreign) = (signer("one"), signer("one"));
        let (identity, _) = identity(&[&ours]);
        let good = token(&ours, &claims());
        let [head, body, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
        let other_body = token(&ours, &claims());
        let other_body = other_body.split('.').nth(1).unwrap();
        let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"one"}"#);
        let hmac = Header { kid: Some("one".into()), ..Header::new(Algorithm::HS256) };
        let public = EncodingKey::from_secret(ours.1.x.as_bytes());
        let another_issuer = Claims { iss: "somebody".into(), ..claims() };
        for wrong in [
            token(&foreign, &claims()),
            token(&signer("two"), &claims()),
            token(&ours, &another_issuer),
            format!("{head}.{other_body}.{signature}"),
            format!("{head}.{body}."),
            format!("{none}.{body}."),
            format!("{none}.{body}.{signature}"),
            jsonwebtoken::encode(&hmac, &claims(), &public).unwrap(),
            "x".into(),
            String::new(),
        ] {
            assert_eq!(ask(&identity, &wrong).unwrap_err().kind(), Kind::Unauthenticated, "{wrong}");
        }
        assert_eq!(identity.caller(&HeaderMap::new()).unwrap_err().kind(), Kind::Unauthenticated);
        assert!(ask(&identity, &good).is_ok());
    }

    #[test]
    fn without_keys_nobody_is_refused_for_good() {
        let (identity, _) = identity(&[]);
        let answer = ask(&identity, &token(&signer("one"), &claims()));
        assert_eq!(answer.unwrap_err().kind(), Kind::Unavailable);
    }
}
