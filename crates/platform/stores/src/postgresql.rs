//! A private PostgreSQL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::process::Signal;

use crate::{
    Options, Progress, StoreError,
    error::io,
    folders::Folders,
    process::{self, Plan, Process},
    programs,
};

/// Only part of the socket's name: nothing listens on this port.
const PORT: u16 = 5432;
/// The role that owns everything.
const ROLE: &str = "funkturm";
/// Its "fast shutdown": ends the sessions, writes everything, exits.
const QUIT: (Signal, &str) = (Signal::INT, "INT");

/// A running PostgreSQL. Dropping it tells it to end; [`PostgreSql::stop`] waits for that too.
pub struct PostgreSql {
    process: Process,
    programs: PathBuf,
    sockets: PathBuf,
}

impl PostgreSql {
    /// Starts it; the first time, this makes a database cluster, which takes some seconds.
    ///
    /// # Errors
    /// It is not installed, has no user to run as, or does not start; the error says what to do.
    pub async fn start(options: Options, progress: Progress) -> Result<Self, StoreError> {
        process::blocking(move || Self::start_blocking(&options, &progress)).await
    }

    fn start_blocking(options: &Options, progress: &Progress) -> Result<Self, StoreError> {
        let folders = Folders::open(options, &format!(".s.PGSQL.{PORT}"))?;
        let data = folders.state.join("postgresql");
        let programs = programs::postgresql(&data)?;
        process::end_leftover(&data.join("postmaster.pid"), &data, QUIT.0)?;
        if !data.join("PG_VERSION").is_file() {
            progress("making the database cluster (only this once)");
            make_cluster(&folders, &programs, &data, options.durable)?;
        }
        progress("starting PostgreSQL");
        let plan = Plan {
            folders: &folders,
            program: &programs.join("postgres"),
            arguments: arguments(&data, &folders.sockets, options.durable),
            quit: QUIT,
            log: folders.state.join("postgresql.log"),
        };
        let process = Process::start(plan)?;
        process.until_ready(|| accepts(&data.join("postmaster.pid")))?;
        Ok(Self { process, programs, sockets: folders.sockets })
    }

    /// The URL of a database in it.
    pub fn url(&self, database: &str) -> String {
        let host = utf8_percent_encode(&self.sockets.to_string_lossy(), NON_ALPHANUMERIC).to_string();
        format!("postgres://{ROLE}@{host}:{PORT}/{database}")
    }

    /// Makes a database, if it is not there.
    ///
    /// # Errors
    /// PostgreSQL has ended, or refuses the name.
    pub async fn create_database(&self, database: &str) -> Result<(), StoreError> {
        let (name, literal) = (database.replace('"', "\"\""), database.replace('\'', "''"));
        let programs = self.programs.join("psql");
        let sockets = self.sockets.clone();
        process::blocking(move || {
            let listed =
                psql(&programs, &sockets, &format!("SELECT 1 FROM pg_database WHERE datname = '{literal}'"))?;
            if listed.trim().is_empty() {
                psql(&programs, &sockets, &format!("CREATE DATABASE \"{name}\""))?;
            }
            Ok(())
        })
        .await
    }

    /// Returns when it has ended, which it should not do by itself, with the reason.
    pub async fn gone(&self) -> StoreError {
        self.process.gone().await
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.process.stop().await;
    }

    /// Ends it at once, as a power failure would: for tests.
    pub fn kill(&self) {
        self.process.kill(Signal::QUIT);
    }
}

/// Makes it beside its place and moves it there when it is complete, so that an interrupted start leaves nothing
/// that looks like a cluster.
fn make_cluster(folders: &Folders, programs: &Path, data: &Path, durable: bool) -> Result<(), StoreError> {
    let unfinished = data.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(io(format!("remove {}", unfinished.display())))?;
    }
    folders.make(&unfinished)?;
    let mut command = folders.user.command(&programs.join("initdb"));
    command.arg("-D").arg(&unfinished).args([
        "--username",
        ROLE,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    ]);
    // Trust is enough: only the servers' user and root get at the socket. A test wants it quick and small.
    if durable {
        command.arg("--data-checksums");
    } else {
        command.args(["--no-sync", "--wal-segsize=1"]);
    }
    process::run(command)?;
    fs::rename(&unfinished, data).map_err(io(format!("move {} to its place", unfinished.display())))
}

fn arguments(data: &Path, sockets: &Path, durable: bool) -> Vec<String> {
    let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
    let mut set = |name: &str, value: &str| arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
    set("listen_addresses", "");
    set("port", &PORT.to_string());
    set("unix_socket_directories", &format!("\"{}\"", sockets.display()));
    set("max_connections", "60");
    set("shared_buffers", "64MB");
    // What matters here is in the services' own logs: this one is for its own trouble.
    set("log_min_messages", "warning");
    set("log_checkpoints", "off");
    if !durable {
        set("fsync", "off");
        set("full_page_writes", "off");
        set("autovacuum", "off");
    }
    arguments
}

/// The eighth line of its pid file says how far it is.
fn accepts(pid_file: &Path) -> bool {
    fs::read_to_string(pid_file)
        .is_ok_and(|text| text.lines().nth(7).is_some_and(|status| status.trim() == "ready"))
}

fn psql(program: &Path, sockets: &Path, statement: &str) -> Result<String, StoreError> {
    let mut command = Command::new(program);
    command.arg("-h").arg(sockets).arg("-p").arg(PORT.to_string());
    command.args(["-U", ROLE, "-d", "postgres", "--no-psqlrc", "--no-password", "-At", "-c", statement]);
    process::run(command)
}
