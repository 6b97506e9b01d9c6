//! The service against a real PostgreSQL and Redis, over HTTP, with notify and rights as the test sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::needless_pass_by_value)]

mod attempts;
mod children;
mod deletion;
mod devices;
mod house;
mod keys;
mod links;
mod matrix;
mod openid;
mod operators;
mod pairing;
mod refresh;
mod registration;
mod schema;
mod settings;
mod timing;
