//! What holds for the repository as a whole: the walls between the crates, and the one list of services.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod catalogue;
mod walls;
