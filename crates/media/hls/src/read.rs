//! Playlists, read: tolerant where players are, and exact about where something is wrong.
//!
//! What makes a playlist unusable is a [`ReadError`]. What breaks the format but can be read nevertheless becomes a
//! [`Note`] with its line, so that a player goes on and a linter has something to say.

mod attributes;
mod media;
mod multivariant;

use std::fmt;

pub use media::{ByteRange, Key, Map, Media, Segment, ServerControl};
pub use multivariant::{IFrameVariant, Multivariant, Rendition, Variant};

/// A playlist of either kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Playlist {
    /// What there is to choose from.
    Multivariant(Multivariant),
    /// The segments of one rendition.
    Media(Media),
}

/// Why something is not a playlist, and in which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What makes a playlist unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not UTF-8 (RFC 8216bis 4.1).
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It does not begin with `#EXTM3U` (4.4.1.1).
    #[error("it does not begin with #EXTM3U, so it is not a playlist")]
    NotAPlaylist,
    /// Tags of both kinds (4.1).
    #[error("it has tags of a media playlist and of a multivariant playlist")]
    Mixed,
    /// A number that everything else depends on.
    #[error("{tag} has {value:?} where a number is wanted")]
    Number {
        /// The tag.
        tag: &'static str,
        /// What stands there.
        value: String,
    },
}

/// Something that breaks the format but does not keep anyone from playing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// The clause of RFC 8216bis.
    pub clause: &'static str,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} ({})", self.line, self.text, self.clause)
    }
}

/// The notes of a playlist. A broken one of a hundred thousand lines does not need as many.
#[derive(Debug, Default)]
struct Notes {
    list: Vec<Note>,
}

const MOST_NOTES: usize = 100;

impl Notes {
    fn add(&mut self, line: usize, clause: &'static str, text: String) {
        if self.list.len() < MOST_NOTES {
            self.list.push(Note { line, clause, text });
        }
    }
}

/// Reads a playlist.
///
/// # Errors
/// It is not a playlist; see [`Problem`].
pub fn read(bytes: &[u8]) -> Result<Playlist, ReadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        ReadError { line, problem: Problem::NotUtf8 }
    })?;
    let mut notes = Notes::default();
    let text = match text.strip_prefix('\u{feff}') {
        Some(text) => {
            notes.add(1, "4.1", "it begins with a byte order mark".into());
            text
        }
        None => text,
    };
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != "#EXTM3U" {
        return Err(ReadError { line: 1, problem: Problem::NotAPlaylist });
    }
    let lines = text.lines().enumerate().skip(1).map(|(index, line)| (index + 1, line.trim_end()));
    let lines = lines.filter(|(_, line)| !line.is_empty());
    let kind = kind(lines.clone())?;
    Ok(match kind {
        Kind::Multivariant => Playlist::Multivariant(Multivariant::read(lines, notes)?),
        Kind::Media => Playlist::Media(Media::read(lines, notes)?),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Multivariant,
    Media,
}

const OF_MULTIVARIANT: &[&str] = &[
    "#EXT-X-STREAM-INF",
    "#EXT-X-MEDIA",
    "#EXT-X-I-FRAME-STREAM-INF",
    "#EXT-X-SESSION-DATA",
    "#EXT-X-SESSION-KEY",
    "#EXT-X-CONTENT-STEERING",
];
const OF_MEDIA: &[&str] = &[
    "#EXTINF",
    "#EXT-X-TARGETDURATION",
    "#EXT-X-MEDIA-SEQUENCE",
    "#EXT-X-DISCONTINUITY-SEQUENCE",
    "#EXT-X-ENDLIST",
    "#EXT-X-PLAYLIST-TYPE",
    "#EXT-X-I-FRAMES-ONLY",
    "#EXT-X-SERVER-CONTROL",
    "#EXT-X-BYTERANGE",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-KEY",
    "#EXT-X-MAP",
    "#EXT-X-PROGRAM-DATE-TIME",
    "#EXT-X-GAP",
];

/// Which kind of playlist it is, by its tags. One that has none of either kind is an empty media playlist.
fn kind<'t>(lines: impl Iterator<Item = (usize, &'t str)>) -> Result<Kind, ReadError> {
    let mut known = None;
    for (line, text) in lines {
        let (tag, _) = split(text);
        let kind = if OF_MULTIVARIANT.contains(&tag) {
            Kind::Multivariant
        } else if OF_MEDIA.contains(&tag) {
            Kind::Media
        } else {
            continue;
        };
        if known.is_some_and(|known| known != kind) {
            return Err(ReadError { line, problem: Problem::Mixed });
        }
        known = Some(kind);
    }
    Ok(known.unwrap_or(Kind::Media))
}

/// A line's tag, and what is behind its colon.
fn split(line: &str) -> (&str, &str) {
    line.split_once(':').unwrap_or((line, ""))
}

/// A number behind a tag.
fn number(line: usize, tag: &'static str, value: &str) -> Result<u64, ReadError> {
    let problem = || ReadError { line, problem: Problem::Number { tag, value: value.to_owned() } };
    value.trim().parse().map_err(|_| problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_playlist_is_refused_with_the_line() {
        for (text, line, problem) in [
            (&b""[..], 1, Problem::NotAPlaylist),
            (b"<html>", 1, Problem::NotAPlaylist),
            (b"#EXTM3U8\n", 1, Problem::NotAPlaylist),
            (b"#EXTM3U\n\n\xff\n", 3, Problem::NotUtf8),
            (b"#EXTM3U\n#EXTINF:1,\na.ts\n#EXT-X-STREAM-INF:BANDWIDTH=1\nb.m3u8\n", 4, Problem::Mixed),
            (
                b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n",
                2,
                Problem::Number { tag: "EXT-X-MEDIA-SEQUENCE", value: "x".into() },
            ),
        ] {
            assert_eq!(read(text), Err(ReadError { line, problem }));
        }
        let error = read(b"#EXTM3U\n#EXT-X-VERSION:six\n").unwrap_err().to_string();
        assert_eq!(error, "line 2: EXT-X-VERSION has \"six\" where a number is wanted");
    }

    #[test]
    fn a_mark_and_carriage_returns_do_not_keep_anyone_from_playing() {
        let text = "\u{feff}#EXTM3U\r\n#EXT-X-TARGETDURATION:6\r\n#EXTINF:6,\r\na.ts\r\n";
        let Ok(Playlist::Media(media)) = read(text.as_bytes()) else { panic!() };
        assert_eq!((media.segments.len(), media.segments[0].uri.as_str()), (1, "a.ts"));
        assert_eq!(media.notes.len(), 1);
    }
}
