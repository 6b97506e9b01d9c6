//! Whatever is pushed, in whatever order: what is written is read again and breaks no rule that pushes cannot break.

use std::time::Duration;

use funkturm_hls::{
    lint::Lint,
    read::{self, Playlist},
    window::TICKS,
};
use proptest::prelude::*;

use crate::presentation::{BASE, Presentation, Push, shown};

/// What may become of one rendition's segment of one cell.
#[derive(Clone, Copy, Debug)]
struct Fate {
    lost: bool,
    twice: bool,
    /// The first of two is only a part.
    part: bool,
    /// Tenths of a second that it comes late.
    delay: u64,
}

fn fate() -> impl Strategy<Value = Fate> {
    let delay = prop_oneof![6 => 0..20_u64, 2 => 20..80_u64, 1 => 80..200_u64];
    let chances = (prop::bool::weighted(0.06), prop::bool::weighted(0.3), any::<bool>(), delay);
    chances.prop_map(|(lost, twice, part, delay)| Fate { lost, twice, part, delay })
}

/// What becomes of one cell: whether an epoch ends in it, and the fates of its renditions.
fn cell() -> impl Strategy<Value = (bool, bool, [Fate; 3])> {
    (prop::bool::weighted(0.1), prop::bool::weighted(0.05), [fate(), fate(), fate()])
}

/// Rules that depend on when and what is pushed, which is what chance decides here.
const OF_THE_SOURCE: &[&str] = &["LATE", "WINDOW_SHORT", "WINDOW_FEW_SEGMENTS", "TIMESTAMPS_BREAK"];

const NAMES: [&str; 3] = ["v0", "v1", "a0"];

fn pushes(cells: &[(bool, bool, [Fate; 3])]) -> Vec<(u64, &'static str, Push)> {
    let (mut epoch, mut pushes) = (1, Vec::new());
    let mut late = 0;
    for (cell, (breaks, silent, fates)) in (0..).zip(cells) {
        let short = if *breaks { 2 * TICKS } else { 0 };
        let push = Push { cell, epoch, late, short, cut: late > 0 || short > 0 };
        (epoch, late) = if *breaks { (epoch + 1, 2 * TICKS) } else { (epoch, 0) };
        for (name, fate) in NAMES.into_iter().zip(fates).filter(|(_, fate)| !fate.lost && !silent) {
            let at = cell * 60 + fate.delay;
            let part = Push { short: push.short + TICKS, cut: true, ..push };
            pushes.push((at, name, if fate.twice && fate.part && !push.cut { part } else { push }));
            if fate.twice {
                pushes.push((at + 3, name, push));
            }
        }
    }
    pushes.sort_by_key(|(at, ..)| *at);
    pushes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pushed_the_playlists_are_sound(cells in prop::collection::vec(cell(), 4..40), keep in 5..20_i64) {
        let mut presentation = Presentation::new(keep);
        let mut lint = Lint::new(&format!("{BASE}master.m3u8"));
        let pushes = pushes(&cells);
        let mut next = pushes.iter().peekable();
        for tenth in (0..cells.len() as u64 * 60 + 200).step_by(5) {
            let now = Duration::from_millis(tenth * 100);
            while let Some((_, name, push)) = next.next_if(|(at, ..)| *at <= tenth) {
                presentation.push(now, name, *push);
                presentation.advance(now);
            }
            presentation.advance(now);
            if presentation.window.listed().is_none() {
                continue;
            }
            for request in lint.next_requests(now) {
                let response = presentation.answer(&request);
                if request.url.ends_with(".m3u8") && response.status == 200 {
                    let (Playlist::Media(read::Media { notes, .. })
                    | Playlist::Multivariant(read::Multivariant { notes, .. })) = read::read(&response.body).unwrap();
                    prop_assert_eq!(notes, vec![]);
                }
                // A rendition that nobody brings any more has no playlist in the end.
                if response.status == 200 || response.status == 206 || !request.url.ends_with(".m3u8") {
                    lint.response(now, now, &request, &response);
                }
            }
        }
        let found = lint.report().findings().filter(|finding| !OF_THE_SOURCE.contains(&finding.rule.id)).count();
        prop_assert_eq!(found, 0, "{}", shown(&lint));
    }
}
