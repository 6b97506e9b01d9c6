//! Links for other players: devices that are known by the token in their addresses, of which only the hash is kept.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use funkturm_base::{DeviceId, Error, HouseholdId, Kind, ProfileId};
use funkturm_contracts::link::Holder;
use funkturm_db::Failure;
use uuid::Uuid;

use super::{
    device::{Device, DeviceLimit, devices_list},
    household::household_lock_row,
    profile::profile_get,
};
use crate::{
    schema::{device, household, profile},
    secret::Secret,
};

/// What such a device is, in the list of devices.
pub(crate) const KIND: &str = "player";
/// When it was last used is written down at most so often: players come every few seconds.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// Makes a link that acts for a profile; call it in a transaction.
///
/// # Errors
/// `Kind::NotFound` if the household has no such profile; `Kind::Conflict` with a [`DeviceLimit`] if it has as many devices as may be.
pub(crate) fn link_insert(
    connection: &mut PgConnection,
    household: HouseholdId,
    name: &str,
    token: &Secret,
    of: ProfileId,
    now: DateTime<Utc>,
    most: usize,
) -> Result<Device, Failure> {
    // One after the other, or two that come at once would both find the last place free.
    household_lock_row(connection, household)?;
    profile_get(connection, household, of)?;
    let devices = devices_list(connection, household, now)?;
    if devices.len() >= most {
        let message = "as many devices are here as may be: remove one of them first";
        return Err(Error::new(Kind::Conflict, message).with_source(DeviceLimit(devices)).into());
    }
    let made = diesel::insert_into(device::table)
        .values((
            device::id.eq(DeviceId::new().0),
            device::household.eq(household.0),
            device::name.eq(name),
            device::kind.eq(KIND),
            // Nobody gets to know it: this device has no log-in.
            device::secret.eq(Secret::new().hash()),
            device::profile.eq(of.0),
            device::created_at.eq(now),
            device::seen_at.eq(now),
            device::link.eq(token.hash()),
        ))
        .returning(Device::as_returning())
        .get_result(connection)?;
    Ok(made)
}

/// Whom the link of this hash acts for; nobody, if there is none (any more), or its household is locked.
pub(crate) fn link_holder(
    connection: &mut PgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Option<Holder>> {
    let found: Option<(Uuid, Uuid, Uuid, bool, DateTime<Utc>)> = device::table
        .inner_join(household::table)
        .inner_join(profile::table.on(profile::id.eq(device::profile)))
        .filter(device::link.eq(hash))
        .filter(household::locked_at.is_null())
        .select((device::id, device::household, device::profile, profile::child, device::seen_at))
        .first(connection)
        .optional()?;
    let Some((id, household, profile, child, seen_at)) = found else { return Ok(None) };
    if seen_at + SEEN_EVERY < now {
        diesel::update(device::table.find(id)).set(device::seen_at.eq(now)).execute(connection)?;
    }
    Ok(Some(Holder {
        household: HouseholdId(household),
        profile: ProfileId(profile),
        child,
        device: DeviceId(id),
    }))
}

/// The links that act for a profile.
pub(crate) fn links_of_profile(connection: &mut PgConnection, of: ProfileId) -> QueryResult<Vec<DeviceId>> {
    let ids: Vec<Uuid> = device::table
        .filter(device::profile.eq(of.0))
        .filter(device::link.is_not_null())
        .select(device::id)
        .load(connection)?;
    Ok(ids.into_iter().map(DeviceId).collect())
}
