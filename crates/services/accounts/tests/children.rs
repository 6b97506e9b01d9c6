//! Profiles, and what keeps a child in its own.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::house::{House, Login, PASSWORD, answer, body, problem};

const ANNA: &str = "anna@example.org";

fn pin(house: &House, login: &Login, pin: Option<&str>) -> RequestBuilder {
    house.by(login, Method::PUT, "/api/v1/me/pin").json(&json!({"password": PASSWORD, "pin": pin}))
}

fn choose(house: &House, login: &Login, profile: &Value, pin: Option<&str>) -> RequestBuilder {
    let path = format!("/api/v1/me/profiles/{}/choose", profile["id"].as_str().unwrap());
    house.by(login, Method::POST, &path).json(&json!({"pin": pin}))
}

async fn profiles(house: &House, login: &Login) -> Vec<Value> {
    let list = body(house.by(login, Method::GET, "/api/v1/me/profiles"), StatusCode::OK).await;
    list.as_array().unwrap().clone()
}

async fn with_child(house: &House) -> (Login, Value, Value) {
    let login = house.at_home(ANNA).await;
    answer(pin(house, &login, Some("2580")), StatusCode::NO_CONTENT).await;
    let child =
        house.by(&login, Method::POST, "/api/v1/me/profiles").json(&json!({"name": "Kind", "child": true}));
    let child = body(child, StatusCode::CREATED).await;
    let adult = profiles(house, &login).await[0].clone();
    (login, adult, child)
}

#[tokio::test]
async fn a_child_leaves_its_profile_with_the_pin_only() {
    let house = House::open().await;
    let (login, adult, child) = with_child(&house).await;
    let grant = body(choose(&house, &login, &child, None), StatusCode::OK).await;
    assert_eq!((&grant["child"], &grant["profile"]), (&json!(true), &child["id"]));
    assert!(grant.get("refresh_token").is_none());
    let small = Login { refresh: login.refresh.clone(), ..Login::from(&grant) };
    // The adult's token of before is no way out either, and a refresh stays in the profile.
    for token in [&small, &login] {
        assert_eq!(body(house.by(token, Method::GET, "/api/v1/me"), StatusCode::OK).await["child"], true);
        problem(choose(&house, token, &adult, None), StatusCode::FORBIDDEN).await;
    }
    let refreshed = body(house.refresh(&login.refresh), StatusCode::OK).await;
    assert_eq!((&refreshed["child"], &refreshed["profile"]), (&json!(true), &child["id"]));
    problem(choose(&house, &small, &adult, Some("1111")), StatusCode::FORBIDDEN).await;
    let out = body(choose(&house, &small, &adult, Some("2580")), StatusCode::OK).await;
    assert_eq!((&out["child"], &out["profile"]), (&json!(false), &adult["id"]));
}

#[tokio::test]
async fn a_pin_cannot_be_guessed() {
    let house = House::open().await;
    let (login, adult, child) = with_child(&house).await;
    body(choose(&house, &login, &child, None), StatusCode::OK).await;
    for guess in 0..6 {
        problem(choose(&house, &login, &adult, Some(&format!("000{guess}"))), StatusCode::FORBIDDEN).await;
    }
    problem(choose(&house, &login, &adult, Some("2580")), StatusCode::TOO_MANY_REQUESTS).await;
    house.clock.advance(Duration::from_secs(5));
    body(choose(&house, &login, &adult, Some("2580")), StatusCode::OK).await;
}

