//! Text in service information (ETSI EN 300 468, annex A).

use encoding_rs::Encoding;

/// Reads a text: its first bytes say in which character table it is; ISO/IEC 6937 where they do not.
pub fn decode(bytes: &[u8]) -> String {
    let text = match *bytes {
        [] => String::new(),
        [table @ 0x01..=0x0b, ref text @ ..] => iso8859(table + 4, text),
        [0x10, 0, table, ref text @ ..] => iso8859(table, text),
        [0x11 | 0x14, ref text @ ..] => {
            let units = text.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from(*high) << 8 | u16::from(*low),
                _ => 0,
            });
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        [0x15, ref text @ ..] => String::from_utf8_lossy(text).into_owned(),
        [0x1f, _, ref text @ ..] => String::from_utf8_lossy(text).into_owned(),
        [0x00..=0x1f, ref text @ ..] => iso6937(text),
        _ => iso6937(bytes),
    };
    // Line breaks are 0x8a, in two-byte tables 0xe08a; the other controls switch emphasis.
    let cleaned = text.chars().filter_map(|c| match c {
        '\u{8a}' | '\u{e08a}' | '\n' => Some('\n'),
        c if c.is_control() || ('\u{e080}'..='\u{e09f}').contains(&c) => None,
        c => Some(c),
    });
    cleaned.collect::<String>().trim().to_owned()
}

fn iso8859(part: u8, text: &[u8]) -> String {
    let label = format!("iso-8859-{part}");
    let printable = |encoding: &'static Encoding| {
        // In the web's tables 0x80 to 0x9f are letters; in DVB's they are controls.
        let mut out = String::new();
        for run in text.split_inclusive(|b| (0x80..0xa0).contains(b)) {
            let (letters, control) = match run.split_last() {
                Some((last, letters)) if (0x80..0xa0).contains(last) => (letters, Some(char::from(*last))),
                _ => (run, None),
            };
            out.push_str(&encoding.decode_without_bom_handling(letters).0);
            out.extend(control);
        }
        out
    };
    Encoding::for_label(label.as_bytes()).map_or_else(|| iso6937(text), printable)
}

/// Latin letters with the accent in front of its letter.
fn iso6937(text: &[u8]) -> String {
    let mut out = String::new();
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            0xc1..=0xcf => {
                let letter = bytes.next_if(u8::is_ascii).map_or(' ', char::from);
                out.push(composed(byte, letter));
            }
            0xa0..=0xff => out.push(UPPER.chars().nth(usize::from(byte - 0xa0)).unwrap_or('\u{fffd}')),
            _ => out.push(char::from(byte)),
        }
    }
    out
}

/// 0xa0 to 0xff of ISO/IEC 6937 with the euro sign that DVB adds; `\u{fffd}` where nothing is.
const UPPER: &str = "\u{a0}¡¢£€¥\u{fffd}§¤‘“«←↑→↓°±²³×µ¶·÷’”»¼½¾¿\
    \u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\
    ―¹®©™♪¬¦\u{fffd}\u{fffd}\u{fffd}\u{fffd}⅛⅜⅝⅞ΩÆĐªĦ\u{fffd}ĲĿŁØŒºÞŦŊŉĸæđðħıĳŀłøœßþŧŋ\u{ad}";

/// For each accent from 0xc1 on: letters, each followed by itself with the accent.
const ACCENTS: [&str; 15] = [
    "AÀEÈIÌOÒUÙaàeèiìoòuù",
    "AÁCĆEÉIÍLĹNŃOÓRŔSŚUÚYÝZŹaácćeéiílĺnńoórŕsśuúyýzź",
    "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ",
    "AÃIĨNÑOÕUŨaãiĩnñoõuũ",
    "AĀEĒIĪOŌUŪaāeēiīoōuū",
    "AĂGĞUŬaăgğuŭ",
    "CĊEĖGĠIİZŻcċeėgġzż",
    "AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿ",
    "",
    "AÅUŮaåuů",
    "CÇGĢKĶLĻNŅRŖSŞTŢcçkķlļnņrŗsştţ",
    "",
    "OŐUŰoőuű",
    "AĄEĘIĮUŲaąeęiįuų",
    "CČDĎEĚLĽNŇRŘSŠTŤZŽcčdďeělľnňrřsštťzž",
];

fn composed(accent: u8, letter: char) -> char {
    let pairs = ACCENTS.get(usize::from(accent - 0xc1)).copied().unwrap_or_default();
    let mut pairs = pairs.chars();
    while let (Some(plain), Some(accented)) = (pairs.next(), pairs.next()) {
        if plain == letter {
            return accented;
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_table_is_read() {
        for (bytes, expected) in [
            (b"Das Erste".as_slice(), "Das Erste"),
            (b"K\xc8oln \xfb", "Köln ß"),
            (b"\x05T\xfcr", "Tür"),
            (b"\x01\xbf\xe0", "Пр"),
            (b"\x10\x00\x02\xb9", "š"),
            (b"\x11\x04\x1f\x04\x40", "Пр"),
            ("\x15日本".as_bytes(), "日本"),
            (b"\x86arte\x87\x8aHD", "arte\nHD"),
            (b"", ""),
            (b"\x01", ""),
            (b"\xc8", ""),
            (b"\xa4 5", "€ 5"),
        ] {
            assert_eq!(decode(bytes), expected, "{bytes:x?}");
        }
        assert_eq!(UPPER.chars().count(), 96);
    }
}
