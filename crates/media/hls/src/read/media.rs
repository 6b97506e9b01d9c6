//! Media playlists (RFC 8216bis 4.4.3 and 4.4.4).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Note, Notes, ReadError, attributes::Attributes, number, split};

/// The segments of one rendition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Media {
    /// EXT-X-VERSION; 1 where there is none.
    pub version: u64,
    /// EXT-X-TARGETDURATION in seconds; where it is missing, the longest segment's, and a note.
    pub target_duration: u64,
    /// EXT-X-MEDIA-SEQUENCE: the number of the first segment.
    pub media_sequence: u64,
    /// EXT-X-DISCONTINUITY-SEQUENCE.
    pub discontinuity_sequence: u64,
    /// EXT-X-PLAYLIST-TYPE: `VOD` or `EVENT`; live playlists have none.
    pub playlist_type: Option<String>,
    /// EXT-X-ENDLIST: nothing more will come.
    pub ended: bool,
    /// EXT-X-I-FRAMES-ONLY.
    pub i_frames_only: bool,
    /// EXT-X-INDEPENDENT-SEGMENTS.
    pub independent_segments: bool,
    /// EXT-X-SERVER-CONTROL.
    pub server_control: Option<ServerControl>,
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// What breaks the format.
    pub notes: Vec<Note>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The line of its URI.
    pub line: usize,
    /// Its media sequence number.
    pub number: u64,
    /// Its discontinuity sequence number.
    pub discontinuity_number: u64,
    /// EXT-X-DISCONTINUITY stands before it.
    pub discontinuity: bool,
    /// As written.
    pub uri: String,
    /// EXTINF in seconds.
    pub duration: f64,
    /// Whether EXTINF is a whole number without decimals.
    pub whole_seconds: bool,
    /// EXT-X-BYTERANGE, with the offset worked out.
    pub byte_range: Option<ByteRange>,
    /// EXT-X-PROGRAM-DATE-TIME, where this segment has one.
    pub date_time: Option<DateTime<Utc>>,
    /// Its initialization section.
    pub map: Option<Arc<Map>>,
    /// How it is encrypted; none for METHOD=NONE.
    pub key: Option<Arc<Key>>,
    /// EXT-X-GAP: there is no media.
    pub gap: bool,
}

/// A part of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Bytes.
    pub length: u64,
    /// First byte.
    pub offset: u64,
}

/// An initialization section (4.4.4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// As written.
    pub uri: String,
    /// A part of it only.
    pub byte_range: Option<ByteRange>,
}

/// How segments are encrypted (4.4.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `AES-128`, `SAMPLE-AES`, …
    pub method: String,
    /// Where the key is.
    pub uri: Option<String>,
    /// Its initialization vector, as written.
    pub iv: Option<String>,
    /// KEYFORMAT, where it is not `identity`.
    pub format: Option<String>,
}

/// What the server can do (4.4.3.8).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerControl {
    /// Seconds from the end at which players should stay.
    pub hold_back: Option<f64>,
    /// The same for parts.
    pub part_hold_back: Option<f64>,
    /// Blocking reload.
    pub can_block_reload: bool,
    /// Delta updates skip what is older, in seconds from the end.
    pub can_skip_until: Option<f64>,
}

impl Media {
    pub(super) fn read<'t>(
        lines: impl Iterator<Item = (usize, &'t str)>,
        notes: Notes,
    ) -> Result<Self, ReadError> {
        let mut reader = Reader {
            media: Self { version: 1, ..Self::default() },
            notes,
            next: Next::default(),
            map: None,
            key: None,
            target: None,
            discontinuities: 0,
        };
        for (line, text) in lines {
            if text.starts_with('#') { reader.tag(line, text)? } else { reader.segment(line, text.trim()) }
        }
        Ok(reader.finish())
    }

    /// Length of all segments in seconds.
    pub fn duration(&self) -> f64 {
        self.segments.iter().map(|segment| segment.duration).sum()
    }

    /// The last segment's number; none while there is none.
    pub fn last_number(&self) -> Option<u64> {
        self.segments.last().map(|segment| segment.number)
    }
}

