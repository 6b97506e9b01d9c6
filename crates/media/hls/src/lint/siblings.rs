//! Rules about the media playlists of one presentation among each other.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    follow::Follow,
    playlist::{delta, seconds},
    report::Report,
    rules::{BREAKS_DIFFER, CONTROL_DIFFERS, DATE_IN_SOME, DATE_MAPPING_DIFFERS, TARGET_DIFFERS},
};
use crate::read::{Media, Segment};

/// Looks at the playlist that was just loaded beside all others.
pub(super) fn check(report: &mut Report, now: Duration, all: &[Follow], index: usize) {
    let Some((follow, playlist)) = all.get(index).and_then(|follow| Some((follow, follow.last.as_ref()?)))
    else {
        return;
    };
    for (other_index, other) in all.iter().enumerate() {
        let Some(other_playlist) = other.last.as_ref().filter(|_| other_index != index) else { continue };
        compare(report, now, &follow.url, playlist, &other.url, other_playlist);
        mapping(report, now, follow, other);
    }
}

fn compare(report: &mut Report, now: Duration, url: &str, one: &Media, other_url: &str, other: &Media) {
    if one.target_duration != other.target_duration {
        let seen = format!("{} here, {} in {other_url}", one.target_duration, other.target_duration);
        report.add(now, TARGET_DIFFERS, url, seen);
    }
    if one.server_control != other.server_control {
        report.add(now, CONTROL_DIFFERS, url, format!("another EXT-X-SERVER-CONTROL than in {other_url}"));
    }
    let dated = |playlist: &Media| playlist.segments.iter().any(|segment| segment.date_time.is_some());
    if !one.segments.is_empty() && !other.segments.is_empty() && !dated(one) && dated(other) {
        report.add(now, DATE_IN_SOME, url, format!("no dates here, but in {other_url}"));
    }
    let others: Vec<_> = dates(other).collect();
    for (begin, segment) in dates(one) {
        let Some(middle) = begin.checked_add_signed(delta(segment.duration / 2.0)) else { continue };
        let at = others.partition_point(|(begin, _)| *begin <= middle);
        let Some((begin, beside)) = at.checked_sub(1).and_then(|at| others.get(at)) else { continue };
        let inside = seconds(middle - *begin) < beside.duration;
        if inside && beside.discontinuity_number != segment.discontinuity_number {
            let seen = format!(
                "{} has {}, {} in {other_url} at the same time {}",
                segment.uri, segment.discontinuity_number, beside.uri, beside.discontinuity_number
            );
            report.add(now, BREAKS_DIFFER, url, seen);
            return;
        }
    }
}

/// The segments with the date at which each begins.
fn dates(playlist: &Media) -> impl Iterator<Item = (DateTime<Utc>, &Segment)> {
    let mut expected = None;
    playlist.segments.iter().filter_map(move |segment| {
        let begin = segment.date_time.or(expected);
        expected = begin.and_then(|begin| begin.checked_add_signed(delta(segment.duration)));
        Some((begin?, segment))
    })
}

/// What dates map to which media times, for the same discontinuity number.
fn mapping(report: &mut Report, now: Duration, one: &Follow, other: &Follow) {
    for (number, offset) in one.measured.date_offsets() {
        let Some(beside) = other.measured.date_offset(number) else { continue };
        if (offset - beside).abs() > 0.25 {
            let seen = format!("{:+.3} s from {} at discontinuity {number}", offset - beside, other.url);
            report.add(now, DATE_MAPPING_DIFFERS, &one.url, seen);
        }
    }
}
