//! The offer: packages, channel groups, broadcasters, licences and plans, changed as a whole or part by part.

pub(crate) mod check;
pub(crate) mod store;

use funkturm_contracts::rights::offer::{
    Broadcaster, ChannelGroup, Licence, Offer, OfferReport, Package, Plan,
};
use serde::{Serialize, de::DeserializeOwned};

/// A part of the offer: one of the five kinds of rows.
pub(crate) trait Part: Serialize + DeserializeOwned + Clone + PartialEq + Send + 'static {
    /// Its kind in the database.
    const KIND: &'static str;
    /// Its kind in sentences.
    const NAME: &'static str;
    fn id(&self) -> &str;
    fn list(offer: &Offer) -> &Vec<Self>;
    fn list_mut(offer: &mut Offer) -> &mut Vec<Self>;
}

macro_rules! part {
    ($type:ty, $kind:literal, $name:literal, $list:ident) => {
        impl Part for $type {
            const KIND: &'static str = $kind;
            const NAME: &'static str = $name;

            fn id(&self) -> &str {
                &self.id
            }

            fn list(offer: &Offer) -> &Vec<Self> {
                &offer.$list
            }

            fn list_mut(offer: &mut Offer) -> &mut Vec<Self> {
                &mut offer.$list
            }
        }
    };
}

part!(Package, "package", "package", packages);
part!(ChannelGroup, "channel_group", "channel group", channel_groups);
part!(Broadcaster, "broadcaster", "broadcaster", broadcasters);
part!(Licence, "licence", "licence", licences);
part!(Plan, "plan", "plan", plans);

/// Brings every list into the order of the ids, so that the same offer is the same however it was written.
pub(crate) fn sort(offer: &mut Offer) {
    fn by_id<P: Part>(offer: &mut Offer) {
        P::list_mut(offer).sort_by(|a, b| a.id().cmp(b.id()));
    }
    by_id::<Package>(offer);
    by_id::<ChannelGroup>(offer);
    by_id::<Broadcaster>(offer);
    by_id::<Licence>(offer);
    by_id::<Plan>(offer);
}

/// What differs between two offers, one kind.
pub(crate) struct Differences<'a, P> {
    pub(crate) added: Vec<&'a P>,
    pub(crate) changed: Vec<&'a P>,
    pub(crate) removed: Vec<&'a P>,
}

pub(crate) fn differences<'a, P: Part>(before: &'a Offer, after: &'a Offer) -> Differences<'a, P> {
    let find = |list: &'a [P], id: &str| list.iter().find(|part| part.id() == id);
    let (before, after) = (P::list(before), P::list(after));
    let mut found = Differences { added: Vec::new(), changed: Vec::new(), removed: Vec::new() };
    for part in after {
        match find(before, part.id()) {
            None => found.added.push(part),
            Some(old) if old != part => found.changed.push(part),
            Some(_) => {}
        }
    }
    found.removed = before.iter().filter(|part| find(after, part.id()).is_none()).collect();
    found
}

/// What differs between two offers, in words.
pub(crate) fn report(before: &Offer, after: &Offer, version: i64) -> OfferReport {
    fn add<P: Part>(before: &Offer, after: &Offer, report: &mut OfferReport) {
        let Differences { added, changed, removed } = differences::<P>(before, after);
        let words = |parts: Vec<&P>| -> Vec<String> {
            parts.into_iter().map(|part| format!("{} {}", P::NAME, part.id())).collect()
        };
        report.added.extend(words(added));
        report.changed.extend(words(changed));
        report.removed.extend(words(removed));
    }
    let mut report = OfferReport { version, ..OfferReport::default() };
    add::<Package>(before, after, &mut report);
    add::<ChannelGroup>(before, after, &mut report);
    add::<Broadcaster>(before, after, &mut report);
    add::<Licence>(before, after, &mut report);
    add::<Plan>(before, after, &mut report);
    report
}
