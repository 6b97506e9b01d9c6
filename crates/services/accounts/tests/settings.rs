//! What a household changes of its account.

use funkturm_contracts::mail::Template;
use http::StatusCode;
use reqwest::Method;
use serde_json::json;

use crate::house::{House, PASSWORD, answer, body, problem, refusal, token};

const ANNA: &str = "anna@example.org";
const NEW: &str = "anna@example.com";
const DONE: StatusCode = StatusCode::NO_CONTENT;

#[tokio::test]
async fn language_and_consents_are_changed_one_by_one() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let edit = |sent| house.by(&login, Method::PATCH, "/api/v1/me").json(&sent);
    let me = body(edit(json!({"language": "en"})), StatusCode::OK).await;
    assert_eq!((&me["language"], &me["consents"]["marketing"]), (&json!("en"), &json!(false)));
    let me = body(edit(json!({"consents": {"marketing": true}})), StatusCode::OK).await;
    assert_eq!(me["language"], "en");
    assert_eq!(
        (&me["consents"]["marketing"], &me["consents"]["personalised_ads"]),
        (&json!(true), &json!(false))
    );
    for wrong in [json!({"language": "x"}), json!({"email": NEW}), json!({"consents": {"terms": false}})] {
        problem(edit(wrong), StatusCode::BAD_REQUEST).await;
    }
    assert_eq!(body(edit(json!({})), StatusCode::OK).await["language"], "en");
}

#[tokio::test]
async fn another_address_counts_when_it_is_confirmed_and_the_old_one_is_told() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let ask = |email: &str, password: &str| {
        house
            .by(&login, Method::POST, "/api/v1/me/email")
            .json(&json!({"email": email, "password": password}))
    };
    problem(ask(NEW, "streuselkuchen"), StatusCode::FORBIDDEN).await;
    problem(ask("x", PASSWORD), StatusCode::BAD_REQUEST).await;
    answer(ask(NEW, PASSWORD), StatusCode::ACCEPTED).await;
    let link = token(&house.others.mail(NEW, Template::ChangeAddress).await);
    house.log_in(ANNA, &[]).await;
    let confirm = || house.post("/api/v1/accounts/email", json!({"token": link}));
    answer(confirm(), DONE).await;
    problem(confirm(), StatusCode::NOT_FOUND).await;
    house.others.mail(ANNA, Template::AddressChanged).await;
    house.log_in(NEW, &[]).await;
    refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn an_address_of_somebody_else_is_not_told_to_be_one_and_cannot_be_taken() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    house.household("berta@example.org").await;
    let ask = |email: &str| {
        house
            .by(&login, Method::POST, "/api/v1/me/email")
            .json(&json!({"email": email, "password": PASSWORD}))
    };
    answer(ask("berta@example.org"), StatusCode::ACCEPTED).await;
    house.others.mail("berta@example.org", Template::AlreadyRegistered).await;
    // Somebody registers it between the question and the confirmation.
    answer(ask(NEW), StatusCode::ACCEPTED).await;
    let link = token(&house.others.mail(NEW, Template::ChangeAddress).await);
    house.household(NEW).await;
    problem(house.post("/api/v1/accounts/email", json!({"token": link})), StatusCode::CONFLICT).await;
    house.log_in(ANNA, &[]).await;
}

#[tokio::test]
async fn another_password_logs_the_other_devices_out() {
    let house = House::open().await;
    let (one, two) = (house.at_home(ANNA).await, house.log_in(ANNA, &[]).await);
    let change = |old: &str, new: &str| {
        house.by(&one, Method::PUT, "/api/v1/me/password").json(&json!({"old": old, "new": new}))
    };
    problem(change("streuselkuchen", "apfelstrudel"), StatusCode::FORBIDDEN).await;
    problem(change(PASSWORD, "kurz"), StatusCode::BAD_REQUEST).await;
    answer(change(PASSWORD, "apfelstrudel"), DONE).await;
    house.others.mail(ANNA, Template::PasswordChanged).await;
    refusal(house.refresh(&two.refresh), StatusCode::BAD_REQUEST).await;
    body(house.refresh(&one.refresh), StatusCode::OK).await;
    refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await;
    body(house.password(ANNA, "apfelstrudel", &[]), StatusCode::OK).await;
}

#[tokio::test]
async fn a_stolen_access_token_is_no_way_to_guess_the_password() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let guess = |password: &str| {
        house.by(&login, Method::PUT, "/api/v1/me/pin").json(&json!({"password": password, "pin": "2580"}))
    };
    for _ in 0..11 {
        problem(guess("streuselkuchen"), StatusCode::FORBIDDEN).await;
    }
    problem(guess(PASSWORD), StatusCode::TOO_MANY_REQUESTS).await;
}
