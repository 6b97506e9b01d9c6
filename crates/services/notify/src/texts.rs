//! What mails say: the texts in German and English, as plain text first. The HTML is made of the same text, so that the two never
//! differ: each paragraph is one, and a line of text above the link becomes its button.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail, ensure};
use funkturm_contracts::mail::Template;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

/// The frame of the HTML.
const LAYOUT: &str = "layout.html";
/// The languages that there are texts in.
pub(crate) const LANGUAGES: [&str; 2] = ["de", "en"];

macro_rules! texts {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../texts/", $name)))),*] };
}

/// The texts that we bring.
const OURS: &[(&str, &str)] = texts![
    "layout.html",
    "address_changed.de.txt",
    "address_changed.en.txt",
    "already_registered.de.txt",
    "already_registered.en.txt",
    "change_address.de.txt",
    "change_address.en.txt",
    "confirm_address.de.txt",
    "confirm_address.en.txt",
    "deleted.de.txt",
    "deleted.en.txt",
    "new_device.de.txt",
    "new_device.en.txt",
    "password_changed.de.txt",
    "password_changed.en.txt",
    "reset_password.de.txt",
    "reset_password.en.txt",
];

/// Who the operator is and looks like.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) operator: String,
    /// `#rrggbb`.
    pub(crate) colour: String,
    pub(crate) signature: String,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// The texts.
pub(crate) struct Texts {
    templates: Environment<'static>,
    look: Look,
}

impl Texts {
    /// Ours, and in their place those of the operator's folder. Each is tried, so that a mistake shows at the start.
    pub(crate) fn load(folder: Option<&Path>, look: Look) -> anyhow::Result<Self> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        for (name, text) in OURS {
            templates.add_template(name, text)?;
        }
        if let Some(folder) = folder {
            replace(&mut templates, folder)
                .with_context(|| format!("the texts in {} cannot be used", folder.display()))?;
        }
        let texts = Self { templates, look };
        for template in Template::ALL {
            let values =
                template.values().iter().map(|name| ((*name).to_owned(), "https://a.example/".to_owned()));
            let values = values.collect();
            for language in LANGUAGES {
                texts
                    .render(template, language, &values)
                    .with_context(|| format!("{} cannot be used", file(template, language)))?;
            }
        }
        Ok(texts)
    }

    /// What a mail says. Values are one line each; a missing one is an error.
    pub(crate) fn render(
        &self,
        template: Template,
        language: &str,
        values: &BTreeMap<String, String>,
    ) -> anyhow::Result<Rendered> {
        let Look { operator, colour, signature } = &self.look;
        let mut known = values.clone();
        known.insert("operator".to_owned(), operator.clone());
        let whole = self.templates.get_template(&file(template, language))?.render(Value::from(known))?;
        let (subject, body) = whole
            .strip_prefix("Subject: ")
            .and_then(|rest| rest.split_once("\n\n"))
            .context("it must begin with a line `Subject: …` and an empty one")?;
        ensure!(!subject.contains('\n'), "the subject must be one line");
        let (subject, body, signature) = (subject.trim(), body.trim(), signature.trim());
        let link = values.get("link").map(String::as_str);
        let parts: Value = body.split("\n\n").map(|paragraph| part(paragraph.trim(), link)).collect();
        let html = self.templates.get_template(LAYOUT)?.render(context! {
            language, subject, operator, colour, parts,
            on_colour => on(colour),
            signature => signature.lines().collect::<Value>(),
        })?;
        let below = if signature.is_empty() { operator } else { signature };
        // RFC 3676 4.3: what comes below is no part of the text.
        let text = format!("{body}\n\n-- \n{below}\n");
        Ok(Rendered { subject: subject.to_owned(), text, html })
    }
}

/// A paragraph that ends with the link alone on a line is a button.
fn part(paragraph: &str, link: Option<&str>) -> Value {
    let above = link.and_then(|link| paragraph.strip_suffix(link)?.strip_suffix('\n'));
    match above {
        Some(label) => context! { text => label.trim().trim_end_matches(':'), link },
        None => context! { text => paragraph, link => () },
    }
}

fn file(template: Template, language: &str) -> String {
    format!("{}.{language}.txt", template.name())
}

