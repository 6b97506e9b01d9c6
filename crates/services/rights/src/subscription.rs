//! Subscriptions: states, what leads from one to another, what a household wishes, and what time brings.

pub(crate) mod clerk;
pub(crate) mod due;
mod period;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod wish;
