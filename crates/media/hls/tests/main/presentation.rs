//! A presentation on a clock of its own: a transcoder that pushes into a window, a server over it, and a linter that looks.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use funkturm_hls::{
    lint::{Lint, Method, Request, Response},
    playlist,
    window::{Frame, Media, Put, Segment, TICKS, Window},
};

use crate::media;

pub(crate) const GRID: i64 = 6 * TICKS;
pub(crate) const BASE: &str = "http://origin.example/hls/open/one/";
/// The first number; its cell begins at a whole second.
pub(crate) const FIRST: u64 = 299_000_000;

/// What is pushed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Push {
    /// Cells after the first.
    pub(crate) cell: u64,
    pub(crate) epoch: u64,
    /// Begins so much after the cell does, ticks.
    pub(crate) late: i64,
    /// Ends so much before the cell does, ticks.
    pub(crate) short: i64,
    /// Another transcoder may have more of it.
    pub(crate) cut: bool,
}

impl Push {
    pub(crate) fn whole(cell: u64, epoch: u64) -> Self {
        Self { cell, epoch, late: 0, short: 0, cut: false }
    }
}

/// The server.
pub(crate) struct Presentation {
    pub(crate) window: Window,
    pub(crate) files: BTreeMap<String, Bytes>,
    /// By number, rendition and epoch, until the number is listed.
    waiting: BTreeMap<(u64, String, u64), Bytes>,
    /// Time between key pictures, ticks.
    pub(crate) gop: i64,
    playlists: BTreeMap<String, String>,
}

impl Presentation {
    /// With a window of so many cells.
    pub(crate) fn new(keep: i64) -> Self {
        Self {
            window: Window::new(GRID, keep * GRID),
            files: BTreeMap::new(),
            waiting: BTreeMap::new(),
            gop: 2 * TICKS,
            playlists: BTreeMap::new(),
        }
    }

    pub(crate) fn push(&mut self, now: Duration, name: &str, push: Push) {
        let number = FIRST + push.cell;
        let start = i64::try_from(number).unwrap() * GRID + push.late;
        let duration = GRID - push.late - push.short;
        let init = format!("{}{}", &name[..1], push.epoch);
        let video = name.starts_with('v');
        let rate = if name == "v1" { 6_000 } else { 12_000 };
        let (body, frames) = if video {
            media::video(start, duration, self.gop, rate)
        } else {
            (media::audio(start, duration, 1_600), vec![])
        };
        let frames =
            frames.into_iter().map(|(offset, length, time)| Frame { offset, length, time }).collect();
        let segment = Segment {
            start,
            duration,
            epoch: push.epoch,
            cut: push.cut,
            alone: false,
            init: init.clone(),
            size: body.len() as u64,
            frames,
        };
        let (codecs, kind) = if video {
            ("avc1.64001f", Media::Video { width: 1280, height: 720, frame_rate: 25.0, on_grid: false })
        } else {
            let (language, label) = (Some("deu".into()), format!("Deutsch {name}"));
            (
                "mp4a.40.2",
                Media::Audio { language, label, channels: 2, description: false, default: name == "a0" },
            )
        };
        if self.window.put(now, name, codecs, &kind, number, segment) == Put::New {
            self.waiting.insert((number, name.to_owned(), push.epoch), body.into());
        }
        let section = if video { media::video_init() } else { media::audio_init() };
        self.files.insert(format!("{name}/init-{init}.mp4"), section.into());
    }

