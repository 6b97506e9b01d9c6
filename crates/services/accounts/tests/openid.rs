//! Logging in by way of the operator's identity provider.

use std::collections::BTreeMap;

use funkturm_accounts::OpenId;
use funkturm_service::testing::until;
use http::StatusCode;
use reqwest::Method;
use serde_json::json;

use crate::house::{House, Login, PATIENCE, body, problem, refusal};

#[tokio::test]
async fn without_a_provider_there_is_no_way_to_one() {
    let house = House::open().await;
    for path in ["/api/v1/login/openid", "/api/v1/login/openid/callback?state=x&code=y"] {
        problem(house.request(Method::GET, path), StatusCode::NOT_FOUND).await;
    }
    let form =
        [("grant_type", "urn:funkturm:params:oauth:grant-type:openid"), ("code", "x"), ("device_name", "x")];
    assert_eq!(refusal(house.token(&form), StatusCode::BAD_REQUEST).await, "invalid_grant");
}

/// npm's `oidc-provider`, which is certified. Install it with `npm ci` in tests/provider.
struct Provider {
    process: tokio::process::Child,
    issuer: String,
    _secret: tempfile::NamedTempFile,
}

impl Provider {
    async fn start(secret: &str) -> (Self, OpenId) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider");
        let process = tokio::process::Command::new("node")
            .args(["provider.mjs", &port.to_string(), "http://tv.example/api/v1/login/openid/callback"])
            .current_dir(folder)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let issuer = format!("http://127.0.0.1:{port}");
        let discovery = format!("{issuer}/.well-known/openid-configuration");
        until("the provider", PATIENCE, || async { reqwest::get(&discovery).await.ok() }).await.unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, secret.as_bytes()).unwrap();
        let config = OpenId {
            issuer: issuer.clone(),
            client_id: "funkturm".into(),
            client_secret_file: Some(file.path().to_owned()),
            link_by_email: false,
        };
        (Self { process, issuer, _secret: file }, config)
    }
}

/// A browser: it follows redirects as far as the provider goes, with its cookies.
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, cookies: BTreeMap::new() }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        response
    }

    /// Logs in at the provider and agrees, until it sends us back. Answers where to.
    async fn log_in(&mut self, provider: &Provider, url: &str, name: &str) -> String {
        let mut next = url.to_owned();
        for _ in 0..20 {
            if next.starts_with("http://tv.example/") {
                return next;
            }
            let answer = self.send(self.http.get(&next)).await;
            if let Some(location) = location(&answer, &provider.issuer) {
                next = location;
                continue;
            }
            let page = answer.text().await.unwrap();
            let prompt = if page.contains("name=\"password\"") { "login" } else { "consent" };
            let form = [("prompt", prompt), ("login", name), ("password", "x")];
            let answer = self.send(self.http.post(&next).form(&form)).await;
            next = location(&answer, &provider.issuer).unwrap();
        }
        panic!("the provider goes round in circles")
    }
}

fn location(answer: &reqwest::Response, issuer: &str) -> Option<String> {
    let location = answer.headers().get("location")?.to_str().unwrap();
    Some(if location.starts_with('/') { format!("{issuer}{location}") } else { location.to_owned() })
}

/// Goes to the provider and back, and answers what the web app gets.
async fn round(house: &House, provider: &Provider, name: &str) -> String {
    let mut browser = Browser::new();
    let begun = browser.send(house.request(Method::GET, "/api/v1/login/openid")).await;
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    let url = location(&begun, &provider.issuer).unwrap();
    for part in ["response_type=code", "code_challenge_method=S256", "nonce=", "state=", "client_id=funkturm"]
    {
        assert!(url.contains(part), "{part} in {url}");
    }
    let back = browser.log_in(provider, &url, name).await;
    finish(house, &mut browser, &back).await
}

async fn finish(house: &House, browser: &mut Browser, back: &str) -> String {
    let path = back.strip_prefix("http://tv.example").unwrap();
    let done = browser.send(house.request(Method::GET, path)).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let done = location(&done, "").unwrap();
    done.strip_prefix("http://tv.example/login#").unwrap().to_owned()
}

