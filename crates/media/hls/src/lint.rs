//! The linter: follows a presentation across reloads and reports every breach of RFC 8216bis and of Apple's authoring rules
//! that can be seen from outside.
//!
//! It does no IO. Whoever drives it asks for [`Lint::next_requests`], makes them, and gives what came back to
//! [`Lint::response`]; [`Lint::wake`] says when to ask again. Rules that need long observation speak only when they
//! have observed for long enough; rules about changes speak when something changes.

mod delivery;
mod follow;
mod media;
mod mp4;
mod multivariant;
mod playlist;
mod report;
mod rules;
mod siblings;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;

use self::{
    follow::{Follow, Role},
    media::Announced,
    report::Page,
    rules::{
        AVERAGE_TOO_HIGH, FORMAT, GONE_EARLY, I_FRAME_BROKEN, INIT_UNUSABLE, PEAK_TOO_HIGH,
        PLAYLIST_UNREACHABLE, PLAYLIST_UNREADABLE, REDIRECT, SEGMENT_UNREACHABLE,
    },
};
use crate::{
    read::{self, ByteRange, Media, Multivariant, Note, Playlist, Segment},
    uri,
};

pub use report::{Finding, Report};
pub use rules::{RULES, Rule, Severity};

/// How something is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// With its body.
    Get,
    /// Without.
    Head,
}

