//! What a window does with pushes, in whatever order they come.

use super::{rendition::FRAMES_IN_CELL, *};

const GRID: i64 = 6 * TICKS;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn video() -> Media {
    Media::Video { width: 1280, height: 720, frame_rate: 25.0, on_grid: false }
}

fn sound() -> Media {
    Media::Audio { language: None, label: "sound".into(), channels: 2, description: false, default: true }
}

fn segment(number: u64, epoch: u64) -> Segment {
    let start = i64::try_from(number).unwrap() * GRID;
    let frames = (0..3).map(|n| Frame { offset: n * 100, length: 50, time: start + n as i64 * 2 * TICKS });
    Segment {
        start,
        duration: GRID,
        epoch,
        cut: false,
        alone: false,
        init: format!("i{epoch}"),
        size: 750_000,
        frames: frames.collect(),
    }
}

/// A window that is fed as the clock goes.
struct Trial {
    window: Window,
    now: f64,
}

impl Trial {
    fn new(keep: i64) -> Self {
        Self { window: Window::new(GRID, keep * GRID), now: 1000.0 }
    }

    fn put(&mut self, name: &str, number: u64, segment: Segment) -> Put {
        let media = if name.starts_with('v') { video() } else { sound() };
        let put = self.window.put(seconds(self.now), name, "codec", &media, number, segment);
        self.window.advance(seconds(self.now));
        put
    }

    /// Pushes a whole number of video and sound, and lets a cell's time pass.
    fn cell(&mut self, number: u64, epoch: u64) {
        self.put("a0", number, segment(number, epoch));
        self.put("v0", number, segment(number, epoch));
        self.pass(6.0);
    }

    /// Lets time pass, or takes it back.
    fn pass(&mut self, time: f64) {
        let end = self.now + time;
        self.now = self.now.min(end);
        while self.now < end {
            self.now += 0.25;
            self.window.advance(seconds(self.now));
        }
    }

    fn breaks(&self) -> Vec<u64> {
        self.window.cells().filter(|cell| cell.discontinuity).map(|cell| cell.number).collect()
    }
}

#[test]
fn a_number_is_listed_as_soon_as_every_rendition_has_it() {
    let mut trial = Trial::new(10);
    trial.cell(100, 1);
    assert_eq!(trial.window.listed(), Some((100, 100)));
    trial.put("a0", 101, segment(101, 1));
    trial.pass(1.0);
    assert_eq!(trial.window.listed(), Some((100, 100)));
    trial.put("v0", 101, segment(101, 1));
    assert_eq!(trial.window.listed(), Some((100, 101)));
}

#[test]
fn pictures_that_are_ready_later_than_sound_are_waited_for_from_the_start() {
    let mut trial = Trial::new(10);
    for number in 100..104 {
        trial.put("a0", number, segment(number, 1));
        trial.pass(3.0);
        assert_eq!(trial.put("v0", number, segment(number, 1)), Put::New);
        trial.pass(3.0);
    }
    assert_eq!(trial.window.renditions()["v0"].segments.len(), 4);
}

#[test]
fn a_window_does_not_begin_with_a_gap() {
    let mut trial = Trial::new(10);
    trial.put("a0", 100, segment(100, 1));
    trial.pass(6.0);
    assert_eq!(trial.window.listed(), None, "the pictures may be on their way");
    trial.cell(101, 1);
    assert_eq!(trial.window.listed(), Some((101, 101)));
    assert_eq!(trial.window.bytes(), 2 * 750_000);
    assert_eq!(trial.put("v0", 100, segment(100, 1)), Put::Late);
    // Radio is nothing but sound.
    let mut radio = Trial::new(10);
    radio.put("a0", 100, segment(100, 1));
    radio.pass(8.0);
    assert_eq!(radio.window.listed(), Some((100, 100)));
}

#[test]
fn a_rendition_that_died_holds_the_others_up_less_than_the_standard_allows() {
    let mut trial = Trial::new(20);
    trial.cell(100, 1);
    let mut before = trial.window.listed_at().unwrap();
    for number in 101..106 {
        trial.put("v0", number, segment(number, 1));
        trial.pass(6.0);
        let listed_at = trial.window.listed_at().unwrap();
        assert!(listed_at - before <= seconds(9.0), "{number}");
        before = listed_at;
    }
    trial.put("v0", 106, segment(106, 1));
    assert_eq!(trial.window.listed(), Some((100, 106)));
    assert!(!trial.window.offers("a0") && trial.window.offers("v0"));
}

