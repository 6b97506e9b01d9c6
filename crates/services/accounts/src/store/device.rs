//! Devices and their log-ins: at most one family of refresh tokens for each, of which one token is current.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use funkturm_base::{DeviceId, Error, HouseholdId, Kind, ProfileId};
use funkturm_db::Failure;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    household::household_lock_row,
    profile::{ProfileRow, profile_first},
};
use crate::{
    schema::{device, household, profile},
    secret::{RefreshToken, Secret, same},
};

/// A device that is logged in, or has a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = device)]
pub(crate) struct Device {
    /// Its id.
    pub(crate) id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// What it is: `tv`, `phone`, `tablet`, `computer`, `console` or `other`; `player` where it is a link for another player.
    #[schema(example = "tv")]
    pub(crate) kind: String,
    /// The profile that is chosen on it.
    pub(crate) profile: Uuid,
    /// When it logged in for the first time.
    pub(crate) created_at: DateTime<Utc>,
    /// When it was last heard of, to within some minutes.
    pub(crate) seen_at: DateTime<Utc>,
}

/// As many devices are logged in as may be; these are.
#[derive(Debug)]
pub(crate) struct DeviceLimit(pub(crate) Vec<Device>);

impl std::fmt::Display for DeviceLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} devices are logged in", self.0.len())
    }
}

impl std::error::Error for DeviceLimit {}

/// Who logs in.
#[derive(Clone, Debug)]
pub(crate) struct Newcomer {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// It is this device, as its secret has shown.
    pub(crate) known: Option<DeviceId>,
    /// Whose place it takes, if there is no other.
    pub(crate) replaces: Option<DeviceId>,
}

/// How long log-ins last, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) now: DateTime<Utc>,
    pub(crate) life: TimeDelta,
    pub(crate) grace: TimeDelta,
    pub(crate) devices: usize,
}

/// A log-in that has begun or goes on.
pub(crate) struct LoggedIn {
    pub(crate) household: HouseholdId,
    pub(crate) device: DeviceId,
    pub(crate) profile: ProfileId,
    pub(crate) child: bool,
    pub(crate) refresh: RefreshToken,
    /// What the device shows to be known again; only when it is new.
    pub(crate) secret: Option<Secret>,
    /// Another device was logged in before, and this one is new.
    pub(crate) surprising: bool,
}

/// What became of a refresh token.
pub(crate) enum Refreshed {
    /// It is none of ours, or its log-in has ended.
    Unknown,
    /// It had been used before: somebody has a copy, and the log-in has ended.
    Reused(HouseholdId, DeviceId),
    /// The log-in goes on.
    GoesOn(LoggedIn),
}

/// Whether a device of that household has that secret.
pub(crate) fn device_is_known(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
    secret: &[u8],
) -> QueryResult<bool> {
    let kept: Option<Vec<u8>> = device::table
        .find(id.0)
        .filter(device::household.eq(household.0))
        .select(device::secret)
        .first(connection)
        .optional()?;
    Ok(kept.is_some_and(|kept| same(&kept, secret)))
}

/// Begins a log-in; call it in a transaction.
///
/// # Errors
/// `Kind::Denied` if the household is locked; `Kind::Conflict` with a [`DeviceLimit`].
pub(crate) fn log_in(
    connection: &mut PgConnection,
    household: HouseholdId,
    newcomer: &Newcomer,
    terms: &Terms,
) -> Result<LoggedIn, Failure> {
    // One after the other, or two that come at once would both find the last place free.
    let row = household_lock_row(connection, household)?;
    if row.locked_at.is_some() {
        return Err(locked().into());
    }
    let others = make_room(connection, household, newcomer, terms)?;
    let profile = profile_first(connection, household)?;
    let refresh = RefreshToken { family: Uuid::new_v4(), secret: Secret::new() };
    let known = newcomer.known.map(|id| renew(connection, household, id, newcomer, &profile, terms));
    let known = known.transpose()?.flatten();
    let (id, secret) = match known {
        Some(id) => (id, None),
        None => {
            let secret = Secret::new();
            (insert(connection, household, newcomer, &secret, &profile, terms)?, Some(secret))
        }
    };
    diesel::update(device::table.find(id.0))
        .set((
            device::family.eq(refresh.family),
            device::token.eq(refresh.secret.hash()),
            device::ends_at.eq(terms.now + terms.life),
        ))
        .execute(connection)?;
    Ok(LoggedIn {
        household,
        device: id,
        profile: ProfileId(profile.id),
        child: profile.child,
        refresh,
        surprising: secret.is_some() && others > 0,
        secret,
    })
}

