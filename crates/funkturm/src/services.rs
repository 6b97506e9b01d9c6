//! The services, as `crates/services/catalogue.toml` lists them: `build.rs` writes what follows from it.

use funkturm_service::{Context, Service, config::Configuration};

/// A row of the catalogue.
pub(crate) struct Row {
    /// What the service is called.
    pub(crate) name: &'static str,
    /// Whether it runs inside `funkturm up` itself; else it is a process of its own.
    pub(crate) control: bool,
    stores: &'static [&'static str],
}

impl Row {
    /// Whether it has a store of its own of this kind.
    pub(crate) fn has(&self, store: &str) -> bool {
        self.stores.contains(&store)
    }
}

include!(concat!(env!("OUT_DIR"), "/services.rs"));