    /// Lets the window move, and writes the playlists anew.
    pub(crate) fn advance(&mut self, now: Duration) {
        if !self.window.advance(now) {
            return;
        }
        let listed = self.window.listed().map_or(0, |(_, last)| last);
        let done: Vec<_> = self.waiting.extract_if(.., |(number, ..), _| *number <= listed).collect();
        for ((number, name, epoch), body) in done {
            let rendition = self.window.renditions().get(&name);
            if rendition.is_some_and(|one| one.segments.get(&number).is_some_and(|of| of.epoch == epoch)) {
                self.files.insert(format!("{name}/{number}.m4s"), body);
            }
        }
        let oldest = self.window.oldest_kept();
        self.files.retain(|name, _| {
            let number = name.split('/').next_back().and_then(|file| file.strip_suffix(".m4s"));
            number.is_none_or(|number| number.parse::<u64>().unwrap() >= oldest)
        });
        let mut playlists = BTreeMap::new();
        playlists.extend(playlist::multivariant(&self.window).map(|text| ("master.m3u8".to_owned(), text)));
        for name in self.window.renditions().keys() {
            playlists
                .extend(playlist::media(&self.window, name).map(|text| (format!("{name}/index.m3u8"), text)));
            playlists.extend(
                playlist::i_frames(&self.window, name).map(|text| (format!("{name}/iframes.m3u8"), text)),
            );
        }
        self.playlists = playlists;
    }

    /// Answers as the origin does.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        let path = request.url.strip_prefix(BASE).unwrap();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        if let Some(text) = self.playlists.get(path) {
            let headers = vec![
                header("content-type", "application/vnd.apple.mpegurl"),
                header("content-encoding", "gzip"),
                header("cache-control", "public, max-age=3"),
            ];
            return Response { status: 200, headers, body: Bytes::from(text.clone()) };
        }
        let Some(body) = self.files.get(path) else { return Response { status: 404, ..Response::default() } };
        let kind = if path.starts_with('v') { "video/mp4" } else { "audio/mp4" };
        let headers = vec![
            header("content-type", kind),
            header("cache-control", "public, max-age=31536000, immutable"),
        ];
        let (status, body) = match (request.range, request.method) {
            (_, Method::Head) => (200, Bytes::new()),
            (None, _) => (200, body.clone()),
            (Some(range), _) => {
                let first = usize::try_from(range.offset).unwrap();
                (206, body.slice(first..first + usize::try_from(range.length).unwrap()))
            }
        };
        Response { status, headers, body }
    }
}

/// Changes what comes back.
pub(crate) type Spoil = Box<dyn FnMut(Duration, &Request, &mut Response)>;

/// One session of the linter. A cell is pushed when its time is over.
pub(crate) struct Session {
    pub(crate) presentation: Presentation,
    pub(crate) names: Vec<&'static str>,
    /// Cells that were there before anyone looked.
    pub(crate) before: u64,
    /// Seconds that it looks.
    pub(crate) seconds: u64,
    /// Which cells are pushed, with what; by default all, whole and of one epoch.
    pub(crate) source: Box<dyn Fn(u64) -> Option<Push>>,
    /// Changes what comes back.
    pub(crate) spoil: Spoil,
}

impl Session {
    /// Fifteen minutes of window, all of it there.
    pub(crate) fn new() -> Self {
        Self {
            presentation: Presentation::new(150),
            names: vec!["v0", "v1", "a0", "a1"],
            before: 160,
            seconds: 40,
            source: Box::new(|cell| Some(Push::whole(cell, 1))),
            spoil: Box::new(|_, _, _| {}),
        }
    }

    /// A minute of window, so that what leaves it is seen.
    pub(crate) fn short() -> Self {
        Self { presentation: Presentation::new(10), before: 12, seconds: 160, ..Self::new() }
    }

    pub(crate) fn run(mut self) -> Lint {
        let mut lint = Lint::new(&format!("{BASE}master.m3u8"));
        let mut now = Duration::ZERO;
        let mut next = 0;
        let start = Duration::from_secs(self.before * 6 + 1);
        let end = start + Duration::from_secs(self.seconds);
        while now < end {
            while u128::from(next) * 6000 <= now.as_millis() {
                for name in &self.names {
                    if let Some(push) = (self.source)(next) {
                        self.presentation.push(now, name, push);
                    }
                }
                next += 1;
            }
            self.presentation.advance(now);
            if now >= start {
                self.look(&mut lint, now - start);
            }
            now += Duration::from_millis(250);
        }
        lint
    }

