//! Finding the servers' programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::StoreError;

/// The directories on the PATH.
fn path() -> Vec<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).filter(|folder| folder.is_absolute()).collect()
}

/// A program on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    path().into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The directory with PostgreSQL's programs: of the version that made `data`, or else the newest.
pub(crate) fn postgresql(data: &Path) -> Result<PathBuf, StoreError> {
    let mut installed: Vec<(u32, PathBuf)> = postgresql_folders()
        .into_iter()
        .filter(|folder| ["postgres", "initdb", "psql"].iter().all(|program| folder.join(program).is_file()))
        .filter_map(|folder| Some((major_version(&folder.join("postgres"))?, folder)))
        .collect();
    installed.sort_by_key(|(version, _)| *version);
    let Some((_, newest)) = installed.last() else {
        return Err(StoreError::Absent {
            what: "PostgreSQL",
            program: "postgres with initdb and psql beside it",
            looked_in: "/usr/lib/postgresql/*/bin, /usr/pgsql-*/bin and the PATH".to_owned(),
            package: "postgresql",
        });
    };
    let Ok(made_by) = fs::read_to_string(data.join("PG_VERSION")) else { return Ok(newest.clone()) };
    let made_by = made_by.trim();
    match installed.iter().find(|(version, _)| version.to_string() == made_by) {
        Some((_, folder)) => Ok(folder.clone()),
        None => Err(StoreError::OtherVersion {
            data: data.to_owned(),
            made_by: made_by.to_owned(),
            installed: installed
                .iter()
                .map(|(version, _)| version.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// Distributions that keep several versions have them outside the PATH.
fn postgresql_folders() -> Vec<PathBuf> {
    let list = |folder: &str| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let debian = list("/usr/lib/postgresql");
    let redhat = list("/usr").into_iter().filter(|folder| folder.display().to_string().contains("/pgsql-"));
    debian.into_iter().chain(redhat).map(|version| version.join("bin")).chain(path()).collect()
}

/// From `postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)`.
fn major_version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The Redis server's program; Valkey's, where that is installed instead.
pub(crate) fn redis() -> Result<PathBuf, StoreError> {
    on_path("redis-server").or_else(|| on_path("valkey-server")).ok_or_else(|| StoreError::Absent {
        what: "Redis",
        program: "redis-server or valkey-server",
        looked_in: "the PATH".to_owned(),
        package: "redis-server",
    })
}
