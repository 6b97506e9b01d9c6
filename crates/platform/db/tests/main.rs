//! The handle against a real PostgreSQL that is killed and started again.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use diesel::{RunQueryDsl, connection::SimpleConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use funkturm_base::{Error, Kind};
use funkturm_db::{Db, Failure, Options};
use funkturm_stores::testing::PostgreSql;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");

fn open(options: &Options) -> (Db, prometheus::Registry) {
    let registry = prometheus::Registry::new();
    let db = Db::open(options, &registry, &slog::Logger::root(slog::Discard, slog::o!())).unwrap();
    (db, registry)
}

async fn prepared(server: &PostgreSql) -> (Db, Options) {
    let options = Options::new("trial", server.database("trial").await.unwrap());
    let (db, _) = open(&options);
    db.migrate(MIGRATIONS).await.unwrap();
    (db, options)
}

async fn execute(db: &Db, statement: &'static str) -> Result<(), Error> {
    db.run(move |connection| connection.batch_execute(statement)).await
}

async fn count(db: &Db) -> i64 {
    use diesel::{QueryDsl, dsl::count_star};
    diesel::table! { thing (id) { id -> BigInt, } }
    db.run(|connection| thing::table.select(count_star()).first(connection)).await.unwrap()
}

#[tokio::test]
async fn several_instances_migrate_at_once_and_again() {
    let server = PostgreSql::start().await.unwrap();
    let options = Options::new("trial", server.database("trial").await.unwrap());
    let handles: Vec<Db> = (0..4).map(|_| open(&options).0).collect();
    let tasks: Vec<_> =
        handles.iter().cloned().map(|db| tokio::spawn(async move { db.migrate(MIGRATIONS).await })).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    handles[0].migrate(MIGRATIONS).await.unwrap();
    assert_eq!(count(&handles[0]).await, 0);
}

#[tokio::test]
async fn a_transaction_is_done_as_a_whole_or_not_at_all() {
    let server = PostgreSql::start().await.unwrap();
    let (db, _) = prepared(&server).await;
    let error = db
        .transaction(|connection| -> Result<(), Failure> {
            sql_query("INSERT INTO thing VALUES (1, 'a')").execute(connection)?;
            Err(Error::new(Kind::Denied, "not this one").into())
        })
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Denied, "not this one"));
    assert_eq!(count(&db).await, 0);
    db.transaction(|connection| Ok(sql_query("INSERT INTO thing VALUES (1, 'a')").execute(connection)?))
        .await
        .unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn a_duplicate_is_a_conflict_with_the_constraint_by_name() {
    let server = PostgreSql::start().await.unwrap();
    let (db, _) = prepared(&server).await;
    execute(&db, "INSERT INTO thing VALUES (1, 'a')").await.unwrap();
    let error = execute(&db, "INSERT INTO thing VALUES (2, 'a')").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    let named = db
        .run(|connection| -> Result<bool, Failure> {
            let failure = Failure::from(
                sql_query("INSERT INTO thing VALUES (2, 'a')").execute(connection).unwrap_err(),
            );
            Ok(failure.violates("thing_name") && !failure.violates("thing_pkey"))
        })
        .await;
    assert!(named.unwrap());
}

#[tokio::test]
async fn while_postgresql_is_gone_work_fails_as_unavailable_and_afterwards_it_succeeds() {
    let mut server = PostgreSql::start().await.unwrap();
    let (db, _) = prepared(&server).await;
    execute(&db, "INSERT INTO thing VALUES (1, 'a')").await.unwrap();
    // A restart that nobody noticed in between costs nothing.
    server.restart().await.unwrap();
    assert_eq!(count(&db).await, 1);

    server.kill();
    for _ in 0..2 {
        let began = Instant::now();
        assert_eq!(execute(&db, "SELECT 1").await.unwrap_err().kind(), Kind::Unavailable);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
    assert_eq!(db.migrate(MIGRATIONS).await.unwrap_err().kind(), Kind::Unavailable);
    server.restart().await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn a_connection_that_breaks_during_work_is_reported_as_such_and_not_used_again() {
    let server = PostgreSql::start().await.unwrap();
    let (db, _) = prepared(&server).await;
    let error = execute(&db, "SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{}", error.chain());
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn statements_and_locks_that_take_too_long_are_given_up() {
    let server = PostgreSql::start().await.unwrap();
    let (_, options) = prepared(&server).await;
    let (db, _) = open(&Options { statement_timeout: Duration::from_millis(200), ..options });
    let error = execute(&db, "SELECT pg_sleep(60)").await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Unavailable, "the database took too long"));
}

#[tokio::test]
async fn whoever_waits_too_long_for_a_connection_is_told_so() {
    let server = PostgreSql::start().await.unwrap();
    let (_, options) = prepared(&server).await;
    let (db, registry) = open(&Options { connections: 1, patience: Duration::from_secs(1), ..options });
    let busy = tokio::spawn({
        let db = db.clone();
        async move { execute(&db, "SELECT pg_sleep(4)").await }
    });
    let error = loop {
        match execute(&db, "SELECT 1").await {
            Err(error) => break error,
            Ok(()) => tokio::task::yield_now().await,
        }
    };
    assert_eq!((error.kind(), error.message()), (Kind::Unavailable, "the database has too much to do"));
    busy.await.unwrap().unwrap();
    execute(&db, "SELECT 1").await.unwrap();
    let names: Vec<String> = registry.gather().iter().map(|family| family.name().to_owned()).collect();
    assert_eq!(
        names,
        [
            "funkturm_trial_db_acquire_seconds",
            "funkturm_trial_db_idle_connections",
            "funkturm_trial_db_open_connections"
        ]
    );
}
