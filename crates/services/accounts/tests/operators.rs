//! What operators do with households.

use funkturm_contracts::mail::Template;
use http::StatusCode;
use reqwest::Method;
use serde_json::json;

use crate::house::{House, PASSWORD, answer, body, problem, refusal};

const ANNA: &str = "anna@example.org";
const HOUSEHOLDS: &str = "/admin/v1/households";
const DONE: StatusCode = StatusCode::NO_CONTENT;

#[tokio::test]
async fn households_are_listed_page_by_page_and_found_by_their_address() {
    let house = House::open().await;
    for n in 0..5 {
        let new = house
            .operator(Method::POST, HOUSEHOLDS)
            .json(&json!({"email": format!("a_{n}@example.org"), "password": PASSWORD}));
        body(new, StatusCode::CREATED).await;
    }
    let page =
        |query: String| body(house.operator(Method::GET, &format!("{HOUSEHOLDS}?{query}")), StatusCode::OK);
    let (mut seen, mut cursor) = (vec![], String::new());
    loop {
        let page = page(format!("limit=2{cursor}")).await;
        seen.extend(
            page["households"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["email"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, (0..5).map(|n| format!("a_{n}@example.org")).collect::<Vec<_>>());
    let count = async |query: &str| page(query.to_owned()).await["households"].as_array().unwrap().len();
    assert_eq!((count("email=A_3@").await, count("email=a%25").await, count("email=aX").await), (1, 0, 0));
    for wrong in ["limit=0", "limit=501", "cursor=x", "colour=red", "email=%00"] {
        problem(house.operator(Method::GET, &format!("{HOUSEHOLDS}?{wrong}")), StatusCode::BAD_REQUEST).await;
    }
}

#[tokio::test]
async fn a_locked_household_is_out_until_it_is_unlocked() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let path = format!("{HOUSEHOLDS}/{}", login.household);
    answer(house.operator(Method::POST, &format!("{path}/lock")), DONE).await;
    answer(house.operator(Method::POST, &format!("{path}/lock")), DONE).await;
    problem(house.by(&login, Method::GET, "/api/v1/me"), StatusCode::UNAUTHORIZED).await;
    refusal(house.refresh(&login.refresh), StatusCode::BAD_REQUEST).await;
    assert_eq!(refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await, "invalid_grant");
    assert!(body(house.operator(Method::GET, &path), StatusCode::OK).await["locked_at"].is_string());
    answer(house.operator(Method::POST, &format!("{path}/unlock")), DONE).await;
    house.log_in(ANNA, &[]).await;
}

#[tokio::test]
async fn a_household_is_made_with_a_mail_to_choose_its_password() {
    let house = House::open().await;
    let new = || house.operator(Method::POST, HOUSEHOLDS).json(&json!({"email": ANNA, "language": "en"}));
    let made = body(new(), StatusCode::CREATED).await;
    assert_eq!((&made["email"], &made["has_password"]), (&json!(ANNA), &json!(false)));
    problem(new(), StatusCode::CONFLICT).await;
    assert_eq!(refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await, "invalid_grant");
    let first = crate::house::token(&house.others.mail(ANNA, Template::ResetPassword).await);
    let path = format!("{HOUSEHOLDS}/{}/password_reset", made["id"].as_str().unwrap());
    answer(house.operator(Method::POST, &path), StatusCode::ACCEPTED).await;
    house.others.mail(ANNA, Template::ResetPassword).await;
    let choose = json!({"token": first, "password": PASSWORD});
    answer(house.request(Method::PUT, "/api/v1/accounts/password").json(&choose), DONE).await;
    house.log_in(ANNA, &[]).await;
}

#[tokio::test]
async fn an_operator_deletes_a_household() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let path = format!("{HOUSEHOLDS}/{}", login.household);
    body(house.operator(Method::DELETE, &path), StatusCode::ACCEPTED).await;
    problem(house.operator(Method::DELETE, &path), StatusCode::NOT_FOUND).await;
    house.others.mail(ANNA, Template::Deleted).await;
}
