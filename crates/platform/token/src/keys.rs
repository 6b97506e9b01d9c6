//! The keys: the first one signs, all of them verify, so that a new one can be everywhere before it signs.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{hmac, rand::SecureRandom};

use crate::{Claims, Refused, cose};

/// The shortest key: as long as what it makes (RFC 2104 3).
const SHORTEST_KEY: usize = 32;
/// More keys than any rotation needs at once.
const MOST_KEYS: usize = 16;

/// Keys by their ids. Never empty.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: String,
    key: hmac::Key,
}

/// Text that is not a list of keys. It does not say what is in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// A line that is no key.
    #[error(
        "line {0} is not `id key`: the id 1 to 16 letters, digits, - or _; the key at least 32 bytes as base64url without padding"
    )]
    Line(usize),
    /// Two keys have one id.
    #[error("line {0} has the id of a line before it")]
    Twice(usize),
    /// Nothing, or too much.
    #[error("there are {0} keys: between 1 and 16 can be used")]
    Count(usize),
}

impl Keys {
    /// Reads keys: a line `id base64url-key` for each; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// A line is something else, or there is none.
    pub fn parse(text: &str) -> Result<Self, InvalidKeys> {
        let mut keys: Vec<Key> = Vec::new();
        let lines = (1..).zip(text.lines().map(str::trim));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let key = Key::parse(line).ok_or(InvalidKeys::Line(number))?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(InvalidKeys::Twice(number));
            }
            keys.push(key);
        }
        if !(1..=MOST_KEYS).contains(&keys.len()) {
            return Err(InvalidKeys::Count(keys.len()));
        }
        Ok(Self(keys))
    }

    /// A token, signed with the first key.
    pub fn sign(&self, claims: &Claims) -> String {
        let Some(key) = self.0.first() else { return String::new() };
        let token = cose::write(&key.id, &claims.encode(), |message| hmac::sign(&key.key, message));
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// What a token says, if it was signed with one of the keys and is understood. Whether it is good for a request, and at
    /// this time, is for [`Claims`] to say.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn verify(&self, token: &str) -> Result<Claims, Refused> {
        if token.len() > cose::LONGEST {
            return Err(Refused::Garbage);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| Refused::Garbage)?;
        let sealed = cose::read(&bytes).ok_or(Refused::Garbage)?;
        let key = self.0.iter().find(|key| key.id.as_bytes() == sealed.key).ok_or(Refused::UnknownKey)?;
        let message = cose::authenticated(sealed.payload);
        hmac::verify(&key.key, &message, sealed.tag).map_err(|_| Refused::Tampered)?;
        Claims::decode(sealed.payload).ok_or(Refused::NotUnderstood)
    }

    /// The ids, the one that signs first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }
}

impl Key {
    fn parse(line: &str) -> Option<Self> {
        let (id, key) = line.split_once([' ', '\t'])?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=16).contains(&id.len()) || !id.bytes().all(legal) {
            return None;
        }
        let key = BASE64_URL_SAFE_NO_PAD.decode(key.trim()).ok().filter(|key| key.len() >= SHORTEST_KEY)?;
        Some(Self { id: id.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

/// A line for a file of keys, with a new key; none if the machine has no randomness to give.
pub fn new_key(id: &str) -> Option<String> {
    let mut key = [0; 32];
    ring::rand::SystemRandom::new().fill(&mut key).ok()?;
    Some(format!("{id} {}", BASE64_URL_SAFE_NO_PAD.encode(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_keys_is_read_and_what_is_none_is_refused_by_line() {
        let (one, two) = (new_key("1").unwrap(), new_key("2026-11").unwrap());
        let keys = Keys::parse(&format!("# of November\n{one}\n\n  {two}  \n")).unwrap();
        assert_eq!(keys.ids().collect::<Vec<_>>(), ["1", "2026-11"]);
        let short = format!("1 {}", BASE64_URL_SAFE_NO_PAD.encode([1; 31]));
        for (text, error) in [
            (String::new(), InvalidKeys::Count(0)),
            ("1".to_owned(), InvalidKeys::Line(1)),
            (short, InvalidKeys::Line(1)),
            (format!("{one}\nä {two}"), InvalidKeys::Line(2)),
            (format!("{one}="), InvalidKeys::Line(1)),
            (format!("{one}\n{}", new_key("1").unwrap()), InvalidKeys::Twice(2)),
            ((0..17).map(|n| new_key(&n.to_string()).unwrap() + "\n").collect(), InvalidKeys::Count(17)),
        ] {
            assert_eq!(Keys::parse(&text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn keys_are_not_printed() {
        let line = new_key("here").unwrap();
        assert_eq!(format!("{:?}", Keys::parse(&line).unwrap()), r#"["here"]"#);
    }
}
