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

/// What becomes of one cell: whether an epoch ends in it, whether nothing comes of it, and the fates of its renditions.
type Cell = (bool, bool, [Fate; 3]);

fn cell() -> impl Strategy<Value = Cell> {
    (prop::bool::weighted(0.1), prop::bool::weighted(0.05), [fate(), fate(), fate()])
}

/// What a transcoder makes of the cells, or two of them, which read from different ingest hosts.
fn cells() -> impl Strategy<Value = Vec<Vec<Cell>>> {
    prop::collection::vec(prop::collection::vec(cell(), 4..40), 1..3)
}

/// Rules that depend on when and what is pushed, which is what chance decides here.
const OF_THE_SOURCE: &[&str] = &["LATE", "WINDOW_SHORT", "WINDOW_FEW_SEGMENTS", "TIMESTAMPS_BREAK"];

const NAMES: [&str; 3] = ["v0", "v1", "a0"];

/// The pushes of a transcoder whose ingest host counts epochs from `first` on, and whose clock is `off`, in ticks.
fn pushes(cells: &[Cell], first: u64, off: i64) -> Vec<(u64, &'static str, Push)> {
    let (mut epoch, mut pushes) = (first, Vec::new());
    let mut late = 0;
    for (cell, (breaks, silent, fates)) in (0..).zip(cells) {
        let short = if *breaks { 2 * TICKS } else { 0 };
        let cut = late > 0 || short > 0;
        let push = Push { cell, epoch, late: late + off, short: short - off, cut };
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
    pushes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pushed_the_playlists_are_sound(cells in cells(), keep in 5..20_i64) {
        let mut presentation = Presentation::new(keep);
        let mut lint = Lint::new(&format!("{BASE}master.m3u8"));
        let mut pushes: Vec<_> = (0..)
            .zip(&cells)
            .flat_map(|(of, cells)| pushes(cells, 1 + of * 1000, i64::try_from(of).unwrap() * TICKS / 30))
            .collect();
        pushes.sort_by_key(|(at, ..)| *at);
        let mut next = pushes.iter().peekable();
        let longest = cells.iter().map(Vec::len).max().unwrap() as u64;
        for tenth in (0..longest * 60 + 200).step_by(5) {
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
