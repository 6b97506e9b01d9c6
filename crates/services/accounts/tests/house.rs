//! The service with what it needs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use funkturm_accounts::{Accounts, Config, Hashing};
use funkturm_base::ManualClock;
use funkturm_contracts::mail::{Mail, Template};
use funkturm_service::{
    Context, Request, Routes, ServiceMain, reply, serve,
    testing::{TestServer, serve_with, until},
};
use funkturm_stores::testing::{PostgreSql, Redis};
use http::StatusCode;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "kartoffelsalat";
/// RFC 8037, appendix A.1.
pub(crate) const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

/// notify, rights and a third service, as one.
#[derive(Clone, Default)]
pub(crate) struct Others {
    mails: Arc<Mutex<Vec<Mail>>>,
    pub(crate) heard: Arc<Mutex<Vec<(String, Value)>>>,
    /// While it is away, it answers 503.
    pub(crate) away: Arc<Mutex<bool>>,
}

impl Others {
    fn routes(&self) -> Routes {
        let others = self.clone();
        let answer = move |mut request: Request| {
            let others = others.clone();
            async move {
                let body = request.bytes(1 << 16).await?;
                let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                if *others.away.lock().unwrap() {
                    return Ok(reply::problem_of(StatusCode::SERVICE_UNAVAILABLE, "away"));
                }
                if request.path().starts_with("/internal/v1/mails/") {
                    others.mails.lock().unwrap().push(serde_json::from_value(body).unwrap());
                } else if request.method == Method::GET {
                    return Ok(reply::json(StatusCode::OK, &json!({"known": request.path()})));
                } else {
                    let what = format!("{} {}", request.method, request.path());
                    others.heard.lock().unwrap().push((what, body));
                }
                Ok(reply::no_content())
            }
        };
        Routes::new()
            .put("/internal/v1/mails/{id}", answer.clone())
            .get("/internal/v1/{service}/households/{id}", answer.clone())
            .put("/internal/v1/{service}/households/{id}", answer.clone())
            .delete("/internal/v1/{service}/households/{id}", answer.clone())
            .delete("/internal/v1/{service}/households/{id}/devices/{device}", answer)
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// The next mail of a kind to an address, which is taken.
    pub(crate) async fn mail(&self, to: &str, template: Template) -> Mail {
        let found = until("a mail", PATIENCE, || async {
            let mut mails = self.mails.lock().unwrap();
            let place = mails.iter().position(|mail| mail.to == to && mail.template == template)?;
            Some(mails.remove(place))
        });
        found.await.unwrap_or_else(|error| panic!("{error}: {template:?} to {to} in {:?}", self.mails()))
    }
}

/// The token in a mail's link.
pub(crate) fn token(mail: &Mail) -> String {
    mail.values["link"].split_once("#token=").unwrap().1.to_owned()
}

/// The service with what it needs.
pub(crate) struct House {
    pub(crate) postgresql: PostgreSql,
    pub(crate) redis: Redis,
    pub(crate) others: Others,
    _others: TestServer,
    pub(crate) config: Config,
    pub(crate) clock: Arc<ManualClock>,
    _keys: TempDir,
    pub(crate) one: Instance,
}

/// A running instance.
pub(crate) struct Instance {
    pub(crate) context: Context,
    pub(crate) server: TestServer,
    pub(crate) http: reqwest::Client,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) device: String,
    pub(crate) secret: Option<String>,
    pub(crate) household: String,
}

