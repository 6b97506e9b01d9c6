//! Rows of a package on the command line: `ACTIONS:CHANNELS`.

use funkturm_contracts::rights::{Action, offer::Give};

/// Reads `live,pause:das-erste,@sports`, `all:*`.
pub(super) fn parse(text: &str) -> Result<Give, String> {
    let (actions, channels) = text.split_once(':').ok_or_else(|| {
        format!("{text:?} has no channels: write for example live,pause:das-erste, or all:*")
    })?;
    let mut give = Give::default();
    for action in actions.split(',').map(str::trim) {
        match action {
            "all" => give.actions.extend(Action::ALL),
            action => drop(give.actions.insert(action.parse()?)),
        }
    }
    for channel in channels.split(',').map(str::trim) {
        match channel.strip_prefix('@') {
            Some(group) => drop(give.groups.insert(group.to_owned())),
            None if channel == "*" => give.every_channel = true,
            None => {
                let id =
                    channel.parse().map_err(|error| format!("{error}; every channel is *, a group @name"))?;
                give.channels.insert(id);
            }
        }
    }
    Ok(give)
}

/// A row as it is written, as far as the command line can say it.
pub(super) fn words(give: &Give) -> String {
    let actions = if give.actions.len() == Action::ALL.len() {
        "all".to_owned()
    } else {
        give.actions.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(",")
    };
    let mut channels = if give.every_channel { vec!["*".to_owned()] } else { Vec::new() };
    channels.extend(give.channels.iter().map(ToString::to_string));
    channels.extend(give.groups.iter().map(|group| format!("@{group}")));
    let mut text = format!("{actions}:{}", channels.join(","));
    if let Some(hours) = give.hours {
        text.push_str(&format!(" {}-{}", hours.from.format("%H:%M"), hours.until.format("%H:%M")));
    }
    if let Some(from) = give.from {
        text.push_str(&format!(" from {}", from.format("%Y-%m-%d")));
    }
    if let Some(until) = give.until {
        text.push_str(&format!(" until {}", until.format("%Y-%m-%d")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_is_written() {
        for text in ["live,pause:das-erste,zdf,@sports", "all:*", "catch_up:@a"] {
            assert_eq!(words(&parse(text).unwrap()), text);
        }
        assert_eq!(parse("catch-up: a").unwrap(), parse("catch_up:a").unwrap());
        for (wrong, said) in
            [("live", "has no channels"), ("fly:*", "not an action"), ("live:ÄÖ", "every channel is *")]
        {
            assert!(parse(wrong).unwrap_err().contains(said), "{wrong}");
        }
    }
}
