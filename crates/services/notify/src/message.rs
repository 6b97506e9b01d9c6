//! A mail as it goes over the wire (RFC 5322), and what addresses and values may be: nothing that somebody else wrote gets to where
//! it could begin another header or command.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::mail::Mail;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use crate::texts::Rendered;

/// The longest address (RFC 5321 4.5.3.1.3, without the angle brackets).
const LONGEST_ADDRESS: usize = 254;
/// The longest link.
const LONGEST_LINK: usize = 2000;
/// Letters of any other value; what is longer is cut.
const LONGEST_VALUE: usize = 120;
/// How far ahead the end of a mail's time may lie: for so long at least its id must be known.
const LONGEST_TIME: chrono::Duration = chrono::Duration::days(90);

/// Whom mails are from.
pub(crate) struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Sender {
    /// From addresses that were checked.
    pub(crate) fn new(operator: &str, from: &str, reply_to: &str) -> std::result::Result<Self, String> {
        let from = Mailbox::new(Some(operator.to_owned()), address(from)?);
        let reply_to = (!reply_to.is_empty()).then(|| address(reply_to)).transpose()?;
        Ok(Self { from, reply_to: reply_to.map(|address| Mailbox::new(None, address)) })
    }

    /// As people read it.
    pub(crate) fn shown(&self) -> String {
        self.from.to_string()
    }

    /// The address of bounces.
    pub(crate) fn address(&self) -> &Address {
        &self.from.email
    }

    /// The whole message. The same mail makes the same headers each time, so that receivers can tell one that comes twice.
    pub(crate) fn compose(
        &self,
        id: Uuid,
        to: &str,
        accepted: DateTime<Utc>,
        language: &'static str,
        rendered: Rendered,
    ) -> std::result::Result<Message, String> {
        let to = address(to)?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(rendered.subject)
            .date(accepted.into())
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            // RFC 3834: no answers by robots, please.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", language));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        message
            .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
            .map_err(|error| format!("no message can be made of it: {error}"))
    }
}

