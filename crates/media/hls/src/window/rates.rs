//! Bit rates, measured, and announced so that playlists do not flutter.

use std::collections::VecDeque;

use super::TICKS;

/// The bit rates of one rendition.
///
/// The peak is the highest rate of neighbouring segments that are together between half and one and a half target durations
/// long (RFC 8216bis 1.1, "peak segment bit rate"). Apple's rule 1.29 allows the measured peak 125 % of what is announced, so
/// it is announced with a tenth more and only grows; with four tenths more at the beginning, when little is known, which
/// settles once. The average is that of the window, announced with a twentieth more, and anew when it has outgrown
/// that or has fallen by a fifth.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// The last pieces without a gap between them, bytes and ticks: what a peak can be made of.
    recent: VecDeque<(u64, i64)>,
    /// The highest rate so far, and what is announced for it.
    measured: u128,
    peak: u64,
    /// Segments so far, up to what it takes to settle.
    seen: u32,
    average: u64,
    /// In the window, bytes and ticks.
    bytes: u64,
    ticks: i64,
}

/// After so many segments the peak is known well enough.
const SETTLED: u32 = 10;

/// Bits per second, rounded up to ten thousand.
fn rounded(rate: u128) -> u64 {
    u64::try_from(rate.div_ceil(10_000) * 10_000).unwrap_or(u64::MAX)
}

fn rate(bytes: u64, ticks: i64) -> u128 {
    u128::from(bytes) * 8 * TICKS as u128 / u128::try_from(ticks.max(1)).unwrap_or(1)
}

impl Rates {
    /// A segment was listed; `target` is the target duration in ticks.
    pub(super) fn add(&mut self, bytes: u64, ticks: i64, target: i64) {
        self.bytes += bytes;
        self.ticks += ticks;
        self.recent.push_back((bytes, ticks));
        let (mut bytes, mut ticks, mut used) = (0, 0, 0);
        for (more, length) in self.recent.iter().rev() {
            (bytes, ticks) = (bytes + more, ticks + length);
            if 2 * ticks > 3 * target {
                break;
            }
            used += 1;
            // Until there is as much as the definition wants, what there is has to do.
            if 2 * ticks >= target || self.measured == 0 {
                self.measured = self.measured.max(rate(bytes, ticks));
            }
        }
        self.recent.drain(..self.recent.len() - used.max(1));
        self.seen = self.seen.saturating_add(1);
        self.announce_peak();
        self.announce_average();
    }

    fn announce_peak(&mut self) {
        if self.seen < SETTLED {
            self.peak = self.peak.max(rounded(self.measured * 14 / 10));
        } else if self.seen == SETTLED || self.measured > self.peak.into() {
            self.peak = rounded(self.measured * 11 / 10);
        }
    }

    /// A segment left the window.
    pub(super) fn remove(&mut self, bytes: u64, ticks: i64) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.ticks -= ticks;
        self.announce_average();
    }

    /// The segment that would have been next is missing: what comes is no neighbour of what was.
    pub(super) fn gap(&mut self) {
        self.recent.clear();
    }

    fn announce_average(&mut self) {
        let measured = rate(self.bytes, self.ticks);
        let announced = u128::from(self.average);
        if self.ticks > 0 && (measured > announced || measured * 5 < announced * 4) {
            self.average = rounded(measured * 21 / 20);
        }
    }

    /// Peak bits per second, as announced.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    /// Average bits per second, as announced; never above the peak.
    pub fn average(&self) -> u64 {
        self.average.min(self.peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: i64 = 6 * TICKS;

    #[test]
    fn the_peak_has_room_settles_once_and_then_only_grows() {
        let mut rates = Rates::default();
        rates.add(750_000, TARGET, TARGET);
        assert_eq!((rates.peak(), rates.average()), (1_400_000, 1_050_000));
        rates.add(600_000, TARGET, TARGET);
        assert_eq!(rates.peak(), 1_400_000);
        for _ in 2..SETTLED {
            rates.add(750_000, TARGET, TARGET);
        }
        assert_eq!(rates.peak(), 1_100_000);
        rates.add(800_000, TARGET, TARGET);
        assert_eq!(rates.peak(), 1_100_000, "within the room");
        rates.add(900_000, TARGET, TARGET);
        assert_eq!(rates.peak(), 1_320_000);
        rates.add(100_000, TARGET, TARGET);
        assert_eq!(rates.peak(), 1_320_000);
    }

    #[test]
    fn a_short_segment_counts_with_its_neighbour_only() {
        let mut rates = Rates::default();
        rates.add(750_000, TARGET, TARGET);
        // A second of 4 Mbit/s: alone too short to be a peak, with the one before 10 Mbit in 7 s.
        rates.add(500_000, TICKS, TARGET);
        assert_eq!(rates.peak(), 2_000_000);
        let mut rates = Rates::default();
        rates.add(750_000, TARGET, TARGET);
        rates.gap();
        rates.add(500_000, TICKS, TARGET);
        assert_eq!(rates.peak(), 1_400_000, "behind a gap there is no neighbour");
    }

    #[test]
    fn the_average_is_announced_anew_only_when_it_has_moved() {
        let mut rates = Rates::default();
        for _ in 0..10 {
            rates.add(750_000, TARGET, TARGET);
        }
        assert_eq!(rates.average(), 1_050_000);
        for _ in 0..10 {
            rates.add(700_000, TARGET, TARGET);
            rates.remove(750_000, TARGET);
        }
        assert_eq!(rates.average(), 1_050_000, "a little less is no news");
        for _ in 0..10 {
            rates.add(500_000, TARGET, TARGET);
            rates.remove(700_000, TARGET);
        }
        assert!((700_000..=840_000).contains(&rates.average()), "{}", rates.average());
    }
}
