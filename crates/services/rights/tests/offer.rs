//! What operators do with the offer.

use funkturm_service::testing::until;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{PATIENCE, Rig, answer, offer, problem};

#[tokio::test]
async fn a_wrong_offer_is_refused_with_what_is_wrong_and_changes_nothing() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let before = service.get("/admin/v1/offer").await;
    let mut wrong = offer();
    wrong["plans"][0]["package"] = "gone".into();
    wrong["packages"][1]["gives"][0]["actions"] = json!([]);
    for path in ["/admin/v1/offer", "/admin/v1/offer?dry_run=true"] {
        let detail = problem(service.request(Method::PUT, path).json(&wrong), StatusCode::BAD_REQUEST).await;
        assert!(detail.contains("plan basic-free: there is no package gone"), "{detail}");
        assert!(detail.contains("package plus, gives[0]: actions must not be empty"), "{detail}");
    }
    let unknown = service.request(Method::PUT, "/admin/v1/offer").json(&json!({"colour": "red"}));
    assert!(problem(unknown, StatusCode::BAD_REQUEST).await.contains("colour"));
    // Something else refers to it.
    let group = service.request(Method::DELETE, "/admin/v1/channel_groups/sports");
    assert!(problem(group, StatusCode::BAD_REQUEST).await.contains("there is no channel group sports"));
    assert_eq!(service.get("/admin/v1/offer").await, before);
}

#[tokio::test]
async fn an_offer_is_applied_as_a_difference_and_twice_is_once() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    let dry = service.send(Method::PUT, "/admin/v1/offer?dry_run=true", offer()).await;
    assert_eq!(dry["added"].as_array().unwrap().len(), 11);
    assert_eq!(service.get("/admin/v1/packages").await, json!([]));
    let done = service.offer().await;
    assert_eq!((&done["added"], &done["version"]), (&dry["added"], &json!(1)));
    let again = service.offer().await;
    assert_eq!((&again["added"], &again["changed"], &again["version"]), (&json!([]), &json!([]), &json!(1)));

    let mut other = offer();
    other["plans"][1]["cents"] = 1099.into();
    other["plans"].as_array_mut().unwrap().pop();
    let changed = service.send(Method::PUT, "/admin/v1/offer", other).await;
    assert_eq!(changed["changed"], json!(["plan plus-monthly"]));
    assert_eq!(changed["removed"], json!(["plan sport-monthly"]));
    assert!(
        changed["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|w| w.as_str().unwrap().contains("sport is on sale, but has no plan"))
    );
}

#[tokio::test]
async fn each_part_is_had_changed_and_removed_by_itself() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    for (path, id) in [
        ("packages", "sport"),
        ("channel_groups", "sports"),
        ("broadcasters", "house"),
        ("licences", "eins"),
        ("plans", "plus-yearly"),
    ] {
        let place = format!("/admin/v1/{path}/{id}");
        let part = service.get(&place).await;
        assert_eq!(part["id"], id);
        let unchanged = service.send(Method::PUT, &place, part.clone()).await;
        assert_eq!(unchanged["changed"], json!([]), "{path}");
        let elsewhere = service.request(Method::PUT, &format!("/admin/v1/{path}/other")).json(&part);
        assert!(problem(elsewhere, StatusCode::BAD_REQUEST).await.contains("is not the one in the body"));
        problem(service.request(Method::GET, &format!("/admin/v1/{path}/none")), StatusCode::NOT_FOUND).await;
        problem(service.request(Method::DELETE, &format!("/admin/v1/{path}/none")), StatusCode::NOT_FOUND)
            .await;
    }
    let gone = service.request(Method::DELETE, "/admin/v1/plans/plus-yearly");
    answer(gone, StatusCode::OK).await;
    assert_eq!(service.get("/admin/v1/plans").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_households_have_stays_in_the_offer() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    service.household().await;
    let mut less = offer();
    less["packages"].as_array_mut().unwrap().remove(0);
    less["plans"].as_array_mut().unwrap().remove(0);
    let refused = service.request(Method::PUT, "/admin/v1/offer").json(&less);
    assert!(problem(refused, StatusCode::CONFLICT).await.contains("households have package basic: keep it"));
    assert_eq!(service.get("/admin/v1/packages").await.as_array().unwrap().len(), 3, "all of it or nothing");
}

#[tokio::test]
async fn an_offer_that_somebody_else_changed_meanwhile_is_not_replaced() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let seen =
        answer(service.request(Method::GET, "/admin/v1/offer"), StatusCode::OK).await.headers()["etag"]
            .clone();
    let put = |offer| service.request(Method::PUT, "/admin/v1/offer").header("if-match", &seen).json(&offer);
    let mut other = offer();
    other["broadcasters"][0]["streams"] = 3.into();
    answer(put(other), StatusCode::OK).await;
    assert!(problem(put(offer()), StatusCode::PRECONDITION_FAILED).await.contains("changed meanwhile"));
}

#[tokio::test]
async fn another_instance_follows_within_about_a_second() {
    let rig = Rig::start().await;
    let (one, other) = (rig.instance().await, rig.instance().await);
    one.offer().await;
    until("the other to have the offer", PATIENCE, || async {
        (other.get("/admin/v1/packages").await.as_array().unwrap().len() == 3).then_some(())
    })
    .await
    .unwrap();
    let household = one.household().await;
    assert!(other.allowed(household, "eins", "live").await);
    let place = other.get("/internal/v1/changes").await["place"].clone();
    // A licence is withdrawn at one; who follows the changes at the other hears of it, and then is answered anew.
    let licence = json!({"id": "eins", "channels": ["eins"], "actions": [], "broadcaster": "house"});
    let began = std::time::Instant::now();
    one.send(Method::PUT, "/admin/v1/licences/eins", licence).await;
    until("the other to tell of it", PATIENCE, || async {
        let changes = other.get(&format!("/internal/v1/changes?after={place}")).await;
        changes["everybody"].as_bool().unwrap().then_some(())
    })
    .await
    .unwrap();
    assert!(!other.allowed(household, "eins", "live").await);
    assert!(began.elapsed().as_secs() < 5, "it took {:?}", began.elapsed());
}

#[tokio::test]
async fn viewers_see_what_is_for_sale() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let mut hidden = service.get("/admin/v1/plans/plus-yearly").await;
    hidden["on_sale"] = false.into();
    service.send(Method::PUT, "/admin/v1/plans/plus-yearly", hidden).await;
    let packages = service.get("/api/v1/packages").await;
    let ids: Vec<&str> = packages.as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["basic", "plus", "sport"]);
    assert_eq!(
        packages[1]["plans"],
        json!([{
            "id": "plus-monthly", "name": {"de": "Plus", "en": "Plus"}, "cents": 999, "currency": "EUR", "period": "month",
            "trial_days": 30,
        }])
    );
}
