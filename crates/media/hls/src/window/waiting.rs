//! Numbers that are not listed yet. Transcoders that read from different ingest hosts are in different epochs, whose segments do not
//! fit together: what came is kept apart by its epoch until one of them is listed.

use std::{collections::BTreeMap, time::Duration};

use super::{Media, Segment};

/// A number that is not listed yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// When the first segment of it came.
    pub(super) since: Duration,
    /// By epoch.
    pub(super) takes: BTreeMap<u64, Take>,
}

/// What one epoch brought of a number, by rendition. Never empty.
pub(super) type Take = BTreeMap<String, Arrived>;

/// A segment that came.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) at: Duration,
    pub(super) codecs: String,
    pub(super) media: Media,
    pub(super) segment: Segment,
}

impl Waiting {
    pub(super) fn new(now: Duration) -> Self {
        Self { since: now, takes: BTreeMap::new() }
    }

    /// What an epoch brought.
    pub(super) fn take(&mut self, epoch: u64) -> &mut Take {
        self.takes.entry(epoch).or_default()
    }

    /// The renditions that some epoch brought; those of several ones more than once.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.takes.values().flat_map(BTreeMap::keys)
    }

    /// Bytes of all of it.
    pub(super) fn bytes(&self) -> u64 {
        self.takes.values().flat_map(BTreeMap::values).map(|arrived| arrived.segment.size).sum()
    }
}

/// The segment that decides for all renditions of a number: the best pictures, or the first sound.
pub(super) fn reference(take: &Take) -> Option<&Arrived> {
    take.values().find(|arrived| arrived.media.is_video()).or_else(|| take.values().next())
}
