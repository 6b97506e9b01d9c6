//! Asking rights, and what happens while it does not answer.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use funkturm_base::{Clock, HouseholdId, Result};
use funkturm_bus::Bus;
use funkturm_contracts::{
    client::Peer,
    rights::{Decision, Question, Rights as All},
};
use prometheus::IntCounter;
use serde::{Deserialize, Serialize};
use slog::{Logger, warn};

use crate::ask::in_time;

/// Whom to ask, and what is remembered of the answers.
pub(crate) struct Rights {
    pub(crate) peer: Peer,
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    /// For how long a decision goes on to count while rights is away.
    pub(crate) grace: Duration,
    pub(crate) graced: IntCounter,
    pub(crate) log: Logger,
}

impl Rights {
    /// What rights says now.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Decision> {
        let otherwise = "whether this may be watched cannot be found out at the moment: try again";
        in_time(self.peer.decide(question), otherwise).await
    }

    /// What a household may do in every channel.
    pub(crate) async fn all(&self, household: HouseholdId, child: bool) -> Result<All> {
        let otherwise = "what may be watched cannot be found out at the moment: try again";
        in_time(self.peer.rights(household, child), otherwise).await
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
        let (key, field) = (self.key(question.household), field(question));
        let seen = Seen { at: self.clock.utc().to_chrono(), decision: decision.clone() };
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        match serde_json::to_string(&seen) {
            Ok(text) if decision.allowed => pipeline.cmd("HSET").arg(&key).arg(field).arg(text).ignore(),
            _ => pipeline.cmd("HDEL").arg(&key).arg(field).ignore(),
        };
        pipeline.cmd("EXPIRE").arg(&key).arg(self.grace.as_secs()).ignore();
        if let Err(error) = self.bus.run_all::<()>(&pipeline).await {
            warn!(self.log, "a decision cannot be remembered"; "error" => error.chain());
        }
    }

    async fn recall(&self, question: &Question) -> Option<Decision> {
        if self.grace.is_zero() {
            return None;
        }
        let mut command = redis::cmd("HGET");
        command.arg(self.key(question.household)).arg(field(question));
        let text: Option<String> = self.bus.run(&command).await.ok()?;
        let seen: Seen = serde_json::from_str(&text?).ok()?;
        let age = (self.clock.utc().to_chrono() - seen.at).to_std().unwrap_or_default();
        (age <= self.grace).then_some(seen.decision)
    }

    /// Forgets what was said about a household.
    pub(crate) async fn forget(&self, household: HouseholdId) -> Result<()> {
        let mut command = redis::cmd("DEL");
        command.arg(self.key(household));
        self.bus.run(&command).await
    }

    fn key(&self, household: HouseholdId) -> String {
        self.bus.key(&["decisions", &household.to_string()])
    }
}

/// A decision, and when it was made.
#[derive(Serialize, Deserialize)]
struct Seen {
    at: DateTime<Utc>,
    decision: Decision,
}

fn field(question: &Question) -> String {
    format!("{}/{}", question.channel, if question.child { "child" } else { "adult" })
}
