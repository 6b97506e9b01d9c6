//! Signatures of events: `Funkturm-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`.
//!
//! The time is in what is signed, so that a signature that was overheard is of no use after some minutes. There may be several `v1`,
//! which lets a sender change its secret without a gap.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use ring::hmac;

/// The header.
pub(crate) const HEADER: &str = "funkturm-signature";

/// A secret that both sides know.
pub(crate) struct Secret(hmac::Key);

impl Secret {
    /// Reads one from a file.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let text = text.trim();
        ensure!(
            text.len() >= 32,
            "{} holds no secret: put at least 32 random characters into it",
            file.display()
        );
        Ok(Self::new(text))
    }

    pub(crate) fn new(text: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))
    }

    /// The header's value for a body.
    pub(crate) fn sign(&self, body: &[u8], now: DateTime<Utc>) -> String {
        let seconds = now.timestamp();
        format!("t={seconds},v1={}", hex::encode(hmac::sign(&self.0, &signed(seconds, body))))
    }

    fn verifies(&self, seconds: i64, body: &[u8], signature: &[u8]) -> bool {
        // Takes the same time whatever differs.
        hmac::verify(&self.0, &signed(seconds, body), signature).is_ok()
    }
}

fn signed(seconds: i64, body: &[u8]) -> Vec<u8> {
    [format!("{seconds}.").as_bytes(), body].concat()
}

/// Checks a signature, at most `patience` seconds old, or early where clocks differ.
///
/// # Errors
/// What is wrong with it, for the sender.
pub(crate) fn verify(
    secrets: &[Arc<Secret>],
    header: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
    patience: u32,
) -> Result<(), &'static str> {
    let header = header.ok_or("sign it: Funkturm-Signature: t=SECONDS,v1=HEX")?;
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = value.parse::<i64>().ok(),
            Some(("v1", value)) => signatures.extend(hex::decode(value)),
            _ => {}
        }
    }
    let time = time.ok_or("the signature has no time: t=SECONDS")?;
    let signed = signatures
        .iter()
        .any(|signature| secrets.iter().any(|secret| secret.verifies(time, body, signature)));
    if !signed {
        return Err("the signature is not of this body with our secret");
    }
    if now.timestamp().abs_diff(time) > patience.into() {
        return Err("the signature is too old, or of a clock that is wrong");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_body_one_secret_and_some_minutes() {
        let (ours, old, foreign) = (Secret::new("ours"), Secret::new("old"), Secret::new("foreign"));
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let known = [Arc::new(ours), Arc::new(old)];
        let check = |header: &str, body: &[u8], late| {
            verify(&known, Some(header), body, now + chrono::TimeDelta::seconds(late), 300)
        };
        let good = known[0].sign(b"{}", now);
        assert_eq!(check(&good, b"{}", 300), Ok(()));
        assert_eq!(check(&good, b"{}", -300), Ok(()));
        assert!(check(&good, b"{}", 301).unwrap_err().contains("too old"));
        assert!(check(&good, b"{ }", 0).is_err());
        assert_eq!(check(&known[1].sign(b"{}", now), b"{}", 0), Ok(()));
        assert!(check(&foreign.sign(b"{}", now), b"{}", 0).is_err());
        let later = good.replace("t=1800000000", "t=1800000100");
        assert!(check(&later, b"{}", 100).is_err(), "the time is signed as well");
        let both = format!("{},{}", foreign.sign(b"{}", now), good.split(',').nth(1).unwrap());
        assert_eq!(check(&both, b"{}", 0), Ok(()));
        for wrong in ["", "t=x,v1=00", "v1=00", "t=1800000000", "t=1800000000,v1=zz"] {
            assert!(check(wrong, b"{}", 0).is_err(), "{wrong}");
        }
        assert!(verify(&known, None, b"{}", now, 300).is_err());
    }

    /// What docs/billing.md gives as an example, so that others can check theirs.
    #[test]
    fn the_example_of_the_documentation_is_right() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let documented = include_str!("../../../../../docs/billing.md");
        assert!(documented.contains(&secret.sign(b"{}", now)), "{}", secret.sign(b"{}", now));
    }
}
