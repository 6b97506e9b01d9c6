//! Export and deletion of everything about a household, across all services.

use funkturm_contracts::mail::Template;
use funkturm_service::testing::until;
use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, PATIENCE, answer, body, problem, refusal};

const ANNA: &str = "anna@example.org";

#[tokio::test]
async fn everything_about_a_household_is_exported_or_nothing() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let export = || house.by(&login, Method::GET, "/api/v1/me/export");
    let all = body(export(), StatusCode::OK).await;
    for service in ["rights", "playback"] {
        let path = format!("/internal/v1/{service}/households/{}", login.household);
        assert_eq!(all[service]["known"], json!(path));
    }
    let own = &all["accounts"];
    assert_eq!((&own["email"], &own["networks"][0]["network"]), (&json!(ANNA), &json!("203.0.113.1")));
    assert_eq!((own["profiles"].as_array().unwrap().len(), own["devices"].as_array().unwrap().len()), (1, 1));
    let text = all.to_string();
    assert!(!text.contains("argon2") && !text.contains(&login.refresh), "{text}");
    *house.others.away.lock().unwrap() = true;
    let detail = problem(export(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(detail.contains("playback") || detail.contains("rights"), "{detail}");
}

#[tokio::test]
async fn a_household_is_gone_at_once_here_and_everywhere_as_soon_as_every_service_has_confirmed() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let delete =
        |password: &str| house.by(&login, Method::DELETE, "/api/v1/me").json(&json!({"password": password}));
    problem(delete("streuselkuchen"), StatusCode::FORBIDDEN).await;
    problem(house.by(&login, Method::DELETE, "/api/v1/me"), StatusCode::FORBIDDEN).await;
    until("rights to be told", PATIENCE, || async { house.others.heard.lock().unwrap().first().cloned() })
        .await
        .unwrap();
    *house.others.away.lock().unwrap() = true;
    let begun = body(delete(PASSWORD), StatusCode::ACCEPTED).await;
    assert_eq!(
        (&begun["done_at"], &begun["services"]),
        (&Value::Null, &json!({"playback": null, "rights": null}))
    );
    problem(house.by(&login, Method::GET, "/api/v1/me"), StatusCode::UNAUTHORIZED).await;
    refusal(house.refresh(&login.refresh), StatusCode::BAD_REQUEST).await;
    refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await;
    let path = format!("/admin/v1/households/{}", login.household);
    problem(house.operator(Method::GET, &path), StatusCode::NOT_FOUND).await;
    let deletion = || body(house.operator(Method::GET, &format!("{path}/deletion")), StatusCode::OK);
    assert_eq!(deletion().await["done_at"], Value::Null);
    assert!(house.others.mails().iter().all(|mail| mail.template != Template::Deleted));

    *house.others.away.lock().unwrap() = false;
    house.others.mail(ANNA, Template::Deleted).await;
    let done = deletion().await;
    assert!(done["done_at"].is_string() && done["services"]["rights"].is_string(), "{done}");
    let heard: Vec<String> =
        house.others.heard.lock().unwrap().iter().map(|(what, _)| what.clone()).collect();
    for service in ["rights", "playback"] {
        let delete = format!("DELETE /internal/v1/{service}/households/{}", login.household);
        assert_eq!(heard.iter().filter(|what| **what == delete).count(), 1, "{heard:?}");
    }
    // The address is free again, and nothing of the first household comes back.
    let again = house.at_home(ANNA).await;
    assert_ne!(again.household, login.household);
}

#[tokio::test]
async fn what_was_asked_for_before_a_restart_is_done_after_it() {
    let mut house = House::open().await;
    let login = house.at_home(ANNA).await;
    *house.others.away.lock().unwrap() = true;
    let delete = house.by(&login, Method::DELETE, "/api/v1/me").json(&json!({"password": PASSWORD}));
    answer(delete, StatusCode::ACCEPTED).await;
    house.one.context.stop.trigger();
    house.one.context.finish(PATIENCE).await.unwrap();
    house.postgresql.restart().await.unwrap();
    let next = crate::house::Instance::start(&house.config, &house.clock).await;
    house.one = next;
    *house.others.away.lock().unwrap() = false;
    house.others.mail(ANNA, Template::Deleted).await;
}
