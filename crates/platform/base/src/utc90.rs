//! The timeline: UTC in ticks of the MPEG clock.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Ticks of the MPEG system clock's 90 kHz base (ISO/IEC 13818-1, 2.4.3.5) in a second.
pub const TICKS_PER_SECOND: i64 = 90_000;

/// An instant: ticks of 1/90000 s since 1970-01-01T00:00:00Z.
///
/// Everything behind ingest carries this time: a picture's PTS *is* the UTC instant at which it was on the
/// wire, so two transcoders of one channel agree on it without talking to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Utc90(pub i64);

impl Utc90 {
    /// From microseconds since the Unix epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(i64::try_from(i128::from(micros) * 9 / 100).unwrap_or(i64::MAX))
    }

    /// Microseconds since the Unix epoch, rounded down.
    pub fn micros(self) -> i64 {
        i64::try_from(i128::from(self.0) * 100 / 9).unwrap_or(i64::MAX)
    }

    /// Nanoseconds since the Unix epoch, rounded to nearest (valid until the year 2262).
    pub fn nanos(self) -> u64 {
        u64::try_from((i128::from(self.0.max(0)) * 100_000 + 4) / 9).unwrap_or(u64::MAX)
    }

    /// From nanoseconds since the Unix epoch, rounded to nearest.
    pub fn from_nanos(nanos: u64) -> Self {
        Self(i64::try_from((i128::from(nanos) * 9 + 50_000) / 100_000).unwrap_or(i64::MAX))
    }

    /// The instant as a calendar time.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros()).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// RFC 3339 with milliseconds, as EXT-X-PROGRAM-DATE-TIME wants it.
    pub fn rfc3339(self) -> String {
        self.to_chrono().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Seconds from `earlier` to here; negative if `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / TICKS_PER_SECOND as f64
    }
}

impl From<DateTime<Utc>> for Utc90 {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_micros(time.timestamp_micros())
    }
}

/// Adds ticks.
impl Add<i64> for Utc90 {
    type Output = Self;

    fn add(self, ticks: i64) -> Self {
        Self(self.0 + ticks)
    }
}

/// Adds a duration, rounded down to ticks.
impl Add<Duration> for Utc90 {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + i64::try_from(duration.as_micros() * 9 / 100).unwrap_or(i64::MAX))
    }
}

/// Ticks between two instants.
impl Sub for Utc90 {
    type Output = i64;

    fn sub(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Utc90 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_come_back_to_the_same_tick() {
        let base = 1_795_000_000 * TICKS_PER_SECOND;
        for tick in (base..base + 200_000).step_by(7) {
            assert_eq!(Utc90::from_nanos(Utc90(tick).nanos()), Utc90(tick));
        }
    }

    #[test]
    fn prints_as_a_calendar_time() {
        assert_eq!(Utc90(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!((Utc90(0) + Duration::from_millis(1500)).to_string(), "1970-01-01T00:00:01.500Z");
    }
}
