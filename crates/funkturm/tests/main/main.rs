//! What holds for the repository as a whole: the walls between the crates, and the one list of services.

mod catalogue;
mod walls;
