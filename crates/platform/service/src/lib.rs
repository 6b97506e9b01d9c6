//! The process around a service: configuration, log, lifecycle, admin listener, HTTP.
//!
//! A service is a [`ServiceMain`]: it is built from its configuration section and a [`Context`], and gives
//! back its routes. [`run::run`] puts a process around one; the all-in-one command puts several into one
//! process.

mod admin;
pub mod config;
mod context;
pub mod http;
pub mod identity;
pub mod log;
pub mod metrics;
pub mod openapi;
pub mod run;
mod stop;
pub mod testing;
pub mod watched;

pub use context::{Context, Latch, Service, ServiceMain, Tokens};
pub use http::{Payload, Proxies, Reply, Request, Routes, Tls, network, reply, serve};
pub use stop::Stop;
