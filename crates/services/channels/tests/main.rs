//! The service against a real PostgreSQL, Redis and directory, over HTTP.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod admin;
mod events;
mod import;
mod line_up;
mod logos;
mod outage;
mod schema;

use std::time::Duration;

use funkturm_channels::{Channels, Config};
use funkturm_service::{
    Context, ServiceMain, serve,
    testing::{TestServer, serve_with},
};
use funkturm_stores::testing::{PostgreSql, Redis};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything that should happen may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The stores of a test.
struct Stores {
    postgresql: PostgreSql,
    redis: Redis,
    objects: TempDir,
    database: String,
}

impl Stores {
    async fn start() -> Self {
        let (postgresql, redis) = tokio::try_join!(PostgreSql::start(), Redis::start()).unwrap();
        let database = postgresql.database("channels").await.unwrap();
        Self { postgresql, redis, objects: tempfile::tempdir().unwrap(), database }
    }

    fn config(&self) -> Config {
        Config {
            database: self.database.clone(),
            redis: self.redis.url(),
            objects: Some(funkturm_objects::Config::Directory(self.objects.path().to_owned())),
            ..Config::default()
        }
    }

    /// An instance of the service that has read the line-up.
    async fn instance(&self) -> Instance {
        let instance = Instance::build(self.config()).await;
        instance.ready().await;
        instance
    }
}

/// A running instance of the service.
struct Instance {
    context: Context,
    server: TestServer,
    http: reqwest::Client,
}

impl Instance {
    async fn build(config: Config) -> Self {
        let context = Context::for_test("channels");
        let service = Channels::build(config, context.clone()).await.unwrap();
        let server = serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        Self { context, server, http: reqwest::Client::builder().no_gzip().build().unwrap() }
    }

    /// Waits until it is ready; a task that fails on the way ends the wait.
    async fn ready(&self) {
        tokio::select! {
            () = self.context.ready() => {}
            () = self.context.stop.wait() => self.context.finish(PATIENCE).await.unwrap(),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let token = if path.starts_with("/internal") { "service-token" } else { "operator-token" };
        self.http.request(method, format!("{}{path}", self.server.url())).bearer_auth(token)
    }

    async fn get(&self, path: &str) -> Value {
        answer(self.request(Method::GET, path), StatusCode::OK).await.json().await.unwrap()
    }

    async fn status(&self, method: Method, path: &str) -> StatusCode {
        self.request(method, path).send().await.unwrap().status()
    }

    async fn add(&self, name: &str) -> Value {
        let request = self.request(Method::POST, "/admin/v1/channels").json(&channel(name));
        answer(request, StatusCode::CREATED).await.json().await.unwrap()
    }

    async fn edit(&self, id: &str, change: Value) -> Value {
        let request = self.request(Method::PATCH, &format!("/admin/v1/channels/{id}")).json(&change);
        answer(request, StatusCode::OK).await.json().await.unwrap()
    }

    /// The names that viewers see.
    async fn names(&self) -> Vec<String> {
        let line_up = self.get("/api/v1/channels").await;
        let channels = line_up["channels"].as_array().unwrap();
        channels.iter().map(|channel| channel["name"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

fn channel(name: &str) -> Value {
    json!({"name": name, "inputs": [{"url": "udp://239.1.1.1:5000"}]})
}

/// Sends, and insists on a status.
async fn answer(request: RequestBuilder, expected: StatusCode) -> Response {
    let response = request.send().await.unwrap();
    let status = response.status();
    if status == expected {
        return response;
    }
    panic!("{status} instead of {expected}: {}", response.text().await.unwrap());
}

/// The detail of a problem.
async fn problem(request: RequestBuilder, expected: StatusCode) -> String {
    let response = answer(request, expected).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}
