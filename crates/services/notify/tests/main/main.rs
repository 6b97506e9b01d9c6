//! The service against a real Redis and a real mail server, over HTTP.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod caught;
mod households;
mod operators;
mod sending;
mod sink;
mod trouble;

use std::time::Duration;

use chrono::{DateTime, Utc};
use funkturm_contracts::mail::{MailDetails, MailList};
use funkturm_notify::{Config, Encryption, Notify, Smtp, WithoutServer};
use funkturm_service::{
    Context, ServiceMain, openapi, serve,
    testing::{TestServer, serve_with, until},
};
use funkturm_stores::testing::Redis;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use sink::Sink;

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

/// An instance of the service.
struct Instance {
    context: Context,
    server: TestServer,
    http: reqwest::Client,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

/// A configuration with this Redis, and mails caught.
fn catching(redis: &Redis) -> Config {
    Config { redis: redis.url(), without_server: WithoutServer::Catch, ..Config::default() }
}

/// A configuration with this Redis and mail server.
fn sending(redis: &Redis, sink: &Sink) -> Config {
    let smtp = Smtp {
        host: "127.0.0.1".into(),
        port: Some(sink.port()),
        encryption: Encryption::None,
        username_file: None,
        password_file: None,
        certificates_file: None,
        timeout_seconds: 3,
        allowed_regions: vec![],
    };
    Config {
        redis: redis.url(),
        operator: "Stadtnetz Köln".into(),
        from: "tv@stadtnetz.example".into(),
        reply_to: "hilfe@stadtnetz.example".into(),
        smtp: Some(smtp),
        retry_seconds: 1,
        ..Config::default()
    }
}

/// A mail that confirms an address.
fn mail(to: &str) -> Value {
    json!({
        "to": to,
        "template": "confirm_address",
        "language": "de",
        "values": {"link": "https://tv.example/confirm?code=abc&x=1"},
        "until": Utc::now() + chrono::Duration::hours(1),
    })
}

impl Instance {
    async fn open(config: Config) -> Self {
        Self::open_with(config, Context::for_test("notify")).await
    }

    async fn open_with(config: Config, context: Context) -> Self {
        let service = Notify::build(config, context.clone()).await.unwrap();
        assert_eq!(openapi::differences(&service.routes, &service.openapi), [""; 0]);
        let server = serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        context.ready().await;
        Self { context, server, http: reqwest::Client::new() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let token = if path.starts_with("/internal/") { "service-token" } else { "operator-token" };
        self.http.request(method, format!("{}{path}", self.server.url())).bearer_auth(token)
    }

    fn put(&self, id: Uuid, mail: &Value) -> RequestBuilder {
        self.request(Method::PUT, &format!("/internal/v1/mails/{id}")).json(mail)
    }

    /// Puts a mail, and gives its id.
    async fn send(&self, mail: &Value) -> Uuid {
        let id = Uuid::now_v7();
        answer(self.put(id, mail), StatusCode::NO_CONTENT).await;
        id
    }

    async fn list(&self, query: &str) -> MailList {
        let list = self.request(Method::GET, &format!("/admin/v1/mails{query}"));
        answer(list, StatusCode::OK).await.json().await.unwrap()
    }

    async fn get(&self, id: Uuid) -> MailDetails {
        let mail = self.request(Method::GET, &format!("/admin/v1/mails/{id}"));
        answer(mail, StatusCode::OK).await.json().await.unwrap()
    }

    /// Waits until a mail is sent, dead, or waits with a reason.
    async fn wait_for(&self, id: Uuid, state: funkturm_contracts::mail::MailState) -> MailDetails {
        let is_there = async || Some(self.get(id).await).filter(|details| details.mail.state == state);
        until(&format!("the mail to be {state:?}"), PATIENCE, is_there).await.unwrap()
    }

    /// Ends it and waits for that.
    async fn stop(self) {
        self.context.stop.trigger();
        self.context.finish(Duration::from_secs(10)).await.unwrap();
    }

    fn metric(&self, name: &str) -> f64 {
        let families = self.context.metrics.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        family
            .get_metric()
            .iter()
            .map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value())
            .sum()
    }
}

async fn answer(request: RequestBuilder, expected: StatusCode) -> Response {
    let response = request.send().await.unwrap();
    let status = response.status();
    if status == expected {
        return response;
    }
    panic!("{status} instead of {expected}: {}", response.text().await.unwrap());
}

async fn detail(request: RequestBuilder, expected: StatusCode) -> String {
    let problem: Value = answer(request, expected).await.json().await.unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

fn in_seconds(seconds: i64) -> DateTime<Utc> {
    Utc::now() + chrono::Duration::seconds(seconds)
}
