//! Taking a list over into the line-up, so that doing it twice is the same as doing it once.
//!
//! An entry belongs to the channel that has one of its inputs already, else to the one that guides call the same, if
//! that name is one channel's alone on both sides. A channel that the list does not name stays as it is.

use std::collections::{BTreeSet, HashMap};

use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::channel::{ChannelChange, Input, NewChannel, Profile};

use super::{Entry, List, Report, Skipped};
use crate::{
    draft::Draft,
    record::{Logo, Record},
};

/// Takes a list over. New channels get `profile`; what the list does not say of a known channel stays.
///
/// # Errors
/// There is no channel in the list at all.
pub(crate) fn take_over(draft: &mut Draft, list: List, profile: Profile) -> Result<Report> {
    if list.entries.is_empty() {
        let because = list.skipped.first().map_or_else(
            || "it has no line with a URL".to_owned(),
            |skipped| format!("line {}: {}", skipped.line, skipped.reason),
        );
        return Err(Error::new(Kind::Invalid, format!("there is no channel in this list; {because}")));
    }
    let mut report = Report { skipped: list.skipped, ..Report::default() };
    let known = Known::new(draft, &list.entries);
    let mut done = BTreeSet::new();
    for entry in list.entries {
        let line = entry.line;
        let candidates = known.channels(&entry);
        let taken = match (candidates.iter().find(|id| !done.contains(*id)), candidates.first()) {
            (Some(id), _) => update(draft, id, entry, &mut report),
            (None, Some(id)) => Err(Error::new(Kind::Conflict, format!("it is an input of {id} already"))),
            (None, None) => create(draft, entry, profile, &mut report),
        };
        match taken {
            Ok(id) => drop(done.insert(id)),
            // One entry that cannot be is no reason to refuse the others.
            Err(error) => report.skipped.push(Skipped { line, reason: error.message().to_owned() }),
        }
    }
    report.skipped.sort_by_key(|skipped| skipped.line);
    Ok(report)
}

/// Which channels there were before.
struct Known {
    by_input: HashMap<Input, Vec<ChannelId>>,
    by_guide_id: HashMap<String, Vec<ChannelId>>,
}

impl Known {
    fn new(draft: &Draft, entries: &[Entry]) -> Self {
        let mut known = Self { by_input: HashMap::new(), by_guide_id: HashMap::new() };
        for record in draft.records() {
            for input in &record.inputs {
                known.by_input.entry(input.clone()).or_default().push(record.id.clone());
            }
            if let Some(guide_id) = &record.guide_id {
                known.by_guide_id.entry(guide_id.clone()).or_default().push(record.id.clone());
            }
        }
        let mut named: HashMap<&str, usize> = HashMap::new();
        for guide_id in entries.iter().filter_map(|entry| entry.guide_id.as_deref()) {
            *named.entry(guide_id).or_default() += 1;
        }
        known
            .by_guide_id
            .retain(|guide_id, channels| channels.len() == 1 && named.get(guide_id.as_str()) == Some(&1));
        known
    }

    /// The channels that an entry may belong to; none, if it is new.
    fn channels(&self, entry: &Entry) -> Vec<ChannelId> {
        let by_input: Vec<ChannelId> =
            entry.inputs.iter().filter_map(|input| self.by_input.get(input)).flatten().cloned().collect();
        if !by_input.is_empty() {
            return by_input;
        }
        entry
            .guide_id
            .as_ref()
            .and_then(|guide_id| self.by_guide_id.get(guide_id))
            .cloned()
            .unwrap_or_default()
    }
}

fn create(draft: &mut Draft, entry: Entry, profile: Profile, report: &mut Report) -> Result<ChannelId> {
    let number = free_number(draft, &entry, None, report);
    let new = NewChannel {
        name: entry.name,
        number,
        logo_url: entry.logo_url,
        profile,
        redundant: false,
        inputs: entry.inputs,
    };
    let channel = draft.create(new, entry.guide_id)?;
    let id = channel.id.clone();
    report.added.push(channel);
    Ok(id)
}

fn update(draft: &mut Draft, id: &ChannelId, entry: Entry, report: &mut Report) -> Result<ChannelId> {
    let Some(before) = draft.records().find(|record| record.id == *id).cloned() else {
        return Err(Error::new(Kind::NotFound, format!("there is no channel {id}")));
    };
    let change = ChannelChange {
        number: free_number(draft, &entry, Some(&before), report),
        // A logo that was uploaded is the operator's choice; one elsewhere came from a list like this.
        logo_url: entry.logo_url.filter(|_| !matches!(before.logo, Logo::Ours(_))),
        inputs: Some(entry.inputs.clone())
            .filter(|inputs| !inputs.iter().all(|input| before.inputs.contains(input))),
        name: Some(entry.name),
        ..ChannelChange::default()
    };
    draft.edit(id, change, None)?;
    let channel = draft.set_guide_id(id, entry.guide_id.or(before.guide_id))?;
    if channel.version == before.version {
        report.unchanged += 1;
    } else {
        report.updated.push(channel);
    }
    Ok(id.clone())
}

