//! The service against a real PostgreSQL, over HTTP.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod billing;
mod doors;
mod households;
mod offer;
mod outage;
mod schema;
mod subscription;
mod vouchers;

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use funkturm_base::{DeviceId, HouseholdId, ManualClock, ProfileId, Utc90};
use funkturm_contracts::identity::{Claims, ISSUER, Key, KeySet};
use funkturm_rights::{Config, Rights};
use funkturm_service::{
    Context,
    identity::Identity,
    serve,
    testing::{TestServer, serve_with},
};
use funkturm_stores::testing::PostgreSql;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// How long anything that should happen may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// When the tests' clocks begin.
const START: &str = "2026-12-01T12:00:00Z";

/// A database, a clock, and who signs access tokens.
struct Rig {
    postgresql: PostgreSql,
    database: String,
    clock: Arc<ManualClock>,
    signer: EncodingKey,
    keys: KeySet,
}

impl Rig {
    async fn start() -> Self {
        let postgresql = PostgreSql::start().await.unwrap();
        let database = postgresql.database("rights").await.unwrap();
        let clock = Arc::new(ManualClock::at(Utc90::from(START.parse::<DateTime<Utc>>().unwrap())));
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let key = Key {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            alg: "EdDSA".into(),
            usage: "sig".into(),
            kid: "one".into(),
            x: BASE64_URL_SAFE_NO_PAD.encode(pair.public_key()),
        };
        let (signer, keys) = (EncodingKey::from_ed_der(pkcs8.as_ref()), KeySet { keys: vec![key] });
        Self { postgresql, database, clock, signer, keys }
    }

    fn config(&self) -> Config {
        Config {
            database: self.database.clone(),
            channels: "http://127.0.0.1:1".into(),
            accounts: "http://127.0.0.1:1".into(),
            welcome_package: "basic".into(),
            ..Config::default()
        }
    }

    async fn instance(&self) -> Instance {
        self.with(self.config()).await
    }

    /// An instance that has read the offer.
    async fn with(&self, config: Config) -> Instance {
        let instance = self.unready(config).await;
        tokio::select! {
            () = instance.context.ready() => {}
            () = instance.context.stop.wait() => instance.context.finish(PATIENCE).await.unwrap(),
        }
        instance
    }

    async fn unready(&self, config: Config) -> Instance {
        let mut context = Context::for_test("rights");
        context.clock = Arc::clone(&self.clock) as _;
        let identity = Identity::without_keys(&context);
        identity.set_keys(&self.keys).unwrap();
        let service = Rights::with_identity(&config, &context, identity).unwrap();
        let server = serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        Instance { context, server, http: reqwest::Client::new() }
    }

    /// An access token.
    fn token(&self, household: HouseholdId, child: bool) -> String {
        let now = u64::try_from(self.now().timestamp()).unwrap();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: household,
            profile: ProfileId::new(),
            child,
            device: DeviceId::new(),
            iat: now,
            exp: now + 300,
        };
        let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.signer).unwrap()
    }

    fn now(&self) -> DateTime<Utc> {
        use funkturm_base::Clock;
        self.clock.utc().to_chrono()
    }

    fn days(&self, days: u64) {
        self.clock.advance(Duration::from_secs(days * 86_400));
    }
}

/// A running instance of the service.
struct Instance {
    context: Context,
    server: TestServer,
    http: reqwest::Client,
}

impl Instance {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.server.url()));
        if path.starts_with("/internal") {
            request.bearer_auth("service-token")
        } else if path.starts_with("/admin") {
            request.bearer_auth("operator-token")
        } else {
            request
        }
    }

    async fn get(&self, path: &str) -> Value {
        answer(self.request(Method::GET, path), StatusCode::OK).await.json().await.unwrap()
    }

    async fn get_as(&self, token: &str, path: &str) -> Value {
        let request = self.request(Method::GET, path).bearer_auth(token);
        answer(request, StatusCode::OK).await.json().await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        answer(self.request(method, path).json(&body), StatusCode::OK).await.json().await.unwrap()
    }

    /// Puts the small offer of the tests there.
    async fn offer(&self) -> Value {
        self.send(Method::PUT, "/admin/v1/offer", offer()).await
    }

    /// A household that has arrived.
    async fn household(&self) -> HouseholdId {
        let id = HouseholdId::new();
        let arrive = self.request(Method::PUT, &format!("/internal/v1/rights/households/{id}"));
        answer(arrive, StatusCode::NO_CONTENT).await;
        id
    }

    async fn wish(&self, token: &str, wish: Value) -> Value {
        let request = self.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(token).json(&wish);
        answer(request, StatusCode::OK).await.json().await.unwrap()
    }

    async fn decide(&self, household: HouseholdId, channel: &str, action: &str) -> Value {
        let question = json!({"household": household, "channel": channel, "action": action});
        self.send(Method::POST, "/internal/v1/decisions", question).await
    }

    async fn allowed(&self, household: HouseholdId, channel: &str, action: &str) -> bool {
        self.decide(household, channel, action).await["allowed"].as_bool().unwrap()
    }

    /// What a household has, as `package state`.
    async fn states(&self, household: HouseholdId) -> Vec<String> {
        let all = self.get(&format!("/admin/v1/subscriptions/{household}")).await;
        let all = all["subscriptions"].as_array().unwrap();
        let words =
            |one: &Value| format!("{} {}", one["package"].as_str().unwrap(), one["state"].as_str().unwrap());
        all.iter().map(words).collect()
    }

    /// Waits until a household has this.
    async fn until_states(&self, household: HouseholdId, states: &[&str]) {
        let have = || async { (self.states(household).await == states).then_some(()) };
        if funkturm_service::testing::until("it", PATIENCE, have).await.is_err() {
            assert_eq!(self.states(household).await, states);
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

/// Basic for nothing, plus for money after a trial, sports on top; one channel without a licence.
fn offer() -> Value {
    let name = |name: &str| json!({"de": name, "en": name});
    json!({
        "packages": [
            {"id": "basic", "name": name("Basis"), "streams": 1, "order": 1, "gives": [{"every_channel": true, "actions": ["live"]}]},
            {"id": "plus", "name": name("Plus"), "streams": 4, "order": 2, "gives": [
                {"every_channel": true, "actions": ["live", "pause", "restart", "catch_up", "record", "fast_forward", "hd", "cast"]}]},
            {"id": "sport", "name": name("Sport"), "kind": "option", "streams": 1, "gives": [{"groups": ["sports"], "actions": ["live", "hd"]}]},
        ],
        "channel_groups": [{"id": "sports", "name": name("Sport"), "channels": ["sport-eins"]}],
        "broadcasters": [{"id": "house", "name": "House", "streams": 2}],
        "licences": [
            {"id": "eins", "channels": ["eins"], "broadcaster": "house", "actions":
                ["live", "pause", "restart", "catch_up", "record", "hd"]},
            {"id": "sport", "groups": ["sports"], "actions": ["live", "hd"]},
        ],
        "plans": [
            {"id": "basic-free", "package": "basic", "name": name("Basis"), "cents": 0, "period": "month"},
            {"id": "plus-monthly", "package": "plus", "name": name("Plus"), "cents": 999, "period": "month", "trial_days": 30},
            {"id": "plus-yearly", "package": "plus", "name": name("Plus"), "cents": 9999, "period": "year"},
            {"id": "sport-monthly", "package": "sport", "name": name("Sport"), "cents": 499, "period": "month"},
        ],
    })
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
