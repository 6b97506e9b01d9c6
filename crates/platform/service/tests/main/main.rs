//! The process around a service, as its clients, its operators and systemd see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may, as tests do"
)]

mod connections;
mod http;
mod process;
mod tls;
