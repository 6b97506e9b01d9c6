//! The log of changes: written with every change in its transaction, followed by every instance, told to whoever asks.
//!
//! A place is the number of the transaction that made the change. An instance reads up to the oldest transaction that still runs, so
//! that it can miss none; before it tells of a place, it has forgotten what it knew of those households. Who asks the same instance
//! for changes and then for decisions is therefore never told something that is older than the change.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::BigInt};
use funkturm_base::HouseholdId;
use funkturm_contracts::rights::Changes;
use funkturm_db::Failure;
use uuid::Uuid;

use crate::{
    offer,
    schema::{change, change_forgotten},
};

/// How many changes an instance can tell of: at a hundred a second, a quarter of an hour.
const KEPT: usize = 100_000;
/// More at once than this are read as "everybody".
const MOST_AT_ONCE: i64 = 20_000;

/// Writes down that a household's rights changed, or everybody's; call it in the transaction of the change.
pub(crate) fn note(connection: &mut PgConnection, household: Option<HouseholdId>) -> QueryResult<()> {
    diesel::insert_into(change::table)
        .values(change::household.eq(household.map(|household| household.0)))
        .execute(connection)
        .map(drop)
}

/// Forgets changes that are older.
pub(crate) fn forget(connection: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<()> {
    let place: Option<i64> = change::table
        .filter(change::at.lt(before))
        .select(diesel::dsl::max(change::place))
        .first(connection)?;
    let Some(place) = place else { return Ok(()) };
    diesel::update(change_forgotten::table.filter(change_forgotten::place.lt(place)))
        .set(change_forgotten::place.eq(place))
        .execute(connection)?;
    diesel::delete(change::table.filter(change::place.le(place))).execute(connection).map(drop)
}

/// What is new in the database.
#[derive(Debug)]
pub(crate) struct News {
    /// Everything up to here has been seen.
    pub(crate) place: i64,
    /// Households, each with the place of its change.
    pub(crate) households: Vec<(i64, HouseholdId)>,
    /// Everybody's rights changed, or it is not known any more whose.
    pub(crate) everybody: bool,
    /// It is not known whose: nothing in memory is to be relied on.
    pub(crate) lost: bool,
    /// The offer's version.
    pub(crate) version: i64,
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    head: i64,
}

/// Reads what is new after a place; without one, only where the log is.
pub(crate) fn news(connection: &mut PgConnection, after: Option<i64>) -> Result<News, Failure> {
    let head = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 AS head";
    // Whatever has a place up to here is committed, or never will be: the statements below see it.
    let Head { head } = diesel::sql_query(head).get_result(connection)?;
    let version = offer::store::version_get(connection)?;
    let mut news = News { place: head, households: Vec::new(), everybody: true, lost: true, version };
    let Some(after) = after else { return Ok(news) };
    let forgotten: i64 = change_forgotten::table.select(change_forgotten::place).first(connection)?;
    // Behind where it was: the database was restored.
    if after < forgotten || head < after {
        return Ok(news);
    }
    let rows: Vec<(i64, Option<Uuid>)> = change::table
        .filter(change::place.gt(after).and(change::place.le(head)))
        .order(change::place)
        .limit(MOST_AT_ONCE + 1)
        .select((change::place, change::household))
        .load(connection)?;
    if rows.len() > MOST_AT_ONCE as usize {
        return Ok(news);
    }
    news.lost = false;
    news.everybody = rows.iter().any(|(_, household)| household.is_none());
    news.households = rows.into_iter().filter_map(|(place, id)| Some((place, HouseholdId(id?)))).collect();
    Ok(news)
}

/// The latest changes, in memory.
#[derive(Default)]
pub(crate) struct Log(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Seen up to here; nothing was seen yet while this is none.
    place: Option<i64>,
    /// What happened up to here is not kept.
    floor: i64,
    households: VecDeque<(i64, HouseholdId)>,
    /// The latest place at which everybody's rights changed.
    everybody: i64,
}

impl Log {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where it has been seen.
    pub(crate) fn place(&self) -> Option<i64> {
        self.lock().place
    }

    /// Adds what is new.
    pub(crate) fn add(&self, news: News) {
        let mut kept = self.lock();
        if kept.place.is_none() {
            kept.floor = news.place;
        }
        kept.place = Some(news.place);
        if news.everybody {
            kept.everybody = news.place;
            kept.households.clear();
            kept.floor = news.place;
        } else {
            kept.households.extend(news.households);
        }
        while kept.households.len() > KEPT {
            if let Some((place, _)) = kept.households.pop_front() {
                kept.floor = place;
            }
        }
    }

    /// What changed after a place; none as long as nothing was read from the database.
    pub(crate) fn after(&self, after: i64) -> Option<Changes> {
        let kept = self.lock();
        let place = kept.place?;
        // A place that is not reached yet is another instance's, or of before the database was restored.
        let everybody = after < kept.floor || after > place || after < kept.everybody;
        let households = if everybody {
            BTreeSet::new()
        } else {
            let first = kept.households.partition_point(|(place, _)| *place <= after);
            kept.households.range(first..).map(|(_, household)| *household).collect()
        };
        Some(Changes { place, households, everybody })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(place: i64, households: &[(i64, HouseholdId)], everybody: bool) -> News {
        News { place, households: households.to_vec(), everybody, lost: everybody, version: 1 }
    }

    #[test]
    fn who_asks_hears_of_every_change_after_the_place_and_of_none_before() {
        let log = Log::default();
        assert!(log.after(0).is_none());
        let (a, b) = (HouseholdId::new(), HouseholdId::new());
        log.add(news(10, &[], true));
        let changes = log.after(0).unwrap();
        assert!(changes.everybody && changes.place == 10);
        assert!(!log.after(10).unwrap().everybody);
        log.add(news(14, &[(12, a), (14, b)], false));
        assert_eq!(log.after(10).unwrap().households, [a, b].into());
        assert_eq!(log.after(12).unwrap().households, [b].into());
        assert_eq!(log.after(14).unwrap(), Changes { place: 14, ..Changes::default() });
        assert!(log.after(9).unwrap().everybody, "that is not remembered");
        assert!(log.after(15).unwrap().everybody, "that is another log");
        log.add(news(20, &[], true));
        assert!(log.after(14).unwrap().everybody);
    }

    #[test]
    fn a_long_log_forgets_its_beginning() {
        let log = Log::default();
        log.add(news(0, &[], true));
        let many: Vec<_> = (1..=KEPT as i64 + 5).map(|place| (place, HouseholdId::new())).collect();
        log.add(news(KEPT as i64 + 5, &many, false));
        assert!(log.after(4).unwrap().everybody);
        assert_eq!(log.after(5).unwrap().households.len(), KEPT);
    }
}
