//! Who may come in.

use funkturm_base::HouseholdId;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{Rig, answer, problem};

#[tokio::test]
async fn without_a_token_nobody_comes_in_where_one_is_needed() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    let id = HouseholdId::new();
    let url = service.server.url();
    for (method, path) in [
        ("GET", "/api/v1/me/subscription"),
        ("PUT", "/api/v1/me/subscription"),
        ("GET", "/api/v1/me/rights"),
        ("POST", "/api/v1/me/vouchers"),
        ("POST", "/internal/v1/decisions"),
        ("GET", "/internal/v1/changes"),
        ("GET", &format!("/internal/v1/rights/households/{id}")),
        ("PUT", &format!("/internal/v1/rights/households/{id}")),
        ("DELETE", &format!("/internal/v1/rights/households/{id}")),
        ("GET", &format!("/internal/v1/households/{id}/rights")),
        ("GET", "/admin/v1/offer"),
        ("PUT", "/admin/v1/offer"),
        ("PUT", "/admin/v1/licences/a"),
        ("GET", "/admin/v1/vouchers"),
        ("POST", "/admin/v1/vouchers"),
        ("GET", &format!("/admin/v1/subscriptions/{id}")),
        ("GET", &format!("/admin/v1/rights/{id}/explain?channel=a&action=live")),
        ("GET", "/admin/v1/billing_events"),
        ("POST", "/webhooks/billing"),
    ] {
        let method: Method = method.parse().unwrap();
        // Neither nobody, nor a household at the doors of others.
        problem(service.http.request(method.clone(), format!("{url}{path}")), StatusCode::UNAUTHORIZED).await;
        if !path.starts_with("/api") {
            let household =
                service.http.request(method, format!("{url}{path}")).bearer_auth(rig.token(id, false));
            problem(household, StatusCode::UNAUTHORIZED).await;
        }
    }
    answer(service.request(Method::GET, "/api/v1/packages"), StatusCode::OK).await;
}

#[tokio::test]
async fn a_token_leads_to_its_own_household_only() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let (one, other) = (service.household().await, service.household().await);
    let (mine, theirs) = (rig.token(one, false), rig.token(other, false));
    service.wish(&mine, json!({"plan": "plus-monthly"})).await;
    let seen = service.get_as(&theirs, "/api/v1/me/subscription").await;
    assert_eq!(seen["household"], json!(other));
    assert_eq!(seen["subscriptions"].as_array().unwrap().len(), 1, "the other one's is not seen");
    assert_eq!(service.states(other).await, ["basic active"]);
    assert!(!service.get_as(&theirs, "/api/v1/me/rights").await.to_string().contains("pause"));
    // Nor can it be named.
    let named = service.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(&theirs);
    problem(named.json(&json!({"household": one, "plan": "basic-free"})), StatusCode::BAD_REQUEST).await;
    let stranger = rig.token(HouseholdId::new(), false);
    let unknown = service.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(&stranger);
    problem(unknown.json(&json!({"plan": "plus-monthly"})), StatusCode::NOT_FOUND).await;
    let foreign = Rig::start().await.token(one, false);
    let foreign = service.request(Method::GET, "/api/v1/me/subscription").bearer_auth(foreign);
    problem(foreign, StatusCode::UNAUTHORIZED).await;
}
