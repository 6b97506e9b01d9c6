//! PostgreSQL and Redis for one test, started in a directory that goes with it.
//!
//! Every test has servers of its own, so it may halt and kill them. That is quick because the database cluster is
//! made once on a machine and copied from then on.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::{Options, Progress};

/// A PostgreSQL for one test.
pub struct PostgreSql {
    server: crate::PostgreSql,
    folder: TempDir,
}

impl PostgreSql {
    /// Starts it.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let master = master(folder.path())?;
        let data = folder.path().join("postgresql");
        if master.is_dir() {
            copy(&master, &data)?;
            match crate::PostgreSql::start(options(&folder), quiet()).await {
                Ok(server) => return Ok(Self { server, folder }),
                // Made by another version, or damaged: it is made anew.
                Err(_) => [&master, &data].into_iter().try_for_each(fs::remove_dir_all)?,
            }
        }
        crate::PostgreSql::start(options(&folder), quiet()).await?.stop().await;
        keep(&data, &master)?;
        Ok(Self { server: crate::PostgreSql::start(options(&folder), quiet()).await?, folder })
    }

    /// Makes a database and gives its URL.
    ///
    /// # Errors
    /// The server has ended.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        self.server.create_database(name).await?;
        Ok(self.server.url(name))
    }

    /// Ends it at once; its data stays for [`PostgreSql::restart`].
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts it again, with its data and under its URL.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.server.kill();
        self.server = crate::PostgreSql::start(options(&self.folder), quiet()).await?;
        Ok(())
    }
}

impl Drop for PostgreSql {
    fn drop(&mut self) {
        // Before its directory goes.
        self.server.kill();
    }
}

/// A Redis for one test.
pub struct Redis {
    server: crate::Redis,
    folder: TempDir,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { server: crate::Redis::start(options(&folder), quiet()).await?, folder })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Halts it, as a machine that hangs: connections stay, answers do not come.
    pub fn halt(&self) {
        self.server.halt();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Ends it at once; its data stays for [`Redis::restart`].
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts it again, with its data and under its URL.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.server.kill();
        self.server = crate::Redis::start(options(&self.folder), quiet()).await?;
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.server.kill();
    }
}

fn options(folder: &TempDir) -> Options {
    Options { state: folder.path().to_owned(), durable: false }
}

fn quiet() -> Progress {
    Arc::new(|_| {})
}

/// Where this user's cluster is kept that all others are copies of.
fn master(folder: &Path) -> anyhow::Result<PathBuf> {
    let user = fs::metadata(folder)?.uid();
    Ok(std::env::temp_dir().join(format!("funkturm-tests-{user}.postgresql")))
}

/// Keeps a cluster as the master copy. Of several tests that do so at once, one wins.
fn keep(data: &Path, master: &Path) -> anyhow::Result<()> {
    let copied = TempDir::with_prefix("funkturm-tests-")?;
    copy(data, &copied.path().join("postgresql"))?;
    match fs::rename(copied.path().join("postgresql"), master) {
        Err(error) if !master.is_dir() => {
            Err(error).context("cannot keep the database cluster for other tests")
        }
        _ => Ok(()),
    }
}

/// With owners and modes, which the server insists on.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    ensure!(status.success(), "cannot copy {} to {}", from.display(), to.display());
    Ok(())
}
