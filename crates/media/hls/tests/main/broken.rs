//! Broken presentations, at least one for each rule: what comes back from a good one is spoilt, and the linter has to name the
//! rule. A last test sees that no rule was left out.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use funkturm_hls::{
    lint::{Method, RULES, Request, Response},
    window::TICKS,
};

use crate::presentation::{Presentation, Push, Session, Spoil, ids, shown};

/// One thing that is wrong, and the rule that says so.
struct Case {
    rule: &'static str,
    session: Session,
}

/// Spoils what comes back from URLs that end in `url`.
fn at(url: &'static str, mut spoil: impl FnMut(Duration, &Request, &mut Response) + 'static) -> Spoil {
    Box::new(move |now, request, response| {
        if request.url.ends_with(url) {
            spoil(now, request, response);
        }
    })
}

/// Replaces text in what comes back from URLs that end in `url`.
fn replace(url: &'static str, from: &'static str, to: &'static str) -> Spoil {
    replace_after(0, url, from, to)
}

/// The same, from so many seconds on.
fn replace_after(seconds: u64, url: &'static str, from: &'static str, to: &'static str) -> Spoil {
    at(url, move |now, _, response| {
        if now >= Duration::from_secs(seconds) {
            let text = String::from_utf8(response.body.to_vec()).unwrap();
            assert!(text.contains(from), "{from:?} is not in {text}");
            response.body = text.replace(from, to).into();
        }
    })
}

fn header(url: &'static str, name: &'static str, value: &'static str) -> Spoil {
    at(url, move |_, _, response| {
        response.headers.retain(|(one, _)| one != name);
        if !value.is_empty() {
            response.headers.push((name.into(), value.into()));
        }
    })
}

fn status(url: &'static str, method: Method, status: u16) -> Spoil {
    at(url, move |_, request, response| {
        if request.method == method {
            response.status = status;
        }
    })
}

/// Changes bytes of media that comes back from URLs that end in `url`.
fn bytes(url: &'static str, change: impl Fn(&mut Vec<u8>) + 'static) -> Spoil {
    at(url, move |_, request, response| {
        if request.url.contains(".m4s") || request.url.contains(".mp4") {
            let mut body = response.body.to_vec();
            change(&mut body);
            response.body = Bytes::from(body);
        }
    })
}

/// Puts `to` where `from` stands first.
fn put(body: &mut [u8], from: &[u8], to: &[u8]) {
    let place = body.windows(from.len()).position(|window| window == from).unwrap();
    body[place..place + to.len()].copy_from_slice(to);
}

