//! What can be set: `[rights]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::decide::{Unlicensed, Zone};

/// The `[rights]` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the service's database: `postgres://user@host/rights`.
    pub database: String,
    /// The most connections to it that are held at once.
    pub database_connections: u32,
    /// The base URL of channels, which knows which channels there are.
    pub channels: String,
    /// The base URL of accounts, whose keys access tokens are checked with.
    pub accounts: String,
    /// What a channel without a licence may be used for: `refuse` (nothing) or `live_only`.
    pub unlicensed_channels: Unlicensed,
    /// Where hours of the day are counted: `Europe/Berlin`.
    pub time_zone: String,
    /// Children's profiles see what is rated up to this age.
    pub child_age: u8,
    /// The package that every new household has, for nothing; empty for none.
    pub welcome_package: String,
    /// The package that every new household may try; empty for none.
    pub welcome_trial: String,
    /// For how many days it may.
    pub welcome_trial_days: u32,
    /// How many households' subscriptions are kept in memory, about 300 bytes each.
    pub households_in_memory: usize,
    /// The billing system.
    pub billing: Billing,
}

/// The billing system, if there is one. Without it, what is chosen is active at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Billing {
    /// Where events are sent to; empty for nowhere.
    pub url: String,
    /// The file with the secret that both sides sign with, at least 32 characters. While it is absent, nobody may send events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The file with the secret before that one, still taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_secret_file: Option<PathBuf>,
    /// How old a signature may be, in seconds.
    pub signature_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: String::new(),
            database_connections: 8,
            channels: String::new(),
            accounts: String::new(),
            unlicensed_channels: Unlicensed::default(),
            time_zone: "Europe/Berlin".into(),
            child_age: 12,
            welcome_package: String::new(),
            welcome_trial: String::new(),
            welcome_trial_days: 30,
            households_in_memory: 500_000,
            billing: Billing::default(),
        }
    }
}

impl Default for Billing {
    fn default() -> Self {
        Self { url: String::new(), secret_file: None, old_secret_file: None, signature_seconds: 300 }
    }
}

impl Config {
    /// Checks what types cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.database.starts_with("postgres://") && !self.database.starts_with("postgresql://") {
            return Err("database must be the URL of a PostgreSQL: postgres://user@host/rights".into());
        }
        for (key, url) in [("channels", &self.channels), ("accounts", &self.accounts)] {
            if !is_url(url) {
                return Err(format!("{key} must be the base URL of a service: http://host:port"));
            }
        }
        Zone::named(&self.time_zone)?;
        if self.database_connections == 0 || self.households_in_memory == 0 {
            return Err("database_connections and households_in_memory must be at least 1".into());
        }
        if !self.billing.url.is_empty() && (!is_url(&self.billing.url) || self.billing.secret_file.is_none())
        {
            return Err(
                "billing.url must be an http(s) URL, and billing.secret_file must be there with it".into()
            );
        }
        if !(1..=3600).contains(&self.billing.signature_seconds) {
            return Err("billing.signature_seconds must be 1 to 3600".into());
        }
        Ok(())
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
