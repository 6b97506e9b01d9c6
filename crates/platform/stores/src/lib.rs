//! A private PostgreSQL and Redis for one machine, and for tests.
//!
//! `funkturm up` and the tests start these under a directory of their own. They listen on Unix sockets alone, so
//! that they live beside any other PostgreSQL or Redis of the machine, and only their user and ours can reach
//! them. As root they run as a system user, because PostgreSQL refuses to be root. They end with us: when they
//! are dropped, and where the system has `setpriv` also when we are killed; where it does not, the next start
//! ends what was left over.

mod error;
mod folders;
mod postgresql;
mod process;
mod programs;
mod redis;
#[cfg(feature = "testing")]
pub mod testing;
mod user;

use std::{path::PathBuf, sync::Arc};

pub use error::StoreError;
pub use postgresql::PostgreSql;
pub use redis::Redis;

/// Where and how the servers run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory that they keep their data, sockets and logs in. It must exist, and be used by one process
    /// at a time: the caller holds a lock on it. As root, it is opened for passing through by other users
    /// (mode o+x), because the servers have to get to their own directories in it.
    pub state: PathBuf,
    /// Whether what was written survives a power failure. Only tests say no.
    pub durable: bool,
}

/// Is told what is being done, for people who wait.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;
