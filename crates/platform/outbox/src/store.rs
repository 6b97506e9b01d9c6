//! The tables.

use std::time::Duration;

use diesel::{
    dsl::{exists, select},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Integer, Text, Uuid as SqlUuid},
};
use serde_json::Value;
use uuid::Uuid;

diesel::table! {
    outbox (id) {
        id -> BigInt,
        receiver -> Text,
        method -> Text,
        path -> Text,
        body -> Nullable<Jsonb>,
        attempts -> Integer,
        problem -> Nullable<Text>,
        dead -> Bool,
    }
}

/// A message.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// What may be delivered now.
pub(crate) enum Turn {
    /// Nothing waits.
    Nothing,
    /// Another instance delivers, or it is too early after a failure.
    NotNow,
    /// These, after so many failures in a row.
    Ours(Vec<Message>, i32),
}

/// What became of a turn.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) delivered: Vec<i64>,
    /// What was refused for good, and how.
    pub(crate) refused: Vec<(i64, String)>,
    /// What failed and is tried again after the pause.
    pub(crate) failed: Option<(i64, String, Duration)>,
}

#[derive(QueryableByName)]
struct Failures {
    #[diesel(sql_type = Integer)]
    failures: i32,
}

/// A number of rows of a receiver.
#[derive(QueryableByName)]
pub(crate) struct Figure {
    #[diesel(sql_type = Text)]
    pub(crate) receiver: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) waiting: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) dead: i64,
}

pub(crate) fn message_insert(
    connection: &mut PgConnection,
    receiver: &str,
    method: &str,
    path: &str,
    body: Value,
) -> QueryResult<i64> {
    let body = Some(body).filter(|body| !body.is_null());
    diesel::insert_into(outbox::table)
        .values((
            outbox::receiver.eq(receiver),
            outbox::method.eq(method),
            outbox::path.eq(path),
            outbox::body.eq(body),
        ))
        .returning(outbox::id)
        .get_result(connection)
}

/// Takes the turn and what waits first; call it in a transaction. A turn for which nothing is left is given back in that
/// same transaction, so that whoever commits meanwhile waits for it and then finds it free.
pub(crate) fn turn_take(
    connection: &mut PgConnection,
    receiver: &str,
    owner: Uuid,
    turn: Duration,
    most: i64,
) -> QueryResult<Turn> {
    let waiting = outbox::table.filter(outbox::receiver.eq(receiver)).filter(outbox::dead.eq(false));
    if !select(exists(waiting)).get_result::<bool>(connection)? {
        return Ok(Turn::Nothing);
    }
    let taken: Option<Failures> = sql_query(
        "INSERT INTO outbox_turn AS turn (receiver, owner, until) VALUES ($1, $2, now() + $3 * interval '1 ms')
         ON CONFLICT (receiver) DO UPDATE SET owner = excluded.owner, until = excluded.until
         WHERE (turn.owner = excluded.owner OR turn.until <= now()) AND turn.not_before <= now()
         RETURNING failures",
    )
    .bind::<Text, _>(receiver)
    .bind::<SqlUuid, _>(owner)
    .bind::<BigInt, _>(millis(turn))
    .get_result(connection)
    .optional()?;
    let Some(Failures { failures }) = taken else { return Ok(Turn::NotNow) };
    let messages: Vec<Message> =
        waiting.order(outbox::id).limit(most).select(Message::as_select()).load(connection)?;
    if messages.is_empty() {
        turn_give_back(connection, receiver, owner)?;
        return Ok(Turn::Nothing);
    }
    Ok(Turn::Ours(messages, failures))
}

fn turn_give_back(connection: &mut PgConnection, receiver: &str, owner: Uuid) -> QueryResult<()> {
    sql_query("UPDATE outbox_turn SET until = '-infinity' WHERE receiver = $1 AND owner = $2")
        .bind::<Text, _>(receiver)
        .bind::<SqlUuid, _>(owner)
        .execute(connection)
        .map(drop)
}

/// Writes down what became of a turn; call it in a transaction.
pub(crate) fn turn_settle(
    connection: &mut PgConnection,
    receiver: &str,
    owner: Uuid,
    outcome: &Outcome,
) -> QueryResult<()> {
    diesel::delete(outbox::table.filter(outbox::id.eq_any(&outcome.delivered))).execute(connection)?;
    for (id, problem) in &outcome.refused {
        diesel::update(outbox::table.find(id))
            .set((
                outbox::dead.eq(true),
                outbox::attempts.eq(outbox::attempts + 1),
                outbox::problem.eq(problem),
            ))
            .execute(connection)?;
    }
    let Some((id, problem, pause)) = &outcome.failed else {
        // A delivery came through: the next failure is the first one again. Whoever has something next may deliver it.
        return sql_query(
            "UPDATE outbox_turn SET until = '-infinity', failures = 0, not_before = '-infinity'
             WHERE receiver = $1 AND owner = $2",
        )
        .bind::<Text, _>(receiver)
        .bind::<SqlUuid, _>(owner)
        .execute(connection)
        .map(drop);
    };
    diesel::update(outbox::table.find(id))
        .set((outbox::attempts.eq(outbox::attempts + 1), outbox::problem.eq(problem)))
        .execute(connection)?;
    let came_through = !outcome.delivered.is_empty();
    sql_query(
        "UPDATE outbox_turn SET until = '-infinity', failures = CASE WHEN $3 THEN 1 ELSE failures + 1 END,
         not_before = now() + $4 * interval '1 ms' WHERE receiver = $1 AND owner = $2",
    )
    .bind::<Text, _>(receiver)
    .bind::<SqlUuid, _>(owner)
    .bind::<diesel::sql_types::Bool, _>(came_through)
    .bind::<BigInt, _>(millis(*pause))
    .execute(connection)
    .map(drop)
}

/// What waits and what is put aside, by receiver.
pub(crate) fn figures(connection: &mut PgConnection) -> QueryResult<Vec<Figure>> {
    sql_query(
        "SELECT receiver, count(*) FILTER (WHERE NOT dead) AS waiting, count(*) FILTER (WHERE dead) AS dead
         FROM outbox GROUP BY receiver",
    )
    .load(connection)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
