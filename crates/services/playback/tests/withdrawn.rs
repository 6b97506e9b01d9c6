//! Rights that are withdrawn while somebody watches.

use std::time::{Duration, Instant};

use funkturm_contracts::rights::{Decision, Refusal};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    answer, json,
    rig::{House, no, yes},
};

#[tokio::test]
async fn a_withdrawn_right_ends_what_runs_within_seconds_and_leaves_the_rest() {
    let mut house = House::open(|_| {}).await;
    house.add_instance().await;
    let (one, other) = (house.viewer(), house.viewer());
    let goes = json(house.play(&one, "zdf"), StatusCode::CREATED).await;
    let stays = json(house.play(&one, "arte"), StatusCode::CREATED).await;
    let elsewhere = json(house.play(&other, "zdf"), StatusCode::CREATED).await;
    house.decide("zdf", no(Some(Refusal::NotInPackage), &["plus"]));
    house.changed(&[one.household], false);
    let began = Instant::now();
    house.until_revoked(&goes).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    answer(house.heartbeat(&one, &goes), StatusCode::NOT_FOUND).await;
    answer(house.heartbeat(&one, &stays), StatusCode::OK).await;
    answer(house.heartbeat(&other, &elsewhere), StatusCode::OK).await;
    house.changed(&[], true);
    house.until_revoked(&elsewhere).await;
    answer(house.heartbeat(&one, &stays), StatusCode::OK).await;
}

#[tokio::test]
async fn even_unheard_of_it_ends_with_the_token() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    house.decide("zdf", no(Some(Refusal::Licence), &[]));
    house.clock.advance(Duration::from_secs(140));
    let same = json(house.heartbeat(&viewer, &playback), StatusCode::OK).await;
    assert_eq!(same["url"], playback["url"]);
    house.clock.advance(Duration::from_secs(10));
    let problem = json(house.heartbeat(&viewer, &playback), StatusCode::FORBIDDEN).await;
    assert_eq!(problem["type"], "licence");
    answer(house.heartbeat(&viewer, &playback), StatusCode::NOT_FOUND).await;
    house.until_revoked(&playback).await;
}

#[tokio::test]
async fn who_loses_hd_goes_on_without_it_with_the_next_token() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    house.decide("zdf", Decision { hd: false, ..yes() });
    house.clock.advance(Duration::from_secs(100));
    answer(house.heartbeat(&viewer, &playback), StatusCode::OK).await;
    house.clock.advance(Duration::from_secs(60));
    let renewed = json(house.heartbeat(&viewer, &playback), StatusCode::OK).await;
    assert!(house.claims(&playback).hd && !house.claims(&renewed).hd);
}

#[tokio::test]
async fn origins_are_told_each_revocation_once_after_the_place_that_they_name() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let revocations = |after: String| {
        let request = house.http.get(house.url(&format!("/internal/v1/revocations?after={after}")));
        async { json(request.bearer_auth("service-token"), StatusCode::OK).await }
    };
    let empty = revocations(String::new()).await;
    assert_eq!((&empty["sessions"], &empty["place"]), (&json!([]), &json!("")));
    let mut place = String::new();
    for _ in 0..3 {
        let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
        let mine = format!("/api/v1/me/sessions/{}", playback["session"].as_str().unwrap());
        answer(house.request(&viewer, Method::DELETE, &mine), StatusCode::NO_CONTENT).await;
        let news = revocations(place.clone()).await;
        let told: Vec<&Value> = news["sessions"].as_array().unwrap().iter().collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["session"], playback["session"]);
        assert_eq!(told[0]["until"].as_u64().unwrap(), house.claims(&playback).until);
        place = news["place"].as_str().unwrap().to_owned();
        assert_eq!(revocations(place.clone()).await["place"], json!(place));
    }
    assert_eq!(revocations(String::new()).await["sessions"].as_array().unwrap().len(), 3);
    // What has ended by itself need not be known any more.
    house.clock.advance(Duration::from_secs(320));
    assert_eq!(revocations(String::new()).await["sessions"], json!([]));
    for wrong in ["x", "1", "1-2-3", "-", "%2B"] {
        let request = house.http.get(house.url(&format!("/internal/v1/revocations?after={wrong}")));
        answer(request.bearer_auth("service-token"), StatusCode::BAD_REQUEST).await;
    }
}