impl Login {
    pub(crate) fn from(grant: &Value) -> Self {
        let text = |name: &str| grant[name].as_str().map(str::to_owned);
        Self {
            access: text("access_token").unwrap(),
            refresh: text("refresh_token").unwrap_or_default(),
            device: text("device").unwrap(),
            secret: text("device_secret"),
            household: text("household").unwrap(),
        }
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let (postgresql, redis) = tokio::try_join!(PostgreSql::start(), Redis::start()).unwrap();
        let others = Others::default();
        let server = funkturm_service::testing::serve(others.routes()).await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        std::fs::write(keys.path().join("1.pem"), KEY).unwrap();
        let mut config = Config {
            database: postgresql.database("accounts").await.unwrap(),
            redis: redis.url(),
            public_url: "http://tv.example".into(),
            signing_keys: keys.path().to_owned(),
            notify: server.url(),
            rights: server.url(),
            services: BTreeMap::from(["rights", "playback"].map(|name| (name.to_owned(), server.url()))),
            // Everything comes from loopback here, and says where it is from.
            proxies: vec!["127.0.0.1".into()],
            hashing: Hashing { memory_kib: 64, passes: 1, ..Hashing::default() },
            ..Config::default()
        };
        change(&mut config);
        let clock = Arc::new(ManualClock::at(chrono::Utc::now().into()));
        let one = Instance::start(&config, &clock).await;
        Self { postgresql, redis, others, _others: server, config, clock, _keys: keys, one }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.one.request(method, path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> RequestBuilder {
        self.request(Method::POST, path).json(&body)
    }

    pub(crate) fn register(&self, email: &str, password: &str) -> RequestBuilder {
        let body =
            json!({"email": email, "password": password, "language": "de", "consents": {"terms": true}});
        self.post("/api/v1/accounts", body)
    }

    /// A household of this address with [`PASSWORD`].
    pub(crate) async fn household(&self, email: &str) {
        answer(self.register(email, PASSWORD), StatusCode::ACCEPTED).await;
        let token = token(&self.others.mail(email, Template::ConfirmAddress).await);
        answer(self.post("/api/v1/accounts/confirm", json!({"token": token})), StatusCode::NO_CONTENT).await;
    }

    /// The same, logged in.
    pub(crate) async fn at_home(&self, email: &str) -> Login {
        self.household(email).await;
        self.log_in(email, &[]).await
    }

    pub(crate) fn token(&self, form: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, "/api/v1/tokens").form(form)
    }

    pub(crate) fn password(&self, email: &str, password: &str, more: &[(&str, &str)]) -> RequestBuilder {
        let base = [
            ("grant_type", "password"),
            ("username", email),
            ("password", password),
            ("device_name", "Sofa"),
            ("device_kind", "tv"),
        ];
        self.token(&[&base, more].concat())
    }

    pub(crate) async fn log_in(&self, email: &str, more: &[(&str, &str)]) -> Login {
        Login::from(&body(self.password(email, PASSWORD, more), StatusCode::OK).await)
    }

    pub(crate) fn refresh(&self, token: &str) -> RequestBuilder {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// A request of somebody who is logged in.
    pub(crate) fn by(&self, login: &Login, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&login.access)
    }

    pub(crate) fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth("operator-token")
    }
}

impl Instance {
    pub(crate) async fn start(config: &Config, clock: &Arc<ManualClock>) -> Self {
        let mut context = Context::for_test("accounts");
        context.clock = Arc::clone(clock) as _;
        let service = Accounts::build(config.clone(), context.clone()).await.unwrap();
        let server = serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        tokio::select! {
            () = context.ready() => {}
            () = context.stop.wait() => context.finish(PATIENCE).await.unwrap(),
        }
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { context, server, http }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.server.url()))
            .header("x-forwarded-for", "203.0.113.1")
    }
}

/// As if it came from this address.
pub(crate) fn from(request: RequestBuilder, address: &str) -> RequestBuilder {
    // Later lines are nearer to us.
    request.header("x-forwarded-for", address)
}

pub(crate) async fn answer(request: RequestBuilder, expected: StatusCode) -> Response {
    let response = request.send().await.unwrap();
    let status = response.status();
    if status == expected {
        return response;
    }
    panic!("{status} instead of {expected}: {}", response.text().await.unwrap());
}

pub(crate) async fn body(request: RequestBuilder, expected: StatusCode) -> Value {
    answer(request, expected).await.json().await.unwrap()
}

/// The detail of a problem.
pub(crate) async fn problem(request: RequestBuilder, expected: StatusCode) -> String {
    let response = answer(request, expected).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    response.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned()
}

/// The error of OAuth's endpoints.
pub(crate) async fn refusal(request: RequestBuilder, expected: StatusCode) -> String {
    let response = answer(request, expected).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body: Value = response.json().await.unwrap();
    assert!(body["error_description"].is_string(), "{body}");
    body["error"].as_str().unwrap().to_owned()
}
