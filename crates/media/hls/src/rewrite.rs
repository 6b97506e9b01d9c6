//! Playlists that are passed on with other URIs in them; everything else stays as it is, byte for byte.

/// The tags of a multivariant playlist that refer to playlists in an attribute (4.4.6.1, 4.4.6.3).
const WITH_URI: [&str; 2] = ["#EXT-X-MEDIA:", "#EXT-X-I-FRAME-STREAM-INF:"];

/// A multivariant playlist with the URIs of its media playlists as `change` makes them of those that are there.
pub fn multivariant(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut new = String::with_capacity(text.len() * 2);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let end = line.get(content.len()..).unwrap_or_default();
        match WITH_URI.iter().find_map(|tag| content.strip_prefix(tag).map(|list| (*tag, list))) {
            Some((tag, list)) => {
                new.push_str(tag);
                attributes(list, &change, &mut new);
            }
            None if content.is_empty() || content.starts_with('#') => new.push_str(content),
            None => new.push_str(&change(content)),
        }
        new.push_str(end);
    }
    new
}

/// An attribute list (4.2) with another URI. What stands in quotes is nobody's separator.
fn attributes(list: &str, change: impl Fn(&str) -> String, new: &mut String) {
    let mut rest = list;
    while !rest.is_empty() {
        let length = attribute(rest);
        let (one, behind) = rest.split_at(length);
        match one.strip_prefix("URI=\"").and_then(|uri| uri.strip_suffix('"')) {
            Some(uri) => {
                new.push_str("URI=\"");
                new.push_str(&change(uri));
                new.push('"');
            }
            None => new.push_str(one),
        }
        rest = behind.strip_prefix(',').inspect(|_| new.push(',')).unwrap_or(behind);
    }
}

/// How long the first attribute is: up to the first comma that is not in quotes.
fn attribute(list: &str) -> usize {
    let mut quoted = false;
    let comma = list.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b',' && !quoted
    });
    comma.unwrap_or(list.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Playlist, read};

    #[test]
    fn only_the_uris_of_playlists_change() {
        let text = "#EXTM3U\r\n#EXT-X-VERSION:4\n\n# URI=\"a comment\"\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x,URI=y\",URI=\"a0/index.m3u8\",CHANNELS=\"2\"\n\
            #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"n\",INSTREAM-ID=\"CC1\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\",AUDIO=\"a\"\nv0/index.m3u8\n\
            #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"v0/iframes.m3u8\"";
        let expected = "#EXTM3U\r\n#EXT-X-VERSION:4\n\n# URI=\"a comment\"\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x,URI=y\",URI=\"s/a0/index.m3u8\",CHANNELS=\"2\"\n\
            #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"n\",INSTREAM-ID=\"CC1\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\",AUDIO=\"a\"\ns/v0/index.m3u8\n\
            #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"s/v0/iframes.m3u8\"";
        let new = multivariant(text, |uri| format!("s/{uri}"));
        assert_eq!(new, expected);
        let Playlist::Multivariant(read) = read(new.as_bytes()).unwrap() else { panic!("{new}") };
        assert_eq!(read.variants[0].uri, "s/v0/index.m3u8");
    }

    #[test]
    fn what_is_broken_stays_as_broken_as_it_was() {
        for text in
            ["", "#EXTM3U", "#EXT-X-MEDIA:", "#EXT-X-MEDIA:,,URI=\"", "#EXT-X-MEDIA:URI=a,\"b", "\n\n"]
        {
            assert_eq!(multivariant(text, |uri| format!("s/{uri}")), text);
        }
    }
}
