//! "May this household do this now?": what playback and others ask rights.
//!
//! `POST /internal/v1/decisions` with a [`Question`] answers with a [`Decision`]; `GET /internal/v1/households/{household}/rights` with
//! the [`Rights`] in every channel. What is for sale and what broadcasters allow is in [`offer`], what households have in
//! [`subscription`]. Withdrawals are followed at `GET /internal/v1/changes?after=…`, see [`Changes`].

pub mod offer;
pub mod subscription;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, HouseholdId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What can be done with a channel. Each is granted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Watch it live.
    Live,
    /// Pause what is live.
    Pause,
    /// Start a running programme from its beginning.
    Restart,
    /// Watch a programme that is over.
    CatchUp,
    /// Record it.
    Record,
    /// Skip forward in what is not live.
    FastForward,
    /// See it in HD.
    Hd,
    /// Send it to another screen.
    Cast,
    /// Watch it outside of the country.
    Abroad,
}

impl Action {
    /// All of them, in their order.
    pub const ALL: [Self; 9] = [
        Self::Live,
        Self::Pause,
        Self::Restart,
        Self::CatchUp,
        Self::Record,
        Self::FastForward,
        Self::Hd,
        Self::Cast,
        Self::Abroad,
    ];

    /// As it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Pause => "pause",
            Self::Restart => "restart",
            Self::CatchUp => "catch_up",
            Self::Record => "record",
            Self::FastForward => "fast_forward",
            Self::Hd => "hd",
            Self::Cast => "cast",
            Self::Abroad => "abroad",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The command line and people write a dash.
        let text = text.replace('-', "_");
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|action| action.as_str()).collect();
            format!("{text:?} is not an action: there are {}", all.join(", "))
        })
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who.
    pub household: HouseholdId,
    /// With a child's profile.
    #[serde(default)]
    pub child: bool,
    /// The channel.
    pub channel: ChannelId,
    /// What.
    pub action: Action,
    /// From outside of the country.
    #[serde(default)]
    pub abroad: bool,
    /// The PIN that opens what is for adults by day was given just now.
    #[serde(default)]
    pub pin_checked: bool,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// Whether it may.
    pub allowed: bool,
    /// Which row decided, in words: for operators and the log.
    pub because: String,
    /// Why not, for machines; none if it may, or the reason has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Packages that would allow it, by their ids; nothing if none would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// The latest time until when this is known to hold; none if nothing ends it.
    pub until: Option<DateTime<Utc>>,
    /// It may be watched in HD. Otherwise only renditions of less than 720 lines are for it.
    #[serde(default)]
    pub hd: bool,
    /// A PIN would allow it now.
    #[serde(default)]
    pub pin_needed: bool,
    /// How far back catch-up goes, in hours; none if the licence does not limit that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_hours: Option<u32>,
    /// How many may watch at once.
    pub limits: Limits,
}

/// Why a household may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It is not in what the household subscribes to.
    NotInPackage,
    /// It is not for this profile, or not at this time of day.
    Age,
    /// It may not be watched from outside of the country.
    Abroad,
    /// The broadcaster does not grant it to anybody.
    Licence,
}

/// How many streams a household may have at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Of everything.
    pub streams: u32,
    /// Of the channel's broadcaster group, if it has one that limits it.
    pub group: Option<GroupLimit>,
}

/// A broadcaster group's limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupLimit {
    /// The group.
    pub group: String,
    /// Streams of a household at once.
    pub streams: u32,
}

/// What a household may do in every channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rights {
    /// By channel; one that is not here may not be watched.
    #[schema(value_type = BTreeMap<String, BTreeSet<Action>>)]
    pub channels: BTreeMap<ChannelId, BTreeSet<Action>>,
    /// By channel that may not be watched: the packages that have it.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub locked: BTreeMap<ChannelId, Vec<String>>,
}

/// What changed since a place in the log of changes: whoever may still play has to be asked about anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Ask after this the next time.
    pub place: i64,
    /// Households whose subscription changed.
    pub households: BTreeSet<HouseholdId>,
    /// Packages or licences changed, or more than is remembered since: everybody has to be asked about.
    pub everybody: bool,
}
