//! The rows read one by one, as one would with a finger: what the compiled table is held against.

use chrono::{DateTime, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use funkturm_base::ChannelId;
use funkturm_contracts::rights::{
    Action,
    offer::{Give, Licence, Offer, PackageKind},
};

use super::{Asked, Household, Unlicensed};

/// Allowed, in HD, after a PIN, and how many streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) allowed: bool,
    pub(super) hd: bool,
    pub(super) pin_needed: bool,
    pub(super) streams: u32,
}

pub(super) struct Naive<'a> {
    pub(super) offer: &'a Offer,
    pub(super) unlicensed: Unlicensed,
    pub(super) child_age: u8,
    pub(super) zone: Tz,
}

impl Naive<'_> {
    pub(super) fn decide(&self, household: &Household, asked: &Asked<'_>, at: DateTime<Utc>) -> Answer {
        let licence = self.licence(asked.channel, at);
        let wanted = |action| {
            self.granted(licence, asked.channel, action) && self.given(household, asked.channel, action, at)
        };
        let mut answer = Answer {
            allowed: wanted(asked.action) && (!asked.abroad || wanted(Action::Abroad)),
            hd: false,
            pin_needed: false,
            streams: self.streams(household, at),
        };
        let age = licence.map_or(0, |licence| licence.age);
        if answer.allowed && asked.child && age > self.child_age {
            answer.allowed = false;
        }
        let hour = at.with_timezone(&self.zone).hour();
        let night = if age >= 18 { hour >= 23 } else { hour >= 22 } || hour < 6;
        if answer.allowed && age >= 16 && asked.action != Action::Record && !night {
            if asked.child {
                answer.allowed = false;
            } else if !asked.pin {
                (answer.allowed, answer.pin_needed) = (false, true);
            }
        }
        answer.hd = answer.allowed && wanted(Action::Hd);
        answer
    }

    fn licence(&self, channel: &ChannelId, at: DateTime<Utc>) -> Option<&Licence> {
        self.offer.licences.iter().find(|licence| {
            self.covers(&licence.channels, &licence.groups, channel)
                && within(licence.from, licence.until, at)
        })
    }

    fn granted(&self, licence: Option<&Licence>, channel: &ChannelId, action: Action) -> bool {
        let ever = self
            .offer
            .licences
            .iter()
            .any(|licence| self.covers(&licence.channels, &licence.groups, channel));
        match (licence, ever, self.unlicensed) {
            (Some(licence), ..) => licence.actions.contains(&action),
            (None, false, Unlicensed::LiveOnly) => matches!(action, Action::Live | Action::Hd),
            _ => false,
        }
    }

    fn given(&self, household: &Household, channel: &ChannelId, action: Action, at: DateTime<Utc>) -> bool {
        self.held(household, at).any(|package| {
            package.gives.iter().any(|give| {
                give.actions.contains(&action)
                    && (give.every_channel || self.covers(&give.channels, &give.groups, channel))
                    && within(give.from, give.until, at)
                    && self.within_hours(give, at)
            })
        })
    }

    fn within_hours(&self, give: &Give, at: DateTime<Utc>) -> bool {
        let Some(hours) = give.hours else { return true };
        let now: NaiveTime = at.with_timezone(&self.zone).time();
        if hours.from <= hours.until {
            hours.from <= now && now < hours.until
        } else {
            hours.from <= now || now < hours.until
        }
    }

    fn held<'a>(
        &'a self,
        household: &'a Household,
        at: DateTime<Utc>,
    ) -> impl Iterator<Item = &'a funkturm_contracts::rights::offer::Package> {
        let at = at.timestamp_millis();
        household
            .holdings
            .iter()
            .filter(move |holding| holding.gives() && holding.from <= at && at < holding.until)
            .filter_map(|holding| self.offer.packages.iter().find(|package| package.id == holding.package))
    }

    fn streams(&self, household: &Household, at: DateTime<Utc>) -> u32 {
        let of =
            |kind| self.held(household, at).filter(move |package| package.kind == kind).map(|p| p.streams);
        of(PackageKind::Base).max().unwrap_or(0) + of(PackageKind::Option).sum::<u32>()
    }

    fn covers(
        &self,
        channels: &std::collections::BTreeSet<ChannelId>,
        groups: &std::collections::BTreeSet<String>,
        channel: &ChannelId,
    ) -> bool {
        channels.contains(channel)
            || self
                .offer
                .channel_groups
                .iter()
                .any(|group| groups.contains(&group.id) && group.channels.contains(channel))
    }
}

fn within(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>, at: DateTime<Utc>) -> bool {
    from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until)
}
