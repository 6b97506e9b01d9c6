//! Households as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use funkturm_base::HouseholdId;
use funkturm_db::Failure;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::{
    deletion::Progress,
    device::{Device, devices_list},
    household::{HouseholdRow, household_get, identities_list, networks_list},
    profile::{ProfileRow, profiles_list},
};

/// What a household has agreed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentsView {
    /// When it accepted the terms.
    terms_accepted_at: DateTime<Utc>,
    /// It may be written to about offers.
    marketing: bool,
    /// It may be shown advertisements chosen by what it watches.
    personalised_ads: bool,
    /// When that was decided last.
    changed_at: DateTime<Utc>,
}

/// A household.
#[derive(Serialize, ToSchema)]
pub(crate) struct Household {
    /// Its id.
    id: Uuid,
    /// Its address.
    #[schema(example = "anna@example.org")]
    email: String,
    /// The language of its mails.
    #[schema(example = "de")]
    language: String,
    /// Where it is from.
    #[schema(example = "DE")]
    country: String,
    /// What it has agreed to.
    consents: ConsentsView,
    /// It can log in with a password, not only by way of the identity provider.
    has_password: bool,
    /// It has a PIN.
    has_pin: bool,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Since when the operator keeps it out; none if he does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_at: Option<DateTime<Utc>>,
}

impl From<&HouseholdRow> for Household {
    fn from(row: &HouseholdRow) -> Self {
        Self {
            id: row.id,
            email: row.email.clone(),
            language: row.language.clone(),
            country: row.country.clone(),
            consents: ConsentsView {
                terms_accepted_at: row.terms_accepted_at,
                marketing: row.marketing,
                personalised_ads: row.personalised_ads,
                changed_at: row.consents_changed_at,
            },
            has_password: row.password.is_some(),
            has_pin: row.pin.is_some(),
            created_at: row.created_at,
            locked_at: row.locked_at,
        }
    }
}

/// A profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    /// Its id.
    id: Uuid,
    /// What it is called.
    name: String,
    /// It is a child's.
    child: bool,
}

impl From<&ProfileRow> for Profile {
    fn from(row: &ProfileRow) -> Self {
        Self { id: row.id, name: row.name.clone(), child: row.child }
    }
}

/// Who a household is at the identity provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkedIdentity {
    /// The provider.
    issuer: String,
    /// The household's name there.
    subject: String,
}

/// From where a household has logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsualNetwork {
    /// The address, or the beginning of it that is one subscriber's.
    network: String,
    /// The last time.
    seen_at: DateTime<Utc>,
}

/// Everything that is kept of a household here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Everything {
    /// The household.
    #[serde(flatten)]
    household: Household,
    /// Its profiles.
    profiles: Vec<Profile>,
    /// The devices that are logged in.
    devices: Vec<Device>,
    /// Who it is at identity providers.
    identities: Vec<LinkedIdentity>,
    /// From where it has logged in.
    networks: Vec<UsualNetwork>,
}

/// Gathers everything that is kept of a household here.
pub(crate) fn everything(
    connection: &mut PgConnection,
    id: HouseholdId,
    now: DateTime<Utc>,
) -> Result<Everything, Failure> {
    let household = household_get(connection, id)?;
    let identities = identities_list(connection, id)?.into_iter();
    let networks = networks_list(connection, id)?.into_iter();
    Ok(Everything {
        household: (&household).into(),
        profiles: profiles_list(connection, id)?.iter().map(Into::into).collect(),
        devices: devices_list(connection, id, now)?,
        identities: identities.map(|(issuer, subject)| LinkedIdentity { issuer, subject }).collect(),
        networks: networks.map(|(network, seen_at)| UsualNetwork { network, seen_at }).collect(),
    })
}

/// How far the deletion of a household is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deletion {
    /// The household.
    #[schema(value_type = Uuid)]
    household: HouseholdId,
    /// When it was asked for.
    asked_at: DateTime<Utc>,
    /// When the last service had confirmed it; none before.
    done_at: Option<DateTime<Utc>>,
    /// By service, when it had deleted all that it knew; none before.
    services: BTreeMap<String, Option<DateTime<Utc>>>,
}

impl Deletion {
    pub(crate) fn new(household: HouseholdId, progress: Progress) -> Self {
        let Progress { asked_at, done_at, services } = progress;
        Self { household, asked_at, done_at, services }
    }
}
