//! Reading HLS playlists (RFC 8216) as far as pulling transport streams needs it.

/// What a playlist is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Playlist {
    /// The URI of the variant with the highest bandwidth.
    Multivariant(String),
    /// Segments.
    Media(Media),
}

/// A media playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Media {
    /// Seconds.
    pub(super) target: u64,
    /// Nothing will be added.
    pub(super) ended: bool,
    /// In their order.
    pub(super) segments: Vec<Segment>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its media sequence number.
    pub(super) number: u64,
    /// Where it is, as the playlist says it.
    pub(super) uri: String,
    /// It does not continue the one before.
    pub(super) discontinuity: bool,
    /// It is known to be missing.
    pub(super) gap: bool,
}

/// Why a playlist cannot be pulled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlaylistError {
    #[error("this is no HLS playlist: it does not begin with #EXTM3U")]
    NotOne,
    #[error("the playlist has no variants and no segments")]
    Empty,
    #[error("the segments are encrypted ({0}), which is not supported: ask for the stream in the clear")]
    Encrypted(String),
    #[error("the segments are fragmented MP4: only transport stream segments can be taken in")]
    Mp4,
    #[error("the segments are byte ranges of one file, which is not supported")]
    Ranges,
}

/// Reads a playlist.
pub(super) fn read(text: &str) -> Result<Playlist, PlaylistError> {
    let mut lines =
        text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.next().is_none_or(|first| !first.starts_with("#EXTM3U")) {
        return Err(PlaylistError::NotOne);
    }
    let mut media = Media { target: 6, ..Media::default() };
    let (mut number, mut discontinuity, mut gap) = (0, false, false);
    let mut bandwidth = None;
    let mut best: Option<(u64, String)> = None;
    for line in lines {
        let Some(tag) = line.strip_prefix('#') else {
            match bandwidth.take() {
                Some(bandwidth) if best.as_ref().is_none_or(|(other, _)| bandwidth > *other) => {
                    best = Some((bandwidth, line.to_owned()));
                }
                Some(_) => {}
                None => {
                    let (discontinuity, gap) = (std::mem::take(&mut discontinuity), std::mem::take(&mut gap));
                    media.segments.push(Segment { number, uri: line.to_owned(), discontinuity, gap });
                    number += 1;
                }
            }
            continue;
        };
        let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
        match name {
            "EXT-X-STREAM-INF" => {
                bandwidth = Some(attribute(value, "BANDWIDTH").unwrap_or("0").parse().unwrap_or(0));
            }
            "EXT-X-TARGETDURATION" => media.target = value.parse().unwrap_or(media.target).clamp(1, 60),
            "EXT-X-MEDIA-SEQUENCE" => number = value.parse().unwrap_or(0),
            "EXT-X-DISCONTINUITY" => discontinuity = true,
            "EXT-X-GAP" => gap = true,
            "EXT-X-ENDLIST" => media.ended = true,
            "EXT-X-MAP" => return Err(PlaylistError::Mp4),
            "EXT-X-BYTERANGE" => return Err(PlaylistError::Ranges),
            "EXT-X-KEY" => {
                let method = attribute(value, "METHOD").unwrap_or("NONE");
                if method != "NONE" {
                    return Err(PlaylistError::Encrypted(method.to_owned()));
                }
            }
            _ => {}
        }
    }
    match best {
        Some((_, uri)) => Ok(Playlist::Multivariant(uri)),
        None if media.segments.is_empty() && !text.contains("#EXT-X-TARGETDURATION") => {
            Err(PlaylistError::Empty)
        }
        None => Ok(Playlist::Media(media)),
    }
}

/// An attribute out of a list in which values may be quoted and hold commas.
fn attribute<'a>(list: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = list;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if name.trim() == wanted {
            return Some(value);
        }
        rest = next.trim_start_matches(',');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variant_with_the_highest_bandwidth_is_taken() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a,BANDWIDTH=9\",BANDWIDTH=1000\nlow.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=3000,RESOLUTION=1x1\nhigh.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2000\nmid.m3u8\n";
        assert_eq!(read(text), Ok(Playlist::Multivariant("high.m3u8".into())));
    }

    #[test]
    fn segments_have_their_numbers_and_marks() {
        let text = "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-MEDIA-SEQUENCE:70\r\n#EXTINF:4.0,\r\na.ts\r\n\
            #EXT-X-DISCONTINUITY\r\n#EXT-X-GAP\r\n#EXTINF:4.0,\r\nb.ts\r\n#EXTINF:4,\r\nc.ts\r\n";
        let Ok(Playlist::Media(media)) = read(text) else { panic!() };
        assert_eq!((media.target, media.ended), (4, false));
        let marks: Vec<_> = media.segments.iter().map(|s| (s.number, s.discontinuity, s.gap)).collect();
        assert_eq!(marks, [(70, false, false), (71, true, true), (72, false, false)]);
    }

    #[test]
    fn what_cannot_be_taken_in_is_refused_with_the_reason() {
        for (text, error) in [
            ("<html>", PlaylistError::NotOne),
            ("#EXTM3U\n", PlaylistError::Empty),
            ("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", PlaylistError::Encrypted("AES-128".into())),
            ("#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n", PlaylistError::Mp4),
            ("#EXTM3U\n#EXT-X-BYTERANGE:1@2\n", PlaylistError::Ranges),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        assert!(read("#EXTM3U\n#EXT-X-KEY:METHOD=NONE\n#EXT-X-TARGETDURATION:1\n").is_ok());
    }
}
