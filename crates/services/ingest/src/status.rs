//! How the inputs do, for operators: state, figures, and what is wrong in plain words.

use chrono::{DateTime, Utc};
use funkturm_base::Utc90;
use funkturm_contracts::{
    health::{ClockMapping, InputHealth, InputState},
    input::without_secrets,
};
use funkturm_ts::{Break, Format, Role, TrackInfo};

use crate::station::InputReport;

/// Without packets for so long an input has a problem, in seconds.
const QUIET: f64 = 1.0;
/// After so long packets without pictures are a problem, in seconds.
const FRUITLESS: f64 = 5.0;
/// So many lost packets in half a minute are a problem.
const LOSSES: u64 = 10;

/// An input's health at `now`.
pub(crate) fn health(input: &InputReport, now: Utc90) -> InputHealth {
    let (stats, programme) = (&input.report.stats, &input.report.programme);
    InputHealth {
        channel: input.channel.id.clone(),
        preference: u32::try_from(input.preference).unwrap_or(u32::MAX),
        url: without_secrets(&input.input.url),
        state: input.state,
        problem: problem(input, now),
        bitrate: stats.bitrate,
        continuity_errors: stats.continuity_errors,
        transport_errors: stats.transport_errors + stats.sync_byte_errors + stats.sync_losses,
        pcr_jitter_ms: milliseconds(programme.pcr_jitter),
        last_packet_at: stats.last_packet.map(time),
        last_picture_at: programme.last_picture.map(time),
        epochs: programme.epochs,
        last_break: programme.last_break.as_ref().map(Break::to_string),
        tracks: programme.tracks.iter().map(|(track, format)| describe(track, format.as_ref())).collect(),
        programme: match (&programme.name, programme.number) {
            (Some(name), Some(number)) => Some(format!("{name} ({number})")),
            (None, Some(number)) => Some(number.to_string()),
            (_, None) => None,
        },
        clock: programme.mapping.map(|(pts, utc_ticks)| ClockMapping { pts, utc_ticks }),
    }
}

fn time(ticks: i64) -> DateTime<Utc> {
    Utc90(ticks).to_chrono()
}

/// Ticks as milliseconds, to a tenth.
fn milliseconds(ticks: i64) -> f64 {
    (ticks as f64 / 9.0).round() / 10.0
}

fn describe(track: &TrackInfo, format: Option<&Format>) -> String {
    let mut text = format.map_or_else(|| format!("{}, nothing yet", track.codec), ToString::to_string);
    if let Some(language) = &track.language {
        text.push(' ');
        text.push_str(language);
    }
    match track.role {
        Role::Main => {}
        Role::HardOfHearing => text.push_str(", for the hard of hearing"),
        Role::Description => text.push_str(", audio description"),
    }
    text
}

/// What is wrong with an input, the most fundamental thing first, and what to do about it.
fn problem(input: &InputReport, now: Utc90) -> Option<String> {
    let report = &input.report;
    let last = report.stats.last_packet.map(Utc90);
    let quiet = last.is_none_or(|last| now.seconds_since(last) > QUIET);
    if quiet {
        if let Some(trouble) = &report.trouble {
            return Some(trouble.clone());
        }
        let since =
            last.map_or_else(|| "have come yet".to_owned(), |last| format!("since {}", last.rfc3339()));
        return Some(format!("no packets {since}: {}", hint(&input.input.url)));
    }
    if let Some(problem) = &report.programme.problem {
        return Some(problem.to_string());
    }
    let since = report.programme.since.map_or(now, Utc90);
    if input.state == InputState::Down && now.seconds_since(since) > FRUITLESS {
        return Some("packets come, but no pictures out of them".into());
    }
    let errors = report.recent_errors;
    if errors > LOSSES {
        return Some(format!(
            "packets are lost on the way, {errors} times in the last half minute: check the network, or use SRT"
        ));
    }
    None
}

fn hint(url: &str) -> &'static str {
    match url.split(':').next().unwrap_or_default() {
        "udp" | "rtp" => {
            "is the sender running, is the group joined on the right interface (udp://eth0@…), does a firewall drop it?"
        }
        "srt" if url.contains("mode=listener") => {
            "is the sender calling this port, with the same passphrase?"
        }
        "srt" => "is the other side listening, with the same passphrase?",
        "http" | "https" => "the server answers, but sends nothing",
        _ => "the file is being looked through",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_described_for_people() {
        let track = |language: Option<&str>, role| TrackInfo {
            pid: 1,
            codec: funkturm_ts::Codec::AacAdts,
            language: language.map(str::to_owned),
            role,
        };
        assert_eq!(
            describe(&track(Some("deu"), Role::Description), None),
            "AAC, nothing yet deu, audio description"
        );
        assert_eq!(describe(&track(None, Role::Main), None), "AAC, nothing yet");
        assert_eq!(milliseconds(900), 10.0);
    }
}
