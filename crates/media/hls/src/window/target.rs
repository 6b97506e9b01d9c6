//! The target duration: decided once, before anything is listed, because it must never change (RFC 8216bis 6.2.1).

use super::{Segment, TICKS};

/// Two distances between pictures are the same if they differ by less: a picture of 25 a second, and a bit.
const SAME: i64 = TICKS / 20;

/// EXT-X-TARGETDURATION in seconds for a grid of `grid` ticks, out of the video segments that are there.
///
/// A segment goes from the first key picture in its cell to the first one in the next. Where key pictures come regularly and
/// divide the grid, that is the grid's length whatever their phase, and so is the target duration. Where they do not (a
/// passthrough rendition of a source that sets key pictures as it likes), a segment can be longer than the grid by nearly the
/// longest distance between two, which is added. An epoch may begin anywhere: its first distance says nothing if what
/// follows is regular, or if it leads to where a cell of the grid ends, as it does in a ladder.
pub(super) fn target<'s>(grid: i64, video: impl Iterator<Item = &'s Segment>) -> u64 {
    let mut longest = 0;
    let mut regular = true;
    for segment in video {
        let mut distances = distances(segment);
        longest = distances.iter().copied().fold(longest, i64::max);
        let into = segment.end().rem_euclid(grid);
        let aligned = into.min(grid - into) < SAME;
        if segment.cut && !aligned {
            distances.pop(); // it goes to where the transcoder ended
        }
        match distances.len() {
            0 => continue,
            1 if aligned || segment.cut => continue,
            1 => {}
            _ => drop(distances.remove(0)),
        }
        let Some(typical) = distances.iter().copied().max() else { continue };
        let even = distances.iter().all(|distance| (typical - distance).abs() < SAME);
        let cells = (grid + typical / 2) / typical.max(1);
        regular &= even && (grid - cells * typical).abs() < SAME;
    }
    let allowance = if regular { 0 } else { seconds_up(longest - TICKS / 2).max(1) };
    // To the nearest second, as EXTINF is when it is held against this.
    u64::try_from((grid + TICKS / 2) / TICKS + allowance).unwrap_or(1).max(1)
}

/// From each key picture to the next one, or to the end of the segment.
fn distances(segment: &Segment) -> Vec<i64> {
    let times = segment.frames.iter().map(|frame| frame.time);
    let ends = times.clone().skip(1).chain([segment.end()]);
    times.zip(ends).map(|(time, end)| end - time).collect()
}

fn seconds_up(ticks: i64) -> i64 {
    (ticks.max(0) + TICKS - 1) / TICKS
}

#[cfg(test)]
mod tests {
    use super::{super::Frame, *};

    const GRID: i64 = 6 * TICKS;

    fn segment(distances: &[f64]) -> Segment {
        let mut time = 7 * GRID + 1234;
        let start = time;
        let mut frames = Vec::new();
        for distance in distances {
            frames.push(Frame { offset: 0, length: 1, time });
            time += (distance * TICKS as f64) as i64;
        }
        Segment {
            start,
            duration: time - start,
            epoch: 1,
            cut: false,
            alone: false,
            init: "i".into(),
            size: 1,
            frames,
        }
    }

    #[test]
    fn key_pictures_that_divide_the_grid_need_no_allowance() {
        for distances in [&[2.0, 2.0, 2.0][..], &[1.0; 6], &[6.0], &[2.0], &[]] {
            assert_eq!(target(GRID, [segment(distances)].iter()), 6, "{distances:?}");
        }
    }

    #[test]
    fn the_beginning_of_an_epoch_does_not_count() {
        assert_eq!(target(GRID, [segment(&[1.2, 2.0, 2.0])].iter()), 6);
        let mut first = segment(&[1.7]);
        assert_eq!(target(GRID, [first.clone()].iter()), 8);
        for late in [0, 3600] {
            first.duration = 8 * GRID - first.start + late;
            assert_eq!(target(GRID, [first.clone()].iter()), 6, "it ends where a cell does");
        }
    }

    #[test]
    fn others_add_their_longest_distance() {
        for (distances, expected) in [
            (&[0.96; 6][..], 7),
            (&[0.64, 0.2, 0.64], 7),
            (&[1.2; 5], 6),
            (&[1.7; 4], 8),
            (&[2.0, 0.7, 2.0], 8),
            (&[10.0], 16),
        ] {
            assert_eq!(target(GRID, [segment(distances)].iter()), expected, "{distances:?}");
        }
    }
}
