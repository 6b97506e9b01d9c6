//! What can be set: `[notify]`.

use std::{net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::message::address;

/// The `[notify]` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the Redis that mails wait in: `redis://host:6379`. It must be one that keeps what it has (`appendonly`).
    pub redis: String,
    /// What the operator is called, in every mail.
    pub operator: String,
    /// The operator's colour, for the button in HTML: `#rrggbb`.
    pub colour: String,
    /// Whom mails are from: an address alone, to which the operator's name is put.
    pub from: String,
    /// Where answers go; to `from` where empty.
    pub reply_to: String,
    /// What stands below every mail: who the operator is, and where.
    pub signature: String,
    /// A folder with texts that replace ours, of the same names: `confirm_address.de.txt`, `layout.html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<PathBuf>,
    /// The mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
    /// What happens to mails where there is no mail server.
    pub without_server: WithoutServer,
    /// How long it is known what became of a mail, in days (1 to 90). Its text goes when it is sent.
    pub keep_days: u32,
    /// The texts of so many caught mails are kept (1 to 100000).
    pub keep_caught: usize,
    /// Mails that are sent at once, each over a connection of its own (1 to 64).
    pub connections: usize,
    /// After how many seconds a mail is tried again that was put off; then twice as long each time (1 to 3600).
    pub retry_seconds: u32,
    /// The longest it waits between two attempts, in seconds.
    pub retry_most_seconds: u32,
}

/// What happens to mails where there is no mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutServer {
    /// That there is none is a mistake: the service does not start.
    #[default]
    Refuse,
    /// They are caught: kept for operators to read, and sent to nobody.
    Catch,
}

/// A mail server that takes mails for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port; where absent, 465 with `tls`, 587 with `starttls`, 25 with `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub encryption: Encryption,
    /// The file with the user's name, if the server wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_file: Option<PathBuf>,
    /// The file with the user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A file with certificates (PEM) that are believed instead of the machine's, for a server with one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates_file: Option<PathBuf>,
    /// How long an answer of the server may take, in seconds (1 to 300); the answer to a whole mail takes ten times as long at most.
    #[serde(default = "one_minute")]
    pub timeout_seconds: u32,
    /// The AWS regions that mail may go through.
    #[serde(default = "only_frankfurt")]
    pub allowed_regions: Vec<String>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// From the first byte (RFC 8314).
    #[default]
    Tls,
    /// After STARTTLS (RFC 3207), and never without.
    Starttls,
    /// Not at all: only to this machine itself.
    None,
}

fn one_minute() -> u32 {
    60
}

fn only_frankfurt() -> Vec<String> {
    vec!["eu-central-1".to_owned()]
}

impl Default for Config {
    fn default() -> Self {
        Self {
            redis: String::new(),
            operator: "Funkturm".into(),
            colour: "#1d4ed8".into(),
            from: "tv@funkturm.invalid".into(),
            reply_to: String::new(),
            signature: String::new(),
            texts: None,
            smtp: None,
            without_server: WithoutServer::default(),
            keep_days: 7,
            keep_caught: 500,
            connections: 4,
            retry_seconds: 30,
            retry_most_seconds: 900,
        }
    }
}

