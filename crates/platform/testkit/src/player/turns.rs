//! Several recordings in turns, on one line: other tables, other PIDs, another size of picture, other clocks, from one packet to the next.

use std::time::Duration;

use super::{Player, Stream};

/// Recordings that take turns.
pub struct Turns {
    players: Vec<Player>,
    turn: Duration,
    current: usize,
    /// When this turn began: on the line, and on the clock of the player whose turn it is.
    began: Duration,
    own: Option<Duration>,
}

impl Turns {
    /// Each plays for `turn`, and goes on where it stopped when it comes round again.
    pub fn new(players: Vec<Player>, turn: Duration) -> Self {
        Self { players, turn, current: 0, began: Duration::ZERO, own: None }
    }

    /// Whose turn it is, from 0.
    pub fn current(&self) -> usize {
        self.current
    }
}

impl Stream for Turns {
    fn datagram(&mut self) -> (Duration, Vec<u8>) {
        let Some(player) = self.players.get_mut(self.current) else { return (Duration::MAX, Vec::new()) };
        let (due, datagram) = player.datagram();
        let own = *self.own.get_or_insert(due);
        let into = due.saturating_sub(own);
        let at = self.began + into.min(self.turn);
        if into >= self.turn {
            self.began += self.turn;
            self.current = (self.current + 1) % self.players.len();
            self.own = None;
        }
        (at, datagram)
    }
}
