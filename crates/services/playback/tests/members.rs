//! Playing with an account.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use funkturm_contracts::rights::{Decision, Refusal};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    answer, json,
    rig::{House, no, path, yes},
};

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_household_gets_a_url_with_a_token_for_this_channel_and_session() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    let url = playback["url"].as_str().unwrap();
    assert!(url.starts_with("/hls/") && url.ends_with("/zdf/master.m3u8"), "{url}");
    let claims = house.claims(&playback);
    assert_eq!(claims.session.to_string(), playback["session"].as_str().unwrap());
    assert_eq!((claims.path.as_str(), claims.until - claims.from, claims.hd), ("/hls/zdf/", 300, true));
    assert_eq!(time(&playback["url_expires_at"]).timestamp(), claims.until as i64);
    assert_eq!(playback["heartbeat_seconds"], 60);
    house.decide("arte", Decision { hd: false, ..yes() });
    let playback = json(house.play(&viewer, "arte"), StatusCode::CREATED).await;
    assert!(!house.claims(&playback).hd);
    answer(house.play(&viewer, "nothing"), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_in_words_for_machines() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    for (decision, kind, packages) in [
        (no(Some(Refusal::NotInPackage), &["plus", "max"]), "not_in_package", json!(["plus", "max"])),
        (no(Some(Refusal::Age), &[]), "age", json!([])),
        (no(Some(Refusal::Abroad), &[]), "abroad", json!([])),
        (no(Some(Refusal::Licence), &[]), "licence", json!([])),
        (no(None, &["plus"]), "not_in_package", json!(["plus"])),
        (no(None, &[]), "licence", json!([])),
    ] {
        house.decide("zdf", decision);
        let problem = json(house.play(&viewer, "zdf"), StatusCode::FORBIDDEN).await;
        assert_eq!((&problem["type"], &problem["packages"]), (&json!(kind), &packages), "{problem}");
        assert!(!problem.to_string().contains("package plus gives it"), "that is for operators: {problem}");
    }
}

#[tokio::test]
async fn without_an_account_nothing_is_told_and_nothing_plays() {
    let house = House::open(|_| {}).await;
    let session = json(house.play(&house.viewer(), "zdf"), StatusCode::CREATED).await;
    let play = house.http.post(house.url("/api/v1/playback")).json(&json!({"channel": "zdf"}));
    let mine = format!("/api/v1/me/sessions/{}", session["session"].as_str().unwrap());
    for request in [
        play.try_clone().unwrap(),
        play.bearer_auth("operator-token"),
        house.http.post(house.url(&path(&session))),
        house.http.delete(house.url(&path(&session))),
        house.http.get(house.url("/api/v1/me/sessions")),
        house.http.delete(house.url(&mine)),
        house.http.get(house.url("/internal/v1/revocations")),
    ] {
        answer(request, StatusCode::UNAUTHORIZED).await;
    }
}

#[tokio::test]
async fn sessions_of_other_households_are_not_there() {
    let house = House::open(|_| {}).await;
    let (owner, other) = (house.viewer(), house.viewer());
    let session = json(house.play(&owner, "zdf"), StatusCode::CREATED).await;
    let mine = format!("/api/v1/me/sessions/{}", session["session"].as_str().unwrap());
    for request in [
        house.heartbeat(&other, &session),
        house.request(&other, Method::DELETE, &path(&session)),
        house.request(&other, Method::DELETE, &mine),
    ] {
        answer(request, StatusCode::NOT_FOUND).await;
    }
    // Nor can they be taken over: what is named and not there is in nobody's way.
    json(house.take_over(&other, "zdf", &session), StatusCode::CREATED).await;
    answer(house.heartbeat(&owner, &session), StatusCode::OK).await;
    assert!(house.revoked().await.is_empty());
    let list = json(house.request(&other, Method::GET, "/api/v1/me/sessions"), StatusCode::OK).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_household_sees_its_streams_and_ends_them() {
    let house = House::open(|_| {}).await;
    let one = house.viewer();
    let two = house.viewer_of(one.household);
    let first = json(house.play(&one, "zdf"), StatusCode::CREATED).await;
    house.clock.advance(Duration::from_secs(1));
    let second = json(house.play(&two, "arte"), StatusCode::CREATED).await;
    let list = json(house.request(&one, Method::GET, "/api/v1/me/sessions"), StatusCode::OK).await;
    assert_eq!((&list[0]["session"], &list[1]["session"]), (&first["session"], &second["session"]));
    assert_eq!(list[1]["device"], json!(two.device));
    let everybody = house.http.get(house.url("/admin/v1/sessions")).bearer_auth("operator-token");
    assert_eq!(json(everybody, StatusCode::OK).await[0]["household"], json!(one.household));
    let mine = format!("/api/v1/me/sessions/{}", second["session"].as_str().unwrap());
    answer(house.request(&one, Method::DELETE, &mine), StatusCode::NO_CONTENT).await;
    answer(house.request(&one, Method::DELETE, &mine), StatusCode::NOT_FOUND).await;
    answer(house.heartbeat(&two, &second), StatusCode::NOT_FOUND).await;
    house.until_revoked(&second).await;
    answer(house.request(&one, Method::DELETE, &path(&first)), StatusCode::NO_CONTENT).await;
    house.until_revoked(&first).await;
}

#[tokio::test]
async fn a_heartbeat_is_for_the_device_that_watches_and_not_for_a_child_with_what_is_none() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let (household, device) = (viewer.household, viewer.device);
    let session = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    // Both find it in the household's list of sessions.
    let child = house.viewer_on(household, device, true);
    for other in [&house.viewer_of(household), &child] {
        answer(house.heartbeat(other, &session), StatusCode::NOT_FOUND).await;
    }
    json(house.heartbeat(&viewer, &session), StatusCode::OK).await;
    // What a child began, its parent goes on with.
    let of_child = json(house.play(&child, "zdf"), StatusCode::CREATED).await;
    json(house.heartbeat(&child, &of_child), StatusCode::OK).await;
    json(house.heartbeat(&viewer, &of_child), StatusCode::OK).await;
}

