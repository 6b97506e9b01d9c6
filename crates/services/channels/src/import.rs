//! Taking over line-ups from M3U lists, as Tvheadend, IPTV tools and operators write them.

mod address;
mod m3u;
mod plan;

use funkturm_contracts::channel::Channel;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use m3u::parse;
pub(crate) use plan::take_over;

/// The largest list that is taken, in bytes: some ten thousand entries.
pub(crate) const LARGEST: usize = 8 << 20;

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub(crate) struct Report {
    /// Channels that are new.
    pub(crate) added: Vec<Channel>,
    /// Channels that were there and changed.
    pub(crate) updated: Vec<Channel>,
    /// How many were there already as the list has them.
    pub(crate) unchanged: usize,
    /// What of the list was left out, in the order of its lines.
    pub(crate) skipped: Vec<Skipped>,
}

/// A line of the list that was not taken over, or not as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SkippedLine)]
pub(crate) struct Skipped {
    /// The line's number, from 1.
    pub(crate) line: usize,
    /// Why.
    pub(crate) reason: String,
}

/// A list as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct List {
    pub(crate) entries: Vec<Entry>,
    pub(crate) skipped: Vec<Skipped>,
}

/// An entry that can become a channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The line of its URL.
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) number: Option<u32>,
    pub(crate) logo_url: Option<String>,
    /// `tvg-id`.
    pub(crate) guide_id: Option<String>,
    /// In order of preference.
    pub(crate) inputs: Vec<funkturm_contracts::channel::Input>,
}
