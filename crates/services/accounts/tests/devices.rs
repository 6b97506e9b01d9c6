//! The devices of a household: names, limits, removal.

use funkturm_contracts::mail::Template;
use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, Login, PASSWORD, answer, body, from, problem, refusal};

const ANNA: &str = "anna@example.org";

async fn names(house: &House, login: &Login) -> Vec<String> {
    let list = body(house.by(login, Method::GET, "/api/v1/me/devices"), StatusCode::OK).await;
    let mut names: Vec<String> = list["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_device_is_renamed_and_removed_which_logs_it_out() {
    let house = House::open().await;
    let (one, two) = (house.at_home(ANNA).await, house.log_in(ANNA, &[]).await);
    let path = format!("/api/v1/me/devices/{}", two.device);
    let rename = |name: &str| house.by(&one, Method::PATCH, &path).json(&json!({"name": name}));
    assert_eq!(body(rename("Küche"), StatusCode::OK).await["name"], "Küche");
    problem(rename(""), StatusCode::BAD_REQUEST).await;
    assert_eq!(names(&house, &one).await, ["Küche", "Sofa"]);
    answer(house.by(&one, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    problem(house.by(&one, Method::DELETE, &path), StatusCode::NOT_FOUND).await;
    problem(rename("x"), StatusCode::NOT_FOUND).await;
    assert_eq!(refusal(house.refresh(&two.refresh), StatusCode::BAD_REQUEST).await, "invalid_grant");
    problem(house.by(&two, Method::GET, "/api/v1/me"), StatusCode::UNAUTHORIZED).await;
    assert_eq!(names(&house, &one).await, ["Sofa"]);
}

#[tokio::test]
async fn one_device_too_many_takes_the_place_of_another_one_or_stays_out() {
    let house = House::open_with(|config| config.devices = 2).await;
    let (one, two) = (house.at_home(ANNA).await, house.log_in(ANNA, &[]).await);
    let third = answer(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await;
    let third: Value = third.json().await.unwrap();
    assert_eq!((&third["error"], third["devices"].as_array().unwrap().len()), (&json!("device_limit"), 2));
    let replaced = house.log_in(ANNA, &[("replace_device", &two.device)]).await;
    refusal(house.refresh(&two.refresh), StatusCode::BAD_REQUEST).await;
    body(house.refresh(&one.refresh), StatusCode::OK).await;
    // One that is here already needs no place.
    let again =
        [("device_id", replaced.device.as_str()), ("device_secret", replaced.secret.as_deref().unwrap())];
    assert_eq!(house.log_in(ANNA, &again).await.device, replaced.device);
    // And one that has logged out leaves it.
    let one = house.log_in(ANNA, &again).await;
    answer(house.by(&one, Method::DELETE, "/api/v1/tokens"), StatusCode::NO_CONTENT).await;
    house.log_in(ANNA, &[]).await;
}

#[tokio::test]
async fn two_that_come_at_once_do_not_both_get_the_last_place() {
    let house = House::open_with(|config| config.devices = 3).await;
    house.household(ANNA).await;
    let logins = (0..12).map(|n| from(house.password(ANNA, PASSWORD, &[]), &format!("192.0.2.{n}")).send());
    let answers = futures_util::future::join_all(logins).await;
    let let_in = answers.iter().filter(|answer| answer.as_ref().unwrap().status() == 200).count();
    assert_eq!(let_in, 3);
}

#[tokio::test]
async fn a_household_is_told_of_a_device_that_it_did_not_have() {
    let house = House::open().await;
    let first = house.at_home(ANNA).await;
    house
        .log_in(ANNA, &[("device_id", &first.device), ("device_secret", first.secret.as_deref().unwrap())])
        .await;
    house.log_in(ANNA, &[]).await;
    let mail = house.others.mail(ANNA, Template::NewDevice).await;
    assert_eq!(
        (mail.values["device"].as_str(), mail.values["link"].as_str()),
        ("Sofa", "http://tv.example/devices")
    );
    assert!(mail.values["time"].ends_with('Z'), "{mail:?}");
    assert!(house.others.mails().is_empty(), "once, and neither for the first device nor for a known one");
}