#[test]
fn what_two_transcoders_push_is_kept_once() {
    let mut trial = Trial::new(10);
    assert_eq!(trial.put("v0", 100, segment(100, 1)), Put::New);
    assert_eq!(trial.put("v0", 100, segment(100, 1)), Put::Known);
    trial.pass(6.0);
    assert_eq!(trial.put("v0", 100, segment(100, 1)), Put::Known);
    assert_eq!(trial.window.bytes(), 750_000);
}

/// The first 2.5 s of a cell, and where its transcoder ended.
fn part(number: u64) -> Segment {
    Segment { duration: 5 * TICKS / 2, cut: true, size: 300_000, ..segment(number, 1) }
}

#[test]
fn where_one_transcoder_ends_the_whole_segment_of_the_other_is_listed() {
    let mut trial = Trial::new(10);
    trial.cell(100, 1);
    trial.pass(-3.5);
    for name in ["a0", "v0"] {
        assert_eq!(trial.put(name, 101, part(101)), Put::New);
    }
    trial.pass(3.5);
    assert_eq!(trial.window.listed(), Some((100, 100)), "the other one may have it all");
    // It began anew, and is the first with the end of the next cell.
    for name in ["a0", "v0"] {
        assert_eq!(trial.put(name, 101, segment(101, 1)), Put::New);
    }
    trial.pass(6.0);
    for (name, number) in [("a0", 102), ("v0", 102)] {
        let start = segment(number, 1).start + 4 * TICKS;
        assert_eq!(trial.put(name, number, Segment { start, duration: 2 * TICKS, ..part(number) }), Put::New);
        assert_eq!(trial.put(name, number, part(number)), Put::New, "longer");
        assert_eq!(
            trial.put(name, number, Segment { start, duration: 2 * TICKS, ..part(number) }),
            Put::Known
        );
        assert_eq!(trial.put(name, number, segment(number, 1)), Put::New);
        assert_eq!(trial.put(name, number, part(number)), Put::Known);
    }
    assert_eq!(trial.window.listed(), Some((100, 102)));
    assert!(trial.window.cells().all(|cell| cell.duration == GRID && !cell.discontinuity));
    assert_eq!(trial.window.bytes(), 3 * 2 * 750_000);
}

#[test]
fn where_there_is_no_other_a_part_is_listed_within_what_the_standard_allows() {
    let mut trial = Trial::new(10);
    trial.cell(100, 1);
    let before = trial.window.listed_at().unwrap();
    trial.pass(-3.5);
    trial.put("a0", 101, part(101));
    trial.put("v0", 101, part(101));
    trial.pass(3.5 + 3.0);
    assert_eq!(trial.window.listed(), Some((100, 101)));
    assert!(trial.window.listed_at().unwrap() - before <= seconds(9.0));
}

#[test]
fn a_number_that_was_overtaken_is_no_gap() {
    let mut trial = Trial::new(10);
    trial.cell(100, 1);
    trial.pass(5.0);
    for number in [102, 101] {
        assert_eq!(trial.put("v0", number, segment(number, 1)), Put::New);
        trial.put("a0", number, segment(number, 1));
    }
    trial.pass(6.0);
    assert_eq!(trial.window.renditions()["v0"].segments.keys().copied().collect::<Vec<_>>(), [100, 101, 102]);
}

#[test]
fn a_gap_stays_a_gap_and_is_as_long_as_what_is_missing() {
    let mut trial = Trial::new(10);
    trial.cell(100, 1);
    trial.pass(12.0);
    trial.cell(103, 1);
    assert_eq!(trial.put("v0", 102, segment(102, 1)), Put::Late);
    let cells: Vec<_> = trial.window.cells().map(|cell| (cell.number, cell.duration)).collect();
    assert_eq!(cells, [(100, GRID), (101, GRID), (102, GRID), (103, GRID)]);
    assert_eq!(trial.breaks(), [], "the gap is accounted for, so the timeline goes on");
}

#[test]
fn epochs_and_holes_are_breaks() {
    let mut trial = Trial::new(50);
    trial.cell(100, 1);
    trial.cell(101, 1);
    trial.cell(102, 2);
    let late = Segment { start: 103 * GRID + 2 * TICKS, duration: 4 * TICKS, ..segment(103, 2) };
    trial.put("a0", 103, late.clone());
    trial.put("v0", 103, late);
    trial.pass(6.0);
    trial.cell(104, 2);
    assert_eq!(trial.breaks(), [102, 103]);
}

