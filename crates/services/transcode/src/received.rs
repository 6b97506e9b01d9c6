//! What came of an epoch, so that a programme stream that is joined again goes on where it broke off.

use std::collections::BTreeMap;

use funkturm_base::{TICKS_PER_SECOND, Utc90};
use funkturm_contracts::programme::Unit;

/// More than this between the last unit before and the first after is a hole. Pictures are closer together, except in a slide show.
const HOLE: i64 = TICKS_PER_SECOND / 2;

/// The last unit of each track.
#[derive(Default)]
pub(crate) struct Received {
    last: BTreeMap<u8, Utc90>,
    /// Where tracks broke off that have not gone on yet.
    broken_off: BTreeMap<u8, Utc90>,
}

/// What a unit is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The one after those before.
    Next,
    /// It was here already: a stream begins with what it had since the last key picture.
    Repeated,
    /// There were others before it that never came here.
    AfterHole,
}

impl Received {
    /// The stream was joined again, in the same epoch.
    pub(crate) fn joined_again(&mut self) {
        self.broken_off = self.last.clone();
    }

    /// Takes note of a unit.
    pub(crate) fn take(&mut self, unit: &Unit) -> Arrival {
        let arrival = match self.broken_off.get(&unit.track) {
            Some(last) if unit.dts <= *last => return Arrival::Repeated,
            Some(last) if unit.dts.0 - last.0 > HOLE => Arrival::AfterHole,
            _ => Arrival::Next,
        };
        self.broken_off.remove(&unit.track);
        self.last.insert(unit.track, unit.dts);
        arrival
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Arrival::*, *};

    /// A unit of a track, at so many hundredths of a second.
    fn unit(track: u8, at: i64) -> Unit {
        let time = Utc90(at * TICKS_PER_SECOND / 100);
        Unit { track, random_access: true, damaged: false, pts: time, dts: time, data: Bytes::new() }
    }

    #[test]
    fn what_is_sent_again_is_left_out_and_nothing_else() {
        let mut received = Received::default();
        for at in [0, 4, 8] {
            assert_eq!(received.take(&unit(0, at)), Next);
            assert_eq!(received.take(&unit(1, at + 1)), Next);
        }
        received.joined_again();
        let arrivals = [(0, 4), (1, 5), (0, 8), (0, 12), (1, 9), (1, 13), (0, 16)];
        let arrivals: Vec<_> = arrivals.iter().map(|(track, at)| received.take(&unit(*track, *at))).collect();
        assert_eq!(arrivals, [Repeated, Repeated, Repeated, Next, Repeated, Next, Next]);
    }

    #[test]
    fn a_hole_is_seen_once_in_each_track() {
        let mut received = Received::default();
        received.take(&unit(0, 0));
        received.take(&unit(1, 0));
        received.joined_again();
        assert_eq!(received.take(&unit(0, 60)), AfterHole);
        assert_eq!(received.take(&unit(0, 64)), Next);
        assert_eq!(received.take(&unit(1, 60)), AfterHole);
        // Without a break, a long still picture is none.
        assert_eq!(received.take(&unit(0, 200)), Next);
    }
}
