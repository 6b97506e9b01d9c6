//! Secrets that are given out: random, and kept only as their hashes.

use std::str::FromStr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new one, from the operating system's generator by way of rand's.
    pub(crate) fn new() -> Self {
        Self(rand::random())
    }

    /// As it is given out.
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// As it is kept.
    pub(crate) fn hash(&self) -> Vec<u8> {
        hash(&[&self.0])
    }

    /// This one under another one, which opens it again: a one-time pad, because a token has one successor only.
    pub(crate) fn sealed_with(&self, other: &Self) -> Vec<u8> {
        let pad = hash(&[b"funkturm successor", &other.0]);
        self.0.iter().zip(pad).map(|(a, b)| a ^ b).collect()
    }

    /// What [`Self::sealed_with`] made of it, opened with the same other one.
    pub(crate) fn unsealed(sealed: &[u8], other: &Self) -> Option<Self> {
        let sealed = Self(sealed.try_into().ok()?);
        Some(Self(sealed.sealed_with(other).try_into().ok()?))
    }
}

impl FromStr for Secret {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        Ok(Self(bytes.try_into().map_err(|_| ())?))
    }
}

/// A refresh token: the log-in that it belongs to, and a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) family: Uuid,
    pub(crate) secret: Secret,
}

impl RefreshToken {
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([self.family.as_bytes().as_slice(), &self.secret.0].concat())
    }
}

impl FromStr for RefreshToken {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        let (family, secret) = bytes.split_at_checked(16).ok_or(())?;
        let family = Uuid::from_slice(family).map_err(|_| ())?;
        Ok(Self { family, secret: Secret(secret.try_into().map_err(|_| ())?) })
    }
}

/// The hash of what a client sent, whatever it is.
pub(crate) fn hash_of(text: &str) -> Vec<u8> {
    text.parse::<Secret>().map_or_else(|()| hash(&[b"not a secret", text.as_bytes()]), |secret| secret.hash())
}

/// A short name for something that shall not be readable in a store that is not its own: an address in Redis.
pub(crate) fn veiled(text: &str) -> String {
    let hash = hash(&[text.as_bytes()]);
    BASE64_URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or(&hash))
}

/// Whether two hashes are the same; takes as long whatever they are.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_opens_only_with_the_token_before_it() {
        let (next, before, other) = (Secret::new(), Secret::new(), Secret::new());
        let sealed = next.sealed_with(&before);
        assert!(Secret::unsealed(&sealed, &before).unwrap() == next);
        assert!(Secret::unsealed(&sealed, &other).unwrap() != next);
        assert!(Secret::unsealed(&sealed[1..], &before).is_none());
        assert_ne!(sealed, next.hash());
    }

    #[test]
    fn tokens_come_back_from_their_text_and_nothing_else_does() {
        let token = RefreshToken { family: Uuid::new_v4(), secret: Secret::new() };
        assert!(token.text().parse::<RefreshToken>().unwrap() == token);
        for wrong in ["", "x", &token.text()[1..], &Secret::new().text(), &format!("{}A", token.text())] {
            assert!(wrong.parse::<RefreshToken>().is_err(), "{wrong}");
        }
        let secret = Secret::new();
        assert_eq!(hash_of(&secret.text()), secret.hash());
        assert_ne!(hash_of("x"), hash_of("y"));
    }
}
