//! Mail that a service wants sent: `PUT /internal/v1/mails/{id}` at notify. The same id twice is one mail.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A mail to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The address of whom it is for.
    pub to: String,
    /// What it says.
    pub template: Template,
    /// The language of whom it is for, `de` or `en`; others get English.
    pub language: String,
    /// What the template puts in: `link`, `code`, `device`, …
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// After this it is of no use and is not sent any more.
    pub until: DateTime<Utc>,
}

/// What mails say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Confirm that this is your address. Values: `link`.
    ConfirmAddress,
    /// Somebody registered with an address that has an account already. Values: `link` to the log-in page.
    AlreadyRegistered,
    /// Choose another password. Values: `link`.
    ResetPassword,
    /// The password was changed. Values: `link` to undo it by a reset.
    PasswordChanged,
    /// Confirm another address. Values: `link`.
    ChangeAddress,
    /// To the old address: it was changed. Values: `link` to the help page.
    AddressChanged,
    /// Somebody logged in on a device that was not known. Values: `device`, `time`, `link` to the devices page.
    NewDevice,
    /// The household and everything about it is deleted.
    Deleted,
}
