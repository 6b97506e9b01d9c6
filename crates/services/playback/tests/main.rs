//! The service against a real Redis, over HTTP, with a line-up that the test decides.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod away;
mod limits;
mod links;
mod members;
mod rig;
mod withdrawn;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use funkturm_base::ManualClock;
use funkturm_contracts::channel::{Channel, ChannelList, Profile};
use funkturm_playback::{Config, Playback, WithoutRedis};
use funkturm_service::{
    Context, Routes, ServiceMain, openapi, reply, serve,
    testing::{TestServer, serve_with, until},
};
use funkturm_stores::testing::Redis;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// What the channels service says.
#[derive(Clone, Default)]
struct LineUp(Arc<Mutex<Vec<Channel>>>);

impl LineUp {
    fn set(&self, channels: &[(&str, bool)]) {
        let channel = |(number, (id, enabled)): (u32, &(&str, bool))| Channel {
            id: id.parse().unwrap(),
            name: (*id).to_owned(),
            number,
            logo_url: None,
            profile: Profile::Hd,
            redundant: false,
            enabled: *enabled,
            inputs: vec![],
            version: 1,
        };
        *self.0.lock().unwrap() = (1..).zip(channels).map(channel).collect();
    }

    fn routes(&self) -> Routes {
        let line_up = self.clone();
        Routes::new().merge(links::origin(Arc::default())).get("/internal/v1/channels", move |_| {
            let channels = line_up.0.lock().unwrap().clone();
            async move { Ok(reply::json(StatusCode::OK, &ChannelList { version: 1, channels })) }
        })
    }
}

/// The service with what it needs.
struct House {
    redis: Redis,
    line_up: LineUp,
    _channels: TestServer,
    context: Context,
    clock: Arc<ManualClock>,
    server: TestServer,
    http: reqwest::Client,
}

