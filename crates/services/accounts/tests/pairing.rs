//! Pairing a TV: RFC 8628's table of answers, one by one.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::house::{House, Login, answer, body, from, problem, refusal};

const ANNA: &str = "anna@example.org";
const REFUSED: StatusCode = StatusCode::BAD_REQUEST;
const CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(house: &House) -> Value {
    let form = [("client_id", "app"), ("device_name", "Wohnzimmer"), ("device_kind", "tv")];
    body(house.request(Method::POST, "/api/v1/device_authorization").form(&form), StatusCode::OK).await
}

fn poll(house: &House, begun: &Value) -> RequestBuilder {
    house.token(&[("grant_type", CODE), ("device_code", begun["device_code"].as_str().unwrap())])
}

fn settle(house: &House, login: &Login, code: &str, approve: bool) -> RequestBuilder {
    let body = json!({"user_code": code, "approve": approve});
    house.by(login, Method::POST, "/api/v1/device_authorization/approve").json(&body)
}

fn wait(house: &House) {
    house.clock.advance(Duration::from_secs(5));
}

#[tokio::test]
async fn a_tv_is_paired_from_the_phone() {
    let house = House::open().await;
    let phone = house.at_home(ANNA).await;
    let begun = begin(&house).await;
    let code = begun["user_code"].as_str().unwrap();
    assert_eq!((code.len(), &begun["interval"], &begun["expires_in"]), (9, &json!(5), &json!(600)));
    assert_eq!(begun["verification_uri"], "http://tv.example/pair");
    assert_eq!(begun["verification_uri_complete"], format!("http://tv.example/pair?code={code}"));
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "authorization_pending");
    let typed = code.to_lowercase().replace('-', " ");
    let asks =
        house.by(&phone, Method::GET, &format!("/api/v1/device_authorization/{}", typed.replace(' ', "%20")));
    let asks = body(asks, StatusCode::OK).await;
    assert_eq!(asks, json!({"device_name": "Wohnzimmer", "device_kind": "tv", "same_network": true}));
    answer(settle(&house, &phone, &typed, true), StatusCode::NO_CONTENT).await;
    problem(settle(&house, &phone, code, true), StatusCode::CONFLICT).await;
    wait(&house);
    let tv = Login::from(&body(poll(&house, &begun), StatusCode::OK).await);
    assert_eq!(tv.household, phone.household);
    wait(&house);
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "expired_token", "a code is for one use");
    let devices = body(house.by(&tv, Method::GET, "/api/v1/me/devices"), StatusCode::OK).await;
    assert!(
        devices["devices"].as_array().unwrap().iter().any(|device| device["name"] == "Wohnzimmer"),
        "{devices}"
    );
    body(house.refresh(&tv.refresh), StatusCode::OK).await;
}

#[tokio::test]
async fn authorization_pending_until_somebody_has_answered() {
    let house = House::open().await;
    let begun = begin(&house).await;
    for _ in 0..3 {
        assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "authorization_pending");
        wait(&house);
    }
}

#[tokio::test]
async fn slow_down_for_a_tv_that_asks_too_often_and_five_seconds_more_from_then_on() {
    let house = House::open().await;
    let begun = begin(&house).await;
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "authorization_pending");
    house.clock.advance(Duration::from_secs(3));
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "slow_down");
    house.clock.advance(Duration::from_secs(9));
    assert_eq!(
        refusal(poll(&house, &begun), REFUSED).await,
        "slow_down",
        "ten seconds now, and fifteen from here"
    );
    house.clock.advance(Duration::from_secs(15));
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "authorization_pending");
}

#[tokio::test]
async fn access_denied_when_it_was_refused() {
    let house = House::open().await;
    let (phone, begun) = (house.at_home(ANNA).await, begin(&house).await);
    answer(settle(&house, &phone, begun["user_code"].as_str().unwrap(), false), StatusCode::NO_CONTENT).await;
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "access_denied");
}

#[tokio::test]
async fn expired_token_when_nobody_answered_in_time() {
    let house = House::open().await;
    let (phone, begun) = (house.at_home(ANNA).await, begin(&house).await);
    house.clock.advance(Duration::from_secs(601));
    assert_eq!(refusal(poll(&house, &begun), REFUSED).await, "expired_token");
    let phone = Login::from(&body(house.refresh(&phone.refresh), StatusCode::OK).await);
    problem(settle(&house, &phone, begun["user_code"].as_str().unwrap(), true), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn invalid_grant_for_a_code_that_is_none() {
    let house = House::open().await;
    let unknown = house.token(&[("grant_type", CODE), ("device_code", "x")]);
    assert_eq!(refusal(unknown, REFUSED).await, "invalid_grant");
    assert_eq!(refusal(house.token(&[("grant_type", CODE)]), REFUSED).await, "invalid_request");
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let house = House::open().await;
    let (phone, begun) = (house.at_home(ANNA).await, begin(&house).await);
    for _ in 0..11 {
        problem(settle(&house, &phone, "BCDF-GHJK", true), StatusCode::NOT_FOUND).await;
    }
    let right = begun["user_code"].as_str().unwrap();
    problem(settle(&house, &phone, right, true), StatusCode::TOO_MANY_REQUESTS).await;
    let path = format!("/api/v1/device_authorization/{right}");
    problem(house.by(&phone, Method::GET, &path), StatusCode::TOO_MANY_REQUESTS).await;
    // Nor from elsewhere with the same log-in, nor from there with another one.
    let elsewhere = from(house.by(&phone, Method::GET, &path), "192.0.2.7");
    problem(elsewhere, StatusCode::TOO_MANY_REQUESTS).await;
    let other = house.at_home("berta@example.org").await;
    problem(house.by(&other, Method::GET, &path), StatusCode::TOO_MANY_REQUESTS).await;
    house.clock.advance(Duration::from_secs(2));
    body(house.by(&phone, Method::GET, &path), StatusCode::OK).await;
}

#[tokio::test]
async fn a_network_cannot_fill_redis_with_tvs() {
    let house = House::open().await;
    for _ in 0..61 {
        begin(&house).await;
    }
    let one_more = house.request(Method::POST, "/api/v1/device_authorization").form(&[("device_name", "TV")]);
    assert_eq!(refusal(one_more, StatusCode::TOO_MANY_REQUESTS).await, "temporarily_unavailable");
}
