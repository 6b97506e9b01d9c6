//! What can be set: `[accounts]`.

use std::{collections::BTreeMap, path::PathBuf};

use funkturm_service::Proxies;
use serde::{Deserialize, Serialize};

/// The `[accounts]` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the service's database: `postgres://user@host/accounts`.
    pub database: String,
    /// The most connections to it that are held at once.
    pub database_connections: u32,
    /// The URL of the Redis that attempts are counted and pairings wait in: `redis://host:6379`.
    pub redis: String,
    /// Where people reach the web app: what links in mails and the page for pairing a TV begin with.
    pub public_url: String,
    /// The folder of the keys that tokens are signed with: Ed25519, PKCS#8, one in each file that ends in `.pem`.
    pub signing_keys: PathBuf,
    /// How long a new key is published before it signs, in seconds: longer than services take to look for new ones.
    pub key_publish_seconds: u32,
    /// The base URL of notify, which sends mails.
    pub notify: String,
    /// The base URL of rights, which is told of new households.
    pub rights: String,
    /// The services that know something of households, by name: they are asked for it, and have to delete it.
    pub services: BTreeMap<String, String>,
    /// Where households are from: a code of two letters (ISO 3166-1).
    pub country: String,
    /// Networks of the proxies that are believed in `X-Forwarded-For`.
    pub proxies: Vec<String>,
    /// How long an access token is valid (60 to 3600).
    pub access_token_seconds: u32,
    /// How long the refresh token before the current one is answered with the current one, for an answer that was lost (0 to
    /// 600). Longer than apps wait for an answer, or it is of no use.
    pub refresh_grace_seconds: u32,
    /// How long a device stays logged in without being used.
    pub login_days: u32,
    /// Devices of a household that can be logged in.
    pub devices: u32,
    /// Profiles of a household.
    pub profiles: u32,
    /// How passwords are hashed.
    pub hashing: Hashing,
    /// The operator's own identity provider, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenId>,
}

/// How passwords are hashed: argon2id (RFC 9106). Those that were hashed otherwise are hashed anew at the next log-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hashing {
    /// Memory for each, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// Threads that hash, each with that memory; half of the cores where 0, so that a peak leaves something for the rest.
    pub threads: u32,
    /// How many may wait; whoever comes then is told to try again.
    pub queue: u32,
}

impl Default for Hashing {
    fn default() -> Self {
        // The first choice of OWASP's cheat sheet: about 20 ms of a core. The queue is some seconds of two threads.
        Self { memory_kib: 19_456, passes: 2, lanes: 1, threads: 0, queue: 256 }
    }
}

/// An identity provider (OpenID Connect Core 1.0).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenId {
    /// Its issuer: the URL before `/.well-known/openid-configuration`.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// The file with the secret that we have there; none for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// Whether a household that registered here with an address is logged in by whoever has that address confirmed at the
    /// provider. Only for a provider that is as careful with addresses as we are.
    pub link_by_email: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: String::new(),
            database_connections: 8,
            redis: String::new(),
            public_url: String::new(),
            signing_keys: PathBuf::new(),
            key_publish_seconds: 60,
            notify: String::new(),
            rights: String::new(),
            services: BTreeMap::new(),
            country: "DE".into(),
            proxies: vec![],
            access_token_seconds: 300,
            refresh_grace_seconds: 60,
            login_days: 90,
            devices: 10,
            profiles: 8,
            hashing: Hashing::default(),
            openid: None,
        }
    }
}

impl Config {
    /// Checks what types cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.database.starts_with("postgres://") && !self.database.starts_with("postgresql://") {
            return Err("database must be the URL of a PostgreSQL: postgres://user@host/accounts".into());
        }
        if self.redis.is_empty() {
            return Err("redis must be the URL of a Redis: redis://host:6379".into());
        }
        if self.signing_keys.as_os_str().is_empty() {
            return Err("signing_keys must be the folder of the keys that tokens are signed with".into());
        }
        let urls = [("public_url", &self.public_url), ("notify", &self.notify), ("rights", &self.rights)];
        let services = self.services.values().map(|url| ("services", url));
        let issuer = self.openid.iter().map(|openid| ("openid.issuer", &openid.issuer));
        for (name, url) in urls.into_iter().chain(services).chain(issuer) {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(format!("{name} must be a URL (http://host:port), not {url:?}"));
            }
        }
        if self.public_url.ends_with('/') {
            return Err("public_url must not end with a slash".into());
        }
        if self.country.len() != 2 || !self.country.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(format!("country must be two capital letters, not {:?}", self.country));
        }
        if self.openid.as_ref().is_some_and(|openid| openid.client_id.is_empty()) {
            return Err("openid.client_id must be what the provider calls us".into());
        }
        Proxies::new(&self.proxies).map_err(|problem| format!("proxies: {problem}"))?;
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), String> {
        let hashing = &self.hashing;
        for (name, value, least, most) in [
            ("database_connections", self.database_connections, 2, 100),
            ("access_token_seconds", self.access_token_seconds, 60, 3600),
            ("refresh_grace_seconds", self.refresh_grace_seconds, 0, 600),
            ("login_days", self.login_days, 1, 3650),
            ("devices", self.devices, 1, 1000),
            ("profiles", self.profiles, 1, 100),
            ("hashing.memory_kib", hashing.memory_kib, 8, 1 << 22),
            ("hashing.passes", hashing.passes, 1, 100),
            ("hashing.lanes", hashing.lanes, 1, 16),
            ("hashing.threads", hashing.threads, 0, 256),
            ("hashing.queue", hashing.queue, 1, 100_000),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("{name} must be {least} to {most}, not {value}"));
            }
        }
        if hashing.memory_kib < 8 * hashing.lanes {
            return Err("hashing.memory_kib must be at least 8 for each lane".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let url = || "http://a:1".to_owned();
        let right = Config {
            database: "postgres://a/b".into(),
            redis: "redis://a".into(),
            public_url: url(),
            signing_keys: "/keys".into(),
            notify: url(),
            rights: url(),
            services: BTreeMap::from([("rights".into(), url())]),
            ..Config::default()
        };
        assert_eq!(right.check(), Ok(()));
        let hashing = |memory_kib, lanes| Hashing { memory_kib, lanes, ..Hashing::default() };
        for (name, wrong) in [
            ("database", Config { database: String::new(), ..right.clone() }),
            ("redis", Config { redis: String::new(), ..right.clone() }),
            ("public_url", Config { public_url: "https://tv.example/".into(), ..right.clone() }),
            ("signing_keys", Config { signing_keys: PathBuf::new(), ..right.clone() }),
            ("notify", Config { notify: "a:1".into(), ..right.clone() }),
            ("services", Config { services: BTreeMap::from([("a".into(), "b".into())]), ..right.clone() }),
            ("country", Config { country: "de".into(), ..right.clone() }),
            ("proxies", Config { proxies: vec!["nginx".into()], ..right.clone() }),
            ("access_token_seconds", Config { access_token_seconds: 1, ..right.clone() }),
            ("hashing.memory_kib", Config { hashing: hashing(16, 4), ..right.clone() }),
            ("openid.issuer", Config { openid: Some(OpenId::default()), ..right.clone() }),
        ] {
            let problem = wrong.check().unwrap_err();
            assert!(problem.starts_with(name), "{problem}");
        }
    }
}
