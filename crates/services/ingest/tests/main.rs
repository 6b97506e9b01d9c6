//! Ingest as transcoders and operators see it: streams are sent to it over real sockets, and its programme streams read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails says so by panicking"
)]

mod breaks;
mod failover;
mod headend;
mod rig;
mod sources;
mod watching;
