//! Refresh tokens: each is for one use, and who uses one twice is out.

use std::time::Duration;

use http::StatusCode;
use reqwest::Method;

use crate::house::{House, Instance, Login, answer, body, problem, refusal};

const ANNA: &str = "anna@example.org";
const REFUSED: StatusCode = StatusCode::BAD_REQUEST;

#[tokio::test]
async fn tokens_rotate_and_an_old_one_ends_the_whole_family() {
    let house = House::open().await;
    let first = house.at_home(ANNA).await;
    let other = house.log_in(ANNA, &[]).await;
    let second = Login::from(&body(house.refresh(&first.refresh), StatusCode::OK).await);
    assert_ne!(first.refresh, second.refresh);
    assert_eq!((&first.device, &first.household), (&second.device, &second.household));
    let third = Login::from(&body(house.refresh(&second.refresh), StatusCode::OK).await);
    // The first one is not even the one before.
    assert_eq!(refusal(house.refresh(&first.refresh), REFUSED).await, "invalid_grant");
    assert_eq!(refusal(house.refresh(&third.refresh), REFUSED).await, "invalid_grant", "the family is over");
    problem(house.by(&third, Method::GET, "/api/v1/me"), StatusCode::UNAUTHORIZED).await;
    body(house.refresh(&other.refresh), StatusCode::OK).await;
    let metrics = house.one.context.metrics.gather();
    let reused = metrics.iter().find(|family| family.name().ends_with("tokens_reused_total")).unwrap();
    assert_eq!(reused.get_metric()[0].get_counter().get_value(), 1.0);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_for_a_while() {
    let house = House::open().await;
    let first = house.at_home(ANNA).await;
    let lost = Login::from(&body(house.refresh(&first.refresh), StatusCode::OK).await);
    house.clock.advance(Duration::from_secs(59));
    let again = Login::from(&body(house.refresh(&first.refresh), StatusCode::OK).await);
    assert_eq!(lost.refresh, again.refresh, "the same successor, not a second one");
    let next = Login::from(&body(house.refresh(&again.refresh), StatusCode::OK).await);
    body(house.refresh(&next.refresh), StatusCode::OK).await;
}

#[tokio::test]
async fn after_that_while_it_counts_as_stolen() {
    let house = House::open().await;
    let first = house.at_home(ANNA).await;
    let second = Login::from(&body(house.refresh(&first.refresh), StatusCode::OK).await);
    house.clock.advance(Duration::from_secs(61));
    assert_eq!(refusal(house.refresh(&first.refresh), REFUSED).await, "invalid_grant");
    assert_eq!(refusal(house.refresh(&second.refresh), REFUSED).await, "invalid_grant");
}

#[tokio::test]
async fn many_that_refresh_at_once_with_one_token_get_one_successor_from_any_instance() {
    let house = House::open().await;
    let other = Instance::start(&house.config, &house.clock).await;
    let first = house.at_home(ANNA).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", first.refresh.as_str())];
    let requests = (0..20).map(|n| {
        let instance = if n % 2 == 0 { &house.one } else { &other };
        body(instance.request(Method::POST, "/api/v1/tokens").form(&form), StatusCode::OK)
    });
    let grants = futures_util::future::join_all(requests).await;
    assert!(grants.iter().all(|grant| grant["refresh_token"] == grants[0]["refresh_token"]));
}

#[tokio::test]
async fn a_log_in_that_is_not_used_runs_out_and_so_does_an_access_token() {
    let house = House::open().await;
    let first = house.at_home(ANNA).await;
    house.clock.advance(Duration::from_secs(306));
    problem(house.by(&first, Method::GET, "/api/v1/me"), StatusCode::UNAUTHORIZED).await;
    let second = Login::from(&body(house.refresh(&first.refresh), StatusCode::OK).await);
    house.clock.advance(Duration::from_secs(90 * 86_400 + 1));
    assert_eq!(refusal(house.refresh(&second.refresh), REFUSED).await, "invalid_grant");
}

#[tokio::test]
async fn logging_out_ends_this_log_in_or_all() {
    let house = House::open().await;
    let (one, two) = (house.at_home(ANNA).await, house.log_in(ANNA, &[]).await);
    let three = house.log_in(ANNA, &[]).await;
    answer(house.by(&one, Method::DELETE, "/api/v1/tokens"), StatusCode::NO_CONTENT).await;
    assert_eq!(refusal(house.refresh(&one.refresh), REFUSED).await, "invalid_grant");
    problem(house.by(&one, Method::DELETE, "/api/v1/tokens"), StatusCode::UNAUTHORIZED).await;
    let two = Login::from(&body(house.refresh(&two.refresh), StatusCode::OK).await);
    answer(house.by(&two, Method::DELETE, "/api/v1/tokens?everywhere=true"), StatusCode::NO_CONTENT).await;
    for login in [two, three] {
        assert_eq!(refusal(house.refresh(&login.refresh), REFUSED).await, "invalid_grant");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_by_oauths_table() {
    let house = House::open().await;
    let token = |form: &[(&str, &str)]| refusal(house.token(form), REFUSED);
    assert_eq!(token(&[]).await, "invalid_request");
    assert_eq!(token(&[("grant_type", "client_credentials")]).await, "unsupported_grant_type");
    assert_eq!(token(&[("grant_type", "refresh_token")]).await, "invalid_request");
    assert_eq!(token(&[("grant_type", "refresh_token"), ("refresh_token", "x")]).await, "invalid_grant");
    assert_eq!(token(&[("grant_type", "password"), ("grant_type", "password")]).await, "invalid_request");
    assert_eq!(
        token(&[("grant_type", "password"), ("username", ANNA), ("password", "x")]).await,
        "invalid_request"
    );
    let kind = [
        ("grant_type", "password"),
        ("username", ANNA),
        ("password", "x"),
        ("device_name", "a"),
        ("device_kind", "toaster"),
    ];
    assert_eq!(token(&kind).await, "invalid_request");
    let json = house.post("/api/v1/tokens", serde_json::json!({"grant_type": "password"}));
    assert_eq!(refusal(json, REFUSED).await, "invalid_request");
    let unknown = house.password("no address", "kartoffelsalat", &[("scope", "openid")]);
    assert_eq!(
        refusal(unknown, REFUSED).await,
        "invalid_grant",
        "and a field that is not known is passed over"
    );
}
