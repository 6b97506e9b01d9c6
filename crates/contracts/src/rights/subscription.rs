//! Subscriptions: what a household has, since when, until when, and how that came about.

use chrono::{DateTime, Utc};
use funkturm_base::HouseholdId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a subscription is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// For nothing, until `trial_ends`.
    Trial,
    /// In force.
    Active,
    /// Gives nothing: a payment is waited for, or somebody paused it.
    Paused,
    /// In force until `ends_at`, then ended.
    EndsAt,
    /// Over for good. Whoever wants the package again begins a new subscription.
    Ended,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Trial, Self::Active, Self::Paused, Self::EndsAt, Self::Ended];

    /// As it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::EndsAt => "ends_at",
            Self::Ended => "ended",
        }
    }
}

/// A package that a household has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// The package.
    pub package: String,
    /// What it costs; nothing for what was given away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What it is in.
    pub state: State,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When the trial ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_ends: Option<DateTime<Utc>>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The household itself.
    Household,
    /// An operator.
    Operator,
    /// The billing system.
    Billing,
    /// Nobody: time went by, or the household is new.
    System,
}

impl Actor {
    /// As it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Operator => "operator",
            Self::Billing => "billing",
            Self::System => "system",
        }
    }
}

/// Something that happened to a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Happened {
    /// To which.
    pub subscription: Uuid,
    /// Its package.
    pub package: String,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub who: Actor,
    /// What it was in before; nothing at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<State>,
    /// What it has been in since.
    pub to: State,
    /// Why, in words.
    pub why: String,
}

/// A household's subscriptions: those that have not ended, and everything that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscriptions {
    /// The household.
    #[schema(value_type = Uuid)]
    pub household: HouseholdId,
    /// What it has, also what is paused.
    pub subscriptions: Vec<Subscription>,
    /// What happened, the latest first.
    pub history: Vec<Happened>,
}

/// What a household wants to have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The plan of the base package; nothing for none.
    #[serde(default)]
    pub plan: Option<String>,
    /// The plans of the options.
    #[serde(default)]
    pub options: Vec<String>,
}

/// A batch of vouchers as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVouchers {
    /// What operators call it.
    pub name: String,
    /// The package that each gives.
    pub package: String,
    /// For how many days.
    pub days: u32,
    /// How many codes, unless `code` says which.
    #[serde(default)]
    pub count: u32,
    /// One code that many may use, e.g. for a campaign: 8 to 40 letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many households may use each.
    #[serde(default = "once")]
    pub uses: u32,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Not after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

fn once() -> u32 {
    1
}

/// A batch of vouchers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoucherBatch {
    /// Its id.
    pub id: Uuid,
    /// What operators call it.
    pub name: String,
    /// The package that each gives.
    pub package: String,
    /// For how many days.
    pub days: u32,
    /// How many codes.
    pub count: u32,
    /// How many households may use each.
    pub uses: u32,
    /// How often any was used.
    pub used: u32,
    /// Not before this.
    pub from: Option<DateTime<Utc>>,
    /// Not after this.
    pub until: Option<DateTime<Utc>>,
    /// Since when it is stopped.
    pub stopped_at: Option<DateTime<Utc>>,
}

/// A new batch with its codes, which are not kept: nobody can have them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoucherCodes {
    /// The batch.
    pub batch: VoucherBatch,
    /// The codes.
    pub codes: Vec<String>,
}
