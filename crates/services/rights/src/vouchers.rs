//! Vouchers: batches of codes that give a package for some days. A code is kept as its hash, so that nobody who reads the database
//! can use one.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{PgConnection, prelude::*};
use funkturm_base::{Error, HouseholdId, Kind, Result};
use funkturm_contracts::rights::subscription::{NewVouchers, State, VoucherBatch, VoucherCodes};
use funkturm_db::Failure;
use rand::Rng;
use ring::digest;
use uuid::Uuid;

use crate::{
    schema::{voucher, voucher_batch, voucher_miss, voucher_use},
    subscription::{
        clerk::{Begin, Clerk},
        store,
    },
};

/// Crockford's letters: without those that are taken for each other.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code that we make: 80 bits, which nobody guesses.
const LENGTH: usize = 16;
/// Codes in a batch.
const MOST_CODES: u32 = 100_000;
/// Wrong codes that a household may send in an hour.
pub(crate) const MOST_MISSES: i64 = 10;

/// What is hashed: capitals and digits, whatever is written between them, with letters that look like digits as digits.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        })
        .collect()
}

fn hash(code: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, plain(code).as_bytes()).as_ref().to_vec()
}

/// A code as it is printed: `7K3M-…`, four by four.
fn new_code() -> String {
    let mut random = rand::rng();
    let letter = |n: usize| {
        let index: usize = random.random_range(0..LETTERS.len());
        let letter = LETTERS.get(index).copied().unwrap_or(b'0') as char;
        if n > 0 && n.is_multiple_of(4) { format!("-{letter}") } else { letter.to_string() }
    };
    (0..LENGTH).map(letter).collect()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = voucher_batch)]
struct BatchRow {
    id: Uuid,
    name: String,
    package: String,
    days: i32,
    count: i32,
    uses: i32,
    valid_from: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    stopped_at: Option<DateTime<Utc>>,
}

impl BatchRow {
    /// Whether a code that was used so often gives something now.
    fn is_good(&self, used: i32, now: DateTime<Utc>) -> bool {
        self.stopped_at.is_none()
            && self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
            && used < self.uses
    }

    fn wire(self, used: i64) -> VoucherBatch {
        let number = |n: i32| u32::try_from(n).unwrap_or(0);
        VoucherBatch {
            id: self.id,
            name: self.name,
            package: self.package,
            days: number(self.days),
            count: number(self.count),
            uses: number(self.uses),
            used: u32::try_from(used).unwrap_or(u32::MAX),
            from: self.valid_from,
            until: self.valid_until,
            stopped_at: self.stopped_at,
        }
    }
}

/// Checks what an operator wants.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn check(new: &NewVouchers, known: impl Fn(&str) -> bool) -> Result<()> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };
    let length = new.name.trim().chars().count();
    expect((1..=100).contains(&length), format!("name must have 1 to 100 characters, not {length}"));
    expect(known(&new.package), format!("there is no package {:?}", new.package));
    expect((1..=3660).contains(&new.days), format!("days must be 1 to 3660, not {}", new.days));
    expect((1..=10_000_000).contains(&new.uses), format!("uses must be 1 to 10000000, not {}", new.uses));
    match &new.code {
        Some(code) => {
            let length = plain(code).len();
            expect(
                (8..=40).contains(&length),
                format!("code must have 8 to 40 letters and digits, not {length}"),
            );
            expect(new.count <= 1, "count and code cannot both be there".to_owned());
        }
        None => {
            let count = new.count;
            expect(
                (1..=MOST_CODES).contains(&count),
                format!("count must be 1 to {MOST_CODES}, not {count}"),
            );
        }
    }
    let ordered = new.from.zip(new.until).is_none_or(|(from, until)| from < until);
    expect(ordered, "until must come after from".to_owned());
    if problems.is_empty() { Ok(()) } else { Err(Error::new(Kind::Invalid, problems.join("; "))) }
}

/// Makes a batch that has been checked.
pub(crate) fn make(
    connection: &mut PgConnection,
    new: NewVouchers,
    now: DateTime<Utc>,
) -> std::result::Result<VoucherCodes, Failure> {
    let codes: Vec<String> = match new.code {
        Some(code) => vec![code],
        None => (0..new.count).map(|_| new_code()).collect(),
    };
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let row = BatchRow {
        id: Uuid::now_v7(),
        name: new.name.trim().to_owned(),
        package: new.package,
        days: number(new.days),
        count: i32::try_from(codes.len()).unwrap_or(i32::MAX),
        uses: number(new.uses),
        valid_from: new.from,
        valid_until: new.until,
        created_at: now,
        stopped_at: None,
    };
    diesel::insert_into(voucher_batch::table).values(&row).execute(connection)?;
    for some in codes.chunks(5000) {
        let rows: Vec<_> =
            some.iter().map(|code| (voucher::hash.eq(hash(code)), voucher::batch.eq(row.id))).collect();
        match diesel::insert_into(voucher::table).values(rows).execute(connection).map_err(Failure::from) {
            Err(failure) if failure.violates("voucher_pkey") => {
                return Err(Error::new(Kind::Conflict, "there is a voucher with this code already").into());
            }
            other => other?,
        };
    }
    Ok(VoucherCodes { batch: row.wire(0), codes })
}

/// Every batch, the latest first.
pub(crate) fn batches(connection: &mut PgConnection) -> std::result::Result<Vec<VoucherBatch>, Failure> {
    let used = diesel::dsl::sql::<diesel::sql_types::BigInt>(
        "(SELECT coalesce(sum(used), 0)::bigint FROM voucher WHERE voucher.batch = voucher_batch.id)",
    );
    let rows: Vec<(BatchRow, i64)> = voucher_batch::table
        .order(voucher_batch::id.desc())
        .select((BatchRow::as_select(), used))
        .load(connection)?;
    Ok(rows.into_iter().map(|(row, used)| row.wire(used)).collect())
}

