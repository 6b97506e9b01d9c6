//! Which states follow which.

use funkturm_contracts::rights::subscription::State;

/// Whether a subscription may go from one state to another; from nothing, when it begins.
///
/// | from \ to | trial | active | paused | ends_at | ended |
/// |---|---|---|---|---|---|
/// | (begins) | yes | yes | yes | yes | |
/// | trial | | yes | yes | yes | yes |
/// | active | | | yes | yes | yes |
/// | paused | | yes | | | yes |
/// | ends_at | yes: a plan takes over from what was given away | yes: it goes on after all | yes | | yes |
/// | ended | | | | | |
pub(crate) fn may(from: Option<State>, to: State) -> bool {
    use State::{Active, Ended, EndsAt, Paused, Trial};
    matches!(
        (from, to),
        (None, Trial | Active | Paused | EndsAt)
            | (Some(Trial), Active | Paused | EndsAt | Ended)
            | (Some(Active), Paused | EndsAt | Ended)
            | (Some(Paused), Active | Ended)
            | (Some(EndsAt), Trial | Active | Paused | Ended)
    )
}

/// A state by its name in the database.
pub(crate) fn named(name: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, written another way.
    #[test]
    fn only_these_transitions_are_legal() {
        let table = [
            ("-", "trial active paused ends_at"),
            ("trial", "active paused ends_at ended"),
            ("active", "paused ends_at ended"),
            ("paused", "active ended"),
            ("ends_at", "trial active paused ended"),
            ("ended", ""),
        ];
        for (from, legal) in table {
            for to in State::ALL {
                let legal = legal.split(' ').any(|name| name == to.as_str());
                assert_eq!(may(named(from), to), legal, "{from} to {}", to.as_str());
            }
        }
        assert_eq!(named("gone"), None);
    }
}
