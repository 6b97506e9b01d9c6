//! Changing the line-up: what an operator wants, applied to the channels in memory under the rules that hold between
//! them. Nothing here reads or writes a store; the caller holds the lock that makes the numbers and ids here true.

use std::collections::{BTreeMap, BTreeSet};

use funkturm_base::{ChannelId, Error, Kind, Result};
use funkturm_contracts::channel::{Channel, ChannelChange, NewChannel};
use funkturm_objects::Key;

use crate::{
    record::{Logo, Record},
    validate,
};

/// The path that operators post lists to lies where a channel of this id would.
const RESERVED: &str = "import";

/// The operator changed what is not any more as it was when it was looked at.
#[derive(Debug, thiserror::Error)]
#[error("the versions differ")]
pub(crate) struct Stale;

/// The line-up while it is being changed.
pub(crate) struct Draft {
    version: i64,
    records: BTreeMap<ChannelId, Record>,
    touched: BTreeSet<ChannelId>,
}

/// What became of a draft.
pub(crate) struct Changed {
    /// The line-up's version now.
    pub(crate) version: i64,
    /// The whole line-up.
    pub(crate) records: BTreeMap<ChannelId, Record>,
    /// The channels that were made, changed or, if they are not in the line-up any more, removed.
    pub(crate) touched: BTreeSet<ChannelId>,
}

impl Draft {
    pub(crate) fn new(version: i64, records: BTreeMap<ChannelId, Record>) -> Self {
        Self { version, records, touched: BTreeSet::new() }
    }

    pub(crate) fn finish(self) -> Changed {
        Changed { version: self.version, records: self.records, touched: self.touched }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Makes a channel.
    pub(crate) fn create(&mut self, new: NewChannel, guide_id: Option<String>) -> Result<Channel> {
        validate::new_channel(&new)?;
        let number = match new.number {
            Some(number) => {
                self.expect_free(number, None)?;
                number
            }
            None => self.next_number()?,
        };
        let name = new.name.trim().to_owned();
        let record = Record {
            id: self.free_id(&name),
            name,
            number,
            profile: new.profile,
            redundant: new.redundant,
            enabled: true,
            logo: elsewhere(new.logo_url.unwrap_or_default()),
            guide_id,
            inputs: new.inputs,
            version: 0,
        };
        Ok(self.save(record))
    }

    /// Changes a channel, if it still has the version that the operator saw.
    pub(crate) fn edit(
        &mut self,
        id: &ChannelId,
        change: ChannelChange,
        seen: Option<i64>,
    ) -> Result<Channel> {
        validate::change(&change)?;
        let mut record = self.known(id, seen)?.clone();
        if let Some(number) = change.number {
            self.expect_free(number, Some(id))?;
            record.number = number;
        }
        record.name = change.name.map_or(record.name, |name| name.trim().to_owned());
        record.logo = change.logo_url.map_or(record.logo, elsewhere);
        record.profile = change.profile.unwrap_or(record.profile);
        record.redundant = change.redundant.unwrap_or(record.redundant);
        record.enabled = change.enabled.unwrap_or(record.enabled);
        record.inputs = change.inputs.unwrap_or(record.inputs);
        Ok(self.save(record))
    }

    /// Notes what guides call a channel.
    pub(crate) fn set_guide_id(&mut self, id: &ChannelId, guide_id: Option<String>) -> Result<Channel> {
        let record = Record { guide_id, ..self.known(id, None)?.clone() };
        Ok(self.save(record))
    }

    /// Gives a channel a logo of ours, or takes away whatever logo it has.
    pub(crate) fn set_logo(
        &mut self,
        id: &ChannelId,
        logo: Option<Key>,
        seen: Option<i64>,
    ) -> Result<Channel> {
        let logo = logo.map_or(Logo::None, Logo::Ours);
        let record = Record { logo, ..self.known(id, seen)?.clone() };
        Ok(self.save(record))
    }

    /// Removes a channel.
    pub(crate) fn remove(&mut self, id: &ChannelId, seen: Option<i64>) -> Result<()> {
        self.known(id, seen)?;
        self.records.remove(id);
        self.version += 1;
        self.touched.insert(id.clone());
        Ok(())
    }

    /// The number that follows the greatest; the lowest free one when that is through.
    pub(crate) fn next_number(&self) -> Result<u32> {
        let taken: BTreeSet<u32> = self.records().map(|record| record.number).collect();
        let next = taken.last().map_or(1, |greatest| greatest + 1);
        if next <= validate::GREATEST_NUMBER {
            return Ok(next);
        }
        (1..=validate::GREATEST_NUMBER)
            .find(|number| !taken.contains(number))
            .ok_or_else(|| Error::new(Kind::Conflict, "every number is taken: remove a channel first"))
    }

    /// Who has a number.
    pub(crate) fn holder(&self, number: u32) -> Option<&Record> {
        self.records().find(|record| record.number == number)
    }

    fn expect_free(&self, number: u32, by: Option<&ChannelId>) -> Result<()> {
        match self.holder(number) {
            Some(other) if Some(&other.id) != by => {
                let next = self.next_number().map_or(String::new(), |next| format!("; {next} is free"));
                Err(Error::new(Kind::Conflict, format!("number {number} is taken by {}{next}", other.id)))
            }
            _ => Ok(()),
        }
    }

    fn free_id(&self, name: &str) -> ChannelId {
        let id = ChannelId::from_name(name);
        let taken = |id: &ChannelId| id.as_str() == RESERVED || self.records.contains_key(id);
        if !taken(&id) {
            return id;
        }
        // There are fewer channels than numbers, so one of these is free.
        (2..=validate::GREATEST_NUMBER + 2).map(|n| id.numbered(n)).find(|id| !taken(id)).unwrap_or(id)
    }

    fn known(&self, id: &ChannelId, seen: Option<i64>) -> Result<&Record> {
        let record = self
            .records
            .get(id)
            .ok_or_else(|| Error::new(Kind::NotFound, format!("there is no channel {id}")))?;
        match seen {
            Some(seen) if seen != record.version => Err(Error::new(
                Kind::Conflict,
                format!(
                    "{id} was changed meanwhile (version {}, not {seen}): look at it again",
                    record.version
                ),
            )
            .with_source(Stale)),
            _ => Ok(record),
        }
    }

    /// What stays the same makes no new version, so that doing something twice is the same as once.
    fn save(&mut self, mut record: Record) -> Channel {
        if self.records.get(&record.id) != Some(&record) {
            self.version += 1;
            record.version = self.version;
            self.touched.insert(record.id.clone());
            self.records.insert(record.id.clone(), record.clone());
        }
        record.channel()
    }
}

fn elsewhere(url: String) -> Logo {
    if url.is_empty() { Logo::None } else { Logo::Elsewhere(url) }
}

#[cfg(test)]
mod tests {
    use funkturm_contracts::channel::Input;

