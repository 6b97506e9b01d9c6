//! Asking rights, and what happens while it does not answer.

use std::time::Duration;

use funkturm_base::{Error, Kind, Result};
use funkturm_bus::Bus;
use funkturm_contracts::{
    client::Peer,
    rights::{Decision, Question},
};
use prometheus::IntCounter;
use slog::{Logger, warn};
use tokio::time::timeout;

/// Rights answers out of memory: one that takes longer is in trouble.
const ANSWER: Duration = Duration::from_secs(2);

/// Whom to ask, and what is remembered of the answers.
pub(crate) struct Rights {
    pub(crate) peer: Peer,
    pub(crate) bus: Bus,
    /// For how long a decision goes on to count while rights is away.
    pub(crate) grace: Duration,
    pub(crate) graced: IntCounter,
    pub(crate) log: Logger,
}

impl Rights {
    /// What rights says now.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Decision> {
        let unavailable = || {
            Error::new(
                Kind::Unavailable,
                "whether this may be watched cannot be found out at the moment: try again",
            )
        };
        match timeout(ANSWER, self.peer.decide(question)).await {
            Ok(Ok(decision)) => Ok(decision),
            Ok(Err(error)) => Err(unavailable().with_source(error)),
            Err(late) => Err(unavailable().with_source(late)),
        }
    }

    /// What rights says, or said lately if it does not answer.
    pub(crate) async fn decide(&self, question: &Question) -> Result<Decision> {
        match self.ask(question).await {
            Ok(decision) => {
                self.remember(question, &decision).await;
                Ok(decision)
            }
            Err(error) => match self.recall(question).await {
                Some(decision) => {
                    self.graced.inc();
                    warn!(self.log, "rights is away: what it said lately counts"; "error" => error.chain());
                    Ok(decision)
                }
                None => Err(error),
            },
        }
    }

    /// A refusal is forgotten at once: who is refused now must not play later because rights is away.
    async fn remember(&self, question: &Question, decision: &Decision) {
        if self.grace.is_zero() {
            return;
        }
        let key = self.key(question);
        let command = match serde_json::to_string(decision) {
            Ok(text) if decision.allowed => {
                let mut command = redis::cmd("SET");
                command.arg(key).arg(text).arg("EX").arg(self.grace.as_secs());
                command
            }
            _ => {
                let mut command = redis::cmd("DEL");
                command.arg(key);
                command
            }
        };
        if let Err(error) = self.bus.run::<()>(&command).await {
            warn!(self.log, "a decision cannot be remembered"; "error" => error.chain());
        }
    }

    async fn recall(&self, question: &Question) -> Option<Decision> {
        if self.grace.is_zero() {
            return None;
        }
        let mut command = redis::cmd("GET");
        command.arg(self.key(question));
        let text: Option<String> = self.bus.run(&command).await.ok()?;
        serde_json::from_str(&text?).ok()
    }

    fn key(&self, question: &Question) -> String {
        let who = if question.child { "child" } else { "adult" };
        self.bus.key(&["decision", &question.household.to_string(), question.channel.as_str(), who])
    }
}
