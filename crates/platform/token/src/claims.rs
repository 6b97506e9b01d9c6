//! What a token says: the claims (RFC 8392 3, CTA-5007-B), and whether they allow a request.

use funkturm_base::ChannelId;
use minicbor::{Decoder, Encoder};
use uuid::Uuid;

use crate::Refused;

/// The issuer of all tokens.
pub const ISSUER: &str = "funkturm";

/// Pictures of so many lines are HD.
pub const HD_LINES: u32 = 720;

/// What clocks of machines may differ by, seconds.
const LEEWAY: u64 = 5;

/// The only version of the Common Access Token there is.
const VERSION: u8 = 1;

/// Claim keys: RFC 8392 4, CTA-5007-B, and two of our own, out of the range for private use (RFC 8392 9.1.1).
mod key {
    pub(super) const ISS: i64 = 1;
    pub(super) const EXP: i64 = 4;
    pub(super) const NBF: i64 = 5;
    pub(super) const IAT: i64 = 6;
    pub(super) const CTI: i64 = 7;
    pub(super) const CATV: i64 = 310;
    pub(super) const CATU: i64 = 312;
    pub(super) const CATM: i64 = 313;
    /// `[from, until]`: the first and the last segment number that may be fetched.
    pub(super) const WINDOW: i64 = -65_537;
    /// Only pictures of fewer lines than this may be fetched.
    pub(super) const LINES: i64 = -65_538;
}

/// Within `catu`: the path, and that it begins with something.
const CATU_PATH: u8 = 3;
const CATU_PREFIX: u8 = 1;

/// What a token says. Paths are those of requests without the token in them: `/hls/CHANNEL/…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The playback session: `cti`. All tokens of a session have it.
    pub session: Uuid,
    /// What the path begins with: `catu`.
    pub path: String,
    /// The methods: `catm`.
    pub methods: Methods,
    /// When it was made, seconds since 1970: `iat`.
    pub made: u64,
    /// From when it is good, seconds since 1970: `nbf`.
    pub from: u64,
    /// Until when it is good, seconds since 1970: `exp`.
    pub until: u64,
    /// Which segments it is for; all, if it does not say.
    pub window: Option<Window>,
    /// Whether it is for pictures of [`HD_LINES`] and more, too.
    pub hd: bool,
}

/// Methods that a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods {
    /// GET.
    pub get: bool,
    /// HEAD.
    pub head: bool,
}

/// A part of a channel's timeline, in segment numbers; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first segment.
    pub first: u64,
    /// The last segment.
    pub last: u64,
}

impl Claims {
    /// Claims for watching a channel, live, from now on for so many seconds.
    pub fn for_channel(session: Uuid, channel: &ChannelId, now: u64, seconds: u64) -> Self {
        Self {
            session,
            path: format!("/hls/{channel}/"),
            methods: Methods { get: true, head: true },
            made: now,
            from: now,
            until: now + seconds,
            window: None,
            hd: true,
        }
    }

    /// Whether they are good at this time, seconds since 1970.
    ///
    /// # Errors
    /// Not any more, or not yet.
    pub fn check_time(&self, now: u64) -> Result<(), Refused> {
        if now >= self.until.saturating_add(LEEWAY) {
            return Err(Refused::Expired);
        }
        if now.saturating_add(LEEWAY) < self.from {
            return Err(Refused::NotYet);
        }
        Ok(())
    }

    /// Whether they allow a request: `rest` is what follows the channel in the path.
    ///
    /// # Errors
    /// They are for another method or another path.
    pub fn check_request(&self, method: &str, channel: &str, rest: &str) -> Result<(), Refused> {
        let allowed = match method {
            "GET" => self.methods.get,
            "HEAD" => self.methods.head,
            _ => false,
        };
        if !allowed {
            return Err(Refused::OtherMethod);
        }
        let mut left = self.path.as_str();
        for piece in ["/hls/", channel, "/", rest] {
            if piece.starts_with(left) {
                return Ok(());
            }
            left = left.strip_prefix(piece).ok_or(Refused::OtherPath)?;
        }
        if left.is_empty() { Ok(()) } else { Err(Refused::OtherPath) }
    }

    /// Whether they allow a segment.
    ///
    /// # Errors
    /// It is outside of the window.
    pub fn check_segment(&self, number: u64) -> Result<(), Refused> {
        match self.window {
            Some(Window { first, last }) if !(first..=last).contains(&number) => Err(Refused::OutsideWindow),
            _ => Ok(()),
        }
    }

