//! Languages as playlists want them: RFC 5646 out of the ISO 639-2 codes of broadcasts.

/// Two-letter codes of the languages that European broadcasts carry; RFC 5646 wants the shortest code there is.
const SHORT: &[(&str, &str)] = &[
    ("alb", "sq"),
    ("ara", "ar"),
    ("baq", "eu"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cze", "cs"),
    ("dan", "da"),
    ("deu", "de"),
    ("dut", "nl"),
    ("ell", "el"),
    ("eng", "en"),
    ("est", "et"),
    ("eus", "eu"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("ger", "de"),
    ("gle", "ga"),
    ("glg", "gl"),
    ("gre", "el"),
    ("heb", "he"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("ice", "is"),
    ("isl", "is"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mkd", "mk"),
    ("nld", "nl"),
    ("nor", "no"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rum", "ro"),
    ("rus", "ru"),
    ("slk", "sk"),
    ("slo", "sk"),
    ("slv", "sl"),
    ("spa", "es"),
    ("sqi", "sq"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("zho", "zh"),
];

/// The RFC 5646 tag of an ISO 639-2 code. Codes that stand for no language become `und`; those for local use (`qaa` to
/// `qtz`, in broadcasts "original version") stay, RFC 5646 has them too.
pub fn tag(code: &str) -> &str {
    let letters = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    if !letters || matches!(code, "mis" | "mul" | "zxx") {
        return "und";
    }
    SHORT.iter().find(|(long, _)| *long == code).map_or(code, |(_, short)| *short)
}

/// Whether a text is formed like an RFC 5646 tag and begins with the shortest code of its language (4.5, 2.2.1).
pub fn is_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let primary = subtags.next().unwrap_or_default();
    let alphabetic = primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    let formed = subtags.all(|subtag| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let longer = SHORT.iter().any(|(long, _)| long.eq_ignore_ascii_case(primary));
    (2..=8).contains(&primary.len()) && alphabetic && formed && !longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_codes_become_tags() {
        for (code, expected) in [
            ("deu", "de"),
            ("ger", "de"),
            ("bar", "bar"),
            ("qaa", "qaa"),
            ("mis", "und"),
            ("und", "und"),
            ("", "und"),
            ("d\"u", "und"),
        ] {
            assert_eq!(tag(code), expected, "{code}");
            assert!(is_tag(tag(code)), "{code}");
        }
    }

    #[test]
    fn a_tag_is_the_shortest_code_and_well_formed() {
        for (text, expected) in [
            ("de", true),
            ("de-AT", true),
            ("zh-Hans", true),
            ("deu", false),
            ("", false),
            ("german language", false),
        ] {
            assert_eq!(is_tag(text), expected, "{text}");
        }
    }
}
