//! Migrations: one instance at a time, the others wait.

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};
use funkturm_base::{Error, Kind, Result};
use slog::{Logger, info};

/// The number of the lock; any will do that nothing else in a service's database uses.
const LOCK: &str = "SELECT pg_advisory_lock(7053)";

pub(crate) fn migrate(url: &str, migrations: EmbeddedMigrations, log: &Logger) -> Result<()> {
    let away = |error| Error::new(Kind::Unavailable, "the database cannot be had").with_source(error);
    // Not from the pool: a migration may take longer than any statement there.
    let mut connection = PgConnection::establish(url).map_err(away)?;
    connection.batch_execute(LOCK).map_err(|error| Error::from(crate::Failure::from(error)))?;
    // Closing the connection gives the lock back.
    let done = connection.run_pending_migrations(migrations).map_err(|error| {
        Error::new(Kind::Internal, "a migration of the database failed").with_source(error)
    })?;
    if !done.is_empty() {
        let names: Vec<String> = done.iter().map(ToString::to_string).collect();
        info!(log, "migrated the database"; "migrations" => names.join(" "));
    }
    Ok(())
}
