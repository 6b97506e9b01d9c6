//! Who may do what: every route that needs a household or an operator, for everybody who is not.

use funkturm_accounts::Accounts;
use funkturm_service::{Context, ServiceMain};
use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, answer, body, problem};

/// Method, path with a parameter filled in, and whether it is an operator's; out of the description.
async fn guarded(house: &House) -> Vec<(Method, String, bool)> {
    let context = Context::for_test("accounts");
    let service = Accounts::build(house.config.clone(), context.clone()).await.unwrap();
    context.stop.trigger();
    let document: Value = serde_json::to_value(&service.openapi).unwrap();
    let mut found = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].to_string();
            let path = path
                .replace("{id}", "01890000-0000-7000-8000-000000000000")
                .replace("{user_code}", "BCDFGHJK");
            let method: Method = method.to_uppercase().parse().unwrap();
            match (security.contains("household"), security.contains("operator")) {
                (true, false) => found.push((method, path, false)),
                (false, true) => found.push((method, path, true)),
                (false, false) => assert!(
                    !path.starts_with("/admin/") && !path.starts_with("/api/v1/me"),
                    "{method} {path}"
                ),
                (true, true) => panic!("{method} {path} is for both"),
            }
        }
    }
    found
}

#[tokio::test]
async fn nobody_comes_in_without_a_token_or_with_the_wrong_kind() {
    let house = House::open().await;
    let login = house.at_home("anna@example.org").await;
    let routes = guarded(&house).await;
    assert!(routes.len() >= 26, "{routes:?}");
    for (method, path, operators) in routes {
        let request = || house.request(method.clone(), &path).json(&json!({}));
        problem(request(), StatusCode::UNAUTHORIZED).await;
        problem(request().bearer_auth("x.y.z"), StatusCode::UNAUTHORIZED).await;
        let other = if operators { &login.access } else { "operator-token" };
        problem(request().bearer_auth(other), StatusCode::UNAUTHORIZED).await;
        problem(request().bearer_auth("service-token"), StatusCode::UNAUTHORIZED).await;
    }
    let internal = house.request(Method::GET, &format!("/internal/v1/households/{}", login.household));
    problem(internal.bearer_auth(&login.access), StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn another_households_things_are_not_there() {
    let house = House::open().await;
    let (anna, berta) = (house.at_home("anna@example.org").await, house.at_home("berta@example.org").await);
    let profiles = body(house.by(&anna, Method::GET, "/api/v1/me/profiles"), StatusCode::OK).await;
    let profile = format!("/api/v1/me/profiles/{}", profiles[0]["id"].as_str().unwrap());
    let device = format!("/api/v1/me/devices/{}", anna.device);
    for (method, path) in [
        (Method::PATCH, device.clone()),
        (Method::DELETE, device),
        (Method::PATCH, profile.clone()),
        (Method::DELETE, profile.clone()),
        (Method::POST, format!("{profile}/choose")),
    ] {
        let sent = if path.ends_with("choose") { json!({}) } else { json!({"name": "mine"}) };
        problem(house.by(&berta, method, &path).json(&sent), StatusCode::NOT_FOUND).await;
    }
    // And what there is of one's own is one's own only.
    let devices = body(house.by(&berta, Method::GET, "/api/v1/me/devices"), StatusCode::OK).await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1);
    let export = body(house.by(&berta, Method::GET, "/api/v1/me/export"), StatusCode::OK).await;
    assert!(!export.to_string().contains(&anna.household));
    answer(house.by(&berta, Method::DELETE, "/api/v1/tokens?everywhere=true"), StatusCode::NO_CONTENT).await;
    body(house.by(&anna, Method::GET, "/api/v1/me"), StatusCode::OK).await;
    // A device's secret opens nothing at another household.
    let known = [("device_id", anna.device.as_str()), ("device_secret", anna.secret.as_deref().unwrap())];
    assert_ne!(house.log_in("berta@example.org", &known).await.device, anna.device);
}
