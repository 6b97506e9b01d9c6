//! Which passwords are taken: by length, not by composition (NIST SP 800-63B 3.1.1), and none that everybody tries first.

use std::{collections::BTreeSet, sync::LazyLock};

use funkturm_base::{Error, Kind, Result};

use crate::email::Address;

/// The longest password, in bytes: a sentence fits, and nobody keeps a thread busy with a novel.
pub(crate) const LONGEST: usize = 1024;
const SHORTEST: usize = 8;

/// The most common ones of 8 characters and more, in lower case.
static COMMON: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().map(str::trim).collect());

/// Whether a household may have this password.
///
/// # Errors
/// Why not.
pub(crate) fn check(password: &str, address: &Address) -> Result<()> {
    let refuse = |why: &str| Err(Error::new(Kind::Invalid, format!("password: {why}")));
    if password.chars().count() < SHORTEST {
        return refuse("it must have at least 8 characters");
    }
    if password.len() > LONGEST {
        return refuse("it is longer than 1024 bytes");
    }
    let plain = password.to_lowercase();
    let local = address.key.split('@').next().unwrap_or_default();
    if plain == address.key || plain == local {
        return refuse("it must not be the e-mail address");
    }
    let mut letters = plain.chars();
    let first = letters.next();
    if COMMON.contains(plain.as_str()) || letters.all(|letter| Some(letter) == first) {
        return refuse("it is one of those that are tried first: choose another one");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_and_composition_does_not() {
        let address: Address = "anna.muster@example.org".parse().unwrap();
        for good in ["tür und tor", "kartoffelsalat", "ÄÖÜäöüß1", &"correct horse ".repeat(70)] {
            assert!(check(good, &address).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1234567",
            "äöüäöüß",
            "12345678",
            "Passwort123",
            "PASSWORD",
            "aaaaaaaaaaaa",
            "Anna.Muster@example.org",
            "anna.muster",
            &"a b".repeat(400),
        ] {
            assert_eq!(check(bad, &address).unwrap_err().kind(), Kind::Invalid, "{bad}");
        }
    }
}