/// The number that the list gives a channel, if no other channel has it.
fn free_number(draft: &Draft, entry: &Entry, own: Option<&Record>, report: &mut Report) -> Option<u32> {
    let number = entry.number?;
    let other = draft.holder(number).filter(|holder| own.is_none_or(|own| own.id != holder.id));
    if let Some(other) = other {
        let reason = format!("taken, but number {number} is {}'s already", other.id);
        report.skipped.push(Skipped { line: entry.line, reason });
        return None;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::import::parse;

    fn import(draft: &mut Draft, text: &str) -> Report {
        take_over(draft, parse(text.as_bytes()), Profile::Hd).unwrap()
    }

    fn counts(report: &Report) -> (usize, usize, usize, usize) {
        (report.added.len(), report.updated.len(), report.unchanged, report.skipped.len())
    }

    const TWO: &str = "#EXTM3U\n#EXTINF:-1 tvg-id=\"a\" tvg-chno=\"7\",A\nudp://239.1.1.1:5000\n\
        #EXTINF:-1 tvg-id=\"b\",B\nudp://239.1.1.2:5000\n";

    #[test]
    fn the_second_time_nothing_changes() {
        let mut draft = Draft::new(0, BTreeMap::new());
        assert_eq!(counts(&import(&mut draft, TWO)), (2, 0, 0, 0));
        let mut draft = Draft::new(2, draft.finish().records);
        assert_eq!(counts(&import(&mut draft, TWO)), (0, 0, 2, 0));
        assert!(draft.finish().touched.is_empty());
        let everything = include_bytes!("samples/everything.m3u");
        let mut draft = Draft::new(0, BTreeMap::new());
        let first = take_over(&mut draft, parse(everything), Profile::Hd).unwrap();
        let second = take_over(&mut draft, parse(everything), Profile::Hd).unwrap();
        assert_eq!((second.added.len(), second.updated.len()), (0, 0));
        assert_eq!(second.unchanged, first.added.len());
    }

    #[test]
    fn a_channel_is_known_by_its_input_and_by_its_guide_id() {
        let mut draft = Draft::new(0, BTreeMap::new());
        let first = import(&mut draft, TWO);
        let (a, b) = (&first.added[0], &first.added[1]);
        assert_eq!((a.number, b.number, a.profile), (7, 8, Profile::Hd));
        let report = import(
            &mut draft,
            "#EXTINF:-1 tvg-id=\"new\",A renamed\nudp://239.1.1.1:5000\n#EXTINF:-1 tvg-id=\"b\",B\nudp://239.9.9.9:5000\n",
        );
        assert_eq!(counts(&report), (0, 2, 0, 0));
        assert_eq!((&report.updated[0].id, report.updated[0].name.as_str()), (&a.id, "A renamed"));
        assert_eq!(
            (&report.updated[1].id, report.updated[1].inputs[0].url.as_str()),
            (&b.id, "udp://239.9.9.9:5000")
        );
    }

    #[test]
    fn what_the_operator_added_stays() {
        let mut draft = Draft::new(0, BTreeMap::new());
        let id = import(&mut draft, TWO).added[0].id.clone();
        let backup = Input { url: "srt://backup:9000".into(), programme: None };
        let first = Input { url: "udp://239.1.1.1:5000".into(), programme: None };
        let change =
            ChannelChange { inputs: Some(vec![first, backup]), enabled: Some(false), ..Default::default() };
        draft.edit(&id, change, None).unwrap();
        draft.set_logo(&id, Some("logos/a/1.png".parse().unwrap()), None).unwrap();
        let report =
            import(&mut draft, "#EXTINF:-1 tvg-logo=\"https://a.example/b.png\",A\nudp://239.1.1.1:5000\n");
        assert_eq!(counts(&report), (0, 0, 1, 0));
    }

    #[test]
    fn entries_that_the_operator_made_into_one_channel_stay_one() {
        let mut draft = Draft::new(0, BTreeMap::new());
        let made = import(&mut draft, TWO);
        draft.remove(&made.added[1].id, None).unwrap();
        let inputs = ["udp://239.1.1.1:5000", "udp://239.1.1.2:5000"];
        let inputs = inputs.map(|url| Input { url: url.into(), programme: None }).to_vec();
        draft
            .edit(&made.added[0].id, ChannelChange { inputs: Some(inputs), ..Default::default() }, None)
            .unwrap();
        for _ in 0..2 {
            let report = import(&mut draft, TWO);
            assert_eq!(counts(&report), (0, 0, 1, 1));
            assert_eq!(report.skipped[0].reason, "it is an input of a already");
        }
    }

    #[test]
    fn a_number_that_another_has_is_not_taken_away() {
        let mut draft = Draft::new(0, BTreeMap::new());
        import(&mut draft, TWO);
        let report = import(&mut draft, "#EXTINF:-1 tvg-chno=\"7\",C\nudp://239.1.1.3:5000\n");
        assert_eq!(report.added[0].number, 9);
        assert_eq!(
            report.skipped,
            [Skipped { line: 2, reason: "taken, but number 7 is a's already".into() }]
        );
    }

    #[test]
    fn something_that_is_no_list_is_refused() {
        let mut draft = Draft::new(0, BTreeMap::new());
        let refused = |draft: &mut Draft, text: &str| {
            take_over(draft, parse(text.as_bytes()), Profile::Hd).unwrap_err().message().to_owned()
        };
        assert!(refused(&mut draft, "").contains("no line with a URL"));
        assert!(refused(&mut draft, "<html>\n</html>").contains("line 1: it is not a URL"));
    }
}
