//! The guide as XMLTV, as its DTD (xmltv.dtd) has it: the channels, for now; programmes come with the guide's own service.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::m3u::Entry;

/// The guide: `base` is where viewers find us.
pub(super) fn write(base: &str, entries: &[Entry]) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::with_capacity(256 + entries.len() * 256), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::DocType(BytesText::from_escaped("tv SYSTEM \"xmltv.dtd\"")))?;
    writer
        .create_element("tv")
        .with_attributes([("source-info-url", base), ("generator-info-name", "Funkturm")])
        .write_inner_content(|writer| entries.iter().try_for_each(|entry| channel(writer, base, entry)))?;
    let mut text = writer.into_inner();
    text.push(b'\n');
    String::from_utf8(text).map_err(io::Error::other)
}

/// A channel. Its number is a further name, as the DTD recommends.
fn channel(writer: &mut Writer<Vec<u8>>, base: &str, entry: &Entry) -> io::Result<()> {
    let number = entry.shown.number.to_string();
    writer.create_element("channel").with_attribute(("id", entry.id.as_str())).write_inner_content(
        |writer| {
            for name in [&*legal(&entry.shown.name), &number] {
                writer.create_element("display-name").write_text_content(BytesText::new(name))?;
            }
            if let Some(logo) = entry.logo(base) {
                writer.create_element("icon").with_attribute(("src", &*legal(&logo))).write_empty()?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// Without what no XML document can have in it, escaped or not (XML 1.0 2.2).
fn legal(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::m3u::tests::entry, *};

    #[test]
    fn channels_are_written_as_the_dtd_wants_them_whatever_they_are_called() {
        let entries = [
            entry("das-erste", 1, "Das Erste", Some("/api/v1/channels/das-erste/logo?v=1a&w=\"2\"")),
            entry("x", 9, "<a> & \"b\" ]]>\n\u{1}ü", None),
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<tv source-info-url="https://tv.example" generator-info-name="Funkturm">
  <channel id="das-erste">
    <display-name>Das Erste</display-name>
    <display-name>1</display-name>
    <icon src="https://tv.example/api/v1/channels/das-erste/logo?v=1a&amp;w=&quot;2&quot;"/>
  </channel>
  <channel id="x">
    <display-name>&lt;a&gt; &amp; &quot;b&quot; ]]&gt;ü</display-name>
    <display-name>9</display-name>
  </channel>
</tv>
"#;
        assert_eq!(write("https://tv.example", &entries).unwrap(), expected);
        assert!(write("https://tv.example", &[]).unwrap().contains("<tv "));
    }
}
