//! The workers: each takes a mail that is due, sends it, and notes what came of it.
//!
//! A mail belongs to one worker of all instances at a time, by a lease that it renews while the server thinks. It is sent at least once;
//! twice only if the process ends, or loses Redis for as long as a lease, between the server's answer and the note of it, or if that answer
//! is lost.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use funkturm_base::Kind;
use funkturm_contracts::mail::CaughtMail;
use funkturm_service::Stop;
use lettre::Message;
use slog::{Logger, error, info, warn};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

use crate::{
    config::Config,
    message::Sender,
    meters::Meters,
    smtp::{Failure, Line, Smtp},
    store::{Claimed, End, LEASE, Store},
    texts::{Rendered, Texts},
};

/// How often a worker that has nothing to do looks whether a mail is due: one that another instance took in, or that is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How soon what could not be noted, for want of Redis, is noted again.
const NOTE_AGAIN: Duration = Duration::from_millis(250);
/// For how long a mail server that cannot be used is left alone: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Where mails go.
#[derive(Clone)]
pub(crate) enum Carrier {
    /// To a mail server.
    Smtp(Smtp),
    /// Nowhere: they are kept for operators to read.
    Catch,
}

/// What the workers of an instance share.
pub(crate) struct Office {
    pub(crate) store: Arc<Store>,
    pub(crate) texts: Texts,
    pub(crate) sender: Sender,
    pub(crate) carrier: Carrier,
    pub(crate) meters: Meters,
    pub(crate) retry: (Duration, Duration),
    /// Wakes a worker when a mail came in.
    pub(crate) bell: Arc<Notify>,
    pub(crate) pause: Pause,
    pub(crate) stop: Stop,
    pub(crate) log: Logger,
}

/// What came of an attempt.
enum Outcome {
    End(End),
    Failed(Failure),
    /// Somebody else has the mail now.
    Lost,
}

