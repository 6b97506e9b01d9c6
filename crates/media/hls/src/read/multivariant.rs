//! Multivariant playlists (RFC 8216bis 4.4.6).

use super::{Note, Notes, ReadError, attributes::Attributes, number, split};

/// What there is to choose from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Multivariant {
    /// EXT-X-VERSION; 1 where there is none.
    pub version: u64,
    /// Every segment of every playlist can be decoded alone (4.4.2.1).
    pub independent_segments: bool,
    /// EXT-X-STREAM-INF, in order.
    pub variants: Vec<Variant>,
    /// EXT-X-MEDIA, in order.
    pub renditions: Vec<Rendition>,
    /// EXT-X-I-FRAME-STREAM-INF, in order.
    pub i_frame_variants: Vec<IFrameVariant>,
    /// What breaks the format.
    pub notes: Vec<Note>,
}

/// A variant stream (4.4.6.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// The line of its tag.
    pub line: usize,
    /// Its media playlist, as written.
    pub uri: String,
    /// Peak bits per second; none where the tag has none, which is against the rules.
    pub bandwidth: Option<u64>,
    /// Average bits per second.
    pub average_bandwidth: Option<u64>,
    /// RFC 6381 codec strings.
    pub codecs: Vec<String>,
    /// Pixels.
    pub resolution: Option<(u32, u32)>,
    /// Pictures per second.
    pub frame_rate: Option<f64>,
    /// The group of its sound.
    pub audio: Option<String>,
    /// The group of its subtitles.
    pub subtitles: Option<String>,
}

/// A rendition of a group (4.4.6.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendition {
    /// The line of its tag.
    pub line: usize,
    /// `AUDIO`, `VIDEO`, `SUBTITLES` or `CLOSED-CAPTIONS`.
    pub kind: String,
    /// Its group.
    pub group: String,
    /// What viewers read.
    pub name: String,
    /// Its media playlist, as written; none means that it is in the variant itself.
    pub uri: Option<String>,
    /// RFC 5646.
    pub language: Option<String>,
    /// Played unless another is chosen.
    pub default: bool,
    /// May be chosen by the player; none where nothing is said.
    pub autoselect: Option<bool>,
    /// Channels, e.g. `2`.
    pub channels: Option<String>,
    /// e.g. `public.accessibility.describes-video`.
    pub characteristics: Option<String>,
}

/// An I-frame variant (4.4.6.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IFrameVariant {
    /// The line of its tag.
    pub line: usize,
    /// Its I-frame playlist, as written.
    pub uri: String,
    /// Peak bits per second.
    pub bandwidth: Option<u64>,
    /// Average bits per second.
    pub average_bandwidth: Option<u64>,
    /// RFC 6381 codec strings.
    pub codecs: Vec<String>,
    /// Pixels.
    pub resolution: Option<(u32, u32)>,
}

impl Multivariant {
    pub(super) fn read<'t>(
        lines: impl Iterator<Item = (usize, &'t str)>,
        mut notes: Notes,
    ) -> Result<Self, ReadError> {
        let mut read = Self { version: 1, ..Self::default() };
        let mut waiting: Option<Variant> = None;
        for (line, text) in lines {
            let (tag, value) = split(text);
            if let Some(variant) = waiting.take_if(|_| !text.starts_with("#")) {
                read.variants.push(Variant { uri: text.trim().to_owned(), ..variant });
                continue;
            }
            match tag {
                "#EXT-X-VERSION" => read.version = number(line, "EXT-X-VERSION", value)?,
                "#EXT-X-INDEPENDENT-SEGMENTS" => read.independent_segments = true,
                "#EXT-X-STREAM-INF" => {
                    if let Some(lost) = waiting.replace(variant(line, value, &mut notes)) {
                        notes.add(lost.line, "4.4.6.2", "EXT-X-STREAM-INF has no URI line behind it".into());
                    }
                }
                "#EXT-X-MEDIA" => read.renditions.push(rendition(line, value, &mut notes)),
                "#EXT-X-I-FRAME-STREAM-INF" => {
                    read.i_frame_variants.extend(i_frame_variant(line, value, &mut notes));
                }
                _ if !text.starts_with('#') => {
                    notes.add(line, "4.4.6.2", "a URI without an EXT-X-STREAM-INF before it".into());
                }
                _ => {}
            }
        }
        if let Some(lost) = waiting {
            notes.add(lost.line, "4.4.6.2", "EXT-X-STREAM-INF has no URI line behind it".into());
        }
        read.notes = notes.list;
        Ok(read)
    }
}

fn codecs(attributes: &Attributes<'_>, notes: &mut Notes) -> Vec<String> {
    let text = attributes.quoted("CODECS", notes).unwrap_or_default();
    text.split(',').map(|codec| codec.trim().to_owned()).filter(|codec| !codec.is_empty()).collect()
}

