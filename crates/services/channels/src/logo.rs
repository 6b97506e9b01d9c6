//! Pictures as logos: recognised by their first bytes, whatever the client calls them.

use funkturm_base::{Error, Kind, Result};

/// The largest picture that is taken, in bytes: a logo of a thousand pixels has less.
pub(crate) const LARGEST: usize = 1 << 20;

/// What a logo can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Png,
    Jpeg,
    WebP,
    Svg,
}

impl Picture {
    /// What these bytes are.
    pub(crate) fn recognise(bytes: &[u8]) -> Result<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png);
        }
        if bytes.starts_with(b"\xff\xd8\xff") {
            return Ok(Self::Jpeg);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Ok(Self::WebP);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if is_svg(text) => Ok(Self::Svg),
            _ => Err(Error::new(Kind::Invalid, "this is not a logo: send a PNG, JPEG, WebP or SVG picture")),
        }
    }

    /// From the ending of a name.
    pub(crate) fn from_ending(ending: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::WebP, Self::Svg].into_iter().find(|kind| kind.ending() == ending)
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
            Self::Svg => "svg",
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// Whether the first element is `svg`. What else is in it cannot harm: it is served so that nothing in it runs or
/// loads. Declarations of entities are refused, because a few of them can make a picture of gigabytes.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some((opening, closing)) = [("<?", "?>"), ("<!--", "-->"), ("<!", ">")]
        .into_iter()
        .find(|(opening, _)| rest.starts_with(opening))
    {
        let Some((declaration, behind)) =
            rest.get(opening.len()..).and_then(|inner| inner.split_once(closing))
        else {
            return false;
        };
        if opening == "<!" && declaration.contains('[') {
            return false;
        }
        rest = behind.trim_start();
    }
    let name = rest.strip_prefix('<').and_then(|tag| tag.split([' ', '\t', '\r', '\n', '>', '/']).next());
    name.is_some_and(|name| name == "svg" || name.ends_with(":svg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Picture::Png),
            (b"\xff\xd8\xff\xe0", Picture::Jpeg),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Picture::WebP),
            (b"<svg/>", Picture::Svg),
            (
                "\u{feff}<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE svg PUBLIC \"x\">\n<svg xmlns='a'>"
                    .as_bytes(),
                Picture::Svg,
            ),
            (b"<s:svg xmlns:s='http://www.w3.org/2000/svg'>", Picture::Svg),
        ] {
            assert_eq!(Picture::recognise(bytes).unwrap(), expected);
            assert_eq!(Picture::from_ending(expected.ending()), Some(expected));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [
            &b""[..],
            b"GIF89a",
            b"<html><svg/></html>",
            b"<svgx/>",
            b"<!-- <svg/>",
            b"RIFF....WAVE",
            b"<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg>&a;</svg>",
        ] {
            assert_eq!(Picture::recognise(bytes).unwrap_err().kind(), Kind::Invalid);
        }
    }
}
