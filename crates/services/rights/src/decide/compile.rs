//! From the rows of an offer to a [`Table`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use funkturm_base::ChannelId;
use funkturm_contracts::rights::offer::{Give, Offer, PackageKind};

use super::{Cells, Daily, FOREVER, PackageFacts, Rules, Span, Table, bits};

/// Channels by groups' names.
type Groups<'a> = HashMap<&'a str, &'a BTreeSet<ChannelId>>;

/// The channels of a row that names them and groups.
pub(crate) fn expand<'a>(
    channels: &'a BTreeSet<ChannelId>,
    names: &BTreeSet<String>,
    groups: &Groups<'a>,
) -> BTreeSet<&'a ChannelId> {
    let of_groups = names.iter().filter_map(|name| groups.get(name.as_str())).flat_map(|group| group.iter());
    channels.iter().chain(of_groups).collect()
}

/// An offer's groups.
pub(crate) fn groups(offer: &Offer) -> Groups<'_> {
    offer.channel_groups.iter().map(|group| (group.id.as_str(), &group.channels)).collect()
}

impl Table {
    /// Compiles an offer that has been checked. What names a group that is not there gives nothing.
    pub fn compile(offer: Arc<Offer>, version: i64, rules: Rules) -> Self {
        let groups = groups(&offer);
        let mut channels: HashMap<ChannelId, u32, RandomState> = HashMap::default();
        let named = offer.channel_groups.iter().flat_map(|group| &group.channels);
        let named = named.chain(offer.packages.iter().flat_map(|p| &p.gives).flat_map(|give| &give.channels));
        for channel in named.chain(offer.licences.iter().flat_map(|licence| &licence.channels)) {
            let next = u32::try_from(channels.len()).unwrap_or(u32::MAX);
            channels.entry(channel.clone()).or_insert(next);
        }

        let width = channels.len() + 1;
        let mut gives = vec![Vec::new(); width * offer.packages.len()];
        for (package, cells) in offer.packages.iter().zip(gives.chunks_mut(width)) {
            for (row, give) in (0..).zip(&package.gives) {
                let span = give_span(give, row);
                if give.every_channel {
                    cells.iter_mut().for_each(|cell| cell.push(span));
                } else {
                    add(cells, &channels, &expand(&give.channels, &give.groups, &groups), span);
                }
            }
        }
        let mut grants = vec![Vec::new(); width];
        for (row, licence) in (0..).zip(&offer.licences) {
            let (from, until) = instants(licence.from, licence.until);
            let span = Span { from, until, hours: None, bits: bits(&licence.actions), row };
            add(&mut grants, &channels, &expand(&licence.channels, &licence.groups, &groups), span);
        }
        Self {
            packages: (0..).zip(&offer.packages).map(|(n, package)| (package.id.clone(), n)).collect(),
            facts: offer
                .packages
                .iter()
                .map(|p| PackageFacts { option: p.kind == PackageKind::Option, streams: p.streams })
                .collect(),
            gives: Cells::new(gives),
            grants: Cells::new(grants),
            ages: offer.licences.iter().map(|licence| licence.age).collect(),
            nights: (Daily::between(22, 6), Daily::between(23, 6)),
            channels,
            rules,
            version,
            offer,
        }
    }
}

impl Cells {
    fn new(cells: Vec<Vec<Span>>) -> Self {
        let mut all = Self::default();
        for cell in cells {
            all.starts.push(u32::try_from(all.spans.len()).unwrap_or(u32::MAX));
            all.spans.extend(cell);
        }
        all.starts.push(u32::try_from(all.spans.len()).unwrap_or(u32::MAX));
        all
    }
}

fn give_span(give: &Give, row: u16) -> Span {
    let (from, until) = instants(give.from, give.until);
    let hours = give.hours.map(|hours| Daily::new(hours.from, hours.until));
    Span { from, until, hours, bits: bits(&give.actions), row }
}

fn instants(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> (i64, i64) {
    (from.map_or(i64::MIN, |at| at.timestamp_millis()), until.map_or(FOREVER, |at| at.timestamp_millis()))
}

fn add(
    cells: &mut [Vec<Span>],
    places: &HashMap<ChannelId, u32, RandomState>,
    channels: &BTreeSet<&ChannelId>,
    span: Span,
) {
    for channel in channels {
        if let Some(cell) = places.get(*channel).and_then(|place| cells.get_mut(*place as usize)) {
            cell.push(span);
        }
    }
}
