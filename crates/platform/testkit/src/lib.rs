//! What the tests share: a test player for transport streams, private PostgreSQL and Redis servers.

pub mod player;
pub mod stores;
