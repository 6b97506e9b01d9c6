//! The HTTP side as a client sees it, over real connections.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

mod http;
mod lifecycle;
