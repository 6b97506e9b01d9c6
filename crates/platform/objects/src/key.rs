//! The names of objects.

use std::{fmt, str::FromStr};

/// An object's name: parts of letters, digits, `.`, `_` and `-`, with `/` between them.
///
/// No part begins with a dot, so that a key is a safe path in a directory; and no key may be another's folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

/// The text is not a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of an object: parts of a-z, A-Z, 0-9, '.', '_', '-', none beginning with '.', \
    separated by '/', 512 bytes at most"
)]
pub struct InvalidKey(String);

impl Key {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let legal = |part: &str| {
            !part.is_empty()
                && part.len() <= 200
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if text.len() <= 512 && text.split('/').all(legal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKey(text.chars().take(600).collect()))
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_could_leave_their_place_are_refused() {
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "..",
            "a/../b",
            ".a",
            "a/.b",
            "ä",
            "a b",
            "a\\b",
            "a\0",
            &"a".repeat(201),
        ] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
        for text in ["a", "logos/das-erste.png", "2026/01/01/x_1.m4s"] {
            assert_eq!(text.parse::<Key>().unwrap().as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn a_key_as_a_path_stays_inside(text in ".{0,40}") {
            if let Ok(key) = text.parse::<Key>() {
                let path = std::path::Path::new(key.as_str());
                prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }
}
