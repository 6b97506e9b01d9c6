//! The origin over real sockets: what transcoders push comes out as players and caches want it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod delivery;
mod linted;
mod memory;
mod pushes;
mod tokens;
mod tower;