impl House {
    async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let redis = Redis::start().await.unwrap();
        let line_up = LineUp::default();
        line_up.set(&[("zdf", true), ("off", false)]);
        let channels = funkturm_service::testing::serve(line_up.routes()).await.unwrap();
        let mut config =
            Config { redis: redis.url(), channels: channels.url(), open_house: true, ..Config::default() };
        config.origins = vec![channels.url()];
        change(&mut config);
        let clock = Arc::new(ManualClock::at(chrono::Utc::now().into()));
        let mut context = Context::for_test("playback");
        context.clock = Arc::clone(&clock) as _;
        let service = Playback::build(config, context.clone()).await.unwrap();
        assert_eq!(openapi::differences(&service.routes, &service.openapi), [""; 0]);
        let server = serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        context.ready().await;
        Self { redis, line_up, _channels: channels, context, clock, server, http: reqwest::Client::new() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.url())).bearer_auth("operator-token")
    }

    fn play(&self, channel: &str) -> RequestBuilder {
        self.request(Method::POST, "/api/v1/playback").json(&json!({"channel": channel}))
    }

    fn heartbeat(&self, playback: &Value) -> RequestBuilder {
        self.request(Method::POST, &path(playback))
    }

    async fn sessions(&self) -> Vec<Value> {
        let list = answer(self.request(Method::GET, "/admin/v1/sessions"), StatusCode::OK).await;
        list.json().await.unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

fn path(playback: &Value) -> String {
    format!("/api/v1/playback/{}", playback["session"].as_str().unwrap())
}

async fn answer(request: RequestBuilder, expected: StatusCode) -> Response {
    let response = request.send().await.unwrap();
    let status = response.status();
    if status == expected {
        return response;
    }
    panic!("{status} instead of {expected}: {}", response.text().await.unwrap());
}

async fn json(request: RequestBuilder, expected: StatusCode) -> Value {
    answer(request, expected).await.json().await.unwrap()
}

#[tokio::test]
async fn a_session_is_opened_renewed_listed_and_ended() {
    let house = House::open(|_| {}).await;
    let playback = json(house.play("zdf"), StatusCode::CREATED).await;
    assert_eq!(playback["url"], "/hls/open/zdf/master.m3u8");
    assert_eq!(playback["heartbeat_seconds"], 60);
    let sessions = house.sessions().await;
    assert_eq!(sessions.len(), 1);
    assert_eq!((&sessions[0]["session"], &sessions[0]["channel"]), (&playback["session"], &json!("zdf")));

    house.clock.advance(Duration::from_secs(60));
    let renewed = json(house.heartbeat(&playback), StatusCode::OK).await;
    let end = |playback: &Value| {
        playback["expires_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    };
    assert_eq!((end(&renewed) - end(&playback)).num_seconds(), 60);
    assert_eq!(renewed["url"], playback["url"]);

    for _ in 0..2 {
        answer(house.request(Method::DELETE, &path(&playback)), StatusCode::NO_CONTENT).await;
    }
    answer(house.heartbeat(&playback), StatusCode::NOT_FOUND).await;
    assert!(house.sessions().await.is_empty());
}

#[tokio::test]
async fn a_session_without_heartbeats_ends_by_itself() {
    let house = House::open(|config| config.heartbeat_seconds = 60).await;
    let kept = json(house.play("zdf"), StatusCode::CREATED).await;
    let dropped = json(house.play("zdf"), StatusCode::CREATED).await;
    house.clock.advance(Duration::from_secs(100));
    answer(house.heartbeat(&kept), StatusCode::OK).await;
    house.clock.advance(Duration::from_secs(100));
    let sessions = house.sessions().await;
    assert_eq!(sessions.iter().map(|session| &session["session"]).collect::<Vec<_>>(), [&kept["session"]]);
    assert_ne!(kept["session"], dropped["session"]);
    // Redis forgets it by its own clock, which a test cannot turn: it has been told when.
    let client = redis::Client::open(house.redis.url()).unwrap();
    let key = format!("funkturm:playback:session:{}", dropped["session"].as_str().unwrap());
    let left: u64 = redis::cmd("PTTL").arg(key).query(&mut client.get_connection().unwrap()).unwrap();
    assert!((140_000..=150_000).contains(&left), "{left}");
}

#[tokio::test]
async fn only_channels_that_are_there_and_switched_on_are_played() {
    let house = House::open(|_| {}).await;
    for channel in ["arte", "off"] {
        answer(house.play(channel), StatusCode::NOT_FOUND).await;
    }
    for body in ["", "{}", "{\"channel\": \"../x\"}", "{\"channel\": \"zdf\", \"from\": 1}"] {
        answer(house.request(Method::POST, "/api/v1/playback").body(body), StatusCode::BAD_REQUEST).await;
    }
    answer(
        house.request(Method::POST, "/api/v1/playback").body(" ".repeat(5000)),
        StatusCode::PAYLOAD_TOO_LARGE,
    )
    .await;
    answer(house.request(Method::POST, "/api/v1/playback/nonsense"), StatusCode::BAD_REQUEST).await;
    // A channel that was made just now is known at the first request once the picture is half a second old.
    house.line_up.set(&[("arte", true)]);
    until("the new channel", Duration::from_secs(20), || async {
        (house.play("arte").send().await.unwrap().status() == StatusCode::CREATED).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_open_house_has_no_households_and_keeps_operators_apart() {
    let house = House::open(|_| {}).await;
    let problem = json(house.request(Method::GET, "/api/v1/me/sessions"), StatusCode::UNAUTHORIZED).await;
    assert!(problem["detail"].as_str().unwrap().contains("open to everybody"), "{problem}");
    let stranger = house.http.get(format!("{}/admin/v1/sessions", house.server.url()));
    answer(stranger, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn while_redis_is_away_players_are_admitted_without_a_record() {
    let mut house = House::open(|config| config.media_base = "https://edge.example".into()).await;
    let before = json(house.play("zdf"), StatusCode::CREATED).await;
    assert_eq!(before["url"], "https://edge.example/hls/open/zdf/master.m3u8");
    house.redis.kill();
    let during = json(house.play("zdf"), StatusCode::CREATED).await;
    answer(house.heartbeat(&before), StatusCode::NO_CONTENT).await;
    answer(house.request(Method::GET, "/admin/v1/sessions"), StatusCode::SERVICE_UNAVAILABLE).await;
    house.redis.restart().await.unwrap();
    answer(house.heartbeat(&before), StatusCode::OK).await;
    answer(house.heartbeat(&during), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn or_they_are_refused_if_the_operator_wants_that() {
    let house = House::open(|config| config.without_redis = WithoutRedis::FailClosed).await;
    let before = json(house.play("zdf"), StatusCode::CREATED).await;
    house.redis.kill();
    answer(house.play("zdf"), StatusCode::SERVICE_UNAVAILABLE).await;
    answer(house.heartbeat(&before), StatusCode::SERVICE_UNAVAILABLE).await;
}
