//! Passwords: which are taken, and how they are hashed.

mod hasher;
mod rules;

pub(crate) use hasher::{Hasher, Verdict};
pub(crate) use rules::{LONGEST, check};
