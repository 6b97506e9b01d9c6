//! What happens while something that is needed is away.

use std::time::Duration;

use funkturm_playback::WithoutRedis;
use reqwest::{Method, StatusCode};

use crate::{
    answer, json,
    rig::{House, in_group, no},
};

#[tokio::test]
async fn without_redis_each_limit_does_as_it_was_told() {
    let mut house = House::open(|_| {}).await;
    house.decide("news-1", in_group(1));
    let viewer = house.viewer();
    let before = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    house.redis.kill();
    for _ in 0..3 {
        let during = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
        assert_eq!(house.claims(&during).path, "/hls/zdf/");
    }
    answer(house.play(&viewer, "news-1"), StatusCode::SERVICE_UNAVAILABLE).await;
    answer(house.heartbeat(&viewer, &before), StatusCode::NO_CONTENT).await;
    answer(house.request(&viewer, Method::GET, "/api/v1/me/sessions"), StatusCode::SERVICE_UNAVAILABLE).await;
    house.redis.restart().await.unwrap();
    answer(house.heartbeat(&viewer, &before), StatusCode::OK).await;
}

#[tokio::test]
async fn a_redis_that_is_slow_is_not_lost_and_nobody_gets_in_uncounted() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    for _ in 0..2 {
        json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    }
    // Longer than an answer is waited for.
    house.stop_redis(Duration::from_millis(1_400)).await;
    json(house.play(&viewer, "zdf"), StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn or_the_other_way_round() {
    let house = House::open(|config| {
        config.without_redis = WithoutRedis::FailClosed;
        config.without_redis_in_groups = WithoutRedis::FailOpen;
    })
    .await;
    let viewer = house.viewer();
    let before = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    house.redis.kill();
    answer(house.play(&viewer, "zdf"), StatusCode::SERVICE_UNAVAILABLE).await;
    answer(house.heartbeat(&viewer, &before), StatusCode::SERVICE_UNAVAILABLE).await;
}

#[tokio::test]
async fn without_rights_nobody_new_plays_and_who_plays_goes_on_for_as_long_as_the_token() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let playback = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    house.says.lock().unwrap().away = true;
    answer(house.play(&viewer, "zdf"), StatusCode::SERVICE_UNAVAILABLE).await;
    house.clock.advance(Duration::from_secs(100));
    answer(house.heartbeat(&viewer, &playback), StatusCode::OK).await;
    house.clock.advance(Duration::from_secs(60));
    answer(house.heartbeat(&viewer, &playback), StatusCode::SERVICE_UNAVAILABLE).await;
    house.says.lock().unwrap().away = false;
    let renewed = json(house.heartbeat(&viewer, &playback), StatusCode::OK).await;
    assert_ne!(renewed["url"], playback["url"]);
}

#[tokio::test]
async fn with_grace_what_was_allowed_lately_stays_allowed_and_nothing_else() {
    let house = House::open(|config| config.rights_grace_seconds = 600).await;
    let (known, unknown) = (house.viewer(), house.viewer());
    json(house.play(&known, "zdf"), StatusCode::CREATED).await;
    json(house.play(&known, "arte"), StatusCode::CREATED).await;
    house.decide("arte", no(None, &[]));
    json(house.play(&known, "arte"), StatusCode::FORBIDDEN).await;
    house.says.lock().unwrap().away = true;
    let again = json(house.play(&known, "zdf"), StatusCode::FORBIDDEN).await;
    assert_eq!(again["type"], "too_many_streams", "limits count all the same");
    house.clock.advance(Duration::from_secs(200));
    json(house.play(&known, "zdf"), StatusCode::CREATED).await;
    for (viewer, channel) in [(&known, "arte"), (&known, "news-1"), (&unknown, "zdf")] {
        answer(house.play(viewer, channel), StatusCode::SERVICE_UNAVAILABLE).await;
    }
}

#[tokio::test]
async fn grace_ends() {
    let house = House::open(|config| config.rights_grace_seconds = 600).await;
    let viewer = house.viewer();
    json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    house.says.lock().unwrap().away = true;
    house.clock.advance(Duration::from_secs(601));
    answer(house.play(&viewer, "zdf"), StatusCode::SERVICE_UNAVAILABLE).await;
}