fn variant(line: usize, value: &str, notes: &mut Notes) -> Variant {
    let attributes = Attributes::read("EXT-X-STREAM-INF", line, value, notes);
    let bandwidth = attributes.number("BANDWIDTH", notes);
    if bandwidth.is_none() {
        attributes.missing("BANDWIDTH", "4.4.6.2", notes);
    }
    Variant {
        line,
        uri: String::new(),
        bandwidth,
        average_bandwidth: attributes.number("AVERAGE-BANDWIDTH", notes),
        codecs: codecs(&attributes, notes),
        resolution: attributes.resolution("RESOLUTION", notes),
        frame_rate: attributes.number("FRAME-RATE", notes),
        audio: attributes.quoted("AUDIO", notes),
        subtitles: attributes.quoted("SUBTITLES", notes),
    }
}

fn rendition(line: usize, value: &str, notes: &mut Notes) -> Rendition {
    let attributes = Attributes::read("EXT-X-MEDIA", line, value, notes);
    let kind = attributes.word("TYPE", notes).unwrap_or_default().to_owned();
    let group = attributes.quoted("GROUP-ID", notes).unwrap_or_default();
    let name = attributes.quoted("NAME", notes).unwrap_or_default();
    for (attribute, value) in [("TYPE", &kind), ("GROUP-ID", &group), ("NAME", &name)] {
        if value.is_empty() {
            attributes.missing(attribute, "4.4.6.1", notes);
        }
    }
    Rendition {
        line,
        kind,
        group,
        name,
        uri: attributes.quoted("URI", notes),
        language: attributes.quoted("LANGUAGE", notes),
        default: attributes.yes("DEFAULT", notes),
        autoselect: attributes.has("AUTOSELECT").then(|| attributes.yes("AUTOSELECT", notes)),
        channels: attributes.quoted("CHANNELS", notes),
        characteristics: attributes.quoted("CHARACTERISTICS", notes),
    }
}

fn i_frame_variant(line: usize, value: &str, notes: &mut Notes) -> Option<IFrameVariant> {
    let attributes = Attributes::read("EXT-X-I-FRAME-STREAM-INF", line, value, notes);
    let bandwidth = attributes.number("BANDWIDTH", notes);
    if bandwidth.is_none() {
        attributes.missing("BANDWIDTH", "4.4.6.3", notes);
    }
    let Some(uri) = attributes.quoted("URI", notes) else {
        attributes.missing("URI", "4.4.6.3", notes);
        return None;
    };
    Some(IFrameVariant {
        line,
        uri,
        bandwidth,
        average_bandwidth: attributes.number("AVERAGE-BANDWIDTH", notes),
        codecs: codecs(&attributes, notes),
        resolution: attributes.resolution("RESOLUTION", notes),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Playlist, read};

    fn multivariant(text: &str) -> super::Multivariant {
        match read(text.as_bytes()) {
            Ok(Playlist::Multivariant(read)) => read,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_players_choose_by_is_read() {
        let read = multivariant(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n\
             #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES,\
             CHANNELS=\"2\",URI=\"a0/index.m3u8\"\n\
             #EXT-X-STREAM-INF:BANDWIDTH=5000000,AVERAGE-BANDWIDTH=4000000,CODECS=\"avc1.640028, mp4a.40.2\",\
             RESOLUTION=1920x1080,FRAME-RATE=50.000,AUDIO=\"a\"\n# a comment\nv0/index.m3u8\n\
             #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300000,CODECS=\"avc1.640028\",RESOLUTION=1920x1080,URI=\"v0/i.m3u8\"\n",
        );
        assert_eq!((read.version, read.independent_segments), (6, true));
        let variant = &read.variants[0];
        assert_eq!(
            (variant.uri.as_str(), variant.bandwidth, variant.line),
            ("v0/index.m3u8", Some(5_000_000), 5)
        );
        assert_eq!(variant.codecs, ["avc1.640028", "mp4a.40.2"]);
        assert_eq!((variant.resolution, variant.frame_rate), (Some((1920, 1080)), Some(50.0)));
        let sound = &read.renditions[0];
        assert_eq!(
            (sound.language.as_deref(), sound.default, sound.channels.as_deref()),
            (Some("de"), true, Some("2"))
        );
        assert_eq!(read.i_frame_variants[0].uri, "v0/i.m3u8");
        assert_eq!(read.notes, []);
    }

    #[test]
    fn what_is_missing_is_noted_with_its_line() {
        let read = multivariant(
            "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"avc1.640028\"\nv0.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\
             #EXT-X-STREAM-INF:BANDWIDTH=2\nv1.m3u8\nv2.m3u8\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n\
             #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\"\n",
        );
        assert_eq!(read.variants.len(), 2);
        let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "line 2: EXT-X-STREAM-INF has no BANDWIDTH (4.4.6.2)",
                "line 4: EXT-X-STREAM-INF has no URI line behind it (4.4.6.2)",
                "line 7: a URI without an EXT-X-STREAM-INF before it (4.4.6.2)",
                "line 8: EXT-X-I-FRAME-STREAM-INF has no URI (4.4.6.3)",
                "line 9: EXT-X-MEDIA has no NAME (4.4.6.1)",
            ]
        );
    }
}
