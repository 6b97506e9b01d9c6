//! What a configuration must not show when it is printed: passwords within URLs.

use toml::Value;

/// Leaves the secrets of all URLs in a value out.
pub(super) fn without_secrets(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(shown) = shown(text) {
                *text = shown;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_secrets),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| without_secrets(value)),
        _ => {}
    }
}

/// A URL as it may be shown, where that is another text.
fn shown(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let authority =
        match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
            Some((user, host)) => format!("{user}:…@{host}"),
            None => authority.to_owned(),
        };
    let query = query.map(|query| {
        let pairs: Vec<String> = query.split('&').map(pair).collect();
        format!("?{}", pairs.join("&"))
    });
    Some(format!("{scheme}://{authority}{path}{}", query.unwrap_or_default()))
}

fn pair(pair: &str) -> String {
    const SECRET: [&str; 5] = ["password", "passphrase", "secret", "token", "key"];
    match pair.split_once('=') {
        Some((name, _)) if SECRET.iter().any(|secret| name.ends_with(secret)) => format!("{name}=…"),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_not_shown_and_nothing_else_changes() {
        for (text, expected) in [
            ("postgres://channels:s3cret@db:5432/channels", "postgres://channels:…@db:5432/channels"),
            ("redis://:s3cret@db", "redis://:…@db"),
            (
                "postgres:///channels?host=/run/x&password=s3cret",
                "postgres:///channels?host=/run/x&password=…",
            ),
            (
                "srt://0.0.0.0:9000?mode=listener&passphrase=s3cret",
                "srt://0.0.0.0:9000?mode=listener&passphrase=…",
            ),
            ("http://channels@db/a:b", "http://channels@db/a:b"),
            ("no url at all: a@b", "no url at all: a@b"),
        ] {
            let mut value = Value::Array(vec![text.into()]);
            without_secrets(&mut value);
            assert_eq!(value[0].as_str(), Some(expected));
        }
    }
}
