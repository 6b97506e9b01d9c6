//! Which of a channel's inputs is on air: a pure decision about what was seen, made several times a second.
//!
//! All inputs are watched at all times, so nothing is ever tried out on the viewers: an input that does not deliver is
//! not taken. A better one is taken back after it delivered for a while without a break; each time that it fails soon
//! after, that while doubles.

use std::time::Duration;

use funkturm_contracts::health::InputState;

/// So long the preferred input is waited for at the beginning.
const SETTLING: Duration = Duration::from_secs(2);
/// An input that fails within this time after it was taken has to prove itself for twice as long.
const SOON: Duration = Duration::from_secs(120);
/// No input has to prove itself for longer than this.
const LONGEST: Duration = Duration::from_secs(600);

/// Chooses among the inputs of a channel, which are numbered in order of preference.
#[derive(Debug)]
pub(crate) struct Selector {
    patience: Duration,
    active: Option<usize>,
    taken_at: Duration,
    /// Since when it chooses.
    began: Option<Duration>,
    /// How often each failed soon after it was taken.
    failures: Vec<u32>,
}

impl Selector {
    /// A selector that takes a better input back after so long.
    pub(crate) fn new(inputs: usize, patience: Duration) -> Self {
        Self { patience, active: None, taken_at: Duration::ZERO, began: None, failures: vec![0; inputs] }
    }

    /// The one on air.
    pub(crate) fn active(&self) -> Option<usize> {
        self.active
    }

    /// Decides anew at `now`, given since when each input has delivered without a break; true, if another one is on air.
    pub(crate) fn decide(&mut self, now: Duration, delivering: &[Option<Duration>]) -> bool {
        let works = |input: usize| delivering.get(input).copied().flatten().is_some();
        let began = *self.began.get_or_insert(now);
        let wanted = match self.active {
            // At the beginning the preferred input may be a moment later than the others.
            None if !works(0) && now.saturating_sub(began) < SETTLING => None,
            Some(active) if works(active) => {
                let better = (0..active).find(|better| self.trusted(*better, now, delivering));
                better.or(Some(active))
            }
            active => {
                let next = (0..delivering.len()).find(|input| works(*input));
                // With nothing better to offer the one that was on air stays it.
                next.or(active)
            }
        };
        if wanted == self.active {
            self.forgive(now);
            return false;
        }
        if let Some(failed) = self.active.filter(|active| !works(*active))
            && now.saturating_sub(self.taken_at) < SOON
            && let Some(failures) = self.failures.get_mut(failed)
        {
            *failures += 1;
        }
        self.active = wanted;
        self.taken_at = now;
        true
    }

    /// What an input is to the operator.
    pub(crate) fn state(&self, input: usize, now: Duration, delivering: &[Option<Duration>]) -> InputState {
        if delivering.get(input).copied().flatten().is_none() {
            InputState::Down
        } else if self.active == Some(input) {
            InputState::Active
        } else if self.trusted(input, now, delivering) {
            InputState::Standby
        } else {
            InputState::Recovering
        }
    }

    fn trusted(&self, input: usize, now: Duration, delivering: &[Option<Duration>]) -> bool {
        let failures = self.failures.get(input).copied().unwrap_or(0).min(16);
        let patience = (self.patience * 2_u32.pow(failures)).min(LONGEST.max(self.patience));
        delivering.get(input).copied().flatten().is_some_and(|since| now.saturating_sub(since) >= patience)
    }

    /// What was long enough on air without failing has proved itself.
    fn forgive(&mut self, now: Duration) {
        if now.saturating_sub(self.taken_at) > LONGEST
            && let Some(failures) = self.active.and_then(|active| self.failures.get_mut(active))
        {
            *failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a selector over the seconds; each input delivers where its line has a letter.
    fn run(patience: u64, lines: &[&str]) -> String {
        let mut selector = Selector::new(lines.len(), Duration::from_secs(patience));
        let mut since = vec![None; lines.len()];
        let length = lines.iter().map(|line| line.len()).max().unwrap();
        let on_air = (0..length).map(|second| {
            let now = Duration::from_secs(second as u64);
            for (since, line) in since.iter_mut().zip(lines) {
                let delivers = line.as_bytes().get(second).is_some_and(|c| *c != b'.');
                *since = since.or(Some(now)).filter(|_| delivers);
            }
            selector.decide(now, &since);
            selector.active().map_or('-', |active| char::from(b'a' + active as u8))
        });
        on_air.collect()
    }

    #[test]
    fn the_first_that_delivers_is_taken_and_kept_while_it_does() {
        assert_eq!(run(3, &["...aaaaaaa", "bbbbbbbbbb"]), "--bbbbaaaa");
        assert_eq!(
            run(3, &[".aaaaaaaaa", "bbbbbbbbbb"]),
            "-aaaaaaaaa",
            "a moment late is no reason to switch"
        );
        assert_eq!(run(3, &["aaaaa", "bbbbb"]), "aaaaa");
        assert_eq!(run(3, &[".....", "....."]), "-----");
    }

    #[test]
    fn loss_is_answered_at_once_and_the_best_that_delivers_is_taken() {
        assert_eq!(run(3, &["aa......", "bbbbb...", "cccccccc"]), "aabbbccc");
        assert_eq!(run(3, &["aa..", "....", "cccc"]), "aacc");
    }

    #[test]
    fn with_nothing_better_the_lost_one_stays_and_goes_on() {
        assert_eq!(run(3, &["aa....aa", "........"]), "aaaaaaaa");
    }

    #[test]
    fn a_better_one_has_to_deliver_without_a_break_first() {
        assert_eq!(run(2, &["a.aa.a.aaaaaaa", "bbbbbbbbbbbbbb"]), "abbbbbbbbbbaaa");
    }

    #[test]
    fn one_that_fails_again_and_again_waits_longer_each_time() {
        let flapping = "a.aaaaa.aaaaaaaa.aaaaaaaaaaaaaaaaaaaaa";
        let other = "b".repeat(flapping.len());
        let on_air = run(2, &[flapping, &other]);
        let switches = on_air.as_bytes().windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(switches <= 6, "{on_air}");
        // Patience is 4 after the first failure, 8 after the second, 16 after the third.
        assert!(on_air.ends_with("aaaaa") && on_air.contains("bbbbbbbbbbbbbbbb"), "{on_air}");
    }

    #[test]
    fn operators_see_what_each_is() {
        let mut selector = Selector::new(4, Duration::from_secs(10));
        let second = Duration::from_secs;
        let delivering = [None, Some(second(0)), Some(second(95)), Some(second(0))];
        selector.decide(second(95), &delivering);
        selector.decide(second(100), &delivering);
        let states = [0, 1, 2, 3].map(|input| selector.state(input, second(100), &delivering));
        use InputState::{Active, Down, Recovering, Standby};
        assert_eq!(states, [Down, Active, Recovering, Standby]);
    }
}
