//! Households arrive, are decided about, and go.

use funkturm_base::HouseholdId;
use funkturm_rights::Config;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{Rig, answer};

#[tokio::test]
async fn a_new_household_gets_what_new_households_get_once() {
    let rig = Rig::start().await;
    let service =
        rig.with(Config { welcome_trial: "plus".into(), welcome_trial_days: 14, ..rig.config() }).await;
    service.offer().await;
    let household = service.household().await;
    assert_eq!(service.states(household).await, ["basic active", "plus trial"]);
    let again = service.request(Method::PUT, &format!("/internal/v1/rights/households/{household}"));
    answer(again, StatusCode::NO_CONTENT).await;
    assert_eq!(service.states(household).await, ["basic active", "plus trial"]);
    let decision = service.decide(household, "eins", "record").await;
    assert_eq!((&decision["allowed"], &decision["until"]), (&json!(true), &json!("2026-12-15T12:00:00Z")));
    rig.days(14);
    assert!(!service.allowed(household, "eins", "record").await, "the time counts, not when it is tidied up");
    service.until_states(household, &["basic active", "plus ended"]).await;
}

#[tokio::test]
async fn a_household_that_came_before_the_offer_is_welcomed_when_it_can_be() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    let household = service.household().await;
    assert_eq!(service.states(household).await, [""; 0]);
    let decision = service.decide(household, "eins", "live").await;
    assert_eq!(
        (&decision["allowed"], &decision["because"]),
        (&json!(false), &json!("channel eins has no licence that grants live"))
    );
    service.offer().await;
    service.until_states(household, &["basic active"]).await;
    assert!(service.allowed(household, "eins", "live").await);
}

#[tokio::test]
async fn a_decision_says_everything_that_playback_needs() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let household = service.household().await;
    assert_eq!(
        service.decide(household, "eins", "live").await,
        json!({
            "allowed": true, "because": "package basic gives it (every channel: live), licence eins grants it", "until": null,
            "hd": false, "pin_needed": false, "limits": {"streams": 1, "group": {"group": "house", "streams": 2}},
        })
    );
    let no = service.decide(household, "eins", "pause").await;
    assert_eq!((&no["allowed"], &no["packages"]), (&json!(false), &json!(["plus"])));
    assert_eq!(no["refusal"], "not_in_package");
    let unlicensed = service.decide(household, "zwei", "live").await;
    assert_eq!(unlicensed["because"], "channel zwei has no licence that grants live");
    let question = json!({"household": household, "channel": "eins", "action": "fly"});
    let wrong = service.request(Method::POST, "/internal/v1/decisions").json(&question);
    assert!(crate::problem(wrong, StatusCode::BAD_REQUEST).await.contains("fly"));

    let token = rig.token(household, false);
    let rights = service.get_as(&token, "/api/v1/me/rights").await;
    assert_eq!(rights, json!({"channels": {"eins": ["live"], "sport-eins": ["live"]}, "locked": {}}));
    assert_eq!(service.get(&format!("/internal/v1/households/{household}/rights")).await, rights);
}

#[tokio::test]
async fn a_channel_without_a_licence_may_be_watched_live_where_the_operator_says_so() {
    let rig = Rig::start().await;
    let unlicensed_channels = funkturm_rights::decide::Unlicensed::LiveOnly;
    let service = rig.with(Config { unlicensed_channels, ..rig.config() }).await;
    service.offer().await;
    let household = service.household().await;
    service.wish(&rig.token(household, false), json!({"plan": "plus-monthly"})).await;
    let decision = service.decide(household, "zwei", "live").await;
    assert_eq!((&decision["allowed"], &decision["hd"]), (&json!(true), &json!(true)));
    assert!(!service.allowed(household, "zwei", "record").await);
}

#[tokio::test]
async fn explain_says_what_was_looked_at() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let household = service.household().await;
    let place = format!("/admin/v1/rights/{household}/explain?channel=eins&action=record");
    let explained = service.get(&place).await;
    assert_eq!(
        explained["steps"],
        json!([
            "licence eins: grants live, pause, restart, catch_up, record, hd",
            "package basic (active) gives every channel: live",
        ])
    );
    assert_eq!(
        explained["decision"]["because"],
        "what the household has (basic) does not give record in channel eins"
    );
    let later = service.get(&format!("{place}&at=2027-06-01T00:00:00Z&abroad=true")).await;
    assert_eq!(later["decision"]["because"], "licence eins of channel eins does not grant record abroad");
}

#[tokio::test]
async fn who_follows_the_changes_hears_of_every_household_that_changed_and_of_no_other() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let (one, other) = (service.household().await, service.household().await);
    // Up to a third one, which came after them.
    let place = loop {
        let before = service.get("/internal/v1/changes").await["place"].clone();
        let third = json!(service.household().await);
        let told = funkturm_service::testing::until("word of the third", crate::PATIENCE, || async {
            let changes = service.get(&format!("/internal/v1/changes?after={before}")).await;
            let named = changes["households"].as_array().unwrap().contains(&third);
            (named || changes["everybody"] == true).then_some(changes)
        });
        let told = told.await.unwrap();
        if told["everybody"] == false {
            break told["place"].clone();
        }
    };
    service.wish(&rig.token(one, false), json!({"plan": "plus-monthly"})).await;
    let heard = funkturm_service::testing::until("word of it", crate::PATIENCE, || async {
        let changes = service.get(&format!("/internal/v1/changes?after={place}")).await;
        (changes["households"] != json!([])).then_some(changes)
    });
    let heard = heard.await.unwrap();
    assert_eq!((&heard["households"], &heard["everybody"]), (&json!([one]), &json!(false)), "not {other}");
}

#[tokio::test]
async fn a_household_is_exported_and_deleted_whole() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let (household, other) = (service.household().await, service.household().await);
    let batch = json!({"name": "spring", "package": "sport", "days": 30, "code": "SPRING-2027", "uses": 5});
    answer(service.request(Method::POST, "/admin/v1/vouchers").json(&batch), StatusCode::CREATED).await;
    let redeem =
        service.request(Method::POST, "/api/v1/me/vouchers").bearer_auth(rig.token(household, false));
    answer(redeem.json(&json!({"code": "spring 2027"})), StatusCode::OK).await;
    let place = format!("/internal/v1/rights/households/{household}");
    let export = service.get(&place).await;
    assert_eq!(export["subscriptions"].as_array().unwrap().len(), 2);
    assert_eq!(export["history"].as_array().unwrap().len(), 2);
    assert_eq!(export["vouchers"], json!([{"batch": "spring", "at": "2026-12-01T12:00:00Z"}]));
    for _ in 0..2 {
        answer(service.request(Method::DELETE, &place), StatusCode::NO_CONTENT).await;
    }
    let nothing = service.get(&place).await;
    for part in ["subscriptions", "history", "vouchers", "billing_events"] {
        assert_eq!(nothing[part], json!([]), "{part}");
    }
    assert!(!service.allowed(household, "eins", "live").await);
    assert!(service.allowed(other, "eins", "live").await);
    assert_eq!(
        service.get("/admin/v1/vouchers").await[0]["used"],
        1,
        "the count stays, whose it was does not"
    );
}

#[tokio::test]
async fn a_household_that_nobody_knows_may_do_nothing() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let decision = service.decide(HouseholdId::new(), "eins", "live").await;
    assert_eq!(decision["because"], "the household has no package; nothing gives live in channel eins");
}
