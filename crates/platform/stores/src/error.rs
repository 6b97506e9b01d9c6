//! What can go wrong, with what to do about it.

use std::{io, path::PathBuf};

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not installed.
    #[error("{what} is not installed: looked for {program} in {looked_in}; on Debian, {package} has it")]
    Absent {
        /// The server.
        what: &'static str,
        /// Its program.
        program: &'static str,
        /// Where we looked.
        looked_in: String,
        /// The Debian package.
        package: &'static str,
    },
    /// The data is of a version that is not installed.
    #[error("{} was made by PostgreSQL {made_by}, but only {installed} is installed: install that version, or \
        start with another state directory", data.display())]
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// The major version that made it.
        made_by: String,
        /// The major versions that are installed.
        installed: String,
    },
    /// As root we need a system user for the servers.
    #[error("there is neither a user `postgres` nor `nobody`, and as root PostgreSQL needs a user to run as")]
    NoUser,
    /// The servers' user cannot get to the state directory.
    #[error("the user `{user}`, as whom the stores run, cannot get to {}, because {} is closed for others: take \
        another state directory, or open that one (chmod o+x)", state.display(), closed.display())]
    Closed {
        /// The servers' user.
        user: &'static str,
        /// Where it should go.
        state: PathBuf,
        /// What is in the way.
        closed: PathBuf,
    },
    /// Somebody else has what should be ours.
    #[error("{} belongs to another user: remove it, or start with another state directory", .0.display())]
    Foreign(PathBuf),
    /// A file, directory or process could not be had.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program} failed ({status}); it said: {output}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// The end of its output.
        output: String,
    },
    /// A server takes too long to start.
    #[error("{program} is still not ready after {seconds} s; its log ends: {output}")]
    Slow {
        /// The program.
        program: String,
        /// How long we waited.
        seconds: u64,
        /// The end of its log.
        output: String,
    },
}

/// `.map_err(io("read …"))`.
pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> StoreError {
    |source| StoreError::Io { action: action.into(), source }
}

/// The end of a text that may be long.
pub(crate) fn tail(text: &[u8]) -> String {
    const KEPT: usize = 2000;
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    let from = text.char_indices().rev().nth(KEPT).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or_default().to_owned()
}
