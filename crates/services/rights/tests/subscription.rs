//! What households have, and how that changes.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{Rig, answer, problem};

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_and_nothing_is_lost() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let household = service.household().await;
    let token = rig.token(household, false);
    let wish = |wish| service.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(&token).json(&wish);
    for (wrong, status, said) in [
        (json!({"plan": "gone"}), StatusCode::BAD_REQUEST, "plan: there is no plan \"gone\""),
        (json!({"plan": "sport-monthly"}), StatusCode::BAD_REQUEST, "sport-monthly is an option"),
        (json!({"options": ["plus-monthly"]}), StatusCode::BAD_REQUEST, "plus-monthly is no option"),
        (json!({"options": ["sport-monthly", "sport-monthly"]}), StatusCode::BAD_REQUEST, "two plans"),
        (json!({"colour": "red"}), StatusCode::BAD_REQUEST, "colour"),
    ] {
        let detail = problem(wish(wrong), status).await;
        assert!(detail.contains(said), "{detail}");
    }
    let mut plan = service.get("/admin/v1/plans/plus-yearly").await;
    plan["on_sale"] = false.into();
    service.send(Method::PUT, "/admin/v1/plans/plus-yearly", plan).await;
    let both = json!({"plan": "plus-yearly", "options": ["sport-monthly"]});
    assert_eq!(problem(wish(both), StatusCode::CONFLICT).await, "plan plus-yearly is not on sale");
    assert_eq!(service.states(household).await, ["basic active"]);
    let child =
        service.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(rig.token(household, true));
    problem(child.json(&json!({"plan": "plus-monthly"})), StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn a_package_is_tried_kept_cancelled_and_ends_with_what_is_paid_for() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let household = service.household().await;
    let token = rig.token(household, false);
    assert!(!service.allowed(household, "eins", "pause").await);
    service.wish(&token, json!({"plan": "plus-monthly", "options": ["sport-monthly"]})).await;
    assert_eq!(service.states(household).await, ["basic active", "plus trial", "sport active"]);
    assert!(service.allowed(household, "eins", "pause").await);
    // Twice is once.
    let before = service.get(&format!("/admin/v1/subscriptions/{household}")).await;
    service.wish(&token, json!({"plan": "plus-monthly", "options": ["sport-monthly"]})).await;
    assert_eq!(service.get(&format!("/admin/v1/subscriptions/{household}")).await, before);

    rig.days(30);
    service.until_states(household, &["basic active", "plus active", "sport active"]).await;
    rig.days(1);
    // Begun on 1 December: sport is paid for until 1 February; plus costs something since 31 December.
    let token = rig.token(household, false);
    let has = service.wish(&token, json!({})).await;
    let ends: Vec<_> =
        has["subscriptions"].as_array().unwrap().iter().map(|one| one["ends_at"].as_str()).collect();
    assert_eq!(ends, [None, Some("2027-01-31T12:00:00Z"), Some("2027-02-01T12:00:00Z")]);
    let decision = service.decide(household, "eins", "pause").await;
    assert_eq!((&decision["allowed"], &decision["until"]), (&json!(true), &json!("2027-01-31T12:00:00Z")));
    // It goes on after all.
    service.wish(&token, json!({"plan": "plus-monthly"})).await;
    assert_eq!(service.states(household).await, ["basic active", "plus active", "sport ends_at"]);
    rig.days(32);
    service.until_states(household, &["basic active", "plus active", "sport ended"]).await;
    // Nobody tries twice.
    let token = rig.token(household, false);
    service.wish(&token, json!({})).await;
    rig.days(40);
    service.until_states(household, &["basic active", "plus ended", "sport ended"]).await;
    assert!(!service.allowed(household, "eins", "pause").await);
    service.wish(&rig.token(household, false), json!({"plan": "plus-monthly"})).await;
    assert_eq!(service.states(household).await.last().unwrap(), "plus active");
    let history = service.get_as(&rig.token(household, false), "/api/v1/me/subscription").await;
    let steps: Vec<String> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .filter(|line| line["package"] == "plus")
        .map(|line| {
            format!(
                "{} {} {}",
                line["who"].as_str().unwrap(),
                line["from"].as_str().unwrap_or("-"),
                line["to"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        steps,
        [
            "household - trial",
            "system trial active",
            "household active ends_at",
            "household ends_at active",
            "household active ends_at",
            "system ends_at ended",
            "household - active",
        ]
    );
}

#[tokio::test]
async fn a_trial_that_is_cancelled_and_wanted_again_is_still_a_trial() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let household = service.household().await;
    let token = rig.token(household, false);
    service.wish(&token, json!({"plan": "plus-monthly"})).await;
    service.wish(&token, json!({})).await;
    assert_eq!(service.states(household).await, ["basic active", "plus ends_at"]);
    let has = service.wish(&token, json!({"plan": "plus-monthly"})).await;
    assert_eq!(has["subscriptions"][1]["trial_ends"], "2026-12-31T12:00:00Z");
    assert_eq!(service.states(household).await, ["basic active", "plus trial"]);
}

#[tokio::test]
async fn an_operator_gives_and_changes_with_a_reason_and_only_what_is_legal() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let household = service.household().await;
    let place = format!("/admin/v1/subscriptions/{household}");
    let give = |body| service.request(Method::POST, &place).json(&body);
    let detail = problem(give(json!({"package": "plus", "reason": " "})), StatusCode::BAD_REQUEST).await;
    assert!(detail.contains("reason must have"), "{detail}");
    let given =
        answer(give(json!({"package": "plus", "reason": "for the outage"})), StatusCode::CREATED).await;
    let given: serde_json::Value = given.json().await.unwrap();
    problem(give(json!({"package": "plus", "reason": "again"})), StatusCode::CONFLICT).await;
    let id = given["subscriptions"][1]["id"].as_str().unwrap();
    let path = format!("{place}/{id}");
    let change =
        |state: &str| service.request(Method::PATCH, &path).json(&json!({"state": state, "reason": "test"}));
    answer(change("paused"), StatusCode::OK).await;
    assert!(!service.allowed(household, "eins", "pause").await);
    let detail = problem(change("trial"), StatusCode::BAD_REQUEST).await;
    assert!(detail.contains("until must be there"), "{detail}");
    answer(change("ended"), StatusCode::OK).await;
    let detail = problem(change("active"), StatusCode::CONFLICT).await;
    assert_eq!(detail, "a subscription cannot go from ended to active");
    // Another household's subscription is not this one's.
    let other = service.household().await;
    let foreign = format!("/admin/v1/subscriptions/{other}/{id}");
    let foreign =
        service.request(Method::PATCH, &foreign).json(&json!({"state": "active", "reason": "test"}));
    problem(foreign, StatusCode::NOT_FOUND).await;
    let history = service.get(&place).await;
    assert_eq!(
        (&history["history"][1]["who"], &history["history"][2]["why"]),
        (&json!("operator"), &json!("for the outage"))
    );
}

#[tokio::test]
async fn two_wishes_at_once_make_one_subscription() {
    let rig = Rig::start().await;
    let (one, other) = (rig.instance().await, rig.instance().await);
    one.offer().await;
    let household = one.household().await;
    let token = rig.token(household, false);
    funkturm_service::testing::until("the other to have the offer", crate::PATIENCE, || async {
        (other.get("/admin/v1/packages").await.as_array().unwrap().len() == 3).then_some(())
    })
    .await
    .unwrap();
    let wishes = (0..8).map(|n| {
        let service = if n % 2 == 0 { &one } else { &other };
        service.wish(&token, json!({"plan": "plus-monthly"}))
    });
    futures_util::future::join_all(wishes).await;
    assert_eq!(one.states(household).await, ["basic active", "plus trial"]);
}