#[tokio::test]
async fn account_matters_are_not_for_a_childs_profile() {
    let house = House::open().await;
    let (login, adult, child) = with_child(&house).await;
    body(choose(&house, &login, &child, None), StatusCode::OK).await;
    let profile = format!("/api/v1/me/profiles/{}", adult["id"].as_str().unwrap());
    let device = format!("/api/v1/me/devices/{}", login.device);
    for (method, path, sent) in [
        (Method::PATCH, "/api/v1/me", json!({"language": "en"})),
        (Method::DELETE, "/api/v1/me", json!({"password": PASSWORD})),
        (Method::GET, "/api/v1/me/export", json!({})),
        (Method::POST, "/api/v1/me/email", json!({"email": "b@example.org", "password": PASSWORD})),
        (Method::PUT, "/api/v1/me/password", json!({"old": PASSWORD, "new": "streuselkuchen"})),
        (Method::PUT, "/api/v1/me/pin", json!({"password": PASSWORD, "pin": "1234"})),
        (Method::PATCH, &device, json!({"name": "x"})),
        (Method::DELETE, &device, json!({})),
        (Method::POST, "/api/v1/me/profiles", json!({"name": "x"})),
        (Method::PATCH, &profile, json!({"name": "x"})),
        (Method::DELETE, &profile, json!({})),
        (Method::DELETE, "/api/v1/tokens?everywhere=true", json!({})),
        (Method::GET, "/api/v1/device_authorization/BCDFGHJK", json!({})),
        (
            Method::POST,
            "/api/v1/device_authorization/approve",
            json!({"user_code": "BCDFGHJK", "approve": true}),
        ),
    ] {
        let detail = problem(house.by(&login, method.clone(), path).json(&sent), StatusCode::FORBIDDEN).await;
        assert!(detail.contains("child"), "{method} {path}: {detail}");
    }
}

#[tokio::test]
async fn profiles_are_made_changed_and_removed() {
    let house = House::open_with(|config| config.profiles = 3).await;
    let login = house.at_home(ANNA).await;
    let create = |sent: Value| house.by(&login, Method::POST, "/api/v1/me/profiles").json(&sent);
    let child = json!({"name": "Kind", "child": true});
    assert!(problem(create(child.clone()), StatusCode::CONFLICT).await.contains("PIN"));
    problem(create(json!({"name": " "})), StatusCode::BAD_REQUEST).await;
    answer(pin(&house, &login, Some("2580")), StatusCode::NO_CONTENT).await;
    let child = body(create(child), StatusCode::CREATED).await;
    problem(pin(&house, &login, None), StatusCode::CONFLICT).await;
    let second = body(create(json!({"name": "Oma"})), StatusCode::CREATED).await;
    assert!(problem(create(json!({"name": "Opa"})), StatusCode::CONFLICT).await.contains("at most 3"));
    let path = |profile: &Value| format!("/api/v1/me/profiles/{}", profile["id"].as_str().unwrap());
    let rename = house.by(&login, Method::PATCH, &path(&second)).json(&json!({"name": "Großmutter"}));
    assert_eq!(body(rename, StatusCode::OK).await["name"], "Großmutter");
    let first = profiles(&house, &login).await[0].clone();
    answer(house.by(&login, Method::DELETE, &path(&first)), StatusCode::NO_CONTENT).await;
    problem(house.by(&login, Method::DELETE, &path(&first)), StatusCode::NOT_FOUND).await;
    let me = body(house.by(&login, Method::GET, "/api/v1/me"), StatusCode::OK).await;
    assert_eq!(me["child"], false);
    let refreshed = body(house.refresh(&login.refresh), StatusCode::OK).await;
    assert_eq!(refreshed["profile"], second["id"], "the device has the other one");
    problem(house.by(&login, Method::DELETE, &path(&second)), StatusCode::CONFLICT).await;
    let shrink = house.by(&login, Method::PATCH, &path(&second)).json(&json!({"child": true}));
    problem(shrink, StatusCode::CONFLICT).await;
    answer(house.by(&login, Method::DELETE, &path(&child)), StatusCode::NO_CONTENT).await;
    answer(pin(&house, &login, None), StatusCode::NO_CONTENT).await;
    for wrong in ["123", "123456789", "12a4", ""] {
        problem(pin(&house, &login, Some(wrong)), StatusCode::BAD_REQUEST).await;
    }
}
