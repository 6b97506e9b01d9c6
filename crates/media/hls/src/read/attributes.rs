//! Attribute lists (RFC 8216bis 4.2): `NAME=value,NAME="quoted, value"`.

use super::{Note, Notes};

/// The attributes of one tag.
#[derive(Debug)]
pub(super) struct Attributes<'t> {
    tag: &'static str,
    line: usize,
    list: Vec<(&'t str, Value<'t>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value<'t> {
    text: &'t str,
    quoted: bool,
}

impl<'t> Attributes<'t> {
    /// Reads the list behind a tag's colon. What is malformed is noted and left out, as players do.
    pub(super) fn read(tag: &'static str, line: usize, text: &'t str, notes: &mut Notes) -> Self {
        let mut attributes = Self { tag, line, list: Vec::new() };
        let mut rest = text;
        while !rest.trim().is_empty() {
            let Some((name, behind)) = rest.split_once('=') else {
                notes.add(line, "4.2", format!("{tag} has {:?} where NAME=value is wanted", rest.trim()));
                break;
            };
            let (value, behind) = match behind.strip_prefix('"') {
                Some(quoted) => match quoted.split_once('"') {
                    Some((text, behind)) => (Value { text, quoted: true }, behind),
                    None => {
                        notes.add(line, "4.2", format!("the quoted value of {name} of {tag} does not end"));
                        (Value { text: quoted, quoted: true }, "")
                    }
                },
                None => {
                    let (text, behind) = behind.split_at(behind.find(',').unwrap_or(behind.len()));
                    (Value { text, quoted: false }, behind)
                }
            };
            attributes.insert(name, value, notes);
            rest = behind.strip_prefix(',').unwrap_or(behind);
        }
        attributes
    }

    fn insert(&mut self, name: &'t str, value: Value<'t>, notes: &mut Notes) {
        let plain = name.trim();
        let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if name != plain || plain.is_empty() || !plain.chars().all(legal) {
            notes.add(self.line, "4.2", format!("{name:?} of {} is not an attribute name", self.tag));
        }
        if self.value(plain).is_some() {
            notes.add(self.line, "4.2", format!("{} has {plain} more than once", self.tag));
            return;
        }
        self.list.push((plain, value));
    }

    fn value(&self, name: &str) -> Option<Value<'t>> {
        self.list.iter().find(|(one, _)| *one == name).map(|(_, value)| *value)
    }

    /// Whether there is such an attribute.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A quoted-string.
    pub(super) fn quoted(&self, name: &str, notes: &mut Notes) -> Option<String> {
        let value = self.value(name)?;
        if !value.quoted {
            notes.add(self.line, "4.2", format!("{name} of {} is not in quotes", self.tag));
        }
        Some(value.text.to_owned())
    }

    /// An enumerated-string.
    pub(super) fn word(&self, name: &str, notes: &mut Notes) -> Option<&'t str> {
        let value = self.value(name)?;
        if value.quoted {
            notes.add(self.line, "4.2", format!("{name} of {} is in quotes", self.tag));
        }
        Some(value.text.trim())
    }

    /// YES or NO.
    pub(super) fn yes(&self, name: &str, notes: &mut Notes) -> bool {
        match self.word(name, notes) {
            Some("YES") => true,
            Some("NO") | None => false,
            Some(other) => {
                notes.add(self.line, "4.2", format!("{name} of {} is {other:?}, not YES or NO", self.tag));
                false
            }
        }
    }

    /// A number: decimal-integer or decimal-floating-point.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str, notes: &mut Notes) -> Option<T> {
        let word = self.word(name, notes)?;
        let number = word.parse().ok();
        if number.is_none() {
            notes.add(self.line, "4.2", format!("{name} of {} is {word:?}, not such a number", self.tag));
        }
        number
    }

    /// A decimal-resolution: width × height.
    pub(super) fn resolution(&self, name: &str, notes: &mut Notes) -> Option<(u32, u32)> {
        let word = self.word(name, notes)?;
        let read = word.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        if read.is_none() {
            notes.add(self.line, "4.2", format!("{name} of {} is {word:?}, not WIDTHxHEIGHT", self.tag));
        }
        read
    }

    /// Says that an attribute is not there that has to be.
    pub(super) fn missing(&self, name: &str, clause: &'static str, notes: &mut Notes) {
        notes.list.push(Note { line: self.line, clause, text: format!("{} has no {name}", self.tag) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_do_not_separate() {
        let mut notes = Notes::default();
        let text = "BANDWIDTH=12,CODECS=\"a,b\",RESOLUTION=3x4,FRAME-RATE=25.000,DEFAULT=YES";
        let attributes = Attributes::read("T", 1, text, &mut notes);
        assert_eq!(attributes.quoted("CODECS", &mut notes).as_deref(), Some("a,b"));
        assert_eq!(attributes.number::<u64>("BANDWIDTH", &mut notes), Some(12));
        assert_eq!(attributes.number::<f64>("FRAME-RATE", &mut notes), Some(25.0));
        assert_eq!(attributes.resolution("RESOLUTION", &mut notes), Some((3, 4)));
        assert!(attributes.yes("DEFAULT", &mut notes));
        assert_eq!(notes.list, []);
    }

    #[test]
    fn what_is_malformed_is_noted_and_the_rest_read() {
        for (text, problem) in [
            ("A=1,A=2", "T has A more than once"),
            ("a=1,A=1", "\"a\" of T is not an attribute name"),
            ("A =1", "\"A \" of T is not an attribute name"),
            ("A=1,oh", "T has \"oh\" where NAME=value is wanted"),
            ("A=1,B=\"x", "the quoted value of B of T does not end"),
        ] {
            let mut notes = Notes::default();
            let attributes = Attributes::read("T", 1, text, &mut notes);
            assert_eq!(attributes.number::<u32>("A", &mut notes), Some(1), "{text}");
            assert_eq!(notes.list[0].text, problem, "{text}");
        }
        let mut notes = Notes::default();
        let attributes = Attributes::read("T", 1, "A=x,B=1,C=\"YES\",D=4:3,E=MAYBE", &mut notes);
        attributes.number::<u64>("A", &mut notes);
        attributes.quoted("B", &mut notes);
        attributes.yes("C", &mut notes);
        attributes.resolution("D", &mut notes);
        attributes.yes("E", &mut notes);
        assert_eq!(notes.list.len(), 5);
    }
}