impl Config {
    /// Checks what types cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.redis.is_empty() {
            return Err("redis must be the URL of a Redis: redis://host:6379".into());
        }
        let is_name = (1..=60).contains(&self.operator.chars().count());
        if !is_name || self.operator.chars().any(char::is_control) {
            return Err("operator must be the operator's name: one line of 60 letters at most".into());
        }
        if !is_colour(&self.colour) {
            return Err(format!("colour must be written as #1d4ed8, not {:?}", self.colour));
        }
        address(&self.from).map_err(|problem| format!("from: {problem}"))?;
        if !self.reply_to.is_empty() {
            address(&self.reply_to).map_err(|problem| format!("reply_to: {problem}"))?;
        }
        let in_range = |name: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
            let (low, high) = (range.start(), range.end());
            if range.contains(&value) {
                Ok(())
            } else {
                Err(format!("{name} must be {low} to {high}, not {value}"))
            }
        };
        in_range("keep_days", self.keep_days as usize, 1..=90)?;
        in_range("keep_caught", self.keep_caught, 1..=100_000)?;
        in_range("connections", self.connections, 1..=64)?;
        in_range("retry_seconds", self.retry_seconds as usize, 1..=3600)?;
        in_range(
            "retry_most_seconds",
            self.retry_most_seconds as usize,
            self.retry_seconds as usize..=86_400,
        )?;
        match &self.smtp {
            Some(_) if self.from.ends_with(".invalid") => {
                Err("from must be the address that mails come from: no-reply@tv.example".into())
            }
            Some(smtp) => smtp.check().map_err(|problem| format!("smtp.{problem}")),
            None if self.without_server == WithoutServer::Catch => Ok(()),
            None => Err("smtp is missing: name the mail server (smtp.host), or say without_server = \"catch\" to keep mails \
                         for operators to read instead of sending them"
                .into()),
        }
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Smtp {
    fn check(&self) -> Result<(), String> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte);
        if self.host.is_empty() || !self.host.bytes().all(legal) {
            return Err(format!("host must be the mail server's name, not {:?}", self.host));
        }
        if !(1..=300).contains(&self.timeout_seconds) {
            return Err(format!("timeout_seconds must be 1 to 300, not {}", self.timeout_seconds));
        }
        if self.username_file.is_some() != self.password_file.is_some() {
            return Err("username_file and password_file belong together".into());
        }
        if self.encryption == Encryption::None && !self.is_this_machine() {
            return Err(format!(
                "encryption may be \"none\" only to this machine itself, and {} is another: say \"tls\" or \"starttls\"",
                self.host
            ));
        }
        self.check_region()
    }

    fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// AWS' servers have their region in their name: `email-smtp.eu-central-1.amazonaws.com`.
    fn check_region(&self) -> Result<(), String> {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        let of_aws = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "awsapps.com", "api.aws"];
        if !of_aws.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}"))) {
            return Ok(());
        }
        if host.split('.').any(|label| self.allowed_regions.iter().any(|region| region == label)) {
            return Ok(());
        }
        Err(format!(
            "host {} is not in one of the allowed regions ({}): nothing may be stored or processed elsewhere",
            self.host,
            self.allowed_regions.join(", ")
        ))
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.encryption {
            Encryption::Tls => 465,
            Encryption::Starttls => 587,
            Encryption::None => 25,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right() -> Config {
        Config {
            redis: "redis://a".into(),
            from: "no-reply@tv.example".into(),
            smtp: Some(smtp("")),
            ..Config::default()
        }
    }

    fn smtp(rest: &str) -> Smtp {
        let host = if rest.contains("host") { "" } else { "host = 'mail.tv.example'\n" };
        toml::from_str(&format!("{host}{rest}")).unwrap()
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        assert_eq!(right().check(), Ok(()));
        let wrong = [
            ("redis", Config { redis: String::new(), ..right() }),
            ("operator", Config { operator: "Fun\nkturm".into(), ..right() }),
            ("colour", Config { colour: "red".into(), ..right() }),
            ("from", Config { from: "Funkturm".into(), ..right() }),
            ("from", Config { from: Config::default().from, ..right() }),
            ("reply_to", Config { reply_to: "a@b@c".into(), ..right() }),
            ("keep_days", Config { keep_days: 0, ..right() }),
            ("connections", Config { connections: 0, ..right() }),
            ("retry_most_seconds", Config { retry_seconds: 60, retry_most_seconds: 30, ..right() }),
            ("smtp is missing", Config { smtp: None, ..right() }),
            ("smtp.host", Config { smtp: Some(smtp("host = 'a b'")), ..right() }),
            ("smtp.username_file", Config { smtp: Some(smtp("username_file = '/a'")), ..right() }),
            ("smtp.timeout_seconds", Config { smtp: Some(smtp("timeout_seconds = 0")), ..right() }),
            ("smtp.encryption", Config { smtp: Some(smtp("encryption = 'none'")), ..right() }),
        ];
        for (name, wrong) in wrong {
            let problem = wrong.check().unwrap_err();
            assert!(problem.starts_with(name), "{name}: {problem}");
        }
        let plain = smtp("host = '127.0.0.1'\nencryption = 'none'");
        assert_eq!(Config { smtp: Some(plain), ..right() }.check(), Ok(()));
        let caught = Config { smtp: None, without_server: WithoutServer::Catch, ..right() };
        assert_eq!(caught.check(), Ok(()));
    }

    #[test]
    fn mail_goes_through_the_allowed_region_only() {
        for allowed in [
            "email-smtp.eu-central-1.amazonaws.com",
            "email-smtp-fips.EU-CENTRAL-1.amazonaws.com.",
            "vpce-0a1b.email-smtp.eu-central-1.vpce.amazonaws.com",
            "mail.tv.example",
            "notamazonaws.com",
        ] {
            assert_eq!(smtp(&format!("host = '{allowed}'")).check(), Ok(()), "{allowed}");
        }
        for refused in [
            "email-smtp.us-east-1.amazonaws.com",
            "email-smtp.eu-west-1.amazonaws.com.",
            "EMAIL-SMTP.US-EAST-1.AMAZONAWS.COM",
            "email-smtp.amazonaws.com",
            "smtp.mail.us-west-2.awsapps.com",
            "eu-central-1x.amazonaws.com",
        ] {
            let problem = smtp(&format!("host = '{refused}'")).check().unwrap_err();
            assert!(problem.contains(refused) && problem.contains("eu-central-1"), "{problem}");
        }
        let elsewhere = smtp("host = 'email-smtp.eu-west-1.amazonaws.com'\nallowed_regions = ['eu-west-1']");
        assert_eq!(elsewhere.check(), Ok(()));
    }
}
