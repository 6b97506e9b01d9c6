//! The billing system's events in, and ours out.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use funkturm_base::HouseholdId;
use funkturm_rights::{Billing, Config};
use funkturm_service::{
    Routes, reply,
    testing::{TestServer, serve, until},
};
use reqwest::{Method, RequestBuilder, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::{Instance, PATIENCE, Rig, answer, problem};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Signs as docs/billing.md says.
fn sign(seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("t={seconds},v1={}", hex::encode(hmac::sign(&key, format!("{seconds}.{body}").as_bytes())))
}

fn event(rig: &Rig, service: &Instance, event: &Value) -> RequestBuilder {
    let body = event.to_string();
    let signature = sign(rig.now().timestamp(), &body);
    service.request(Method::POST, "/webhooks/billing").header("Funkturm-Signature", signature).body(body)
}

async fn outcome(request: RequestBuilder) -> String {
    let answer: Value = answer(request, StatusCode::OK).await.json().await.unwrap();
    answer["outcome"].as_str().unwrap().to_owned()
}

/// A billing system that writes down what it hears, and answers what it is told to.
struct Receiver {
    server: TestServer,
    heard: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    async fn start() -> Self {
        let (heard, answers) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::<Mutex<Vec<u16>>>::default());
        let (hears, answering) = (Arc::clone(&heard), Arc::clone(&answers));
        let routes = Routes::new().post("/events", move |mut request| {
            let (hears, answering) = (Arc::clone(&hears), Arc::clone(&answering));
            async move {
                let body = request.bytes(10_000).await?;
                let body = std::str::from_utf8(&body).unwrap();
                let signature = request.header("funkturm-signature").unwrap();
                let seconds = signature[2..].split(',').next().unwrap().parse().unwrap();
                assert_eq!(signature, sign(seconds, body));
                let status = answering.lock().unwrap().pop().unwrap_or(200);
                if status == 200 {
                    hears.lock().unwrap().push(serde_json::from_str(body).unwrap());
                }
                Ok(reply::problem_of(http::StatusCode::from_u16(status).unwrap(), "told to"))
            }
        });
        Self { server: serve(routes).await.unwrap(), heard, answers }
    }

    /// What was heard, as `package state`, once there is so much of it.
    async fn heard(&self, count: usize) -> Vec<String> {
        let heard = || async {
            let heard = self.heard.lock().unwrap();
            (heard.len() >= count).then(|| heard.clone())
        };
        let heard = until("events", PATIENCE, heard).await.unwrap();
        let words = |event: &Value| {
            let part = |name: &str| event["subscription"][name].as_str().unwrap_or("-").to_owned();
            if event["type"] == "subscription" {
                format!("{} {}", part("package"), part("state"))
            } else {
                event["type"].as_str().unwrap().to_owned()
            }
        };
        heard.iter().map(words).collect()
    }
}

struct Billed {
    rig: Rig,
    service: Instance,
    household: HouseholdId,
    receiver: Receiver,
    _secret: NamedTempFile,
}

impl Billed {
    async fn start() -> Self {
        let (rig, receiver) = (Rig::start().await, Receiver::start().await);
        let mut secret = NamedTempFile::new().unwrap();
        writeln!(secret, "{SECRET}").unwrap();
        let url = format!("{}/events", receiver.server.url());
        let billing = Billing { url, secret_file: Some(secret.path().to_owned()), ..Billing::default() };
        let service = rig.with(Config { billing, ..rig.config() }).await;
        service.offer().await;
        let household = service.household().await;
        Self { rig, service, household, receiver, _secret: secret }
    }

    fn event(&self, id: &str, kind: &str, at: TimeDelta) -> Value {
        json!({"id": id, "type": kind, "at": self.rig.now() + at, "household": self.household, "package": "plus"})
    }

    async fn send(&self, event: &Value) -> String {
        outcome(self::event(&self.rig, &self.service, event)).await
    }

    async fn has(&self, state: &str) {
        assert_eq!(self.service.states(self.household).await, ["basic active", state]);
    }
}

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

#[tokio::test]
async fn what_is_not_signed_well_or_is_no_event_is_refused_and_changes_nothing() {
    let billed = Billed::start().await;
    let good = billed.event("one", "activated", minutes(0));
    let body = good.to_string();
    let post = |signature: &str| {
        let request = billed.service.request(Method::POST, "/webhooks/billing").body(body.clone());
        request.header("Funkturm-Signature", signature)
    };
    let now = billed.rig.now().timestamp();
    for wrong in
        [sign(now, "{}"), sign(now - 301, &body), sign(now + 301, &body), "t=1".into(), String::new()]
    {
        problem(post(&wrong), StatusCode::UNAUTHORIZED).await;
    }
    let mut changed = good.clone();
    for (key, value) in [
        ("type", json!("exploded")),
        ("colour", json!("red")),
        ("ends_at", json!("2027-01-01T00:00:00Z")),
        ("id", json!("")),
    ] {
        changed[key] = value;
        problem(event(&billed.rig, &billed.service, &changed), StatusCode::BAD_REQUEST).await;
        changed = good.clone();
    }
    let future = billed.event("two", "activated", minutes(61));
    problem(event(&billed.rig, &billed.service, &future), StatusCode::BAD_REQUEST).await;
    changed["household"] = json!(HouseholdId::new());
    problem(event(&billed.rig, &billed.service, &changed), StatusCode::NOT_FOUND).await;
    assert_eq!(billed.service.states(billed.household).await, ["basic active"]);
    answer(post(&sign(now, &body)), StatusCode::OK).await;
    billed.has("plus active").await;
}