    /// As CBOR, in the deterministic order of keys (RFC 8949 4.2.1).
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::with_capacity(192));
        // Writing into memory cannot fail.
        let _ = self.write(&mut out);
        out.into_writer()
    }

    fn write(
        &self,
        out: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        out.map(8 + u64::from(self.window.is_some()) + u64::from(!self.hd))?;
        out.i64(key::ISS)?.str(ISSUER)?;
        for (key, time) in [(key::EXP, self.until), (key::NBF, self.from), (key::IAT, self.made)] {
            out.i64(key)?.u64(time)?;
        }
        out.i64(key::CTI)?.bytes(self.session.as_bytes())?;
        out.i64(key::CATV)?.u8(VERSION)?;
        out.i64(key::CATU)?.map(1)?.u8(CATU_PATH)?.map(1)?.u8(CATU_PREFIX)?.str(&self.path)?;
        let methods = [("GET", self.methods.get), ("HEAD", self.methods.head)];
        out.i64(key::CATM)?.array(methods.iter().filter(|(_, allowed)| *allowed).count() as u64)?;
        for (name, _) in methods.iter().filter(|(_, allowed)| *allowed) {
            out.str(name)?;
        }
        if let Some(Window { first, last }) = self.window {
            out.i64(key::WINDOW)?.array(2)?.u64(first)?.u64(last)?;
        }
        if !self.hd {
            out.i64(key::LINES)?.u32(HD_LINES)?;
        }
        Ok(())
    }

    /// Reads claims; none if anything is missing that a token of ours has, or there is anything that is not understood.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder::new(bytes);
        let mut read = Read::default();
        for _ in 0..from.map().ok()?? {
            read.claim(&mut from)?;
        }
        if from.position() != bytes.len() {
            return None;
        }
        let made = read.made.unwrap_or_default();
        Some(Self {
            session: read.session?,
            path: read.issued.and(read.path)?,
            methods: read.methods?,
            made,
            from: read.from.unwrap_or(made),
            until: read.until?,
            window: read.window,
            hd: read.lines.is_none(),
        })
    }
}

/// Claims as they are read, each at most once.
#[derive(Default)]
struct Read {
    issued: Option<()>,
    version: Option<()>,
    lines: Option<()>,
    session: Option<Uuid>,
    path: Option<String>,
    methods: Option<Methods>,
    made: Option<u64>,
    from: Option<u64>,
    until: Option<u64>,
    window: Option<Window>,
}

impl Read {
    fn claim(&mut self, from: &mut Decoder<'_>) -> Option<()> {
        match from.i64().ok()? {
            key::ISS => once(&mut self.issued, (from.str().ok()? == ISSUER).then_some(())),
            key::EXP => once(&mut self.until, from.u64().ok()),
            key::NBF => once(&mut self.from, from.u64().ok()),
            key::IAT => once(&mut self.made, from.u64().ok()),
            key::CTI => once(&mut self.session, Uuid::from_slice(from.bytes().ok()?).ok()),
            key::CATV => once(&mut self.version, (from.u8().ok()? == VERSION).then_some(())),
            key::CATU => once(&mut self.path, path(from)),
            key::CATM => once(&mut self.methods, methods(from)),
            key::WINDOW => once(&mut self.window, window(from)),
            key::LINES => once(&mut self.lines, (from.u32().ok()? == HD_LINES).then_some(())),
            _ => None,
        }
    }
}

/// Fills a place; none if there is nothing to fill it with, or it is full.
fn once<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = Some(value?);
    Some(())
}

fn path(from: &mut Decoder<'_>) -> Option<String> {
    let wanted = from.map().ok()? == Some(1)
        && from.u8().ok()? == CATU_PATH
        && from.map().ok()? == Some(1)
        && from.u8().ok()? == CATU_PREFIX;
    if wanted { from.str().ok().map(str::to_owned) } else { None }
}

/// Methods that are none of media's are passed over: they allow nothing here.
fn methods(from: &mut Decoder<'_>) -> Option<Methods> {
    let mut methods = Methods { get: false, head: false };
    for _ in 0..from.array().ok()?? {
        match from.str().ok()? {
            "GET" => methods.get = true,
            "HEAD" => methods.head = true,
            _ => {}
        }
    }
    Some(methods)
}

fn window(from: &mut Decoder<'_>) -> Option<Window> {
    if from.array().ok()? != Some(2) {
        return None;
    }
    Some(Window { first: from.u64().ok()?, last: from.u64().ok()? })
}
