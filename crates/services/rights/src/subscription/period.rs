//! When what is paid for ends.

use chrono::{DateTime, Days, Months, Utc};
use funkturm_contracts::rights::offer::Period;

/// The end of the period in which `now` is, of those that follow each other from `since` on. A month that begins on the 31st ends
/// with the last day of a shorter month, and the next one goes on from the 31st.
pub(super) fn end(since: DateTime<Utc>, period: Period, now: DateTime<Utc>) -> DateTime<Utc> {
    let nth = |n: u32| match period {
        Period::Day => since.checked_add_days(Days::new(n.into())),
        Period::Week => since.checked_add_days(Days::new(u64::from(n) * 7)),
        Period::Month => since.checked_add_months(Months::new(n)),
        Period::Year => since.checked_add_months(Months::new(n.saturating_mul(12))),
    };
    let passed = (now - since).num_days().max(0);
    let shortest = match period {
        Period::Day => passed,
        Period::Week => passed / 7,
        Period::Month => passed / 31,
        Period::Year => passed / 366,
    };
    let first = u32::try_from(shortest).unwrap_or(u32::MAX).max(1);
    // Months and years are a little shorter than the longest of them, which adds up: a few steps a decade.
    (first..).map_while(nth).find(|end| *end > now).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_ends_on_the_calendar() {
        for (since, period, now, ends) in [
            ("2026-01-31T10:00:00Z", Period::Month, "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2026-01-31T10:00:00Z", Period::Month, "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"),
            ("2016-01-31T10:00:00Z", Period::Month, "2026-03-01T00:00:00Z", "2026-03-31T10:00:00Z"),
            ("2024-02-29T00:00:00Z", Period::Year, "2026-06-01T00:00:00Z", "2027-02-28T00:00:00Z"),
            ("2026-03-01T00:00:00Z", Period::Week, "2026-03-08T00:00:00Z", "2026-03-15T00:00:00Z"),
            ("2026-03-01T00:00:00Z", Period::Day, "2026-03-08T12:00:00Z", "2026-03-09T00:00:00Z"),
            ("2026-03-01T00:00:00Z", Period::Day, "2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ] {
            assert_eq!(end(at(since), period, at(now)), at(ends), "{since} {now}");
        }
    }
}