/// Puts the operator's texts in the place of ours.
fn replace(templates: &mut Environment<'static>, folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with('.') {
            continue;
        }
        if !OURS.iter().any(|(ours, _)| *ours == name) {
            let names: Vec<&str> = OURS.iter().map(|(name, _)| *name).collect();
            bail!("nothing reads {name}; there can be {}", names.join(", "));
        }
        let text = std::fs::read_to_string(&path).with_context(|| name.clone())?;
        templates.add_template_owned(name.clone(), text.replace("\r\n", "\n")).with_context(|| name)?;
    }
    Ok(())
}

/// Black or white, whichever is read better on a colour (WCAG 2.2, relative luminance).
fn on(colour: &str) -> &'static str {
    let channel = |at: usize| {
        let value = colour.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    // Where the contrast with white, 1.05 / (l + 0.05), equals that with black, (l + 0.05) / 0.05.
    if luminance > 0.179 { "#000000" } else { "#ffffff" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> Look {
        Look {
            operator: "Stadt & Netz".into(),
            colour: "#ffcc00".into(),
            signature: "Stadt & Netz\nTurmweg 1".into(),
        }
    }

    fn values(template: Template) -> BTreeMap<String, String> {
        let value = |name: &str| match name {
            "link" => "https://tv.example/x?a=1&b=2".to_owned(),
            other => format!("<b>{other}</b>"),
        };
        template.values().iter().map(|name| ((*name).to_owned(), value(name))).collect()
    }

    #[test]
    fn every_text_says_exactly_what_it_is_given() {
        let texts = Texts::load(None, look()).unwrap();
        for template in Template::ALL {
            for language in LANGUAGES {
                let place = file(template, language);
                let Rendered { subject, text, html } =
                    texts.render(template, language, &values(template)).unwrap();
                assert!(subject.contains("Stadt & Netz") && subject.len() < 78, "{place}: {subject}");
                assert!(text.ends_with("-- \nStadt & Netz\nTurmweg 1\n"), "{place}: {text}");
                assert!(text.lines().all(|line| line.chars().count() <= 78), "{place}: {text}");
                assert!(!text.contains("{{") && !text.contains("&amp;"), "{place}: {text}");
                assert!(html.contains(&format!("lang=\"{language}\"")), "{place}");
                for (name, value) in values(template) {
                    assert!(text.contains(&value), "{place} does not say {name}");
                    let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                    let html = html.replace("&#x2f;", "/");
                    assert!(html.contains(&escaped), "{place} does not say {name} in HTML: {html}");
                    assert!(!html.contains("<b>"), "{place}: {html}");
                }
                let buttons = html.matches("<a ").count();
                assert_eq!(buttons > 0, template.values().contains(&"link"), "{place}");
            }
        }
    }

    #[test]
    fn a_missing_value_is_an_error() {
        let texts = Texts::load(None, look()).unwrap();
        for template in Template::ALL {
            for language in LANGUAGES {
                for missing in template.values() {
                    let mut values = values(template);
                    values.remove(*missing);
                    assert!(
                        texts.render(template, language, &values).is_err(),
                        "{template:?} without {missing}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_operators_texts_replace_ours_and_mistakes_in_them_show_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let load = || Texts::load(Some(folder.path()), look());
        write("deleted.en.txt", "Subject: Gone from {{ operator }}\r\n\r\nBye <now>.\r\n");
        let rendered = load().unwrap().render(Template::Deleted, "en", &BTreeMap::new()).unwrap();
        assert_eq!(rendered.subject, "Gone from Stadt & Netz");
        assert!(rendered.html.contains("Bye &lt;now&gt;."), "{}", rendered.html);
        for (name, text, said) in [
            ("deleted.en.txt", "Subject: a\n\n{{ link }}", "deleted.en.txt"),
            ("deleted.en.txt", "no subject", "Subject"),
            ("deleted.en.txt", "Subject: a\n\n{% if %}", "deleted.en.txt"),
            ("delete.en.txt", "Subject: a\n\nb", "nothing reads delete.en.txt"),
        ] {
            write(name, text);
            let error = format!("{:#}", load().err().unwrap());
            assert!(error.contains(said), "{error}");
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
    }

    #[test]
    fn buttons_can_be_read_on_every_colour() {
        for (colour, on_it) in
            [("#000000", "#ffffff"), ("#1d4ed8", "#ffffff"), ("#ffcc00", "#000000"), ("#ffffff", "#000000")]
        {
            assert_eq!(on(colour), on_it, "{colour}");
        }
    }
}
