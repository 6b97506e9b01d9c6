//! The HTTP side as a client sees it, over real connections.

mod http;
mod lifecycle;
