//! The billing system, which is not ours: its events come in, and ours go out. docs/billing.md has the format.

pub(crate) mod inbound;
pub(crate) mod outbound;
pub(crate) mod signature;
