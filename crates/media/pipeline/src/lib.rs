//! GStreamer: decode, scale, encode, CMAF muxing. The only crate that links it.
//!
//! [`packager::Packager`] makes the segments of one epoch of one channel, as it is or encoded as a [`ladder`].

mod audio;
mod boxes;
mod collect;
pub mod grid;
pub mod headend;
mod init;
pub mod ladder;
pub mod packager;
pub mod srt;
mod video;

pub use init::{init, missing_elements};
