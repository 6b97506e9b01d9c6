//! An offer in a file: TOML for people, JSON for programs.

use std::io::Read;

use anyhow::Context;
use funkturm_contracts::rights::offer::Offer;

/// Reads an offer.
pub(super) fn read(place: &str) -> anyhow::Result<Offer> {
    let text = if place == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
        text
    } else {
        std::fs::read_to_string(place).with_context(|| format!("{place} cannot be read"))?
    };
    parse(&text, place.ends_with(".json")).with_context(|| format!("{place} is no offer"))
}

fn parse(text: &str, json: bool) -> anyhow::Result<Offer> {
    if json {
        return Ok(serde_json::from_str(text)?);
    }
    // TOML has times of its own, which are not in quotes: they mean the same.
    Ok(serde_json::from_value(plain(toml::Value::Table(text.parse()?)))?)
}

fn plain(value: toml::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => Value::Array(values.into_iter().map(plain).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, plain(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = r#"
            [[packages]]
            id = "a"
            name = { de = "A", en = "A" }
            gives = [{ every_channel = true, actions = ["live"], from = 2026-12-01T00:00:00Z, hours = { from = "20:00", until = "06:00" } }]
        "#;
        let json = r#"{"packages": [{"id": "a", "name": {"de": "A", "en": "A"}, "gives": [{"every_channel": true,
            "actions": ["live"], "from": "2026-12-01T00:00:00Z", "hours": {"from": "20:00", "until": "06:00"}}]}]}"#;
        let offer = parse(toml, false).unwrap();
        assert_eq!(offer, parse(json, true).unwrap());
        assert!(offer.packages[0].on_sale && offer.packages[0].gives[0].hours.is_some());
        assert!(parse("colour = 1", false).unwrap_err().to_string().contains("colour"));
    }

    #[test]
    fn the_example_of_the_documentation_is_an_offer() {
        let documented = include_str!("../../../../docs/rights.md");
        let example = documented.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(parse(example, false).unwrap().packages.len(), 3);
    }
}
