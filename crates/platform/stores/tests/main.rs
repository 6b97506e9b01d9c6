//! Real servers, started, killed, left behind and started again.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use funkturm_stores::{Options, PostgreSql, Progress, Redis, StoreError};

fn options(state: &Path) -> Options {
    Options { state: state.to_owned(), durable: false }
}

fn quiet() -> Progress {
    Arc::new(|_: &str| {})
}

async fn postgresql(state: &Path) -> PostgreSql {
    PostgreSql::start(options(state), quiet()).await.unwrap()
}

async fn redis(state: &Path) -> Redis {
    Redis::start(options(state), quiet()).await.unwrap()
}

fn sql(server: &PostgreSql, database: &str, statement: &str) -> String {
    let output = Command::new("psql").args([&server.url(database), "-At", "-c", statement]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn client(server: &Redis) -> redis::Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

#[tokio::test]
async fn data_is_there_after_a_stop_and_after_a_crash_and_the_second_start_is_quick() {
    let state = tempfile::tempdir().unwrap();
    fs::set_permissions(state.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let began = Instant::now();
    let server = postgresql(state.path()).await;
    let first = began.elapsed();
    server.create_database("channels").await.unwrap();
    server.create_database("channels").await.unwrap();
    sql(&server, "channels", "CREATE TABLE t AS SELECT 7 AS n");
    server.stop().await;

    let began = Instant::now();
    let server = postgresql(state.path()).await;
    assert!(began.elapsed() < first, "{:?} after {first:?}", began.elapsed());
    assert_eq!(sql(&server, "channels", "SELECT n FROM t"), "7");
    server.kill();
    assert!(server.gone().await.to_string().contains("postgres failed"));

    let server = postgresql(state.path()).await;
    assert_eq!(sql(&server, "channels", "SELECT n FROM t"), "7");
    server.stop().await;
}

#[tokio::test]
async fn redis_keeps_its_data_too() {
    let state = tempfile::tempdir().unwrap();
    let server = redis(state.path()).await;
    redis::cmd("SET").arg("a").arg(7).exec(&mut client(&server)).unwrap();
    server.kill();
    let server = redis(state.path()).await;
    let found: i32 = redis::cmd("GET").arg("a").query(&mut client(&server)).unwrap();
    assert_eq!(found, 7);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_an_earlier_run_left_behind_is_ended_first() {
    let state = tempfile::tempdir().unwrap();
    let (postgresql_before, redis_before) = (postgresql(state.path()).await, redis(state.path()).await);
    let (postgresql, redis) = (postgresql(state.path()).await, redis(state.path()).await);
    // The ones from before have ended, so this returns; and the new ones serve.
    postgresql_before.gone().await;
    redis_before.gone().await;
    assert_eq!(sql(&postgresql, "postgres", "SELECT 1"), "1");
    client(&redis);
    postgresql.stop().await;
    redis.stop().await;
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_and_a_half_made_cluster_do_not_matter() {
    let state = tempfile::tempdir().unwrap();
    fs::create_dir(state.path().join("postgresql.unfinished")).unwrap();
    fs::write(state.path().join("postgresql.unfinished/PG_VERSION"), "15\n").unwrap();
    postgresql(state.path()).await.stop().await;

    // As after a restart of the machine: the number belongs to somebody else now.
    let stranger = std::process::id();
    fs::write(state.path().join("postgresql/postmaster.pid"), format!("{stranger}\n/x\n1\n5432\n/x\n\n"))
        .unwrap();
    postgresql(state.path()).await.stop().await;
}

#[tokio::test]
async fn a_long_way_to_the_state_directory_is_no_obstacle() {
    let outer = tempfile::tempdir().unwrap();
    let state = outer.path().join("a long name with blanks ".repeat(4)).join("ä#%?".repeat(10));
    fs::create_dir_all(&state).unwrap();
    let (postgresql, redis) = (postgresql(&state).await, redis(&state).await);
    assert_eq!(sql(&postgresql, "postgres", "SELECT 1"), "1");
    client(&redis);
    postgresql.stop().await;
    redis.stop().await;
}

#[tokio::test]
async fn data_of_a_version_that_is_not_installed_is_refused_and_left_alone() {
    let state = tempfile::tempdir().unwrap();
    fs::create_dir(state.path().join("postgresql")).unwrap();
    fs::write(state.path().join("postgresql/PG_VERSION"), "9\n").unwrap();
    let error = PostgreSql::start(options(state.path()), quiet()).await.err().unwrap();
    assert!(matches!(&error, StoreError::OtherVersion { made_by, .. } if made_by == "9"), "{error}");
}

#[tokio::test]
async fn as_root_a_closed_way_to_the_state_directory_is_explained() {
    if !is_root() {
        return;
    }
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let state = closed.path().join("state");
    fs::create_dir(&state).unwrap();
    let error = PostgreSql::start(options(&state), quiet()).await.err().unwrap().to_string();
    assert!(error.contains(closed.path().to_str().unwrap()) && error.contains("chmod o+x"), "{error}");
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// Where the process that is to be killed keeps its state.
const HOLDER: &str = "FUNKTURM_STORES_TEST_HOLDER";

/// Not a test: what the next one starts, to kill it.
#[tokio::test]
async fn holds_servers_until_killed() {
    let Some(state) = std::env::var_os(HOLDER) else { return };
    let (_postgresql, _redis) = (postgresql(Path::new(&state)).await, redis(Path::new(&state)).await);
    println!("\nholding");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn servers_end_when_their_owner_is_killed() {
    if !Path::new("/usr/bin/setpriv").exists() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_servers_until_killed", "--nocapture"])
        .env(HOLDER, state.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "holding"));
    owner.kill().unwrap();
    owner.wait().unwrap();
    // The servers hold the other ends of nothing of ours; their pid files go when they end in good order.
    let files = ["postgresql/postmaster.pid", "redis/redis.pid"].map(|file| state.path().join(file));
    let deadline = Instant::now() + Duration::from_secs(20);
    while files.iter().any(|file| file.exists()) {
        assert!(Instant::now() < deadline, "the servers outlive their owner");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
