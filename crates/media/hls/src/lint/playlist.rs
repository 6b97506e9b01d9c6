//! Rules about one media playlist as it stands.

use super::{
    report::Page,
    rules::{
        DATE_AT_BREAK, DATE_JUMPS, DATE_MISSING, HOLD_BACK, I_FRAMES_TAG, MAP_IV_MISSING, MAP_MISSING,
        SEGMENT_TOO_LONG, SKIP_UNTIL, TARGET_EXCEEDED, TARGET_UNUSUAL, TYPE_OF_LIVE, VERSION_TOO_HIGH,
        VERSION_TOO_LOW,
    },
};
use crate::read::{Media, Segment};

/// More than this between where a segment's date should be and where it is, is a jump, in seconds.
const DATE_TOLERANCE: f64 = 0.5;

/// Looks at a media playlist by itself. `i_frames`: the multivariant playlist says that it is one of I-frames.
pub(super) fn check(page: &mut Page<'_>, playlist: &Media, i_frames: bool) {
    check_head(playlist, i_frames, page);
    check_dates(playlist, page);
    for segment in &playlist.segments {
        check_segment(segment, playlist, page);
    }
}

fn check_head(playlist: &Media, i_frames: bool, page: &mut Page<'_>) {
    if playlist.i_frames_only != i_frames {
        let seen =
            if i_frames { "no EXT-X-I-FRAMES-ONLY" } else { "EXT-X-I-FRAMES-ONLY in an ordinary playlist" };
        page.add(I_FRAMES_TAG, seen);
    }
    if playlist.target_duration != 6 {
        page.add(TARGET_UNUSUAL, format!("EXT-X-TARGETDURATION:{}", playlist.target_duration));
    }
    let (needed, by) = version(playlist);
    if playlist.version < needed {
        page.add(VERSION_TOO_LOW, format!("EXT-X-VERSION:{}, but {by} needs {needed}", playlist.version));
    }
    if playlist.version > needed {
        page.add(VERSION_TOO_HIGH, format!("EXT-X-VERSION:{} where {needed} is enough", playlist.version));
    }
    if let (false, Some(kind)) = (playlist.ended, &playlist.playlist_type) {
        // An EVENT playlist may still grow; it is only wrong once something leaves it, which the follower sees.
        if kind != "EVENT" {
            page.add(TYPE_OF_LIVE, format!("EXT-X-PLAYLIST-TYPE:{kind} without EXT-X-ENDLIST"));
        }
    }
    if let Some(control) = &playlist.server_control {
        let target = playlist.target_duration as f64;
        if let Some(seconds) = control.hold_back.filter(|seconds| *seconds < 3.0 * target) {
            page.add(HOLD_BACK, format!("HOLD-BACK={seconds} with a target duration of {target} s"));
        }
        if let Some(seconds) = control.can_skip_until.filter(|seconds| *seconds < 6.0 * target) {
            page.add(SKIP_UNTIL, format!("CAN-SKIP-UNTIL={seconds} with a target duration of {target} s"));
        }
    }
}

/// The version that a playlist needs, and what needs it (section 8).
fn version(playlist: &Media) -> (u64, &'static str) {
    let segments = &playlist.segments;
    let has = |test: &dyn Fn(&Segment) -> bool| segments.iter().any(test);
    let key =
        |test: &dyn Fn(&crate::read::Key) -> bool| has(&|s: &Segment| s.key.as_deref().is_some_and(test));
    if has(&|segment| segment.map.is_some()) && !playlist.i_frames_only {
        (6, "EXT-X-MAP outside of an I-frame playlist")
    } else if has(&|segment| segment.map.is_some()) {
        (5, "EXT-X-MAP")
    } else if key(&|key| key.method.starts_with("SAMPLE-AES") || key.format.is_some()) {
        (5, "EXT-X-KEY")
    } else if playlist.i_frames_only || has(&|segment| segment.byte_range.is_some()) {
        (4, "EXT-X-BYTERANGE or EXT-X-I-FRAMES-ONLY")
    } else if has(&|segment| !segment.whole_seconds) {
        (3, "EXTINF with decimals")
    } else if key(&|key| key.iv.is_some()) {
        (2, "the IV of EXT-X-KEY")
    } else {
        (1, "nothing")
    }
}

fn check_dates(playlist: &Media, page: &mut Page<'_>) {
    let live = !playlist.ended;
    if live
        && !playlist.segments.is_empty()
        && playlist.segments.iter().all(|segment| segment.date_time.is_none())
    {
        page.add(DATE_MISSING, "no EXT-X-PROGRAM-DATE-TIME");
        return;
    }
    let mut expected = None;
    for segment in &playlist.segments {
        match (segment.date_time, expected) {
            (Some(date), Some(end)) => {
                let jump = seconds(date - end);
                // Behind a break a gap is what happened; going back more than a little makes times ambiguous.
                let wrong = if segment.discontinuity { jump < -1.0 } else { jump.abs() > DATE_TOLERANCE };
                if wrong {
                    page.add(
                        DATE_JUMPS,
                        format!("{} begins {jump:+.3} s from where the one before ends", segment.uri),
                    );
                }
            }
            (None, _) if segment.discontinuity && live => {
                page.add(DATE_AT_BREAK, format!("{} has EXT-X-DISCONTINUITY and no date", segment.uri));
            }
            _ => {}
        }
        let begin = segment.date_time.or(expected);
        expected = begin.and_then(|begin| begin.checked_add_signed(delta(segment.duration)));
    }
}

fn check_segment(segment: &Segment, playlist: &Media, page: &mut Page<'_>) {
    let target = playlist.target_duration as f64;
    let what =
        || format!("{} of {:.3} s with a target duration of {target} s", segment.uri, segment.duration);
    if segment.duration.round() > target {
        page.add(TARGET_EXCEEDED, what());
    }
    if segment.duration > target + 0.5 {
        page.add(SEGMENT_TOO_LONG, what());
    }
    let path = segment.uri.split(['?', '#']).next().unwrap_or_default();
    let fragmented =
        [".m4s", ".mp4", ".m4v", ".m4a", ".cmfv", ".cmfa"].iter().any(|ending| path.ends_with(ending));
    if fragmented && segment.map.is_none() && !segment.gap {
        page.add(MAP_MISSING, format!("{} without EXT-X-MAP", segment.uri));
    }
    if let (Some(key), Some(_)) = (&segment.key, &segment.map)
        && key.method == "AES-128"
        && key.iv.is_none()
    {
        page.add(MAP_IV_MISSING, format!("the key of {} has no IV", segment.uri));
    }
}

/// A duration as calendars have it.
pub(super) fn delta(seconds: f64) -> chrono::TimeDelta {
    chrono::TimeDelta::microseconds((seconds * 1e6).round() as i64)
}

/// Seconds of a calendar's duration.
pub(super) fn seconds(delta: chrono::TimeDelta) -> f64 {
    delta.num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6
}
