//! Mail that a service wants sent: `PUT /internal/v1/mails/{id}` at notify, the id a UUID. The same id twice is one mail.
//!
//! `GET` and `DELETE /internal/v1/households/{household}` answer with a [`MailList`] and forget: that needs the household in each mail.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use funkturm_base::HouseholdId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// After this it is of no use and is not sent any more; 90 days ahead at most.
    pub until: DateTime<Utc>,
    /// The household it is about, where there is one: so that it is exported and deleted with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
}

/// What mails say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
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
    /// The household and everything about it is deleted. It is sent also after its household was deleted here.
    Deleted,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ConfirmAddress,
        Self::AlreadyRegistered,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::ChangeAddress,
        Self::AddressChanged,
        Self::NewDevice,
        Self::Deleted,
    ];

    /// Its name in JSON, and of the files with its texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfirmAddress => "confirm_address",
            Self::AlreadyRegistered => "already_registered",
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::ChangeAddress => "change_address",
            Self::AddressChanged => "address_changed",
            Self::NewDevice => "new_device",
            Self::Deleted => "deleted",
        }
    }

    /// The values that it needs.
    pub fn values(self) -> &'static [&'static str] {
        match self {
            Self::NewDevice => &["device", "time", "link"],
            Self::Deleted => &[],
            _ => &["link"],
        }
    }
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It waits for its first or next attempt, or is being sent.
    Waiting,
    /// The mail server took it, or it was caught.
    Sent,
    /// It was refused for good, or its time is over.
    Dead,
}

/// A mail as operators see it. What it said is not among it: links in it open accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailEntry {
    /// Its id.
    pub id: Uuid,
    /// What became of it.
    pub state: MailState,
    /// The address.
    pub to: String,
    /// What it says.
    pub template: Template,
    /// The language.
    pub language: String,
    /// The household it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub household: Option<HouseholdId>,
    /// When it was stored.
    pub accepted_at: DateTime<Utc>,
    /// After this it is not sent any more.
    pub until: DateTime<Utc>,
    /// How often the mail server has put it off.
    pub attempts: u32,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was sent or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// Why it still waits, or is dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Mails, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailList {
    /// The mails.
    pub mails: Vec<MailEntry>,
    /// For `cursor`, to get those after them; absent if there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailDetails {
    /// What is known about it.
    pub mail: MailEntry,
    /// What it said, if it was caught instead of sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught: Option<CaughtMail>,
}

/// A mail that was caught: where there is no mail server, this is what would have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaughtMail {
    /// The sender.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as an HTML document; show it in a sandboxed frame.
    pub html: String,
    /// The link in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        for template in Template::ALL {
            assert_eq!(serde_json::to_value(template).unwrap(), template.name());
        }
    }

    #[test]
    fn a_mail_without_a_household_is_written_as_before() {
        let text = r#"{"to":"a@b.example","template":"deleted","language":"de","values":{},"until":"2026-12-01T00:00:00Z"}"#;
        let mail: Mail = serde_json::from_str(text).unwrap();
        assert_eq!(mail.household, None);
        assert_eq!(serde_json::to_string(&mail).unwrap(), text);
    }
}
