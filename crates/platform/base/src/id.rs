//! Typed ids.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names a channel in URLs, logs, metrics and storage: 1 to 64 of `a-z`, `0-9` and inner `-`.
///
/// It is made from the channel's first name and never changes afterwards, so that a renamed channel keeps
/// its URLs and its history.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelId(String);

/// The text is not a channel id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a channel id: 1 to 64 of a-z, 0-9 and '-', not beginning or ending with '-'")]
pub struct InvalidId(String);

impl ChannelId {
    /// Makes an id from a channel's name: `Das Erste HD` becomes `das-erste-hd`; a name without any
    /// usable letter becomes `channel`.
    pub fn from_name(name: &str) -> Self {
        let mut id = String::new();
        for c in name.chars() {
            let plain = match c {
                'ä' | 'Ä' => "ae",
                'ö' | 'Ö' => "oe",
                'ü' | 'Ü' => "ue",
                'ß' => "ss",
                'é' | 'è' | 'ê' | 'É' => "e",
                'à' | 'á' | 'â' => "a",
                '+' => "plus",
                _ => "",
            };
            if !plain.is_empty() {
                id.push_str(plain);
            } else if c.is_ascii_alphanumeric() {
                id.push(c.to_ascii_lowercase());
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            }
            if id.len() >= 60 {
                break;
            }
        }
        let id = id.trim_end_matches('-');
        Self(if id.is_empty() { "channel" } else { id }.to_owned())
    }

    /// The same id with a number behind it, for a second channel of the same name.
    #[must_use]
    pub fn numbered(&self, n: u32) -> Self {
        Self(format!("{}-{n}", self.0))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChannelId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let legal = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if legal { Ok(Self(text.to_owned())) } else { Err(InvalidId(text.to_owned())) }
    }
}

impl TryFrom<String> for ChannelId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ChannelId> for String {
    fn from(id: ChannelId) -> Self {
        id.0
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id that is a UUID: version 7, so that newer ones sort after older ones.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new one.
            #[expect(clippy::new_without_default, reason = "each is another one")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id! {
    /// Names a household: an account with its profiles and devices.
    HouseholdId
}
uuid_id! {
    /// Names a profile of a household.
    ProfileId
}
uuid_id! {
    /// Names a device of a household: whatever was logged in on.
    DeviceId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_that_parse() {
        for (name, id) in [
            ("Das Erste HD", "das-erste-hd"),
            ("  ZDF  ", "zdf"),
            ("Köln & Süß", "koeln-suess"),
            ("RTL+", "rtlplus"),
            ("первый", "channel"),
            ("", "channel"),
        ] {
            assert_eq!(ChannelId::from_name(name).as_str(), id);
            assert_eq!(id.parse::<ChannelId>().unwrap().as_str(), id);
        }
        assert!(ChannelId::from_name(&"ü ".repeat(200)).as_str().parse::<ChannelId>().is_ok());
    }

    #[test]
    fn text_that_could_leave_a_path_is_refused() {
        for text in ["", "-a", "a-", "A", "a/b", "..", "a b", "ä", &"a".repeat(65)] {
            assert!(text.parse::<ChannelId>().is_err(), "{text:?}");
        }
    }
}