/// What tags say about the segment whose URI comes next.
#[derive(Default)]
struct Next {
    duration: Option<(f64, bool)>,
    byte_range: Option<(u64, Option<u64>)>,
    discontinuity: bool,
    date_time: Option<DateTime<Utc>>,
    gap: bool,
}

struct Reader {
    media: Media,
    notes: Notes,
    next: Next,
    map: Option<Arc<Map>>,
    key: Option<Arc<Key>>,
    target: Option<u64>,
    discontinuities: u64,
}

impl Reader {
    fn tag(&mut self, line: usize, text: &str) -> Result<(), ReadError> {
        let (tag, value) = split(text);
        match tag {
            "#EXT-X-VERSION" => self.media.version = number(line, "EXT-X-VERSION", value)?,
            "#EXT-X-TARGETDURATION" => {
                if self.target.is_some() {
                    self.notes.add(line, "4.4.3", "EXT-X-TARGETDURATION more than once".into());
                }
                self.target = Some(number(line, "EXT-X-TARGETDURATION", value)?);
            }
            "#EXT-X-MEDIA-SEQUENCE" => {
                self.early(line, "EXT-X-MEDIA-SEQUENCE", "4.4.3.2");
                self.media.media_sequence = number(line, "EXT-X-MEDIA-SEQUENCE", value)?;
            }
            "#EXT-X-DISCONTINUITY-SEQUENCE" => {
                self.early(line, "EXT-X-DISCONTINUITY-SEQUENCE", "4.4.3.3");
                if self.next.discontinuity {
                    let text = "EXT-X-DISCONTINUITY-SEQUENCE stands behind an EXT-X-DISCONTINUITY";
                    self.notes.add(line, "4.4.3.3", text.into());
                }
                self.media.discontinuity_sequence = number(line, "EXT-X-DISCONTINUITY-SEQUENCE", value)?;
            }
            "#EXT-X-PLAYLIST-TYPE" => self.media.playlist_type = Some(value.trim().to_owned()),
            "#EXT-X-ENDLIST" => self.media.ended = true,
            "#EXT-X-I-FRAMES-ONLY" => self.media.i_frames_only = true,
            "#EXT-X-INDEPENDENT-SEGMENTS" => self.media.independent_segments = true,
            "#EXT-X-SERVER-CONTROL" => self.server_control(line, value),
            "#EXTINF" => self.extinf(line, value),
            "#EXT-X-BYTERANGE" => self.next.byte_range = self.range(line, value),
            "#EXT-X-DISCONTINUITY" => {
                self.next.discontinuity = true;
                self.discontinuities += 1;
            }
            "#EXT-X-GAP" => self.next.gap = true,
            "#EXT-X-KEY" => self.key = self.key(line, value),
            "#EXT-X-MAP" => self.map = self.map(line, value),
            "#EXT-X-PROGRAM-DATE-TIME" => {
                self.next.date_time = date_time(value);
                if self.next.date_time.is_none() {
                    self.notes.add(line, "4.4.4.6", format!("{value:?} is not a date and time"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes a tag that has to stand before the first segment and does not.
    fn early(&mut self, line: usize, tag: &str, clause: &'static str) {
        if !self.media.segments.is_empty() {
            self.notes.add(line, clause, format!("{tag} stands behind the first segment"));
        }
    }

    fn extinf(&mut self, line: usize, value: &str) {
        let (duration, title) = value.split_once(',').unwrap_or((value, ""));
        if title.is_empty() && !value.contains(',') {
            self.notes.add(line, "4.4.4.1", "EXTINF has no comma behind the duration".into());
        }
        let read =
            duration.trim().parse::<f64>().ok().filter(|duration| duration.is_finite() && *duration >= 0.0);
        if read.is_none() {
            self.notes.add(line, "4.4.4.1", format!("{duration:?} is not a duration"));
        }
        self.next.duration = read.map(|read| (read, !duration.contains('.')));
    }

    /// `length[@offset]`
    fn range(&mut self, line: usize, value: &str) -> Option<(u64, Option<u64>)> {
        let (length, offset) = match value.trim().split_once('@') {
            Some((length, offset)) => (length.parse().ok(), Some(offset.parse().ok())),
            None => (value.trim().parse().ok(), None),
        };
        let read = match (length, offset) {
            (Some(length), Some(Some(offset))) => Some((length, Some(offset))),
            (Some(length), None) => Some((length, None)),
            _ => None,
        };
        if read.is_none() {
            self.notes.add(line, "4.4.4.2", format!("{value:?} is not a byte range"));
        }
        read
    }

    fn key(&mut self, line: usize, value: &str) -> Option<Arc<Key>> {
        let attributes = Attributes::read("EXT-X-KEY", line, value, &mut self.notes);
        let notes = &mut self.notes;
        let method = attributes.word("METHOD", notes).unwrap_or_default().to_owned();
        if method.is_empty() {
            attributes.missing("METHOD", "4.4.4.4", notes);
        }
        if method == "NONE" {
            return None;
        }
        let uri = attributes.quoted("URI", notes);
        if uri.is_none() {
            attributes.missing("URI", "4.4.4.4", notes);
        }
        let iv = attributes.word("IV", notes).map(str::to_owned);
        Some(Arc::new(Key { method, uri, iv, format: attributes.quoted("KEYFORMAT", notes) }))
    }

    fn map(&mut self, line: usize, value: &str) -> Option<Arc<Map>> {
        let attributes = Attributes::read("EXT-X-MAP", line, value, &mut self.notes);
        let Some(uri) = attributes.quoted("URI", &mut self.notes) else {
            attributes.missing("URI", "4.4.4.5", &mut self.notes);
            return None;
        };
        let range = attributes.quoted("BYTERANGE", &mut self.notes);
        let range = range.and_then(|range| self.range(line, &range));
        let byte_range = range.map(|(length, offset)| ByteRange { length, offset: offset.unwrap_or(0) });
        Some(Arc::new(Map { uri, byte_range }))
    }

    fn server_control(&mut self, line: usize, value: &str) {
        let attributes = Attributes::read("EXT-X-SERVER-CONTROL", line, value, &mut self.notes);
        let notes = &mut self.notes;
        self.media.server_control = Some(ServerControl {
            hold_back: attributes.number("HOLD-BACK", notes),
            part_hold_back: attributes.number("PART-HOLD-BACK", notes),
            can_block_reload: attributes.yes("CAN-BLOCK-RELOAD", notes),
            can_skip_until: attributes.number("CAN-SKIP-UNTIL", notes),
        });
    }

    fn segment(&mut self, line: usize, uri: &str) {
        let next = std::mem::take(&mut self.next);
        if next.duration.is_none() {
            self.notes.add(line, "4.4.4.1", format!("the segment {uri} has no EXTINF"));
        }
        let (duration, whole_seconds) = next.duration.unwrap_or((0.0, false));
        let byte_range = next.byte_range.and_then(|(length, offset)| {
            let offset = offset.or_else(|| self.behind_previous(uri));
            if offset.is_none() {
                let text = "the byte range has no offset, and the segment before is not of the same resource";
                self.notes.add(line, "4.4.4.2", text.into());
            }
            offset.map(|offset| ByteRange { length, offset })
        });
        self.media.segments.push(Segment {
            line,
            // Both are set when the whole playlist is read: the sequence tags may stand anywhere.
            number: 0,
            discontinuity_number: self.discontinuities,
            discontinuity: next.discontinuity,
            uri: uri.to_owned(),
            duration,
            whole_seconds,
            byte_range,
            date_time: next.date_time,
            map: self.map.clone(),
            key: self.key.clone(),
            gap: next.gap,
        });
    }

    /// Where the segment before ends, if it is of the same resource.
    fn behind_previous(&self, uri: &str) -> Option<u64> {
        let previous = self.media.segments.last().filter(|previous| previous.uri == uri)?;
        previous.byte_range.map(|range| range.offset + range.length)
    }

    fn finish(mut self) -> Media {
        let media = &mut self.media;
        for (index, segment) in (0..).zip(&mut media.segments) {
            segment.number = media.media_sequence.saturating_add(index);
            segment.discontinuity_number =
                media.discontinuity_sequence.saturating_add(segment.discontinuity_number);
        }
        media.target_duration = self.target.unwrap_or_else(|| {
            self.notes.add(1, "4.4.3.1", "there is no EXT-X-TARGETDURATION".into());
            media.segments.iter().map(|segment| segment.duration).fold(1.0, f64::max).ceil() as u64
        });
        media.notes = self.notes.list;
        self.media
    }
}

/// ISO 8601 as playlists have it: with and without a colon in the zone, and without a zone, which then is UTC.
fn date_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let exact = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    let naive = || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    exact.map(|time| time.to_utc()).ok().or_else(|| naive().map(|time| time.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::super::{Playlist, read};
    use super::*;

    fn media(text: &str) -> Media {
        match read(text.as_bytes()) {
            Ok(Playlist::Media(media)) => media,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_live_playlist_is_read_with_everything_that_applies_to_each_segment() {
        let media = media(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:100\n\
             #EXT-X-DISCONTINUITY-SEQUENCE:7\n#EXT-X-MAP:URI=\"i1.mp4\"\n\
             #EXT-X-PROGRAM-DATE-TIME:2026-04-10T21:20:00.000Z\n#EXTINF:6.00000,\n100.m4s\n#EXTINF:5.5,title\n101.m4s\n\
             #EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i2.mp4\",BYTERANGE=\"700@10\"\n#EXT-X-GAP\n\
             #EXT-X-PROGRAM-DATE-TIME:2026-04-10T23:20:12+0200\n#EXTINF:6,\n102.m4s\n",
        );
        let [one, two, three] = &media.segments[..] else { panic!("{media:?}") };
        assert_eq!((one.number, two.number, three.number), (100, 101, 102));
        assert_eq!(
            (one.discontinuity_number, two.discontinuity_number, three.discontinuity_number),
            (7, 7, 8)
        );
        assert_eq!((one.map.as_ref().unwrap().uri.as_str(), one.gap), ("i1.mp4", false));
        assert_eq!(three.map.as_ref().unwrap().byte_range, Some(ByteRange { length: 700, offset: 10 }));
        assert_eq!(three.date_time.unwrap() - one.date_time.unwrap(), chrono::TimeDelta::seconds(12));
        assert!(three.gap && three.discontinuity && three.whole_seconds && !one.whole_seconds);
        assert_eq!((media.duration(), media.last_number(), media.ended), (17.5, Some(102), false));
        assert_eq!(media.notes, []);
    }

    #[test]
    fn byte_ranges_go_on_where_the_one_before_ended() {
        let media = media(
            "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:2,\n#EXT-X-BYTERANGE:100@20\na.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:50\n\
             a.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:50\nb.ts\n",
        );
        let ranges: Vec<_> = media.segments.iter().map(|segment| segment.byte_range).collect();
        let range = |length, offset| Some(ByteRange { length, offset });
        assert_eq!(ranges, [range(100, 20), range(50, 120), None]);
        assert_eq!((media.notes.len(), media.notes[0].line), (1, 11));
    }

    #[test]
    fn keys_apply_until_the_next_one() {
        let media = media(
            "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n#EXTINF:6,\na.ts\n#EXTINF:6,\nb.ts\n\
             #EXT-X-KEY:METHOD=NONE\n#EXTINF:6,\nc.ts\n#EXT-X-ENDLIST\n",
        );
        let keys: Vec<_> =
            media.segments.iter().map(|s| s.key.as_ref().map(|key| key.method.as_str())).collect();
        assert_eq!(keys, [Some("AES-128"), Some("AES-128"), None]);
        assert!(media.ended);
    }

    #[test]
    fn what_is_wrong_is_noted_and_the_rest_read() {
        let media = media(
            "#EXTM3U\n#EXTINF:4\na.ts\nb.ts\n#EXTINF:x,\nc.ts\n#EXT-X-PROGRAM-DATE-TIME:now\n#EXTINF:6.2,\nd.ts\n",
        );
        assert_eq!((media.segments.len(), media.target_duration), (4, 7));
        let lines: Vec<_> = media.notes.iter().map(|note| (note.line, note.clause)).collect();
        assert_eq!(
            lines,
            [(2, "4.4.4.1"), (4, "4.4.4.1"), (5, "4.4.4.1"), (6, "4.4.4.1"), (7, "4.4.4.6"), (1, "4.4.3.1")]
        );
    }
}
