//! The channels as M3U with the attributes that Kodi's IPTV Simple Client made common, and that every player of the kind reads.

use std::fmt::Write;

use funkturm_base::ChannelId;
use funkturm_contracts::link::GUIDE;

use crate::known::Shown;

/// A channel that may be watched.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: ChannelId,
    pub(super) shown: Shown,
}

impl Entry {
    /// Where its logo is, as a whole address: ours are paths.
    pub(super) fn logo(&self, base: &str) -> Option<String> {
        let url = self.shown.logo_url.as_deref()?;
        Some(if url.starts_with('/') { format!("{base}{url}") } else { url.to_owned() })
    }
}

/// The playlist: `base` is where viewers find us, `token` that of the link.
pub(super) fn write(base: &str, token: &str, entries: &[Entry]) -> String {
    // Which of the two names is read depends on the player.
    let guide = format!("{base}/tv/{token}/{GUIDE}");
    let mut text = format!("#EXTM3U x-tvg-url=\"{guide}\" url-tvg=\"{guide}\"\n");
    for entry in entries {
        let Entry { id, shown } = entry;
        let name = attribute(&shown.name);
        let _ = write!(text, "#EXTINF:-1 tvg-id=\"{id}\" tvg-name=\"{name}\" tvg-chno=\"{}\"", shown.number);
        if let Some(logo) = entry.logo(base) {
            let _ = write!(text, " tvg-logo=\"{}\"", address(&logo));
        }
        let _ = writeln!(text, " group-title=\"TV\",{}", title(&shown.name));
        let _ = writeln!(text, "{base}/tv/{token}/{id}.m3u8");
    }
    text
}

/// A name behind the comma: one line, without what players take for the end of an attribute.
fn title(name: &str) -> String {
    let plain = name.replace('"', "'");
    let plain: String = plain.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name in quotes. There is no way to escape anything; and many players take the first comma of the line for the one before the title.
fn attribute(name: &str) -> String {
    title(&name.replace(',', " "))
}

/// An address in quotes.
fn address(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '"' => text.push_str("%22"),
            ',' => text.push_str("%2C"),
            c if c.is_whitespace() || c.is_control() => text.push_str("%20"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::links) fn entry(id: &str, number: u32, name: &str, logo: Option<&str>) -> Entry {
        let shown = Shown { name: name.into(), number, logo_url: logo.map(str::to_owned) };
        Entry { id: id.parse().unwrap(), shown }
    }

    #[test]
    fn players_find_what_they_look_for() {
        let entries = [
            entry("das-erste", 1, "Das Erste HD", Some("/api/v1/channels/das-erste/logo?v=1a")),
            entry("arte", 7, "arte", Some("https://logos.example/arte.png")),
            entry("x", 900, "X", None),
        ];
        let expected = concat!(
            "#EXTM3U x-tvg-url=\"https://tv.example/tv/T/guide.xml\" url-tvg=\"https://tv.example/tv/T/guide.xml\"\n",
            "#EXTINF:-1 tvg-id=\"das-erste\" tvg-name=\"Das Erste HD\" tvg-chno=\"1\" ",
            "tvg-logo=\"https://tv.example/api/v1/channels/das-erste/logo?v=1a\" group-title=\"TV\",Das Erste HD\n",
            "https://tv.example/tv/T/das-erste.m3u8\n",
            "#EXTINF:-1 tvg-id=\"arte\" tvg-name=\"arte\" tvg-chno=\"7\" ",
            "tvg-logo=\"https://logos.example/arte.png\" group-title=\"TV\",arte\n",
            "https://tv.example/tv/T/arte.m3u8\n",
            "#EXTINF:-1 tvg-id=\"x\" tvg-name=\"X\" tvg-chno=\"900\" group-title=\"TV\",X\n",
            "https://tv.example/tv/T/x.m3u8\n",
        );
        assert_eq!(write("https://tv.example", "T", &entries), expected);
    }

    #[test]
    fn no_name_gets_out_of_its_place() {
        for (name, attribute, title) in [
            ("Kino \"Eins\", HD", "Kino 'Eins' HD", "Kino 'Eins', HD"),
            ("a\nhttp://evil/\n#EXTINF:-1,b", "a http://evil/ #EXTINF:-1 b", "a http://evil/ #EXTINF:-1,b"),
            ("\u{0}\r\u{2028} Füx\t📺", "Füx 📺", "Füx 📺"),
            (",", "", ","),
        ] {
            let text = write("http://a", "T", &[entry("a", 1, name, Some("http://b/\"x\",\n y"))]);
            let lines: Vec<&str> = text.split('\n').collect();
            assert_eq!(lines.len(), 4, "{text}");
            let logo = "http://b/%22x%22%2C%20%20y";
            let expected = format!(
                "#EXTINF:-1 tvg-id=\"a\" tvg-name=\"{attribute}\" tvg-chno=\"1\" tvg-logo=\"{logo}\" group-title=\"TV\",{title}"
            );
            assert_eq!(lines[1], expected);
        }
    }
}
