//! The service's database: one module for each table or two.

pub(crate) mod deletion;
pub(crate) mod device;
pub(crate) mod household;
pub(crate) mod key;
pub(crate) mod link;
pub(crate) mod profile;
pub(crate) mod ticket;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