    use super::*;

    fn new(name: &str, number: Option<u32>) -> NewChannel {
        NewChannel {
            name: name.into(),
            number,
            logo_url: None,
            profile: Default::default(),
            redundant: false,
            inputs: vec![Input { url: "udp://239.1.1.1:5000".into(), programme: None }],
        }
    }

    fn draft() -> Draft {
        Draft::new(0, BTreeMap::new())
    }

    #[test]
    fn channels_of_one_name_get_different_ids_and_numbers() {
        let mut draft = draft();
        let made: Vec<Channel> =
            ["ZDF", "zdf", " Zdf ", "import"].map(|name| draft.create(new(name, None), None).unwrap()).into();
        assert_eq!(
            made.iter().map(|channel| channel.id.as_str()).collect::<Vec<_>>(),
            ["zdf", "zdf-2", "zdf-3", "import-2"]
        );
        assert_eq!(made.iter().map(|channel| channel.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(made[2].name, "Zdf");
    }

    #[test]
    fn a_number_that_is_taken_is_refused_with_one_that_is_free() {
        let mut draft = draft();
        draft.create(new("a", Some(9999)), None).unwrap();
        let b = draft.create(new("b", None), None).unwrap();
        assert_eq!(b.number, 1, "after the last number come those that were left out");
        let error = draft.create(new("c", Some(1)), None).unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Conflict, "number 1 is taken by b; 2 is free"));
        let renumber = ChannelChange { number: Some(1), ..Default::default() };
        draft.edit(&b.id, renumber.clone(), None).unwrap();
        assert!(draft.edit(&"a".parse().unwrap(), renumber, None).is_err());
    }

    #[test]
    fn a_change_that_changes_nothing_makes_no_version() {
        let mut draft = draft();
        let a = draft.create(new("a", None), None).unwrap();
        assert_eq!(a.version, 1);
        let same = ChannelChange { name: Some("a".into()), enabled: Some(true), ..Default::default() };
        assert_eq!(draft.edit(&a.id, same, Some(1)).unwrap().version, 1);
        let other = ChannelChange { name: Some("b".into()), ..Default::default() };
        let b = draft.edit(&a.id, other.clone(), Some(1)).unwrap();
        assert_eq!((b.version, b.id), (2, a.id.clone()), "a renamed channel keeps its id");
        assert_eq!(draft.edit(&a.id, other, Some(1)).unwrap_err().kind(), Kind::Conflict);
        let changed = draft.finish();
        assert_eq!((changed.version, changed.touched.len()), (2, 1));
    }

    #[test]
    fn a_logo_is_ours_or_elsewhere_or_nowhere() {
        let mut draft = draft();
        let id = draft.create(new("a", None), None).unwrap().id;
        let ours = draft.set_logo(&id, Some("logos/a/0123.png".parse().unwrap()), None).unwrap();
        assert_eq!(ours.logo_url.as_deref(), Some("/api/v1/channels/a/logo?v=0123"));
        let to = |url: &str| ChannelChange { logo_url: Some(url.into()), ..Default::default() };
        let url = "https://a.example/b.png";
        assert_eq!(draft.edit(&id, to(url), None).unwrap().logo_url.as_deref(), Some(url));
        assert_eq!(draft.edit(&id, to(""), None).unwrap().logo_url, None);
    }

    #[test]
    fn what_is_removed_is_touched_and_gone() {
        let mut draft = draft();
        let id = draft.create(new("a", None), None).unwrap().id;
        let mut draft = Draft::new(1, draft.finish().records);
        draft.remove(&id, Some(1)).unwrap();
        assert_eq!(draft.remove(&id, None).unwrap_err().kind(), Kind::NotFound);
        let changed = draft.finish();
        assert!(changed.records.is_empty() && changed.touched.contains(&id) && changed.version == 2);
    }
}
