//! What the services say to each other and to the apps: wire types, one module each, and typed clients.
//!
//! A service crate never depends on another service crate, only on these.

pub mod channel;
pub mod client;
pub mod health;
pub mod identity;
pub mod input;
pub mod link;
pub mod mail;
pub mod playback;
pub mod programme;
pub mod rights;
pub mod segment;
