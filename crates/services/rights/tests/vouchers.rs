//! Vouchers.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{Instance, Rig, answer, problem};

async fn make(service: &Instance, batch: Value) -> Value {
    let request = service.request(Method::POST, "/admin/v1/vouchers").json(&batch);
    answer(request, StatusCode::CREATED).await.json().await.unwrap()
}

fn redeem(service: &Instance, token: &str, code: &str) -> RequestBuilder {
    service.request(Method::POST, "/api/v1/me/vouchers").bearer_auth(token).json(&json!({"code": code}))
}

#[tokio::test]
async fn a_wrong_batch_is_refused_with_everything_that_is_wrong() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    let wrong = json!({"name": "", "package": "gone", "days": 0, "code": "short", "count": 3});
    let detail =
        problem(service.request(Method::POST, "/admin/v1/vouchers").json(&wrong), StatusCode::BAD_REQUEST)
            .await;
    for part in ["name must", "there is no package \"gone\"", "days must", "code must have 8", "cannot both"]
    {
        assert!(detail.contains(part), "{detail}");
    }
}

#[tokio::test]
async fn a_code_gives_its_package_once_and_more_days_to_who_has_it() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let made = make(&service, json!({"name": "gift", "package": "plus", "days": 10, "count": 3})).await;
    let codes: Vec<&str> =
        made["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    let household = service.household().await;
    let token = rig.token(household, false);
    let has = answer(redeem(&service, &token, &codes[0].to_lowercase()), StatusCode::OK).await;
    let has: Value = has.json().await.unwrap();
    assert_eq!(has["subscriptions"][1]["ends_at"], "2026-12-11T12:00:00Z");
    let has: Value = answer(redeem(&service, &token, codes[1]), StatusCode::OK).await.json().await.unwrap();
    assert_eq!(has["subscriptions"][1]["ends_at"], "2026-12-21T12:00:00Z");
    let detail = problem(redeem(&service, &token, codes[0]), StatusCode::BAD_REQUEST).await;
    assert_eq!(detail, "there is no such code, or it is used up or too old");
    // A plan is chosen: what was given away comes first.
    let has = service.wish(&token, json!({"plan": "plus-yearly"})).await;
    assert_eq!(
        (&has["subscriptions"][1]["state"], &has["subscriptions"][1]["trial_ends"]),
        (&json!("trial"), &json!("2026-12-21T12:00:00Z"))
    );
    rig.days(21);
    service.until_states(household, &["basic active", "plus active"]).await;
    let token = rig.token(household, false);
    let detail = problem(redeem(&service, &token, codes[2]), StatusCode::CONFLICT).await;
    assert!(detail.contains("keep the code for later"), "{detail}");
    let other = service.household().await;
    answer(redeem(&service, &rig.token(other, false), codes[2]), StatusCode::OK).await;
}

#[tokio::test]
async fn a_code_for_three_is_used_by_three_of_ten_that_race() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    make(&service, json!({"name": "race", "package": "sport", "days": 10, "code": "RACE-2027", "uses": 3}))
        .await;
    let households = join_all((0..10).map(|_| service.household())).await;
    let tokens: Vec<String> = households.iter().map(|household| rig.token(*household, false)).collect();
    let answers = join_all(tokens.iter().map(|token| redeem(&service, token, "race2027").send())).await;
    let good =
        answers.into_iter().filter(|answer| answer.as_ref().unwrap().status() == StatusCode::OK).count();
    assert_eq!(good, 3);
    assert_eq!(service.get("/admin/v1/vouchers").await[0]["used"], 3);
    // Two of one household at once are one.
    make(
        &service,
        json!({"name": "twice", "package": "sport", "days": 10, "code": "TWICE-2027", "uses": 30}),
    )
    .await;
    let token = rig.token(service.household().await, false);
    let both = join_all((0..2).map(|_| redeem(&service, &token, "twice2027").send())).await;
    let mut both: Vec<u16> = both.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    both.sort_unstable();
    assert_eq!(both, [200, 409]);
}

#[tokio::test]
async fn who_guesses_has_to_wait_and_nobody_else() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    make(&service, json!({"name": "all", "package": "sport", "days": 10, "code": "RIGHT-2027", "uses": 9}))
        .await;
    let (guesser, other) = (service.household().await, service.household().await);
    let token = rig.token(guesser, false);
    for n in 0..10 {
        problem(redeem(&service, &token, &format!("GUESS-{n:05}")), StatusCode::BAD_REQUEST).await;
    }
    let detail = problem(redeem(&service, &token, "RIGHT-2027"), StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(detail, "too many wrong codes: try again in an hour");
    answer(redeem(&service, &rig.token(other, false), "RIGHT-2027"), StatusCode::OK).await;
    rig.clock.advance(Duration::from_secs(3601));
    answer(redeem(&service, &rig.token(guesser, false), "RIGHT-2027"), StatusCode::OK).await;
}

#[tokio::test]
async fn a_code_counts_from_when_to_when_and_until_it_is_stopped() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let batch = json!({"name": "time", "package": "sport", "days": 1, "code": "LATER-2027", "uses": 9,
        "from": "2026-12-02T00:00:00Z", "until": "2026-12-05T00:00:00Z"});
    let made = make(&service, batch.clone()).await;
    problem(service.request(Method::POST, "/admin/v1/vouchers").json(&batch), StatusCode::CONFLICT).await;
    let household = service.household().await;
    problem(redeem(&service, &rig.token(household, false), "LATER-2027"), StatusCode::BAD_REQUEST).await;
    rig.days(1);
    answer(redeem(&service, &rig.token(household, false), "LATER-2027"), StatusCode::OK).await;
    let place = format!("/admin/v1/vouchers/{}", made["batch"]["id"].as_str().unwrap());
    answer(service.request(Method::DELETE, &place), StatusCode::NO_CONTENT).await;
    let other = service.household().await;
    problem(redeem(&service, &rig.token(other, false), "LATER-2027"), StatusCode::BAD_REQUEST).await;
}