async fn log_in(house: &House, fragment: &str) -> Login {
    let code = fragment.strip_prefix("openid_code=").unwrap_or_else(|| panic!("{fragment}"));
    let form = [
        ("grant_type", "urn:funkturm:params:oauth:grant-type:openid"),
        ("code", code),
        ("device_name", "Sofa"),
    ];
    let login = Login::from(&body(house.token(&form), StatusCode::OK).await);
    assert_eq!(refusal(house.token(&form), StatusCode::BAD_REQUEST).await, "invalid_grant", "for one use");
    login
}

#[tokio::test]
#[ignore = "needs node, and `npm ci` in tests/provider"]
async fn a_real_provider_lets_people_in_and_the_same_person_is_the_same_household() {
    let (provider, config) = Provider::start("secret-of-the-test\n").await;
    let house = House::open_with(|all| all.openid = Some(config)).await;
    let first = log_in(&house, &round(&house, &provider, "anna").await).await;
    let me = body(house.by(&first, Method::GET, "/api/v1/me"), StatusCode::OK).await;
    assert_eq!((&me["email"], &me["has_password"]), (&json!("anna@example.org"), &json!(false)));
    let second = log_in(&house, &round(&house, &provider, "anna").await).await;
    assert_eq!(first.household, second.household);
    let berta = log_in(&house, &round(&house, &provider, "berta").await).await;
    assert_ne!(berta.household, first.household);
    // It has no password to name, and may be deleted all the same.
    body(house.by(&first, Method::DELETE, "/api/v1/me"), StatusCode::ACCEPTED).await;

    assert_eq!(round(&house, &provider, "unverified").await, "openid_error=no_address");
    house.household("carla@example.org").await;
    assert_eq!(round(&house, &provider, "carla").await, "openid_error=known_address");
}

#[tokio::test]
#[ignore = "needs node, and `npm ci` in tests/provider"]
async fn an_account_is_linked_by_its_address_where_the_operator_trusts_the_provider_with_that() {
    let (provider, config) = Provider::start("secret-of-the-test").await;
    let house = House::open_with(|all| all.openid = Some(OpenId { link_by_email: true, ..config })).await;
    let known = house.at_home("anna@example.org").await;
    let linked = log_in(&house, &round(&house, &provider, "anna").await).await;
    assert_eq!(known.household, linked.household);
}

#[tokio::test]
#[ignore = "needs node, and `npm ci` in tests/provider"]
async fn an_answer_that_this_browser_did_not_ask_for_is_not_taken() {
    let (mut provider, config) = Provider::start("secret-of-the-test").await;
    let house = House::open_with(|all| all.openid = Some(config)).await;
    let mut browser = Browser::new();
    let begun = browser.send(house.request(Method::GET, "/api/v1/login/openid")).await;
    let back = browser.log_in(&provider, &location(&begun, "").unwrap(), "anna").await;
    // An attacker's answer in a victim's browser; it is used up with that.
    assert_eq!(finish(&house, &mut Browser::new(), &back).await, "openid_error=expired");
    assert_eq!(finish(&house, &mut browser, &back).await, "openid_error=expired");

    let begun = browser.send(house.request(Method::GET, "/api/v1/login/openid")).await;
    let back = browser.log_in(&provider, &location(&begun, "").unwrap(), "anna").await;
    let forged = back.replacen("code=", "code=x", 1);
    assert_eq!(finish(&house, &mut browser, &forged).await, "openid_error=denied");
    // Another issuer's answer (RFC 9207).
    let begun = browser.send(house.request(Method::GET, "/api/v1/login/openid")).await;
    let back = browser.log_in(&provider, &location(&begun, "").unwrap(), "anna").await;
    let (before, _) = back.split_once("&iss=").unwrap();
    let mixed = format!("{before}&iss=http%3A%2F%2Fother.example");
    assert_eq!(finish(&house, &mut browser, &mixed).await, "openid_error=denied");

    provider.process.kill().await.unwrap();
    let away = browser.send(house.request(Method::GET, "/api/v1/login/openid")).await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER, "what is known of it is believed for a while");
}

#[tokio::test]
#[ignore = "needs node, and `npm ci` in tests/provider"]
async fn with_the_wrong_secret_nobody_comes_in() {
    let (provider, config) = Provider::start("wrong").await;
    let house = House::open_with(|all| all.openid = Some(config)).await;
    assert_eq!(round(&house, &provider, "anna").await, "openid_error=denied");
}
