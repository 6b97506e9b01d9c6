//! A channel as this service keeps it.

use funkturm_base::ChannelId;
use funkturm_contracts::channel::{Action, Channel, Input, LineUpEntry, Profile};
use funkturm_objects::Key;

/// A channel with what only this service knows of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) id: ChannelId,
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) profile: Profile,
    pub(crate) redundant: bool,
    pub(crate) enabled: bool,
    pub(crate) logo: Logo,
    /// What programme guides and imported lists call it.
    pub(crate) guide_id: Option<String>,
    pub(crate) inputs: Vec<Input>,
    /// The line-up's version when it was last changed.
    pub(crate) version: i64,
}

/// Where a channel's logo is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Logo {
    None,
    Elsewhere(String),
    /// Kept by us: `logos/<channel>/<hash>.<kind>`.
    Ours(Key),
}

impl Record {
    /// As operators and services see it.
    pub(crate) fn channel(&self) -> Channel {
        Channel {
            id: self.id.clone(),
            name: self.name.clone(),
            number: self.number,
            logo_url: self.logo_url(),
            profile: self.profile,
            redundant: self.redundant,
            enabled: self.enabled,
            inputs: self.inputs.clone(),
            version: self.version,
        }
    }

    /// As viewers see it.
    pub(crate) fn entry(&self, on_air: bool) -> LineUpEntry {
        LineUpEntry {
            id: self.id.clone(),
            number: self.number,
            name: self.name.clone(),
            logo_url: self.logo_url(),
            on_air,
            actions: vec![Action::Live],
        }
    }

    /// The hash in the URL changes with the picture, so it may be kept for ever.
    fn logo_url(&self) -> Option<String> {
        match &self.logo {
            Logo::None => None,
            Logo::Elsewhere(url) => Some(url.clone()),
            Logo::Ours(key) => Some(format!("/api/v1/channels/{}/logo?v={}", self.id, hash(key))),
        }
    }
}

/// The hash in a logo's key.
pub(crate) fn hash(key: &Key) -> &str {
    let name = key.as_str().rsplit('/').next().unwrap_or_default();
    name.split('.').next().unwrap_or_default()
}
