//! Whether what an operator sent can be a channel; if not, everything that is wrong with it, each with its place.

use std::collections::BTreeSet;

use funkturm_base::{Error, Kind};
use funkturm_contracts::{
    channel::{ChannelChange, Input, NewChannel},
    input::InputUrl,
};

/// The longest name, in characters: what fits on a screen.
pub(crate) const LONGEST_NAME: usize = 100;
/// The greatest number: four digits are as much as anybody types.
pub(crate) const GREATEST_NUMBER: u32 = 9999;
/// More inputs than this are a mistake.
const MOST_INPUTS: usize = 16;
const LONGEST_URL: usize = 2000;

/// Collects what is wrong.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn unless(&mut self, right: bool, problem: impl FnOnce() -> String) {
        if !right {
            self.0.push(problem());
        }
    }

    fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::new(Kind::Invalid, self.0.join("; "))) }
    }
}

/// Checks a channel to be made.
pub(crate) fn new_channel(new: &NewChannel) -> Result<(), Error> {
    let mut problems = Problems::default();
    name(&mut problems, &new.name);
    number(&mut problems, new.number);
    logo_url(&mut problems, new.logo_url.as_deref());
    inputs(&mut problems, &new.inputs);
    problems.into_result()
}

/// Checks a change.
pub(crate) fn change(change: &ChannelChange) -> Result<(), Error> {
    let mut problems = Problems::default();
    if let Some(new) = &change.name {
        name(&mut problems, new);
    }
    number(&mut problems, change.number);
    logo_url(&mut problems, change.logo_url.as_deref());
    if let Some(new) = &change.inputs {
        inputs(&mut problems, new);
    }
    problems.into_result()
}

fn name(problems: &mut Problems, name: &str) {
    let length = name.trim().chars().count();
    problems.unless((1..=LONGEST_NAME).contains(&length), || {
        format!("name must have 1 to {LONGEST_NAME} characters, not {length}")
    });
    problems.unless(!name.chars().any(char::is_control), || "name must not have line breaks in it".into());
}

fn number(problems: &mut Problems, number: Option<u32>) {
    let right = number.is_none_or(|number| (1..=GREATEST_NUMBER).contains(&number));
    problems.unless(right, || {
        format!("number must be 1 to {GREATEST_NUMBER}, not {}", number.unwrap_or_default())
    });
}

fn logo_url(problems: &mut Problems, url: Option<&str>) {
    let url = url.unwrap_or_default();
    problems.unless(url.is_empty() || is_logo_url(url), || {
        format!(
            "logo_url must be an http or https URL, not {url:?} (a picture is uploaded with PUT to …/logo)"
        )
    });
}

/// Whether a logo can be there.
pub(crate) fn is_logo_url(url: &str) -> bool {
    let web = url.starts_with("http://") || url.starts_with("https://");
    web && url.len() <= LONGEST_URL && url.parse::<http::Uri>().is_ok_and(|url| url.host().is_some())
}

fn inputs(problems: &mut Problems, inputs: &[Input]) {
    problems.unless((1..=MOST_INPUTS).contains(&inputs.len()), || {
        format!("inputs must be 1 to {MOST_INPUTS}, not {}", inputs.len())
    });
    let mut seen = BTreeSet::new();
    for (place, input) in inputs.iter().enumerate() {
        if let Err(problem) = input.url.parse::<InputUrl>() {
            problems.0.push(format!("inputs[{place}].url: {problem}"));
        }
        problems.unless(input.programme != Some(0), || {
            format!("inputs[{place}].programme must be 1 to 65535: 0 is the network's own")
        });
        problems.unless(seen.insert((&input.url, input.programme)), || {
            format!("inputs[{place}] is there twice: {}", input.url)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(url: &str, programme: Option<u16>) -> Input {
        Input { url: url.into(), programme }
    }

    fn channel() -> NewChannel {
        NewChannel {
            name: "Das Erste".into(),
            number: Some(1),
            logo_url: Some("https://logos.example/1.png".into()),
            profile: Default::default(),
            redundant: false,
            inputs: vec![input("udp://239.1.1.1:5000", Some(28_106)), input("udp://239.1.1.1:5000", None)],
        }
    }

    #[test]
    fn what_is_right_passes() {
        new_channel(&channel()).unwrap();
        change(&ChannelChange::default()).unwrap();
        change(&ChannelChange { logo_url: Some(String::new()), ..Default::default() }).unwrap();
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_place() {
        let wrong = NewChannel {
            name: " ".into(),
            number: Some(10_000),
            logo_url: Some("logo.png".into()),
            inputs: vec![
                input("udp://239.1.1.1:5000", Some(0)),
                input("srt://a:1?mode=x", None),
                input("srt://a:1?mode=x", None),
            ],
            ..channel()
        };
        let detail = new_channel(&wrong).unwrap_err();
        insta::assert_snapshot!(detail.message().replace("; ", "\n"), @r#"
        name must have 1 to 100 characters, not 0
        number must be 1 to 9999, not 10000
        logo_url must be an http or https URL, not "logo.png" (a picture is uploaded with PUT to …/logo)
        inputs[0].programme must be 1 to 65535: 0 is the network's own
        inputs[1].url: SRT's mode is caller or listener, not "x"
        inputs[2].url: SRT's mode is caller or listener, not "x"
        inputs[2] is there twice: srt://a:1?mode=x
        "#);
        let none = ChannelChange { inputs: Some(vec![]), ..Default::default() };
        assert_eq!(change(&none).unwrap_err().message(), "inputs must be 1 to 16, not 0");
    }
}
