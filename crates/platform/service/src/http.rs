//! HTTP: requests and replies, the route table, the accept loop.

mod access;
mod client;
mod cors;
mod door;
mod guard;
mod meters;
pub mod reply;
mod request;
mod routes;
pub mod serve;
mod tls;

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;

pub use client::{Proxies, network};
pub(crate) use door::bearer;
pub(crate) use meters::Meters;
pub use request::Request;
pub use routes::Routes;
pub use tls::Tls;

/// What a handler answers.
pub type Reply = http::Response<Payload>;

/// A body that comes in pieces.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, std::io::Error>> + Send + Sync>>;

/// The body of a reply.
#[derive(Default)]
pub enum Payload {
    /// None.
    #[default]
    Empty,
    /// Sent from where it lies, without a copy.
    Bytes(Bytes),
    /// Sent as it comes.
    Stream(Pieces),
}