#[test]
fn what_leaves_is_counted_and_can_be_had_for_as_long_as_it_was_promised() {
    let mut trial = Trial::new(5);
    for number in 100..103 {
        trial.cell(number, 1);
    }
    for number in 103..112 {
        trial.cell(number, 2);
    }
    trial.put("a0", 112, segment(112, 2));
    trial.put("v0", 112, segment(112, 2));
    assert_eq!(trial.window.listed(), Some((108, 112)));
    assert_eq!(trial.window.discontinuity_sequence(), 1);
    assert_eq!(trial.window.renditions()["v0"].i_frame_sequence, 100 * FRAMES_IN_CELL + 8 * 3);
    // It was listed for 30 s, and stays for 36 s from when it appeared.
    assert_eq!((trial.window.oldest_kept(), trial.window.bytes()), (107, 2 * 6 * 750_000));
    trial.pass(6.0);
    assert_eq!((trial.window.oldest_kept(), trial.window.bytes()), (108, 2 * 5 * 750_000));
    assert_eq!(trial.put("v0", 101, segment(101, 1)), Put::Late);
}

#[test]
fn never_less_than_three_target_durations_are_left() {
    let mut trial = Trial::new(0);
    for number in 100..120 {
        trial.cell(number, 1);
        while trial.window.shrink() {}
    }
    assert_eq!(trial.window.cells().len(), 3);
    while trial.window.forget_one_left() {}
    assert_eq!(trial.window.bytes(), 2 * 3 * 750_000);
}

#[test]
fn hours_of_silence_do_not_fill_the_playlist_with_gaps() {
    let mut trial = Trial::new(10);
    for number in 100..110 {
        trial.cell(number, 1);
    }
    trial.pass(30.0);
    trial.cell(9000, 2);
    let numbers: Vec<_> = trial.window.cells().map(|cell| cell.number).collect();
    assert_eq!(numbers, [8998, 8999, 9000]);
    assert_eq!(trial.breaks(), [9000]);
    assert_eq!(trial.window.discontinuity_sequence(), 0);
    for number in 9001..9004 {
        trial.cell(number, 2);
    }
    assert_eq!(trial.window.listed(), Some((9000, 9003)));
}

#[test]
fn sequences_are_higher_after_a_restart() {
    // A bad day: thirty breaks in three minutes; two days later the origin begins anew.
    let (first, mut trial) = (296_000_000, Trial::new(5));
    for number in first..first + 30 {
        trial.cell(number, number);
    }
    let (before, mut again) = (trial.window, Trial::new(5));
    again.cell(first + 2 * 14_400, 1);
    assert!(again.window.discontinuity_sequence() > before.discontinuity_sequence());
    assert!(again.window.renditions()["v0"].i_frame_sequence > before.renditions()["v0"].i_frame_sequence);
    assert!(again.window.discontinuity_sequence() < 1_000_000, "hls.js counts up to it with each playlist");
}

/// What a transcoder on another ingest host makes of a cell: 30 ms off, and of another epoch.
fn elsewhere(number: u64) -> Segment {
    Segment { start: segment(number, 7).start + 2700, ..segment(number, 7) }
}

#[test]
fn two_epochs_at_once_are_not_mixed_and_the_listed_one_stays() {
    let mut trial = Trial::new(20);
    for number in 100..106 {
        // The other one is always quicker, by less than what is waited.
        for name in ["a0", "v0"] {
            trial.put(name, number, elsewhere(number));
        }
        trial.pass(0.5);
        trial.cell(number, 1);
    }
    assert_eq!(trial.breaks(), [0; 0]);
    for rendition in trial.window.renditions().values() {
        assert!(rendition.segments.values().all(|segment| segment.epoch == 1));
    }
    assert_eq!(trial.window.bytes(), 12 * 750_000, "what was not chosen is let go");
}

#[test]
fn where_one_epoch_ends_another_goes_on_after_one_break_and_stays() {
    let mut trial = Trial::new(20);
    for number in 100..103 {
        for name in ["a0", "v0"] {
            trial.put(name, number, elsewhere(number));
        }
        trial.cell(number, 1);
    }
    // The transcoder that is listed dies in the middle of its pushes, and comes back after two cells.
    trial.put("a0", 103, segment(103, 1));
    for number in 103..108 {
        for name in ["a0", "v0"] {
            trial.put(name, number, elsewhere(number));
            if number >= 105 {
                trial.put(name, number, segment(number, 1));
            }
        }
        trial.pass(1.25);
        assert_eq!(trial.window.listed(), Some((100, number)), "it is not waited for long");
        trial.pass(4.75);
    }
    assert_eq!(trial.breaks(), [103]);
    for rendition in trial.window.renditions().values() {
        assert_eq!(rendition.segments.len(), 8, "no gap");
        assert!(rendition.segments.iter().all(|(number, of)| of.epoch == if *number < 103 { 1 } else { 7 }));
    }
}