#[tokio::test]
async fn without_a_secret_the_door_is_closed() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    let detail = problem(event(&rig, &service, &json!({})), StatusCode::UNAUTHORIZED).await;
    assert!(detail.contains("secret_file"), "{detail}");
}

#[tokio::test]
async fn an_event_is_taken_once_and_the_later_one_counts_whichever_comes_first() {
    let billed = Billed::start().await;
    let activated = billed.event("a", "activated", minutes(0));
    assert_eq!(billed.send(&activated).await, "applied");
    let failed = billed.event("c", "payment_failed", minutes(2));
    assert_eq!(billed.send(&failed).await, "applied");
    billed.has("plus paused").await;
    assert!(!billed.service.allowed(billed.household, "eins", "pause").await);
    // Again, and an older one that was under way for long.
    assert_eq!(billed.send(&activated).await, "applied");
    let late = billed.send(&billed.event("b", "activated", minutes(1))).await;
    assert_eq!(late, "ignored: a later event was there before");
    billed.has("plus paused").await;
    assert_eq!(billed.send(&billed.event("d", "activated", minutes(3))).await, "applied");
    billed.has("plus active").await;
    assert!(billed.service.allowed(billed.household, "eins", "pause").await);
    let mut ends = billed.event("e", "ends_at", minutes(4));
    ends["ends_at"] = json!(billed.rig.now() + TimeDelta::days(3));
    assert_eq!(billed.send(&ends).await, "applied");
    billed.has("plus ends_at").await;
    assert_eq!(billed.send(&billed.event("f", "ended", minutes(5))).await, "applied");
    billed.has("plus ended").await;
    let after = billed.send(&billed.event("g", "paused", minutes(6))).await;
    assert_eq!(after, "ignored: the household does not have package plus");
    let mut unknown = billed.event("h", "activated", minutes(7));
    unknown["plan"] = "basic-free".into();
    assert_eq!(billed.send(&unknown).await, "ignored: package plus has no plan basic-free");
    let export = billed.service.get(&format!("/internal/v1/rights/households/{}", billed.household)).await;
    assert_eq!(export["billing_events"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn what_costs_something_waits_for_its_payment() {
    let billed = Billed::start().await;
    let wish = json!({"plan": "plus-yearly", "options": ["sport-monthly"]});
    billed.service.wish(&billed.rig.token(billed.household, false), wish).await;
    assert_eq!(
        billed.service.states(billed.household).await,
        ["basic active", "plus paused", "sport paused"]
    );
    assert_eq!(billed.receiver.heard(3).await, ["basic active", "plus paused", "sport paused"]);
    assert_eq!(billed.send(&billed.event("a", "activated", minutes(0))).await, "applied");
    assert!(billed.service.allowed(billed.household, "eins", "pause").await);
    // A trial as well, when it is over; and nobody gets out of a cancelled trial into what is not paid for.
    let other = billed.service.household().await;
    let token = billed.rig.token(other, false);
    for wish in [
        json!({"plan": "plus-monthly"}),
        json!({}),
        json!({"plan": "plus-yearly"}),
        json!({"plan": "plus-monthly"}),
    ] {
        billed.service.wish(&token, wish).await;
    }
    assert_eq!(billed.service.states(other).await, ["basic active", "plus trial"]);
    billed.rig.days(30);
    assert!(!billed.service.allowed(other, "eins", "pause").await);
    billed.service.until_states(other, &["basic active", "plus paused"]).await;
}

#[tokio::test]
async fn events_go_out_in_order_again_until_they_are_answered_and_one_refused_holds_nobody_up() {
    let billed = Billed::start().await;
    billed.receiver.heard(1).await;
    // Answers are taken from the end: refused for good, then busy, then all is well.
    *billed.receiver.answers.lock().unwrap() = vec![503, 400];
    let token = billed.rig.token(billed.household, false);
    billed.service.wish(&token, json!({"options": ["sport-monthly"]})).await;
    billed.service.wish(&token, json!({})).await;
    let refused = || async {
        let events = billed.service.get("/admin/v1/billing_events").await;
        (events[0]["refused"] == "answered 400 Bad Request").then_some(())
    };
    until("the first to be refused", PATIENCE, refused).await.unwrap();
    let tried = || async { billed.receiver.answers.lock().unwrap().is_empty().then_some(()) };
    until("the second to be put off", PATIENCE, tried).await.unwrap();
    // The clock of the test stands still: until it is moved, the second one waits.
    let waits = || async {
        let events = billed.service.get("/admin/v1/billing_events").await;
        let later = events[1]["next_at"].as_str()?.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (later == billed.rig.now() + TimeDelta::seconds(2)).then_some(())
    };
    until("it to be put off by two seconds", PATIENCE, waits).await.unwrap();
    billed.rig.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(billed.receiver.heard(2).await, ["basic active", "sport ended"]);

    let delete = format!("/internal/v1/rights/households/{}", billed.household);
    answer(billed.service.request(Method::DELETE, &delete), StatusCode::NO_CONTENT).await;
    assert_eq!(billed.receiver.heard(3).await.last().unwrap(), "household_deleted");
}
