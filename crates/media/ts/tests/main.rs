//! The way through: streams made, spoilt, and taken apart again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails says so by panicking"
)]

mod codecs;
mod epochs;
mod framing;
mod impairments;
mod loops;
mod made;
mod round_trip;
mod tables;
