//! The offer: what an operator sells, and what broadcasters allow, as data that operators edit.
//!
//! One document holds all of it (`GET` and `PUT /admin/v1/offer`), and each part can be had and changed by itself
//! (`/admin/v1/packages/{id}` and so on). Everything in it has an id of 1 to 64 of `a-z`, `0-9` and inner `-`.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveTime, Utc};
use funkturm_base::ChannelId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Action;

/// The whole offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// What households can have.
    pub packages: Vec<Package>,
    /// Names for sets of channels.
    pub channel_groups: Vec<ChannelGroup>,
    /// Broadcaster groups, with what they limit.
    pub broadcasters: Vec<Broadcaster>,
    /// What broadcasters allow in their channels: nobody gets more, whatever the package.
    pub licences: Vec<Licence>,
    /// What packages cost.
    pub plans: Vec<Plan>,
}

/// A text in the languages of the viewers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// In German.
    pub de: String,
    /// In English.
    pub en: String,
}

/// What a package is beside others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageKind {
    /// A household chooses one of these.
    #[default]
    Base,
    /// It comes on top, as many as one likes.
    Option,
}

/// Something that households can have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name in URLs and plans; it never changes.
    pub id: String,
    /// What viewers read.
    pub name: Text,
    /// What it is good for.
    #[serde(default)]
    pub description: Text,
    /// One of several to choose from, or on top.
    #[serde(default)]
    pub kind: PackageKind,
    /// Its place in lists: lower ones come first.
    #[serde(default)]
    pub order: i32,
    /// Households may choose it. One that is not on sale stays with those who have it.
    #[serde(default = "yes")]
    pub on_sale: bool,
    /// How many may watch at once; of an option, how many more.
    #[serde(default)]
    pub streams: u32,
    /// What may be done where and when.
    pub gives: Vec<Give>,
}

fn yes() -> bool {
    true
}

/// A row of a package: channels × actions × time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Give {
    /// Every channel, also those that are yet to come.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub every_channel: bool,
    /// These channels.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub channels: BTreeSet<ChannelId>,
    /// The channels of these groups.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// What may be done with them.
    pub actions: BTreeSet<Action>,
    /// From this instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Only in these hours of every day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// Hours of a day in the operator's time zone; `until` before `from` goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first minute, `20:00`.
    #[schema(value_type = String, example = "20:00")]
    #[serde(with = "minutes")]
    pub from: NaiveTime,
    /// The first minute that is not in them any more, `06:00`.
    #[schema(value_type = String, example = "06:00")]
    #[serde(with = "minutes")]
    pub until: NaiveTime,
}

/// Times of day as `20:15`.
mod minutes {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.format("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveTime::parse_from_str(&text, "%H:%M")
            .map_err(|_| D::Error::custom(format!("{text:?} is no time of day: write for example 20:15")))
    }
}

/// A set of channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelGroup {
    /// Its name in packages and licences.
    pub id: String,
    /// What operators, and viewers in lists, read.
    pub name: Text,
    /// The channels. They need not exist yet.
    #[schema(value_type = BTreeSet<String>)]
    pub channels: BTreeSet<ChannelId>,
}

/// A broadcaster, or several with a contract in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Broadcaster {
    /// Its name in licences.
    pub id: String,
    /// What operators read.
    pub name: String,
    /// How many of a household may watch its channels at once; nothing if it does not limit that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<u32>,
}

/// What a broadcaster allows in its channels, for a time. A channel has at most one licence at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Its name.
    pub id: String,
    /// The channels that it is for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub channels: BTreeSet<ChannelId>,
    /// The groups of channels that it is for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// Whose channels they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcaster: Option<String>,
    /// What is granted at all. Without `fast_forward`, nobody skips forward; without `hd` and `abroad` likewise.
    pub actions: BTreeSet<Action>,
    /// From this instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Withdrawn at this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// How far back catch-up goes, in hours; nothing if that is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_hours: Option<u32>,
    /// The channel's rating by the FSK: 0, 6, 12, 16 or 18. Children's profiles do not get what is above their age; 16
    /// and 18 are to be seen at night (22 to 6, 23 to 6 o'clock) or after a PIN (§ 5 JMStV).
    #[serde(default)]
    pub age: u8,
}

/// What a package costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name.
    pub id: String,
    /// The package.
    pub package: String,
    /// What viewers read.
    pub name: Text,
    /// The price of a period, in the currency's smallest unit.
    pub cents: u32,
    /// ISO 4217, e.g. `EUR`.
    #[serde(default = "euro")]
    pub currency: String,
    /// What is paid for at once, and what a subscription ends with.
    pub period: Period,
    /// How many days a household has it for nothing, the first time.
    #[serde(default)]
    pub trial_days: u32,
    /// Households may choose it.
    #[serde(default = "yes")]
    pub on_sale: bool,
}

fn euro() -> String {
    "EUR".to_owned()
}

/// How long a price lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// What a new offer changes, or would: ids with their kind, `package plus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferReport {
    /// The offer's version afterwards.
    pub version: i64,
    /// New.
    pub added: Vec<String>,
    /// Changed.
    pub changed: Vec<String>,
    /// Gone.
    pub removed: Vec<String>,
    /// What may be a mistake, in words: channels that do not exist (yet), packages without a plan.
    pub warnings: Vec<String>,
}
