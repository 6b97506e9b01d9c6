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

/// The RFC 5646 tag of an ISO 639-2 code; codes that stand for no language (`qaa`, `mis`, `und`) have none.
pub fn tag(code: &str) -> Option<&str> {
    if matches!(code, "und" | "mis" | "mul" | "zxx") || (code.starts_with('q') && code.len() == 3) {
        return None;
    }
    Some(SHORT.iter().find(|(long, _)| *long == code).map_or(code, |(_, short)| *short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_codes_become_tags() {
        for (code, expected) in [
            ("deu", Some("de")),
            ("ger", Some("de")),
            ("bar", Some("bar")),
            ("qaa", None),
            ("mis", None),
            ("und", None),
        ] {
            assert_eq!(tag(code), expected, "{code}");
        }
    }
}
