//! Packaging, with media that GStreamer itself makes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may, as tests do"
)]

mod media;
mod packaging;