    fn look(&mut self, lint: &mut Lint, now: Duration) {
        for request in lint.next_requests(now) {
            let mut response = self.presentation.answer(&request);
            (self.spoil)(now, &request, &mut response);
            let there = now + Duration::from_millis(20);
            if response.status == 0 {
                lint.failed(now, there, &request, "connection refused");
            } else {
                lint.response(now, there, &request, &response);
            }
        }
    }
}

/// The ids of the rules that were broken.
pub(crate) fn ids(lint: &Lint) -> Vec<&'static str> {
    let mut ids: Vec<_> = lint.report().findings().map(|finding| finding.rule.id).collect();
    ids.dedup();
    ids
}

/// What was found, for messages.
pub(crate) fn shown(lint: &Lint) -> String {
    lint.report().findings().map(|finding| format!("[{}] {finding}\n", finding.rule.id)).collect()
}

#[test]
fn a_good_presentation_leaves_the_linter_silent() {
    let lint = Session { seconds: 150, ..Session::new() }.run();
    assert!(lint.report().is_empty(), "{}", shown(&lint));
}

#[test]
fn epochs_that_end_and_begin_within_cells_leave_it_silent() {
    let source = |cell: u64| {
        Some(match cell {
            165 => Push { cell, epoch: 1, late: 0, short: 2 * TICKS, cut: true },
            166 => Push { cell, epoch: 2, late: 2 * TICKS, short: 0, cut: true },
            167.. => Push::whole(cell, 2),
            _ => Push::whole(cell, 1),
        })
    };
    let lint = Session { seconds: 120, source: Box::new(source), ..Session::new() }.run();
    assert!(lint.report().is_empty(), "{}", shown(&lint));
}

#[test]
fn a_hole_is_late_and_nothing_else() {
    let source = |cell: u64| (!(164..167).contains(&cell)).then(|| Push::whole(cell, 1));
    let lint = Session { seconds: 120, source: Box::new(source), ..Session::new() }.run();
    assert_eq!(ids(&lint), ["LATE"], "{}", shown(&lint));
}

#[test]
fn key_pictures_that_do_not_divide_the_grid_only_make_the_target_duration_unusual() {
    let mut session = Session { seconds: 120, ..Session::new() };
    session.presentation.gop = TICKS * 96 / 100;
    // Segments from the first key picture in a cell to the first one in the next.
    let first = |cell: u64| {
        let begin = i64::try_from(FIRST + cell).unwrap() * GRID;
        (begin + TICKS * 96 / 100 - 1).div_euclid(TICKS * 96 / 100) * (TICKS * 96 / 100) - begin
    };
    session.source = Box::new(move |cell| {
        Some(Push { late: first(cell), short: -first(cell + 1), ..Push::whole(cell, 1) })
    });
    session.names = vec!["v0", "a0"];
    let lint = session.run();
    assert_eq!(ids(&lint), ["TARGET_UNUSUAL"], "{}", shown(&lint));
}

#[test]
fn a_media_playlist_alone_can_be_followed_too() {
    let session = Session::new();
    let mut presentation = session.presentation;
    for cell in 0..160 {
        let now = Duration::from_secs(cell * 6);
        presentation.push(now, "v0", Push::whole(cell, 1));
        presentation.advance(now + Duration::from_secs(5));
    }
    let mut lint = Lint::new(&format!("{BASE}v0/index.m3u8"));
    for request in lint.next_requests(Duration::ZERO) {
        lint.response(Duration::ZERO, Duration::ZERO, &request, &presentation.answer(&request));
    }
    assert_eq!(lint.wake(), Some(Duration::ZERO), "segments are wanted");
    assert!(lint.report().is_empty(), "{}", shown(&lint));
}
