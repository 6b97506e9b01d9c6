//! Reading M3U lists. There is no standard; this reads what is found in the wild, and says of every line that it does
//! not take why.

use std::collections::{BTreeMap, HashMap};

use funkturm_contracts::channel::Input;

use super::{Entry, List, Skipped, address};
use crate::validate;

/// Reads a list.
pub(crate) fn parse(bytes: &[u8]) -> List {
    let text = decode(bytes);
    let mut reader = Reader::default();
    for (number, line) in (1..).zip(text.lines()) {
        reader.line(number, line.trim());
    }
    reader.finish()
}

/// UTF-8 with or without its mark, UTF-16 with it, else Latin-1, which every byte sequence is.
fn decode(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes
            .chunks_exact(2)
            .map(|pair| unit([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        },
    }
}

/// What was said of an entry before its URL came.
#[derive(Default)]
struct Pending {
    /// The line of its `#EXTINF`.
    line: usize,
    name: String,
    attributes: HashMap<String, String>,
    programme: Option<u16>,
    /// Why it cannot be a channel, wherever it is.
    refused: Option<&'static str>,
}

#[derive(Default)]
struct Reader {
    list: List,
    pending: Option<Pending>,
    /// The line where an input was first seen.
    seen: BTreeMap<(String, Option<u16>), usize>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        if line.is_empty() {
            return;
        }
        let Some(comment) = line.strip_prefix('#') else {
            self.url(number, line);
            return;
        };
        let (tag, value) = comment.split_once(':').unwrap_or((comment, ""));
        match tag.trim().to_ascii_uppercase().as_str() {
            "EXTINF" => self.entry(number, value),
            "EXTVLCOPT" => self.vlc_option(number, value),
            "KODIPROP" if value.contains("license_") || value.contains("drm") => {
                self.pending().refused = Some("it is encrypted: inputs with DRM cannot be received");
            }
            // The list's head, groups, what only concerns players, comments.
            _ => {}
        }
    }

    fn entry(&mut self, number: usize, value: &str) {
        self.no_url();
        let (attributes, name) = split_extinf(value);
        let radio = attributes.get("radio").is_some_and(|radio| radio.eq_ignore_ascii_case("true"));
        self.pending = Some(Pending {
            line: number,
            name,
            attributes,
            programme: None,
            refused: radio.then_some("it is radio: a channel needs pictures"),
        });
    }

    fn vlc_option(&mut self, number: usize, value: &str) {
        let (name, value) = value.split_once('=').unwrap_or((value, ""));
        match (name.trim(), value.trim().parse()) {
            ("program", Ok(programme @ 1..)) => self.pending().programme = Some(programme),
            ("program", _) => {
                self.skip(number, format!("{value:?} is not a programme number from 1 to 65535"));
            }
            (name, _) if name.starts_with("http-") => {
                self.skip(number, format!("{name} was left out: inputs send no HTTP headers of their own"));
            }
            // Caching and the like: ours to decide.
            _ => {}
        }
    }

    fn url(&mut self, number: usize, line: &str) {
        let pending = self.pending.take().unwrap_or_default();
        if let Some(reason) = pending.refused {
            return self.skip(number, reason.to_owned());
        }
        let address = match address::translate(line) {
            Ok(address) => address,
            Err(reason) => return self.skip(number, reason),
        };
        for left_out in address.left_out {
            self.skip(number, format!("taken, but {left_out}"));
        }
        let input = Input { url: address.url, programme: pending.programme };
        if let Some(first) = self.seen.insert((input.url.clone(), input.programme), number) {
            self.seen.insert((input.url, input.programme), first);
            return self.skip(number, format!("it has the same URL as line {first}"));
        }
        let entry = self.describe(number, pending, input);
        self.add(entry);
    }

    /// Makes an entry of what was said of it.
    fn describe(&mut self, line: usize, pending: Pending, input: Input) -> Entry {
        let attribute = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| pending.attributes.get(*name))
                .filter(|value| !value.is_empty())
                .cloned()
        };
        let guide_id = attribute(&["tvg-id", "channel-id"]);
        let name = Some(pending.name).filter(|name| !name.is_empty()).or_else(|| attribute(&["tvg-name"]));
        let name = name.or_else(|| guide_id.clone()).unwrap_or_else(|| after_scheme(&input.url).to_owned());
        let name = name.chars().filter(|c| !c.is_control()).take(validate::LONGEST_NAME).collect::<String>();
        let number = attribute(&["tvg-chno", "channel-number", "ch-number", "tvg-num"]);
        let number = number.and_then(|text| match text.parse() {
            Ok(number @ 1..=validate::GREATEST_NUMBER) => Some(number),
            _ => {
                self.skip(
                    line,
                    format!(
                        "taken, but {text:?} is not a channel number from 1 to {}",
                        validate::GREATEST_NUMBER
                    ),
                );
                None
            }
        });
        let logo_url = attribute(&["tvg-logo", "logo"]).filter(|url| validate::is_logo_url(url));
        Entry { line, name: name.trim().to_owned(), number, logo_url, guide_id, inputs: vec![input] }
    }

    /// An entry that is called like an earlier one, in guides and by viewers, is another way to receive that.
    fn add(&mut self, entry: Entry) {
        let same = |other: &&mut Entry| {
            entry.guide_id.is_some() && other.guide_id == entry.guide_id && other.name == entry.name
        };
        match self.list.entries.iter_mut().find(same) {
            Some(other) => other.inputs.extend(entry.inputs),
            None => self.list.entries.push(entry),
        }
    }

    fn pending(&mut self) -> &mut Pending {
        self.pending.get_or_insert_default()
    }

    fn no_url(&mut self) {
        if let Some(pending) = self.pending.take().filter(|pending| pending.line > 0) {
            self.skip(pending.line, format!("no URL follows for {:?}", pending.name));
        }
    }

    fn skip(&mut self, line: usize, reason: String) {
        self.list.skipped.push(Skipped { line, reason });
    }

    fn finish(mut self) -> List {
        self.no_url();
        self.list.skipped.sort_by_key(|skipped| skipped.line);
        self.list
    }
}

fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// Splits `-1 tvg-id="a" group-title='b, c' tvg-chno=5,The name, and so on`.
fn split_extinf(value: &str) -> (HashMap<String, String>, String) {
    let mut attributes = HashMap::new();
    // The length in seconds, which live channels do not have.
    let mut rest =
        value.trim_start().trim_start_matches(|c: char| c == '-' || c == '.' || c.is_ascii_digit());
    loop {
        rest = rest.trim_start();
        if let Some(name) = rest.strip_prefix(',') {
            return (attributes, name.trim().to_owned());
        }
        // An attribute's name has no blank; what is not `name=value` begins the name of the channel.
        let Some((key, behind)) = rest.split_once('=').filter(|(key, _)| is_key(key)) else {
            return (attributes, rest.trim().to_owned());
        };
        let (text, behind) = split_value(behind);
        attributes.insert(key.to_ascii_lowercase(), text.trim().to_owned());
        rest = behind;
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A value in quotes, or up to the next blank or comma.
fn split_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some((value, behind)) = text.strip_prefix(quote).and_then(|inner| inner.split_once(quote)) {
            return (value, behind);
        }
    }
    text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(list: &List) -> Vec<&str> {
        list.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn attributes_come_with_any_quotes_and_commas() {
        let (attributes, name) =
            split_extinf("-1 tvg-id=\"a, b\" group-title='c, d' TVG-CHNO=5 tvg-logo=\"\",News, Sport & more");
        assert_eq!(name, "News, Sport & more");
        assert_eq!(attributes["tvg-id"], "a, b");
        assert_eq!(attributes["group-title"], "c, d");
        assert_eq!(attributes["tvg-chno"], "5");
        assert_eq!(split_extinf("0,A=B").1, "A=B");
        assert_eq!(split_extinf("-1 No comma here").1, "No comma here");
        assert_eq!(split_extinf("-1 tvg-id=\"open,Name").1, "Name");
        assert_eq!(split_extinf("").1, "");
    }

    #[test]
    fn a_list_with_everything_in_it() {
        let list = parse(include_bytes!("samples/everything.m3u"));
        insta::assert_json_snapshot!(serde_json::json!({
            "entries": list.entries.iter().map(|entry| serde_json::json!({
                "line": entry.line, "name": entry.name, "number": entry.number, "logo_url": entry.logo_url,
                "guide_id": entry.guide_id, "inputs": entry.inputs,
            })).collect::<Vec<_>>(),
            "skipped": list.skipped,
        }));
    }

    #[test]
    fn umlauts_survive_every_encoding() {
        let text = "#EXTM3U\r\n#EXTINF:-1,Köln\r\nudp://239.1.1.1:5000\r\n";
        let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let marked = [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat();
        let utf16: Vec<u8> =
            std::iter::once(0xfeff_u16).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &latin1, &marked, &utf16] {
            assert_eq!(names(&parse(bytes)), ["Köln"]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_list_whose_lines_exist(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let list = parse(&bytes);
            prop_assert!(list.entries.iter().all(|entry| !entry.inputs.is_empty() && entry.line > 0));
        }

        #[test]
        fn any_entry_text_is_split(value in "[-0-9]{0,2}( [a-z-]{0,4}=?[\"']?[a-z, ]{0,6}[\"']?){0,3},?.{0,12}") {
            split_extinf(&value);
        }
    }
}