fn header(name: &'static str, value: &'static str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// An address that can be written to: ASCII before the `@`, without quotes; the domain may be international.
pub(crate) fn address(text: &str) -> std::result::Result<Address, String> {
    let wrong = |why: &str| Err(format!("{text:?} is not an address that mail can be sent to: {why}"));
    let Some((user, domain)) = text.rsplit_once('@') else { return wrong("it has no @") };
    if text.len() > LONGEST_ADDRESS {
        return wrong("it is too long");
    }
    let unusual =
        |letter: char| letter.is_control() || letter.is_whitespace() || "\"(),:;<>@[]\\".contains(letter);
    if text.chars().filter(|letter| *letter != '@').any(unusual) || user.contains('@') || !user.is_ascii() {
        return wrong("a letter in it cannot be used");
    }
    let Ok(domain) = idna::domain_to_ascii(domain) else { return wrong("its domain is none") };
    match Address::new(user, &domain) {
        Ok(address) => Ok(address),
        Err(error) => wrong(&error.to_string().to_lowercase()),
    }
}

/// Checks what another service sent, and cleans values that people may have written.
///
/// # Errors
/// `Kind::Invalid`: it could never be sent.
pub(crate) fn admit(mut mail: Mail, now: DateTime<Utc>) -> Result<Mail> {
    let invalid = |problem: String| Error::new(Kind::Invalid, problem);
    address(&mail.to).map_err(|problem| invalid(format!("to: {problem}")))?;
    if mail.until - now > LONGEST_TIME {
        return Err(invalid("until: it may lie 90 days ahead at most".into()));
    }
    let mut values = BTreeMap::new();
    for &name in mail.template.values() {
        let value = mail
            .values
            .remove(name)
            .ok_or_else(|| invalid(format!("values: the template {} needs {name}", mail.template.name())))?;
        let value = if name == "link" { link(value).map_err(&invalid)? } else { clean(&value) };
        values.insert(name.to_owned(), value);
    }
    mail.values = values;
    mail.language =
        if mail.language.is_char_boundary(2) && mail.language.len() >= 2 && is_german(&mail.language) {
            "de".into()
        } else {
            "en".into()
        };
    Ok(mail)
}

/// `de`, and what begins with it: `de-AT`.
fn is_german(language: &str) -> bool {
    let (begin, rest) = language.split_at(2);
    begin.eq_ignore_ascii_case("de") && (rest.is_empty() || rest.starts_with(['-', '_']))
}

fn link(link: String) -> std::result::Result<String, String> {
    let is_web = link.starts_with("https://") || link.starts_with("http://");
    let is_plain = link.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    if is_web && is_plain && link.len() <= LONGEST_LINK && link.parse::<http::Uri>().is_ok() {
        return Ok(link);
    }
    Err(format!("values: link must be a URL (https://…) of {LONGEST_LINK} letters at most, percent-encoded"))
}

/// What people named something: one line, not too long. A strange name must not keep a mail from being sent.
fn clean(value: &str) -> String {
    let unwanted = |letter: char| {
        letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let line = value.chars().map(|letter| if unwanted(letter) { ' ' } else { letter });
    line.take(LONGEST_VALUE).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use funkturm_contracts::mail::Template;

    use super::*;

    fn mail(to: &str, values: &[(&str, &str)]) -> Mail {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Mail {
            to: to.into(),
            template: Template::NewDevice,
            language: "de".into(),
            values,
            until: Utc::now() + chrono::Duration::hours(1),
            household: None,
        }
    }

    #[test]
    fn an_address_that_could_begin_another_header_or_command_is_refused() {
        for right in ["a@b.example", "a+b.c_d@sub.b.example", "o'neil@b.example", "a@münchen.example"] {
            assert!(address(right).is_ok(), "{right}");
        }
        assert_eq!(address("a@münchen.example").unwrap().to_string(), "a@xn--mnchen-3ya.example");
        for wrong in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b.example\r\nBcc: c@d.example",
            "a\r\nRCPT TO:<x@y.example>@b.example",
            "a@b.example, c@d.example",
            "A <a@b.example>",
            "\"a b\"@b.example",
            "a@b@c.example",
            "a b@c.example",
            "a@b.example\0",
            "a\u{85}@b.example",
            "ü@b.example",
            &format!("{}@b.example", "a".repeat(300)),
        ] {
            assert!(address(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn values_are_one_line_each_and_links_lead_to_the_web() {
        let device = "TV\r\nBcc: c@d.example\u{2028}\u{202e}".to_owned() + &"x".repeat(500);
        let admit = |link: &str| {
            admit(
                mail("a@b.example", &[("device", &device), ("time", "heute"), ("link", link), ("more", "x")]),
                Utc::now(),
            )
        };
        let good = admit("https://tv.example/devices?a=b&c=%20#d").unwrap();
        assert_eq!(good.values.keys().collect::<Vec<_>>(), ["device", "link", "time"]);
        assert!(good.values["device"].starts_with("TV  Bcc: c@d.example  xxx"));
        assert_eq!(good.values["device"].chars().count(), LONGEST_VALUE);
        for wrong in [
            "",
            "javascript:alert(1)",
            "https://a b",
            "https://a/\r\nBcc: x@y",
            "https://a/\"onclick=",
            "http://",
        ] {
            let error = admit(wrong).unwrap_err();
            assert!(error.kind() == Kind::Invalid && error.message().contains("link"), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn a_missing_value_and_a_time_without_end_are_refused() {
        let error =
            admit(mail("a@b.example", &[("device", "TV"), ("link", "https://a/")]), Utc::now()).unwrap_err();
        assert!(error.message().contains("new_device needs time"), "{error}");
        let mut late = mail("a@b.example", &[("device", "TV"), ("time", "now"), ("link", "https://a/")]);
        late.until = Utc::now() + chrono::Duration::days(91);
        assert!(admit(late, Utc::now()).unwrap_err().message().starts_with("until"));
    }

    #[test]
    fn german_is_for_those_who_want_it_and_english_for_all_others() {
        for (wanted, given) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("DE", "de"),
            ("en", "en"),
            ("den", "en"),
            ("", "en"),
            ("日", "en"),
        ] {
            let values = [("device", "TV"), ("time", "now"), ("link", "https://a/")];
            let mail = Mail { language: wanted.into(), ..mail("a@b.example", &values) };
            assert_eq!(admit(mail, Utc::now()).unwrap().language, given, "{wanted}");
        }
    }
}
