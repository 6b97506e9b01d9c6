//! The programme's clock against the time of day: which PCR was on the wire when, how regular, how true.

use crate::time::{TICKS, difference};

/// A clock that leaps further than this, against the time that passed, was set anew.
const LEAP: i64 = 5 * TICKS;
/// A clock that was not heard for so long says nothing about now.
const STALE: i64 = TICKS;
/// How long the fastest packet is remembered; the greatest delay as well.
const BUCKET: i64 = 5 * TICKS;
/// The longest way from a PCR to the next that is legal (ISO/IEC 13818-1, 2.7.2).
const PCR_EVERY: i64 = TICKS / 10;

/// Watches the PCRs of a programme.
///
/// A packet can be late but never early, so the smallest difference between arrival and PCR over some seconds is the
/// true one, and bursts on the way do not distort it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    last: Option<Observation>,
    recent: Option<Bucket>,
    before: Option<Bucket>,
    /// The difference at the beginning of the epoch.
    baseline: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Observation {
    pcr: u64,
    /// The PCR without its wraps.
    unwrapped: i64,
    at: i64,
}

/// Smallest and greatest difference between arrival and PCR.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    since: i64,
    least: i64,
    greatest: i64,
}

impl Clock {
    /// A PCR (90 kHz) arrived at `at`.
    pub(crate) fn observe(&mut self, pcr: u64, at: i64, discontinuity: bool) {
        let unwrapped = match self.last {
            Some(last) if !discontinuity => {
                let step = difference(pcr, last.pcr);
                let leapt = step < 0 || (step - (at - last.at)).abs() > LEAP;
                if leapt { None } else { Some(last.unwrapped + step) }
            }
            _ => None,
        };
        if unwrapped.is_none() {
            self.forget();
        }
        let unwrapped = unwrapped.unwrap_or_else(|| pcr.cast_signed());
        self.last = Some(Observation { pcr, unwrapped, at });
        let delay = at - unwrapped;
        let bucket = self.recent.get_or_insert(Bucket { since: at, least: delay, greatest: delay });
        if at - bucket.since > BUCKET || at < bucket.since {
            self.before = self.recent.replace(Bucket { since: at, least: delay, greatest: delay });
        } else {
            bucket.least = bucket.least.min(delay);
            bucket.greatest = bucket.greatest.max(delay);
        }
    }

    /// What was measured no longer holds, for instance after silence.
    pub(crate) fn forget(&mut self) {
        (self.last, self.recent, self.before, self.baseline) = (None, None, None, None);
    }

    /// An epoch begins: drift is counted from here.
    pub(crate) fn begin_epoch(&mut self) {
        self.baseline = self.least();
    }

    /// When, undisturbed, something that arrived at `at` would have arrived.
    pub(crate) fn sent(&self, at: i64) -> i64 {
        match (self.fresh(at), self.least()) {
            (Some(last), Some(least)) => last.unwrapped + least + (at - last.at).clamp(0, PCR_EVERY),
            _ => at,
        }
    }

    /// How far a timestamp is ahead of the clock; none without a clock.
    pub(crate) fn lead(&self, timestamp: u64, at: i64) -> Option<i64> {
        self.fresh(at).map(|last| difference(timestamp, last.pcr))
    }

    /// How far the clock has gone away from the time of day since the epoch began, in ticks.
    pub(crate) fn drift(&self) -> i64 {
        let (Some(baseline), Some(recent)) = (self.baseline, self.recent) else { return 0 };
        match self.before {
            // Late may still be the way; early is certain.
            Some(before) => recent.least.min(before.least) - baseline,
            None => (recent.least - baseline).min(0),
        }
    }

    /// Greatest deviation of the arrival of PCRs over the last seconds, in ticks.
    pub(crate) fn jitter(&self) -> i64 {
        let buckets = || self.recent.iter().chain(&self.before);
        let least = buckets().map(|bucket| bucket.least).min();
        let greatest = buckets().map(|bucket| bucket.greatest).max();
        least.zip(greatest).map_or(0, |(least, greatest)| greatest - least)
    }

    fn fresh(&self, at: i64) -> Option<Observation> {
        self.last.filter(|last| (at - last.at).abs() < STALE)
    }

    fn least(&self) -> Option<i64> {
        self.recent.iter().chain(&self.before).map(|bucket| bucket.least).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PCRs every 30 ms for some seconds, each delayed as the closure says.
    fn run(clock: &mut Clock, from: i64, seconds: i64, mut delay: impl FnMut(i64) -> i64) {
        for step in 0..seconds * 1000 / 30 {
            let pcr = from + step * 2700;
            clock.observe(crate::time::shifted(0, pcr), 1_000_000_000 + pcr + delay(step), false);
        }
    }

    #[test]
    fn bursts_do_not_move_the_clock() {
        let mut clock = Clock::default();
        run(&mut clock, 0, 2, |_| 900);
        clock.begin_epoch();
        // Every second nothing for 300 ms, then all at once.
        run(&mut clock, 180_000, 20, |step| 900 + (10 - step % 33).max(0) * 2700);
        assert_eq!(clock.drift(), 0);
        assert_eq!(clock.jitter(), 10 * 2700);
        let at = 1_000_000_000 + 22 * TICKS;
        assert!((clock.sent(at) - at).abs() <= 2 * 2700 + 900, "{}", clock.sent(at) - at);
    }

    #[test]
    fn a_slow_and_a_fast_sender_are_told_from_a_slow_way() {
        for rate in [-1_i64, 1] {
            let mut clock = Clock::default();
            run(&mut clock, 0, 1, |_| 0);
            clock.begin_epoch();
            run(&mut clock, 90_000, 40, |step| rate * step * 100);
            assert!(clock.drift() * rate > TICKS, "{}", clock.drift());
        }
    }

    #[test]
    fn the_wrap_is_no_leap_but_an_hour_is() {
        let mut clock = Clock::default();
        run(&mut clock, -90_000, 3, |_| 0);
        assert_eq!(clock.jitter(), 0);
        clock.begin_epoch();
        clock.observe(3600 * 90_000, 1_000_180_000, false);
        assert_eq!(clock.drift(), 0, "measured anew");
        assert_eq!(clock.lead(3600 * 90_000 + 500, 1_000_180_000), Some(500));
        assert_eq!(clock.lead(0, 1_000_180_000 + 2 * TICKS), None);
    }
}
