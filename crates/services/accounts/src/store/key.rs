//! The public keys that every instance publishes.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};

use crate::schema::signing_key;

/// A published key.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = signing_key)]
pub(crate) struct KeyRow {
    pub(crate) kid: String,
    pub(crate) x: String,
    pub(crate) published_at: DateTime<Utc>,
}

/// Publishes keys (`kid` and `x`) that an instance has, forgets those that none has had since `forgotten`, and gives all.
pub(crate) fn keys_publish(
    connection: &mut PgConnection,
    own: &[(String, String)],
    now: DateTime<Utc>,
    forgotten: DateTime<Utc>,
) -> QueryResult<Vec<KeyRow>> {
    let rows: Vec<_> = own
        .iter()
        .map(|(kid, x)| {
            (
                signing_key::kid.eq(kid),
                signing_key::x.eq(x),
                signing_key::published_at.eq(now),
                signing_key::seen_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(signing_key::table)
        .values(rows)
        .on_conflict(signing_key::kid)
        .do_update()
        .set(signing_key::seen_at.eq(excluded(signing_key::seen_at)))
        .execute(connection)?;
    diesel::delete(signing_key::table.filter(signing_key::seen_at.lt(forgotten))).execute(connection)?;
    signing_key::table.order(signing_key::kid).select(KeyRow::as_select()).load(connection)
}
