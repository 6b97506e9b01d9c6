//! The operator's time zone, prepared so that the hour of an instant is found in nanoseconds.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{NaiveTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

const DAY: i64 = 86_400_000;
/// Years for which the changes to and from summer time are looked up; beyond, the last offset stays.
const YEARS: (i32, i32) = (2000, 2100);

/// A time zone.
#[derive(Debug)]
pub struct Zone {
    /// When each offset begins, after the first.
    starts: Vec<i64>,
    /// Milliseconds to add to UTC; one more than there are starts.
    offsets: Vec<i64>,
    /// Which offset was asked for last: nearly always the next one as well.
    last: AtomicUsize,
}

impl Zone {
    /// The zone of that name in the IANA database, `Europe/Berlin`.
    ///
    /// # Errors
    /// There is no such zone.
    pub fn named(name: &str) -> Result<Self, String> {
        let zone: Tz = name
            .parse()
            .map_err(|_| format!("time_zone: there is no {name:?}; write for example Europe/Berlin"))?;
        let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().map_or(0, |t| t.timestamp());
        let offset = |at: i64| {
            let at = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default().naive_utc();
            i64::from(zone.offset_from_utc_datetime(&at).fix().local_minus_utc()) * 1000
        };
        let (mut at, end) = (year(YEARS.0), year(YEARS.1));
        let (mut starts, mut offsets) = (Vec::new(), vec![offset(at)]);
        while at < end {
            let next = at + DAY / 1000;
            let (before, after) = (offset(at), offset(next));
            if before != after {
                let (mut low, mut high) = (at, next);
                while high - low > 1 {
                    let middle = low.midpoint(high);
                    if offset(middle) == before { low = middle } else { high = middle }
                }
                starts.push(high * 1000);
                offsets.push(after);
            }
            at = next;
        }
        Ok(Self { starts, offsets, last: AtomicUsize::new(0) })
    }

    /// The offset at an instant, and the instant at which there is another.
    fn offset(&self, at: i64) -> (i64, i64) {
        let last = self.last.load(Ordering::Relaxed);
        let begins = last.checked_sub(1).map_or(i64::MIN, |before| self.start(before));
        let index = if (begins..self.start(last)).contains(&at) {
            last
        } else {
            let index = self.starts.partition_point(|start| *start <= at);
            self.last.store(index, Ordering::Relaxed);
            index
        };
        (self.offsets.get(index).copied().unwrap_or(0), self.start(index))
    }

    fn start(&self, index: usize) -> i64 {
        self.starts.get(index).copied().unwrap_or(super::FOREVER)
    }
}

/// Hours of every day, in milliseconds of the local day; over midnight if they end before they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Daily {
    from: i64,
    until: i64,
}

impl Daily {
    pub(super) fn new(from: NaiveTime, until: NaiveTime) -> Self {
        let of = |time: NaiveTime| i64::from(time.num_seconds_from_midnight()) * 1000;
        Self { from: of(from), until: of(until) }
    }

    /// Between full hours.
    pub(super) const fn between(from: i64, until: i64) -> Self {
        Self { from: from * 3_600_000, until: until * 3_600_000 }
    }

    /// Whether an instant is within, and the next at which that could change.
    pub(super) fn open(self, zone: &Zone, at: i64) -> (bool, i64) {
        let (offset, changes) = zone.offset(at);
        let local = (at + offset).rem_euclid(DAY);
        let open = if self.from <= self.until {
            (self.from..self.until).contains(&local)
        } else {
            local >= self.from || local < self.until
        };
        let edge = if open { self.until } else { self.from };
        let wait = (edge - local).rem_euclid(DAY);
        // The clock may be put to anywhere when the offset changes.
        (open, (at + if wait == 0 { DAY } else { wait }).min(changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> i64 {
        text.parse::<chrono::DateTime<Utc>>().unwrap().timestamp_millis()
    }

    #[test]
    fn the_night_is_local_also_when_the_clocks_change() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let night = Daily::between(22, 6);
        for (at, open, change) in [
            ("2026-01-10T20:59:59Z", false, "2026-01-10T21:00:00Z"),
            ("2026-01-10T21:00:00Z", true, "2026-01-11T05:00:00Z"),
            ("2026-07-10T20:00:00Z", true, "2026-07-11T04:00:00Z"),
            ("2026-07-11T04:00:00Z", false, "2026-07-11T20:00:00Z"),
            // The night in which summer begins: the change of the clocks is an instant to look again.
            ("2026-03-28T22:00:00Z", true, "2026-03-29T01:00:00Z"),
            ("2026-03-29T01:00:00Z", true, "2026-03-29T04:00:00Z"),
        ] {
            assert_eq!(night.open(&zone, millis(at)), (open, millis(change)), "{at}");
        }
        assert!(Zone::named("Europe/Bonn").unwrap_err().contains("Europe/Berlin"));
    }
}
