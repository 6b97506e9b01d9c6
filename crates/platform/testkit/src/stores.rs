//! PostgreSQL and Redis for one test, started in a directory that goes with it.

pub use funkturm_stores::testing::{PostgreSql, Redis};