/// Presentations that are looked at for so many seconds, each spoilt in one way.
fn of(seconds: u64, spoilt: Vec<(&'static str, Spoil)>) -> Vec<Case> {
    // What a session begins with costs the most, and few of these need a whole window.
    let session = || Session { presentation: Presentation::new(20), before: 8, seconds, ..Session::new() };
    spoilt.into_iter().map(|(rule, spoil)| Case { rule, session: Session { spoil, ..session() } }).collect()
}

/// What is seen in the first loads.
fn at_once() -> Vec<Case> {
    let master = "master.m3u8";
    let index = "v0/index.m3u8";
    of(
        8,
        vec![
            ("PLAYLIST_UNREACHABLE", status(index, Method::Get, 500)),
            ("PLAYLIST_UNREACHABLE", status(index, Method::Get, 0)),
            ("PLAYLIST_UNREADABLE", replace(index, "#EXTM3U", "#EXTM3U8")),
            ("FORMAT", replace(master, "DEFAULT=YES", "DEFAULT=yes")),
            (
                "REDIRECT",
                at(index, |_, _, response| {
                    *response = Response {
                        status: 302,
                        headers: vec![("Location".into(), "../v1/index.m3u8".into())],
                        ..Response::default()
                    };
                }),
            ),
            ("PLAYLIST_MEDIA_TYPE", header(index, "content-type", "text/plain")),
            ("PLAYLIST_GZIP", header(index, "content-encoding", "")),
            ("PLAYLIST_CACHE", header(index, "cache-control", "public, max-age=60")),
            ("MEDIA_MEDIA_TYPE", header(".m4s", "content-type", "application/octet-stream")),
            ("MEDIA_CACHE", header(".m4s", "cache-control", "no-store")),
            ("TARGET_EXCEEDED", replace(index, "TARGETDURATION:6", "TARGETDURATION:5")),
            ("TARGET_UNUSUAL", replace(index, "TARGETDURATION:6", "TARGETDURATION:8")),
            ("SEGMENT_TOO_LONG", replace(index, "EXTINF:6.00000", "EXTINF:6.60000")),
            ("VERSION_TOO_LOW", replace(index, "VERSION:6", "VERSION:3")),
            ("VERSION_TOO_HIGH", replace(index, "VERSION:6", "VERSION:9")),
            ("VERSION_TOO_HIGH", replace(master, "VERSION:4", "VERSION:7")),
            ("TYPE_OF_LIVE", replace(index, "#EXT-X-VERSION", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-VERSION")),
            ("DATE_MISSING", replace(index, "#EXT-X-PROGRAM-DATE-TIME", "#ANYTHING")),
            ("DATE_IN_SOME", replace(index, "#EXT-X-PROGRAM-DATE-TIME", "#ANYTHING")),
            ("DATE_JUMPS", replace(index, "EXTINF:6.00000", "EXTINF:5.00000")),
            ("MAP_MISSING", replace(index, "#EXT-X-MAP", "#ANYTHING")),
            (
                "MAP_IV_MISSING",
                replace(index, "#EXT-X-MAP", "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP"),
            ),
            (
                "HOLD_BACK",
                replace(index, "#EXT-X-VERSION", "#EXT-X-SERVER-CONTROL:HOLD-BACK=12.0\n#EXT-X-VERSION"),
            ),
            (
                "SKIP_UNTIL",
                replace(index, "#EXT-X-VERSION", "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.0\n#EXT-X-VERSION"),
            ),
            (
                "CONTROL_DIFFERS",
                replace(index, "#EXT-X-VERSION", "#EXT-X-SERVER-CONTROL:HOLD-BACK=18.0\n#EXT-X-VERSION"),
            ),
            ("I_FRAMES_TAG", replace("v0/iframes.m3u8", "#EXT-X-I-FRAMES-ONLY\n", "")),
            ("TARGET_DIFFERS", replace("a0/index.m3u8", "TARGETDURATION:6", "TARGETDURATION:7")),
            (
                "BREAKS_DIFFER",
                replace("a0/index.m3u8", "DISCONTINUITY-SEQUENCE:4", "DISCONTINUITY-SEQUENCE:3"),
            ),
            ("NO_VARIANT", replace(master, "#EXT-X-STREAM-INF", "#ANYTHING")),
            ("CODECS_MISSING", replace(master, "CODECS=\"avc1.64001f,mp4a.40.2\",", "")),
            ("RESOLUTION_MISSING", replace(master, ",RESOLUTION=1280x720", "")),
            ("FRAME_RATE_MISSING", replace(master, ",FRAME-RATE=25.000", "")),
            ("FRAME_RATE_TOO_HIGH", replace(master, "FRAME-RATE=25.000", "FRAME-RATE=100.000")),
            ("AVERAGE_MISSING", replace(master, "AVERAGE-BANDWIDTH", "X-AVERAGE")),
            ("AVERAGE_ABOVE_PEAK", replace(master, "AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=9")),
            ("GROUP_MISSING", replace(master, "AUDIO=\"audio\"", "AUDIO=\"sound\"")),
            ("NAME_TWICE", replace(master, "Deutsch a1", "Deutsch a0")),
            ("DEFAULT_TWICE", replace(master, "DEFAULT=NO", "DEFAULT=YES")),
            ("DEFAULT_NOT_AUTOSELECT", replace(master, ",AUTOSELECT=YES", ",AUTOSELECT=NO")),
            ("LANGUAGE_MISSING", replace(master, ",LANGUAGE=\"de\"", "")),
            ("LANGUAGE_FORM", replace(master, "LANGUAGE=\"de\"", "LANGUAGE=\"ger\"")),
            ("CHANNELS_MISSING", replace(master, ",CHANNELS=\"2\"", "")),
            ("I_FRAMES_MISSING", replace(master, "#EXT-X-I-FRAME-STREAM-INF", "#ANYTHING")),
            ("INIT_UNUSABLE", status(".mp4", Method::Get, 404)),
            ("INIT_UNUSABLE", bytes(".mp4", |body| put(body, b"moov", b"free"))),
            ("CODECS_WRONG", replace(master, "avc1.64001f", "avc1.640028")),
            ("CODECS_WRONG", replace(master, "mp4a.40.2", "ac-3")),
            ("RESOLUTION_WRONG", replace(master, "1280x720", "1920x1080")),
            ("SEGMENT_UNREACHABLE", status(".m4s", Method::Get, 404)),
            ("SEGMENT_BROKEN", bytes(".m4s", |body| body.truncate(body.len() - 7))),
            ("SEGMENT_BROKEN", bytes(".m4s", |body| put(body, b"tfdt", b"free"))),
            ("SEGMENT_BROKEN", bytes(".m4s", |body| put(body, b"tfhd\0\x02", b"tfhd\0\0"))),
            ("NOT_SYNC", bytes(".m4s", |body| depends_on_others(body))),
            ("NOT_IDR", bytes(".m4s", |body| no_idr(body))),
            ("I_FRAME_BROKEN", status(".m4s", Method::Get, 200)),
            ("I_FRAME_BROKEN", bytes(".m4s", |body| no_idr(body))),
            ("EXTINF_WRONG", replace(index, "EXTINF:6.00000", "EXTINF:6.20000")),
            ("PEAK_TOO_HIGH", replace(master, "INF:BANDWIDTH=1", "INF:BANDWIDTH=")),
        ],
    )
}

/// Sets the flag in the first sample's flags that says that it cannot be decoded alone.
fn depends_on_others(body: &mut [u8]) {
    let run = body.windows(4).position(|window| window == b"trun").unwrap();
    body[run + 4 + 13] |= 1;
}

/// Makes the first picture one that is no IDR.
fn no_idr(body: &mut [u8]) {
    let Some(data) = body.windows(4).position(|window| window == b"mdat") else { return };
    if body.get(data + 8) == Some(&0x65) {
        body[data + 8] = 0x41;
    }
}

/// What is seen when something changes.
fn after_a_while() -> Vec<Case> {
    let index = "v0/index.m3u8";
    of(
        30,
        vec![
            ("TARGET_CHANGED", replace_after(10, index, "TARGETDURATION:6", "TARGETDURATION:7")),
            ("SEQUENCE_BACK", replace_after(10, index, "MEDIA-SEQUENCE:29", "MEDIA-SEQUENCE:28")),
            ("SEGMENT_CHANGED", replace_after(10, index, ".m4s", ".m4s?again")),
            ("SEGMENT_CHANGED", replace_after(10, index, "EXTINF:6.00000", "EXTINF:6.00010")),
            (
                "BREAK_RENUMBERED",
                replace_after(10, index, "DISCONTINUITY-SEQUENCE:4", "DISCONTINUITY-SEQUENCE:3"),
            ),
            (
                "TAIL_REMOVED",
                at(index, |now, _, response| {
                    if now > Duration::from_secs(10) {
                        let text = String::from_utf8(response.body.to_vec()).unwrap();
                        let kept = text.match_indices("#EXT-X-PROGRAM").nth(4).unwrap().0;
                        response.body = text[..kept].to_owned().into();
                    }
                }),
            ),
            (
                "AFTER_END",
                at(index, |now, _, response| {
                    // The end is announced between two loads, and taken back.
                    if now < Duration::from_secs(1) {
                        response.body = [&response.body[..], b"#EXT-X-ENDLIST\n"].concat().into();
                    }
                }),
            ),
            (
                "DATE_MAPPING_DIFFERS",
                at("a0/index.m3u8", |_, _, response| {
                    let text = String::from_utf8(response.body.to_vec()).unwrap();
                    response.body = text.replace(".000Z", ".600Z").into();
                }),
            ),
        ],
    )
}

/// What a source does that no server makes good.
fn sources() -> Vec<Case> {
    let new = || Session { presentation: Presentation::new(50), before: 8, seconds: 30, ..Session::new() };
    let with =
        |seconds, source: fn(u64) -> Option<Push>| Session { seconds, source: Box::new(source), ..new() };
    let mut rare = new();
    rare.presentation.gop = 6 * TICKS;
    let mut dates = with(30, |cell| Some(Push::whole(cell, cell / 10)));
    dates.spoil = at("v0/index.m3u8", |_, _, response| {
        let text = String::from_utf8(response.body.to_vec()).unwrap();
        let text = text.replace("#EXT-X-DISCONTINUITY\n#EXT-X-MAP", "#EXT-X-DISCONTINUITY\n#LOST");
        let mut lines: Vec<_> = text.lines().collect();
        if let Some(at) = lines.iter().position(|line| *line == "#EXT-X-DISCONTINUITY") {
            let date = at + lines[at..].iter().position(|line| line.starts_with("#EXT-X-PROGRAM")).unwrap();
            lines.remove(date);
        }
        response.body = (lines.join("\n") + "\n").into();
    });
    let mut breaks = with(30, |cell| Some(Push::whole(cell, 1)));
    // A segment's decode times two seconds off, as if another encoder had taken over.
    breaks.spoil = bytes(".m4s", |body| {
        let at = body.windows(4).position(|window| window == b"tfdt").unwrap() + 8;
        let time = u64::from_be_bytes(body[at..at + 8].try_into().unwrap());
        if time % (2 * 540_000) == 0 && body.windows(4).filter(|window| window == b"moof").count() == 1 {
            body[at..at + 8].copy_from_slice(&(time + 180_000).to_be_bytes());
        }
    });
    let mut average = Session { seconds: 150, ..new() };
    average.spoil = replace("master.m3u8", "AVERAGE-BANDWIDTH=1", "AVERAGE-BANDWIDTH=");
    vec![
        Case {
            rule: "LATE",
            session: with(60, |cell| (!(10..13).contains(&cell)).then(|| Push::whole(cell, 1))),
        },
        Case { rule: "KEYFRAMES_RARE", session: rare },
        Case { rule: "DATE_AT_BREAK", session: dates },
        Case { rule: "TIMESTAMPS_BREAK", session: breaks },
        Case { rule: "AVERAGE_TOO_HIGH", session: average },
    ]
}

/// What is seen when segments leave.
fn windows() -> Vec<Case> {
    let of_cells = |keep: i64| Session {
        presentation: Presentation::new(keep),
        before: 12,
        seconds: 30,
        ..Session::new()
    };
    let mut cases = vec![
        Case { rule: "WINDOW_SHORT", session: of_cells(10) },
        Case { rule: "WINDOW_FEW_SEGMENTS", session: of_cells(4) },
        Case {
            rule: "GONE_EARLY",
            session: Session { spoil: status(".m4s", Method::Head, 404), ..Session::short() },
        },
    ];
    let mut under = of_cells(4);
    under.spoil = at("v0/index.m3u8", |_, _, response| {
        let text = String::from_utf8(response.body.to_vec()).unwrap();
        let head = text.find("#EXT-X-PROGRAM").unwrap();
        let tail = text.rmatch_indices("#EXT-X-PROGRAM").nth(1).unwrap().0;
        let removed = text[head..tail].matches("#EXT-X-PROGRAM").count() as u64;
        let first = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")).unwrap();
        let number = first.parse::<u64>().unwrap() + removed;
        let head = text[..head].replace(first, &number.to_string());
        response.body = format!("{head}{}", &text[tail..]).into();
    });
    cases.push(Case { rule: "WINDOW_UNDER_THREE", session: under });
    cases
}

fn hold(cases: Vec<Case>) {
    for (index, case) in cases.into_iter().enumerate() {
        let lint = case.session.run();
        assert!(ids(&lint).contains(&case.rule), "case {index}, {}: found only\n{}", case.rule, shown(&lint));
    }
}

#[test]
fn what_is_wrong_from_the_start_is_found_at_once() {
    hold(at_once());
}

#[test]
fn what_goes_wrong_later_is_found_then() {
    hold(after_a_while());
}

#[test]
fn what_the_source_does_wrong_is_found() {
    hold(sources());
}

#[test]
fn what_goes_wrong_with_what_leaves_is_found() {
    hold(windows());
}

#[test]
fn no_rule_is_without_a_broken_presentation() {
    let all = [at_once(), after_a_while(), sources(), windows()];
    let tried: BTreeSet<_> = all.iter().flatten().map(|case| case.rule).collect();
    let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(tried, rules);
}