/// What is noted of a mail.
enum Note<'a> {
    End(&'a End),
    Later { due: DateTime<Utc>, attempts: u32, reason: &'a str },
}

impl Office {
    /// How long a mail waits that was put off for the first time, and at most.
    pub(crate) fn retries(config: &Config) -> (Duration, Duration) {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        (seconds(config.retry_seconds), seconds(config.retry_most_seconds))
    }

    /// Works until the process stops. `name` is nobody else's.
    pub(crate) async fn work(self: Arc<Self>, name: String) -> anyhow::Result<()> {
        let mut line = match &self.carrier {
            Carrier::Smtp(smtp) => Some(Line::new(smtp.clone())),
            Carrier::Catch => None,
        };
        let mut away = false;
        while !self.stop.requested() {
            if let Some(until) = self.pause.until() {
                tokio::select! {
                    () = sleep_until(until) => {}
                    () = self.stop.wait() => break,
                }
            }
            match self.store.claim(&name).await {
                Ok(Some(claimed)) => self.handle(&name, line.as_mut(), claimed).await,
                Ok(None) => self.rest(line.as_mut()).await,
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(self.log, "no mails can be had"; "worker" => &name, "error" => error.chain());
                    }
                    self.rest(line.as_mut()).await;
                    continue;
                }
            }
            if std::mem::replace(&mut away, false) {
                info!(self.log, "mails can be had again"; "worker" => &name);
            }
        }
        if let Some(line) = &mut line {
            line.close().await;
        }
        Ok(())
    }

    async fn rest(&self, line: Option<&mut Line>) {
        if let Some(line) = line {
            line.rest().await;
        }
        tokio::select! {
            () = self.bell.notified() => {}
            () = sleep(LOOK_AGAIN) => {}
            () = self.stop.wait() => {}
        }
    }

    async fn handle(&self, name: &str, line: Option<&mut Line>, claimed: Claimed) {
        let id = claimed.id;
        match self.attempt(name, line, &claimed).await {
            Outcome::End(end) => {
                match &end {
                    End::Sent(_) => self.pause.end(),
                    End::Dead(reason) => {
                        warn!(self.log, "a mail cannot be sent"; "mail" => %id, "reason" => reason);
                    }
                }
                if self.note(name, id, Note::End(&end)).await {
                    self.meters.ended(&end);
                }
            }
            Outcome::Failed(failure) => self.put_back(name, &claimed, failure).await,
            Outcome::Lost => {
                warn!(self.log, "a mail was taken over while it was being sent"; "mail" => %id);
            }
        }
    }

    async fn attempt(&self, name: &str, line: Option<&mut Line>, claimed: &Claimed) -> Outcome {
        let Claimed { id, mail, accepted, .. } = claimed;
        if self.store.now() >= mail.until {
            return Outcome::End(End::Dead(format!("its time was over at {}", mail.until.to_rfc3339())));
        }
        let dead = |reason: String| Outcome::End(End::Dead(reason));
        let language = if mail.language == "de" { "de" } else { "en" };
        let rendered = match self.texts.render(mail.template, language, &mail.values) {
            Ok(rendered) => rendered,
            Err(error) => return dead(format!("it cannot be written: {error:#}")),
        };
        let message = match self.sender.compose(*id, &mail.to, *accepted, language, rendered.clone()) {
            Ok(message) => message,
            Err(reason) => return dead(reason),
        };
        let Some(line) = line else {
            return Outcome::End(End::Sent(Some(self.caught(rendered, mail.values.get("link").cloned()))));
        };
        tokio::select! {
            sent = self.send(line, &message) => match sent {
                Ok(()) => Outcome::End(End::Sent(None)),
                Err(Failure::Never(reason)) => dead(reason),
                Err(failure) => Outcome::Failed(failure),
            },
            () = self.hold(name, claimed) => Outcome::Lost,
        }
    }

    async fn send(&self, line: &mut Line, message: &Message) -> Result<(), Failure> {
        let began = std::time::Instant::now();
        let sent = line.send(message).await;
        self.meters.seconds.observe(began.elapsed().as_secs_f64());
        sent
    }

    fn caught(&self, rendered: Rendered, link: Option<String>) -> CaughtMail {
        let Rendered { subject, text, html } = rendered;
        CaughtMail { from: self.sender.shown(), subject, text, html, link }
    }

    /// Renews the lease of a mail, and returns when it is lost.
    async fn hold(&self, name: &str, claimed: &Claimed) {
        let mut valid_until = Instant::now() + LEASE;
        loop {
            sleep(LEASE / 5).await;
            let asked = Instant::now();
            match self.store.renew(claimed.id, name).await {
                Ok(true) => valid_until = asked + LEASE,
                Ok(false) => return,
                Err(_) if Instant::now() >= valid_until => return,
                Err(_) => {}
            }
        }
    }

    async fn put_back(&self, name: &str, claimed: &Claimed, failure: Failure) {
        let Claimed { id, mail, attempts, .. } = claimed;
        let (wait, attempts, reason) = match failure {
            Failure::Server(reason) => (self.pause.begin(), *attempts, reason),
            Failure::Later(reason) | Failure::Never(reason) => {
                (back_off(self.retry, *attempts), attempts.saturating_add(1), reason)
            }
        };
        self.meters.deferred.inc();
        warn!(self.log, "a mail has to wait"; "mail" => %id, "seconds" => wait.as_secs_f64(), "reason" => &reason);
        // At the end of its time it is looked at once more, to be given up.
        let due = (self.store.now() + wait).min(mail.until);
        self.note(name, *id, Note::Later { due, attempts, reason: &reason }).await;
    }

    /// Notes something, again and again while Redis is away: what the server has taken must not be sent once more. The process does not
    /// wait for that longer than for anything else when it stops.
    async fn note(&self, name: &str, id: Uuid, note: Note<'_>) -> bool {
        let mut away = false;
        loop {
            let written = match note {
                Note::End(end) => self.store.settle(id, name, end).await,
                Note::Later { due, attempts, reason } => {
                    self.store.postpone(id, name, due, attempts, reason).await
                }
            };
            match written {
                Ok(noted) => return noted,
                Err(error) if error.kind() == Kind::Unavailable => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(self.log, "what became of a mail cannot be noted yet"; "error" => error.chain());
                    }
                }
                Err(error) => {
                    error!(self.log, "what became of a mail cannot be noted"; "error" => error.chain());
                    return false;
                }
            }
            sleep(NOTE_AGAIN).await;
        }
    }
}

/// How long a mail waits after it was put off so many times before.
fn back_off((first, most): (Duration, Duration), before: u32) -> Duration {
    first.saturating_mul(1 << before.min(16)).min(most)
}

/// For how long the mail server is left alone.
#[derive(Default)]
pub(crate) struct Pause(Mutex<Option<(Instant, Duration)>>);

impl Pause {
    /// The server could not be used: answers how long it is left alone, twice as long as the last time.
    fn begin(&self) -> Duration {
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *pause {
            // Another worker has just found out the same.
            Some((until, _)) if until > now => until - now,
            before => {
                let long = before.map_or(PAUSES.0, |(_, long)| (long * 2).min(PAUSES.1));
                *pause = Some((now + long, long));
                long
            }
        }
    }

    /// It can be used.
    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn until(&self) -> Option<Instant> {
        let pause = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pause.map(|(until, _)| until).filter(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_waits_twice_as_long_each_time_up_to_a_limit() {
        let seconds =
            |before| back_off((Duration::from_secs(30), Duration::from_secs(900)), before).as_secs();
        assert_eq!([0, 1, 2, 4, 5, 40].map(seconds), [30, 60, 120, 480, 900, 900]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_in_trouble_is_asked_less_and_less_often_until_it_works() {
        let pause = Pause::default();
        assert_eq!(pause.until(), None);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            pauses.push(pause.begin().as_millis());
            assert_eq!(pause.begin().as_millis(), pauses[pauses.len() - 1], "workers share it");
            sleep_until(pause.until().unwrap()).await;
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        pause.end();
        assert_eq!(pause.begin(), PAUSES.0);
    }
}