/// Stops a batch: its codes give nothing any more; what they gave stays. Whether there is such a batch.
pub(crate) fn stop(connection: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let there: Option<Uuid> =
        voucher_batch::table.find(id).select(voucher_batch::id).first(connection).optional()?;
    diesel::update(
        voucher_batch::table.filter(voucher_batch::id.eq(id).and(voucher_batch::stopped_at.is_null())),
    )
    .set(voucher_batch::stopped_at.eq(now))
    .execute(connection)?;
    Ok(there.is_some())
}

/// What became of a code.
pub(crate) enum Redeemed {
    /// It gave what it gives.
    Gave,
    /// It is none, or none any more: that was written down.
    Missed,
}

/// Redeems a code; call it in a transaction, which has to be committed also when it missed.
pub(crate) fn redeem(
    clerk: &Clerk<'_>,
    connection: &mut PgConnection,
    id: HouseholdId,
    code: &str,
) -> std::result::Result<Redeemed, Failure> {
    store::household_lock(connection, id)?;
    let recent = voucher_miss::household.eq(id.0).and(voucher_miss::at.gt(clerk.now - TimeDelta::hours(1)));
    let misses: i64 = voucher_miss::table.filter(recent).count().get_result(connection)?;
    if misses >= MOST_MISSES {
        return Err(Error::new(Kind::TooMany, "too many wrong codes: try again in an hour").into());
    }
    // The code's row alone is locked: other codes of the batch are redeemed meanwhile.
    let (hash, own) = (hash(code), voucher::table.find(hash(code)));
    let found: Option<(i32, Uuid)> =
        own.select((voucher::used, voucher::batch)).for_update().first(connection).optional()?;
    let good = match found {
        Some((used, batch)) => {
            let batch: BatchRow =
                voucher_batch::table.find(batch).select(BatchRow::as_select()).first(connection)?;
            Some(batch).filter(|batch| batch.is_good(used, clerk.now))
        }
        None => None,
    };
    let Some(batch) = good else {
        diesel::insert_into(voucher_miss::table)
            .values((voucher_miss::household.eq(id.0), voucher_miss::at.eq(clerk.now)))
            .execute(connection)?;
        return Ok(Redeemed::Missed);
    };
    let used = diesel::insert_into(voucher_use::table)
        .values((voucher_use::hash.eq(&hash), voucher_use::household.eq(id.0), voucher_use::at.eq(clerk.now)))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if used == 0 {
        return Err(Error::new(Kind::Conflict, "this household has used this code already").into());
    }
    diesel::update(voucher::table.find(&hash))
        .set(voucher::used.eq(voucher::used + 1))
        .execute(connection)?;
    give(clerk, connection, id, &batch)?;
    Ok(Redeemed::Gave)
}

/// Gives what a voucher gives: the package for some days, or so many days more of it.
fn give(
    clerk: &Clerk<'_>,
    connection: &mut PgConnection,
    id: HouseholdId,
    batch: &BatchRow,
) -> std::result::Result<(), Failure> {
    let (days, why) = (TimeDelta::days(batch.days.into()), format!("voucher of {}", batch.name));
    let held = store::held_load(connection, id)?.into_iter().find(|row| row.package == batch.package);
    let Some(mut row) = held else {
        let until = Some(clerk.now + days);
        let (package, state) = (batch.package.as_str(), State::EndsAt);
        let begin = Begin { package, plan: None, state, until, why: &why };
        return clerk.begin(connection, id, &begin).map(drop);
    };
    match row.state()? {
        State::EndsAt => {
            row.ends_at = row.ends_at.map(|ends| ends.max(clerk.now) + days);
            clerk.save(connection, &row, State::EndsAt, &why)
        }
        State::Trial if row.plan.is_none() => {
            let until = row.trial_ends.map(|ends| ends.max(clerk.now) + days);
            clerk.bring(connection, &mut row, State::EndsAt, until, &why)
        }
        State::Trial => {
            row.trial_ends = row.trial_ends.map(|ends| ends.max(clerk.now) + days);
            clerk.save(connection, &row, State::Trial, &why)
        }
        _ => {
            let message =
                format!("the household has package {} already: keep the code for later", batch.package);
            Err(Error::new(Kind::Conflict, message).into())
        }
    }
}

/// Forgets wrong codes that do not count any more.
pub(crate) fn tidy(connection: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<()> {
    let old = voucher_miss::table.filter(voucher_miss::at.lt(now - TimeDelta::hours(2)));
    diesel::delete(old).execute(connection).map(drop)
}

/// When a household used vouchers, and for which batch: for its export.
pub(crate) fn used_by(
    connection: &mut PgConnection,
    id: HouseholdId,
) -> QueryResult<Vec<(String, DateTime<Utc>)>> {
    voucher_use::table
        .inner_join(voucher::table.on(voucher::hash.eq(voucher_use::hash)))
        .inner_join(voucher_batch::table.on(voucher_batch::id.eq(voucher::batch)))
        .filter(voucher_use::household.eq(id.0))
        .order(voucher_use::at)
        .select((voucher_batch::name, voucher_use::at))
        .load(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_written() {
        assert_eq!(plain("7k3m-oIl9 "), "7K3M0119");
        let code = new_code();
        assert_eq!(code.len(), LENGTH + 3);
        assert_eq!(hash(&code), hash(&code.to_lowercase().replace('-', " ")));
        assert_ne!(code, new_code());
    }
}
