//! The queue of a receiver, and the figures of all of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use funkturm_base::Result;
use funkturm_contracts::client::{CallError, Peer};
use funkturm_service::{Context, Stop};
use http::{Method, StatusCode};
use slog::{Logger, error, info, warn};
use tokio::time::timeout;

use crate::{
    Outbox,
    store::{self, Message, Outcome, Turn},
};

/// Messages taken at once: few enough that what was delivered and not yet written down is soon delivered again.
const BATCH: i64 = 50;

/// What a receiver made of a message.
enum Answer {
    Taken,
    /// For good.
    Refused(String),
    /// For now.
    Failed(String),
}

/// The queue of a receiver.
pub(crate) struct Queue {
    outbox: Outbox,
    receiver: String,
    peer: Peer,
    log: Logger,
    /// The last that was said is that it does not get through.
    complained: bool,
}

impl Queue {
    pub(crate) fn new(outbox: Outbox, receiver: String, peer: Peer, log: Logger) -> Self {
        Self { outbox, receiver, peer, log, complained: false }
    }

    /// Delivers until the process stops.
    pub(crate) async fn run(mut self, stop: Stop) -> anyhow::Result<()> {
        let mut news = self.outbox.0.news.subscribe();
        while !stop.requested() {
            news.mark_unchanged();
            let pause = match self.turn().await {
                Ok(pause) => pause,
                Err(error) => {
                    self.complain(&error.chain());
                    Some(self.outbox.0.options.look_again)
                }
            };
            let Some(pause) = pause else { continue };
            tokio::select! {
                _ = timeout(pause, news.changed()) => {}
                () = stop.wait() => {}
            }
        }
        Ok(())
    }

    /// Delivers what waits. Answers how long there is nothing to do; nothing if there may be more at once.
    async fn turn(&mut self) -> Result<Option<Duration>> {
        let inner = Arc::clone(&self.outbox.0);
        let (options, owner) = (inner.options.clone(), inner.owner);
        let (began, receiver) = (Instant::now(), self.receiver.clone());
        let turn = inner.db.transaction(move |connection| {
            Ok(store::turn_take(connection, &receiver, owner, options.turn, BATCH)?)
        });
        let (messages, failures) = match turn.await? {
            Turn::Nothing => return Ok(Some(inner.options.look_again)),
            // Shorter than it might be: a pause that another instance made is not known here.
            Turn::NotNow => return Ok(Some(inner.options.look_again.min(inner.options.first_pause * 2))),
            Turn::Ours(messages, failures) => (messages, failures),
        };
        let outcome = self.deliver(&messages, failures, began).await;
        let pause = outcome.failed.as_ref().map(|(_, _, pause)| *pause);
        let receiver = self.receiver.clone();
        let settle = inner
            .db
            .transaction(move |connection| Ok(store::turn_settle(connection, &receiver, owner, &outcome)?));
        settle.await?;
        inner.delivered.send_replace(());
        Ok(pause)
    }

    /// Delivers messages in order, until one does not get through or the turn is half over.
    async fn deliver(&mut self, messages: &[Message], failures: i32, began: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        for message in messages {
            if began.elapsed() > self.outbox.0.options.turn / 2 {
                break;
            }
            let metrics = &self.outbox.0.metrics;
            match send(&self.peer, message).await {
                Answer::Taken => {
                    metrics.delivered.with_label_values(&[&self.receiver]).inc();
                    outcome.delivered.push(message.id);
                    if std::mem::replace(&mut self.complained, false) {
                        info!(self.log, "messages get through again"; "receiver" => &self.receiver);
                    }
                }
                Answer::Refused(problem) => {
                    metrics.refused.with_label_values(&[&self.receiver]).inc();
                    error!(self.log, "a message was refused for good and is put aside in the table outbox";
                        "receiver" => &self.receiver, "id" => message.id, "path" => &message.path, "error" => &problem);
                    outcome.refused.push((message.id, problem));
                }
                Answer::Failed(problem) => {
                    metrics.failed.with_label_values(&[&self.receiver]).inc();
                    self.complain(&problem);
                    let came_through = !outcome.delivered.is_empty();
                    let pause = self.pause(if came_through { 0 } else { failures });
                    outcome.failed = Some((message.id, problem, pause));
                    break;
                }
            }
        }
        outcome
    }

    /// The pause after so many failures: it doubles with each.
    fn pause(&self, failures: i32) -> Duration {
        let options = &self.outbox.0.options;
        let doubled = options.first_pause.saturating_mul(1 << failures.clamp(0, 20));
        doubled.min(options.longest_pause)
    }

    fn complain(&mut self, problem: &str) {
        if !std::mem::replace(&mut self.complained, true) {
            warn!(self.log, "messages wait in the outbox"; "receiver" => &self.receiver, "error" => problem);
        }
    }
}

async fn send(peer: &Peer, message: &Message) -> Answer {
    let Ok(method) = message.method.parse::<Method>() else {
        return Answer::Refused(format!("{:?} is no method", message.method));
    };
    match peer.deliver(method, &message.path, message.body.as_ref()).await {
        Ok(()) => Answer::Taken,
        Err(error) if refused_for_good(&error) => Answer::Refused(error.to_string()),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// What is wrong with the message itself. A token that is not accepted is the operator's to set right, and then it gets
/// through.
fn refused_for_good(error: &CallError) -> bool {
    let status = error.status().and_then(|status| StatusCode::from_u16(status).ok());
    status.is_some_and(|status| {
        let passing = [StatusCode::UNAUTHORIZED, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        status.is_client_error() && !passing.contains(&status)
    })
}

/// Keeps the figures, until the process stops.
pub(crate) async fn watch(outbox: Outbox, context: Context) -> anyhow::Result<()> {
    let inner = &outbox.0;
    while !context.stop.requested() {
        // While the database is away, the last figures stay; the queues say so.
        if let Ok(figures) = inner.db.run(store::figures).await {
            for receiver in inner.receivers.keys() {
                let figure = figures.iter().find(|figure| figure.receiver == *receiver);
                let (waiting, dead) = figure.map_or((0, 0), |figure| (figure.waiting, figure.dead));
                inner.metrics.waiting.with_label_values(&[receiver]).set(waiting);
                inner.metrics.dead.with_label_values(&[receiver]).set(dead);
            }
            for stray in figures.iter().filter(|figure| !inner.receivers.contains_key(&figure.receiver)) {
                warn!(context.log, "messages wait for a receiver that is not configured any more";
                    "receiver" => &stray.receiver, "count" => stray.waiting);
            }
        }
        // Time to look again, or to stop: the loop's condition tells.
        let _ = timeout(inner.options.look_again, context.stop.wait()).await;
    }
    Ok(())
}
