//! Profiles.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use funkturm_base::{Error, HouseholdId, Kind, ProfileId};
use funkturm_db::Failure;
use uuid::Uuid;

use crate::schema::{device, profile};

/// A profile as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = profile)]
pub(crate) struct ProfileRow {
    pub(crate) id: Uuid,
    pub(crate) household: Uuid,
    pub(crate) name: String,
    pub(crate) child: bool,
    pub(crate) created_at: DateTime<Utc>,
}

/// The profiles of a household, the first one first.
pub(crate) fn profiles_list(
    connection: &mut PgConnection,
    household: HouseholdId,
) -> QueryResult<Vec<ProfileRow>> {
    profile::table
        .filter(profile::household.eq(household.0))
        .order((profile::created_at, profile::id))
        .select(ProfileRow::as_select())
        .load(connection)
}

/// A profile, which must be the household's.
pub(crate) fn profile_get(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: ProfileId,
) -> Result<ProfileRow, Failure> {
    let row = profile::table
        .find(id.0)
        .filter(profile::household.eq(household.0))
        .select(ProfileRow::as_select())
        .first(connection)
        .optional()?;
    row.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no profile {id}")).into())
}

/// The profile that a device begins with: the first that is no child's.
pub(crate) fn profile_first(
    connection: &mut PgConnection,
    household: HouseholdId,
) -> Result<ProfileRow, Failure> {
    let profiles = profiles_list(connection, household)?;
    profiles.into_iter().find(|profile| !profile.child).ok_or_else(|| {
        Error::new(Kind::Internal, format!("the household {household} has no profile of an adult")).into()
    })
}

pub(crate) fn profile_insert(connection: &mut PgConnection, row: &ProfileRow) -> QueryResult<usize> {
    diesel::insert_into(profile::table).values(row).execute(connection)
}

pub(crate) fn profile_update(connection: &mut PgConnection, row: &ProfileRow) -> QueryResult<usize> {
    diesel::update(profile::table.find(row.id))
        .set((profile::name.eq(&row.name), profile::child.eq(row.child)))
        .execute(connection)
}

/// Removes a profile; devices that had it get the other one.
pub(crate) fn profile_delete(
    connection: &mut PgConnection,
    id: ProfileId,
    instead: ProfileId,
) -> QueryResult<usize> {
    diesel::update(device::table.filter(device::profile.eq(id.0)))
        .set(device::profile.eq(instead.0))
        .execute(connection)?;
    diesel::delete(profile::table.find(id.0)).execute(connection)
}