/// The place of a device that logs in. Answers how many others are logged in.
fn make_room(
    connection: &mut PgConnection,
    household: HouseholdId,
    newcomer: &Newcomer,
    terms: &Terms,
) -> Result<usize, Failure> {
    let mut others = devices_list(connection, household, terms.now)?;
    others.retain(|other| newcomer.known != Some(DeviceId(other.id)));
    let count = others.len();
    if count < terms.devices {
        return Ok(count);
    }
    let replaced = newcomer.replaces.filter(|id| others.iter().any(|other| other.id == id.0));
    let Some(replaced) = replaced else {
        let message = "too many devices are logged in: name one of them whose place this one takes";
        return Err(Error::new(Kind::Conflict, message).with_source(DeviceLimit(others)).into());
    };
    device_delete(connection, household, replaced)?;
    Ok(count)
}

/// A device that was here before, if it still is in the table.
fn renew(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
    newcomer: &Newcomer,
    profile: &ProfileRow,
    terms: &Terms,
) -> QueryResult<Option<DeviceId>> {
    let updated = diesel::update(device::table.find(id.0).filter(device::household.eq(household.0)))
        .set((
            device::name.eq(&newcomer.name),
            device::kind.eq(&newcomer.kind),
            device::profile.eq(profile.id),
            device::seen_at.eq(terms.now),
            device::previous.eq(None::<Vec<u8>>),
            device::successor.eq(None::<Vec<u8>>),
            device::rotated_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(connection)?;
    Ok((updated == 1).then_some(id))
}

fn insert(
    connection: &mut PgConnection,
    household: HouseholdId,
    newcomer: &Newcomer,
    secret: &Secret,
    profile: &ProfileRow,
    terms: &Terms,
) -> QueryResult<DeviceId> {
    let id = DeviceId::new();
    diesel::insert_into(device::table)
        .values((
            device::id.eq(id.0),
            device::household.eq(household.0),
            device::name.eq(&newcomer.name),
            device::kind.eq(&newcomer.kind),
            device::secret.eq(secret.hash()),
            device::profile.eq(profile.id),
            device::created_at.eq(terms.now),
            device::seen_at.eq(terms.now),
        ))
        .execute(connection)?;
    Ok(id)
}

/// The state of a log-in.
#[derive(Queryable, Selectable)]
#[diesel(table_name = device)]
struct Family {
    id: Uuid,
    household: Uuid,
    profile: Uuid,
    token: Option<Vec<u8>>,
    previous: Option<Vec<u8>>,
    successor: Option<Vec<u8>>,
    rotated_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
}

/// Takes a refresh token and gives its successor; call it in a transaction.
///
/// The token before the current one gives the current one again for a while, because the answer may have been lost; any other
/// ends the log-in (RFC 9700 4.14.2).
pub(crate) fn refresh(
    connection: &mut PgConnection,
    token: &RefreshToken,
    terms: &Terms,
) -> Result<Refreshed, Failure> {
    let family: Option<Family> = device::table
        .filter(device::family.eq(token.family))
        .select(Family::as_select())
        .for_update()
        .first(connection)
        .optional()?;
    let Some(family) = family.filter(|family| family.ends_at.is_some_and(|end| end > terms.now)) else {
        return Ok(Refreshed::Unknown);
    };
    let household = HouseholdId(family.household);
    let hash = token.secret.hash();
    let is = |kept: &Option<Vec<u8>>| kept.as_ref().is_some_and(|kept| same(kept, &hash));
    let next = if is(&family.token) {
        let next = Secret::new();
        rotate(connection, &family, token, &next, terms)?;
        next
    } else {
        let lost = family.rotated_at.is_some_and(|at| terms.now <= at + terms.grace);
        let successor = family.successor.as_ref().filter(|_| lost && is(&family.previous));
        match successor.and_then(|sealed| Secret::unsealed(sealed, &token.secret)) {
            Some(successor) => successor,
            None => {
                device_end(connection, household, DeviceId(family.id))?;
                return Ok(Refreshed::Reused(household, DeviceId(family.id)));
            }
        }
    };
    let locked: bool =
        household::table.find(household.0).select(household::locked_at.is_not_null()).first(connection)?;
    if locked {
        return Ok(Refreshed::Unknown);
    }
    let child: bool = profile::table.find(family.profile).select(profile::child).first(connection)?;
    Ok(Refreshed::GoesOn(LoggedIn {
        household,
        device: DeviceId(family.id),
        profile: ProfileId(family.profile),
        child,
        refresh: RefreshToken { family: token.family, secret: next },
        secret: None,
        surprising: false,
    }))
}

fn rotate(
    connection: &mut PgConnection,
    family: &Family,
    token: &RefreshToken,
    next: &Secret,
    terms: &Terms,
) -> QueryResult<usize> {
    diesel::update(device::table.find(family.id))
        .set((
            device::token.eq(next.hash()),
            device::previous.eq(token.secret.hash()),
            device::successor.eq(next.sealed_with(&token.secret)),
            device::rotated_at.eq(terms.now),
            device::seen_at.eq(terms.now),
            device::ends_at.eq(terms.now + terms.life),
        ))
        .execute(connection)
}

/// What is known of who shows an access token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present {
    /// The profile that is chosen on the device now is a child's.
    pub(crate) child: bool,
}

/// The device of an access token, if it is still logged in and the household is not locked.
pub(crate) fn device_present(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Present>> {
    let child: Option<bool> = device::table
        .inner_join(household::table)
        .inner_join(profile::table.on(profile::id.eq(device::profile)))
        .filter(device::id.eq(id.0))
        .filter(device::household.eq(household.0))
        .filter(device::family.is_not_null())
        .filter(device::ends_at.gt(now))
        .filter(household::locked_at.is_null())
        .select(profile::child)
        .first(connection)
        .optional()?;
    Ok(child.map(|child| Present { child }))
}

/// The devices that are logged in or have a link, the last one that was heard of first.
pub(crate) fn devices_list(
    connection: &mut PgConnection,
    household: HouseholdId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Device>> {
    device::table
        .filter(device::household.eq(household.0))
        .filter(device::family.is_not_null().and(device::ends_at.gt(now)).or(device::link.is_not_null()))
        .order((device::seen_at.desc(), device::id))
        .select(Device::as_select())
        .load(connection)
}

/// Gives a device another name.
pub(crate) fn device_rename(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
    name: &str,
) -> Result<Device, Failure> {
    let renamed = diesel::update(device::table.find(id.0).filter(device::household.eq(household.0)))
        .set(device::name.eq(name))
        .returning(Device::as_returning())
        .get_result(connection)
        .optional()?;
    renamed.ok_or_else(|| no_device(id))
}

/// Chooses a profile on a device.
pub(crate) fn device_choose(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
    chosen: ProfileId,
) -> QueryResult<usize> {
    diesel::update(device::table.find(id.0).filter(device::household.eq(household.0)))
        .set(device::profile.eq(chosen.0))
        .execute(connection)
}

/// Ends the log-in of a device, which stays known.
pub(crate) fn device_end(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
) -> QueryResult<usize> {
    end(connection, household, Some(id), None)
}

/// Ends every log-in of a household but that of one device, and every link.
pub(crate) fn devices_end(
    connection: &mut PgConnection,
    household: HouseholdId,
    except: Option<DeviceId>,
) -> QueryResult<usize> {
    end(connection, household, None, except)
}

fn end(
    connection: &mut PgConnection,
    household: HouseholdId,
    only: Option<DeviceId>,
    except: Option<DeviceId>,
) -> QueryResult<usize> {
    let mut query = diesel::update(device::table.filter(device::household.eq(household.0)))
        .set((
            device::family.eq(None::<Uuid>),
            device::token.eq(None::<Vec<u8>>),
            device::previous.eq(None::<Vec<u8>>),
            device::successor.eq(None::<Vec<u8>>),
            device::rotated_at.eq(None::<DateTime<Utc>>),
            device::ends_at.eq(None::<DateTime<Utc>>),
            device::link.eq(None::<Vec<u8>>),
        ))
        .into_boxed();
    if let Some(id) = only {
        query = query.filter(device::id.eq(id.0));
    }
    if let Some(id) = except {
        query = query.filter(device::id.ne(id.0));
    }
    query.execute(connection)
}

/// Removes a device, and with it its log-in.
pub(crate) fn device_delete(
    connection: &mut PgConnection,
    household: HouseholdId,
    id: DeviceId,
) -> Result<(), Failure> {
    let all = device::table.find(id.0).filter(device::household.eq(household.0));
    match diesel::delete(all).execute(connection)? {
        0 => Err(no_device(id)),
        _ => Ok(()),
    }
}

/// Makes every device of a household a stranger, but one.
pub(crate) fn devices_forget(connection: &mut PgConnection, household: HouseholdId) -> QueryResult<usize> {
    diesel::delete(device::table.filter(device::household.eq(household.0))).execute(connection)
}

/// Forgets devices that have not been logged in since `then`.
pub(crate) fn strangers_delete(connection: &mut PgConnection, then: DateTime<Utc>) -> QueryResult<usize> {
    let out = device::family.is_null().or(device::ends_at.lt(then)).and(device::link.is_null());
    diesel::delete(device::table.filter(device::seen_at.lt(then)).filter(out)).execute(connection)
}

pub(crate) fn locked() -> Error {
    Error::new(Kind::Denied, "this household is locked: ask the operator")
}

fn no_device(id: DeviceId) -> Failure {
    Error::new(Kind::NotFound, format!("there is no device {id}")).into()
}
