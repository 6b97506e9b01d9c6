//! E-mail addresses.

use std::str::FromStr;

use email_address::{EmailAddress, Options};
use funkturm_base::{Error, Kind};

/// The longest address that SMTP carries (RFC 5321 4.5.3.1.3, less the brackets).
const LONGEST: usize = 254;

/// An address: how it was written, with the domain in lower case, and how it is found.
///
/// The part before the @ is compared without regard to case as well. RFC 5321 lets a host tell `A` from `a`; none that
/// people use does, and two accounts of one mailbox are worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it is written to.
    pub(crate) email: String,
    /// As it is found by.
    pub(crate) key: String,
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let wrong = || Error::new(Kind::Invalid, "email: this is not an e-mail address (name@example.org)");
        // Not what is quoted: no mailbox of a person needs that, and mail programs stumble over it.
        if text.len() > LONGEST || text.contains(['"', '\\']) || text.chars().any(char::is_control) {
            return Err(wrong());
        }
        let address = EmailAddress::parse_with_options(text, options).map_err(|_| wrong())?;
        let email = format!("{}@{}", address.local_part(), address.domain().to_lowercase());
        let key = email.to_lowercase();
        Ok(Self { email, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_address_however_it_is_written() {
        let address: Address = "  Anna.Muster@EXAMPLE.org ".parse().unwrap();
        assert_eq!(
            (address.email.as_str(), address.key.as_str()),
            ("Anna.Muster@example.org", "anna.muster@example.org")
        );
        assert_eq!("anna.muster@example.ORG".parse::<Address>().unwrap().key, address.key);
        assert_eq!("jürgen@müller.example".parse::<Address>().unwrap().email, "jürgen@müller.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "a",
            "a@",
            "@example.org",
            "a@b",
            "a b@example.org",
            "a@example.org\r\nBcc: b@example.org",
            "Anna <a@example.org>",
            "a@[127.0.0.1]",
            "\"a b\"@example.org",
            "a@example..org",
            "a\0@example.org",
            &long,
        ] {
            assert_eq!(text.parse::<Address>().unwrap_err().kind(), Kind::Invalid, "{text:?}");
        }
    }
}
