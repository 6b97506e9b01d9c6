//! The window, the writer, the reader and the linter held to each other: what the first two make, the others find nothing wrong
//! with, whatever comes in; and what is broken is found, rule by rule.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod broken;
mod chance;
mod media;
mod presentation;