/// A request that the linter wants made, without following redirects.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The whole URL.
    pub url: String,
    /// When it was due, on the caller's clock.
    pub at: Duration,
    /// GET or HEAD.
    pub method: Method,
    /// The part that is wanted, for a Range header.
    pub range: Option<ByteRange>,
    /// Whether to send `Accept-Encoding: gzip`.
    pub accept_gzip: bool,
    purpose: Purpose,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names and values as they were sent, Content-Encoding included.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Response {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What a request is for. Playlists are named by their place in the list of those that are followed.
#[derive(Clone, Debug, PartialEq)]
enum Purpose {
    Root,
    Playlist(usize),
    Init { playlist: usize, url: String },
    Segment { playlist: usize, segment: Box<Segment> },
    IFrame { playlist: usize, segment: Box<Segment> },
    StillThere { playlist: usize, uri: String },
}

/// Follows one presentation.
#[derive(Debug)]
pub struct Lint {
    root: String,
    multivariant: Option<Multivariant>,
    playlists: Vec<Follow>,
    announced: Vec<Announced>,
    /// What is to be asked for, by time and order.
    planned: BTreeMap<(Duration, u64), Request>,
    planned_so_far: u64,
    report: Report,
}

/// The multivariant playlist may change too, though players load it once.
const ROOT_EVERY: Duration = Duration::from_secs(60);

/// Of a playlist that is seen for the first time, so many segments are loaded, from the end.
const FIRST_SEGMENTS: usize = 3;

/// What depends on another answer, or goes round in circles, waits for so long.
const PATIENCE: Duration = Duration::from_millis(300);

/// An average is held against the rule after so many seconds of media.
const AVERAGE_AFTER: f64 = 120.0;

impl Lint {
    /// Follows what is at `url`: a multivariant playlist, or one media playlist.
    pub fn new(url: &str) -> Self {
        let mut lint = Self {
            root: url.to_owned(),
            multivariant: None,
            playlists: Vec::new(),
            announced: Vec::new(),
            planned: BTreeMap::new(),
            planned_so_far: 0,
            report: Report::default(),
        };
        lint.plan(Duration::ZERO, url.to_owned(), Purpose::Root);
        lint
    }

    /// What was found so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The requests that are due. Each is handed out once, and must come back through `response` or `failed`.
    pub fn next_requests(&mut self, now: Duration) -> Vec<Request> {
        let later = self.planned.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.planned, later).into_values().collect()
    }

    /// When the next request is due; none while all are under way.
    pub fn wake(&self) -> Option<Duration> {
        self.planned.keys().next().map(|(at, _)| *at)
    }

    /// Takes an answer. `asked` is when the request was sent.
    pub fn response(&mut self, asked: Duration, now: Duration, request: &Request, response: &Response) {
        if let (301 | 302 | 303 | 307 | 308, Some(to)) = (response.status, response.header("location")) {
            let to = uri::resolve(&request.url, to);
            self.report.add(now, REDIRECT, &request.url, format!("{} to {to}", response.status));
            // Not at once: a loop of redirects is not to be run through at the speed of the line.
            self.plan(now + PATIENCE, to, request.purpose.clone());
            return;
        }
        match &request.purpose {
            Purpose::Root => self.root(asked, now, request, response),
            Purpose::Playlist(index) => self.playlist(asked, now, *index, request, response),
            Purpose::Init { playlist, url } => self.init(now, *playlist, url, response),
            Purpose::Segment { playlist, segment } => self.segment(now, *playlist, segment, response),
            Purpose::IFrame { playlist, segment } => self.i_frame(now, *playlist, segment, response),
            Purpose::StillThere { playlist, uri } => self.still_there(now, *playlist, uri, response),
        }
    }

    /// Takes the news that a request got no answer.
    pub fn failed(&mut self, asked: Duration, now: Duration, request: &Request, reason: &str) {
        match &request.purpose {
            Purpose::Root => {
                self.report.add(now, PLAYLIST_UNREACHABLE, &request.url, reason);
                self.plan(asked + Duration::from_secs(2), request.url.clone(), Purpose::Root);
            }
            Purpose::Playlist(index) => {
                self.report.add(now, PLAYLIST_UNREACHABLE, &request.url, reason);
                self.plan_reload(asked, *index);
            }
            Purpose::Init { playlist, .. } => self.at(now, *playlist, INIT_UNUSABLE, reason.to_owned()),
            Purpose::Segment { playlist, segment } | Purpose::IFrame { playlist, segment } => {
                self.at(now, *playlist, SEGMENT_UNREACHABLE, format!("{}: {reason}", segment.uri));
            }
            Purpose::StillThere { playlist, uri } => {
                self.at(now, *playlist, GONE_EARLY, format!("{uri}: {reason}"));
            }
        }
    }

    fn plan(&mut self, at: Duration, url: String, purpose: Purpose) {
        self.planned_so_far += 1;
        let range = match &purpose {
            Purpose::Segment { segment, .. } | Purpose::IFrame { segment, .. } => segment.byte_range,
            _ => None,
        };
        let method = if matches!(purpose, Purpose::StillThere { .. }) { Method::Head } else { Method::Get };
        let accept_gzip = matches!(purpose, Purpose::Root | Purpose::Playlist(_));
        let request = Request { url, at, method, range, accept_gzip, purpose };
        self.planned.insert((at, self.planned_so_far), request);
    }

    fn plan_reload(&mut self, asked: Duration, index: usize) {
        let Some(follow) = self.playlists.get(index) else { return };
        let (at, url) = (follow.next_load(asked), follow.url.clone());
        self.plan(at, url, Purpose::Playlist(index));
    }

    /// Reports something about a followed playlist.
    fn at(&mut self, now: Duration, index: usize, rule: &'static Rule, seen: String) {
        if let Some(follow) = self.playlists.get(index) {
            self.report.add(now, rule, &follow.url, seen);
        }
    }

    fn read(&mut self, now: Duration, url: &str, response: &Response) -> Option<Playlist> {
        if response.status != 200 {
            self.report.add(now, PLAYLIST_UNREACHABLE, url, format!("status {}", response.status));
            return None;
        }
        match read::read(&response.body) {
            Ok(playlist) => Some(playlist),
            Err(error) => {
                self.report.add(now, PLAYLIST_UNREADABLE, url, error.to_string());
                None
            }
        }
    }

    fn notes(&mut self, now: Duration, url: &str, notes: &[Note]) {
        for note in notes {
            let clause = format!("RFC {}", note.clause).into();
            let seen = format!("line {}: {}", note.line, note.text);
            self.report.add_under(now, FORMAT, clause, url, seen);
        }
    }

    fn root(&mut self, asked: Duration, now: Duration, request: &Request, response: &Response) {
        match self.read(now, &request.url, response) {
            Some(Playlist::Multivariant(multivariant)) => {
                delivery::playlist(&mut Page::new(&mut self.report, now, &request.url), response, None);
                self.notes(now, &request.url, &multivariant.notes);
                multivariant::check(&mut Page::new(&mut self.report, now, &request.url), &multivariant);
                self.follow_all(now, &request.url, &multivariant);
                self.multivariant = Some(multivariant);
                self.plan(asked + ROOT_EVERY, self.root.clone(), Purpose::Root);
            }
            Some(Playlist::Media(_)) => {
                let index = self.follow(&request.url, Role::Main, Announced::default());
                self.playlist(asked, now, index, request, response);
            }
            None => self.plan(asked + Duration::from_secs(2), self.root.clone(), Purpose::Root),
        }
    }

    /// Follows every media playlist that a multivariant playlist names.
    fn follow_all(&mut self, now: Duration, base: &str, multivariant: &Multivariant) {
        let mut wanted = Vec::new();
        for variant in &multivariant.variants {
            let announced = Announced { codecs: variant.codecs.clone(), resolution: variant.resolution };
            wanted.push((variant.uri.as_str(), Role::Main, announced));
        }
        for rendition in multivariant.renditions.iter().filter(|rendition| rendition.kind == "AUDIO") {
            let Some(uri) = &rendition.uri else { continue };
            let of_group = multivariant
                .variants
                .iter()
                .filter(|variant| variant.audio.as_ref() == Some(&rendition.group));
            let codecs = of_group.flat_map(|variant| variant.codecs.clone()).collect();
            wanted.push((uri, Role::Alternative, Announced { codecs, resolution: None }));
        }
        for variant in &multivariant.i_frame_variants {
            let announced = Announced { codecs: variant.codecs.clone(), resolution: variant.resolution };
            wanted.push((&variant.uri, Role::IFrames, announced));
        }
        for (reference, role, announced) in wanted {
            let url = uri::resolve(base, reference);
            let known = self.playlists.len();
            let index = self.follow(&url, role, announced);
            if index == known {
                self.plan(now, url, Purpose::Playlist(index));
            }
        }
    }

    /// The place of a playlist in the list, which it is added to if it is new.
    fn follow(&mut self, url: &str, role: Role, announced: Announced) -> usize {
        if let Some(index) = self.playlists.iter().position(|follow| follow.url == url) {
            return index;
        }
        self.playlists.push(Follow::new(url.to_owned(), role));
        self.announced.push(announced);
        self.playlists.len() - 1
    }

    fn playlist(
        &mut self,
        asked: Duration,
        now: Duration,
        index: usize,
        request: &Request,
        response: &Response,
    ) {
        match self.read(now, &request.url, response) {
            Some(Playlist::Media(media)) => self.media(asked, now, index, media, response),
            Some(Playlist::Multivariant(_)) => {
                let seen = "a multivariant playlist where a media playlist is wanted";
                self.report.add(now, PLAYLIST_UNREADABLE, &request.url, seen);
            }
            None => {}
        }
        self.plan_reload(asked, index);
    }

    fn media(&mut self, asked: Duration, now: Duration, index: usize, media: Media, response: &Response) {
        let Some(follow) = self.playlists.get_mut(index) else { return };
        let (url, role) = (follow.url.clone(), follow.role.clone());
        let first = follow.last.is_none();
        let target = (!media.ended).then_some(media.target_duration);
        let mut page = Page::new(&mut self.report, now, &url);
        delivery::playlist(&mut page, response, target);
        playlist::check(&mut page, &media, role == Role::IFrames);
        let notes = media.notes.clone();
        let mut change = follow.load(&mut self.report, asked, now, media);
        self.notes(now, &url, &notes);
        siblings::check(&mut self.report, now, &self.playlists, index);
        for removed in change.removed {
            // A little before its time is up, for the way there.
            let at = removed.until.saturating_sub(Duration::from_secs(1)).max(now);
            if at < removed.until {
                let target = uri::resolve(&url, &removed.uri);
                self.plan(at, target, Purpose::StillThere { playlist: index, uri: removed.uri });
            }
        }
        if first {
            change.new = change.new.split_off(change.new.len().saturating_sub(FIRST_SEGMENTS));
        }
        if role == Role::IFrames {
            change.new = change.new.split_off(change.new.len().saturating_sub(1));
        }
        for segment in change.new.into_iter().filter(|segment| !segment.gap) {
            self.plan_segment(now, index, &url, &role, segment);
        }
    }

    fn plan_segment(&mut self, now: Duration, index: usize, base: &str, role: &Role, segment: Segment) {
        let target = uri::resolve(base, &segment.uri);
        let mut at = now;
        if let Some(map) = &segment.map {
            let init = uri::resolve(base, &map.uri);
            let known = self.playlists.get(index).is_some_and(|follow| follow.measured.knows_init(&init));
            let purpose = Purpose::Init { playlist: index, url: init.clone() };
            if !known {
                at += PATIENCE;
                if !self.planned.values().any(|request| request.purpose == purpose) {
                    self.plan(now, init, purpose);
                }
            }
        }
        let segment = Box::new(segment);
        let purpose = match role {
            Role::IFrames => Purpose::IFrame { playlist: index, segment },
            Role::Main | Role::Alternative => Purpose::Segment { playlist: index, segment },
        };
        self.plan(at, target, purpose);
    }

    fn init(&mut self, now: Duration, index: usize, url: &str, response: &Response) {
        if response.status != 200 {
            return self.at(now, index, INIT_UNUSABLE, format!("{url}: status {}", response.status));
        }
        let (Some(follow), Some(announced)) = (self.playlists.get_mut(index), self.announced.get(index))
        else {
            return;
        };
        let listed = follow.last.as_ref().map_or(0.0, Media::duration);
        let playlist = follow.url.clone();
        let mut page = Page::new(&mut self.report, now, &playlist);
        delivery::media(&mut page, url, response, listed);
        follow.measured.init(&mut page, url, &response.body, announced);
    }

    fn segment(&mut self, now: Duration, index: usize, segment: &Segment, response: &Response) {
        let expected = if segment.byte_range.is_some() { 206 } else { 200 };
        if response.status != expected {
            let seen = format!("{}: status {}", segment.uri, response.status);
            return self.at(now, index, SEGMENT_UNREACHABLE, seen);
        }
        let Some(follow) = self.playlists.get_mut(index) else { return };
        let (url, target) = (follow.url.clone(), follow.last.as_ref().map_or(6, |last| last.target_duration));
        let listed = follow.last.as_ref().map_or(0.0, Media::duration);
        let mut page = Page::new(&mut self.report, now, &url);
        delivery::media(&mut page, &segment.uri, response, listed);
        let init = segment.map.as_ref().map(|map| uri::resolve(&url, &map.uri)).unwrap_or_default();
        follow.measured.segment(&mut page, segment, &init, &response.body, target as f64);
        self.bandwidth(now);
    }

    fn i_frame(&mut self, now: Duration, index: usize, segment: &Segment, response: &Response) {
        let Some(follow) = self.playlists.get(index) else { return };
        let whole = segment.byte_range.is_none();
        let length = segment.byte_range.map_or(response.body.len() as u64, |range| range.length);
        let problem = if response.status != if whole { 200 } else { 206 } {
            Err(format!("status {}", response.status))
        } else if response.body.len() as u64 != length {
            Err(format!("{} bytes instead of {length}", response.body.len()))
        } else {
            let init =
                segment.map.as_ref().map(|map| uri::resolve(&follow.url, &map.uri)).unwrap_or_default();
            follow.measured.i_frame(&init, &response.body)
        };
        if let Err(problem) = problem {
            self.at(now, index, I_FRAME_BROKEN, format!("{}: {problem}", segment.uri));
        }
    }

    fn still_there(&mut self, now: Duration, index: usize, uri: &str, response: &Response) {
        if response.status != 200 {
            self.at(now, index, GONE_EARLY, format!("{uri}: status {}", response.status));
        }
    }

    /// Holds what was measured against what the multivariant playlist says: a variant's own and its dearest sound.
    fn bandwidth(&mut self, now: Duration) {
        let Some(multivariant) = &self.multivariant else { return };
        let measured = |reference: &str| {
            let url = uri::resolve(&self.root, reference);
            self.playlists.iter().find(|follow| follow.url == url).map(|follow| &follow.measured)
        };
        for variant in &multivariant.variants {
            let Some(own) = measured(&variant.uri) else { continue };
            let sounds =
                multivariant.renditions.iter().filter(|sound| Some(&sound.group) == variant.audio.as_ref());
            let sounds = sounds.filter_map(|sound| sound.uri.as_deref()).filter(|uri| *uri != variant.uri);
            let (mut peak, mut average) = (0.0_f64, 0.0_f64);
            for sound in sounds.filter_map(measured) {
                peak = peak.max(sound.peak());
                average = average.max(sound.average().0);
            }
            let (peak, (own_average, seconds)) = (peak + own.peak(), own.average());
            let average = average + own_average;
            if let Some(announced) = variant.bandwidth.filter(|announced| peak >= *announced as f64 * 1.25) {
                let seen = format!("{}: {peak:.0} bit/s measured, {announced} announced", variant.uri);
                self.report.add(now, PEAK_TOO_HIGH, &self.root, seen);
            }
            let announced = variant.average_bandwidth.filter(|_| seconds >= AVERAGE_AFTER);
            if let Some(announced) = announced.filter(|announced| average >= *announced as f64 * 1.1) {
                let seen = format!(
                    "{}: {average:.0} bit/s measured over {seconds:.0} s, {announced} announced",
                    variant.uri
                );
                self.report.add(now, AVERAGE_TOO_HIGH, &self.root, seen);
            }
        }
    }
}