#[tokio::test]
async fn a_heartbeat_brings_a_new_token_once_half_of_the_old_ones_life_is_over() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    let mut last = playback.clone();
    for beat in 1..=10 {
        house.clock.advance(Duration::from_secs(60));
        let renewed = json(house.heartbeat(&viewer, &playback), StatusCode::OK).await;
        assert_eq!(time(&renewed["expires_at"]) - time(&last["expires_at"]), TimeDelta::seconds(60));
        // 300 seconds each: at 180 there is a new one, at 360 the next.
        assert_eq!(renewed["url"] != last["url"], beat % 3 == 0, "heartbeat {beat}");
        assert_eq!(house.claims(&renewed).session, house.claims(&playback).session);
        last = renewed;
    }
    assert_eq!(house.says.lock().unwrap().asked, 4, "rights is asked once for each token");
}

#[tokio::test]
async fn a_token_ends_with_what_allows_it_and_heartbeats_come_as_often_as_that_needs() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let now = house.clock_now();
    house.decide("zdf", Decision { until: Some(now + TimeDelta::seconds(40)), ..yes() });
    let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    let claims = house.claims(&playback);
    assert_eq!((claims.until - claims.from, &playback["heartbeat_seconds"]), (40, &json!(10)));
    // A newer token may end sooner than an older one, which is remembered for as long all the same.
    let long = json(house.play(&viewer, "arte"), StatusCode::CREATED).await;
    house.decide("arte", Decision { until: Some(now + TimeDelta::seconds(180)), ..yes() });
    for seconds in [100, 60] {
        house.clock.advance(Duration::from_secs(seconds));
        answer(house.heartbeat(&viewer, &long), StatusCode::OK).await;
    }
    let mine = format!("/api/v1/me/sessions/{}", long["session"].as_str().unwrap());
    answer(house.request(&viewer, Method::DELETE, &mine), StatusCode::NO_CONTENT).await;
    let list = house.http.get(house.url("/internal/v1/revocations")).bearer_auth("service-token");
    let list = json(list, StatusCode::OK).await;
    let entry =
        list["sessions"].as_array().unwrap().iter().find(|one| one["session"] == long["session"]).unwrap();
    assert_eq!(entry["until"], house.claims(&long).until);
}

#[tokio::test]
async fn a_household_that_is_deleted_stops_playing_and_leaves_nothing() {
    let house = House::open(|config| config.rights_grace_seconds = 600).await;
    let viewer = house.viewer();
    let session = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    let about = format!("/internal/v1/playback/households/{}", viewer.household);
    let ask = |method| house.http.request(method, house.url(&about)).bearer_auth("service-token");
    let known = json(ask(Method::GET), StatusCode::OK).await;
    assert_eq!(known["sessions"][0]["session"], session["session"]);
    for _ in 0..2 {
        answer(ask(Method::DELETE), StatusCode::NO_CONTENT).await;
    }
    house.until_revoked(&session).await;
    let client = redis::Client::open(house.redis.url()).unwrap();
    let pattern = format!("*{}*", viewer.household);
    let left: Vec<String> =
        redis::cmd("KEYS").arg(pattern).query(&mut client.get_connection().unwrap()).unwrap();
    assert_eq!(left, [""; 0]);
}
