//! Tokens: who gets what, and who does not (any more).

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use funkturm_contracts::{
    playback::{Revocations, Revoked},
    segment::Media,
};
use funkturm_origin::Config;
use funkturm_service::{
    Routes, reply,
    testing::{TestServer, until},
};
use funkturm_token::{Claims, Keys, Window, new_key};
use reqwest::{Method, StatusCode};
use uuid::Uuid;

use crate::tower::{FIRST, PATIENCE, Tower, section, segment};

/// What playback says: in pages of one, so that more than one has to be asked for.
#[derive(Clone, Default)]
struct Playback(Arc<Mutex<Vec<Revoked>>>);

impl Playback {
    async fn serve(&self) -> TestServer {
        let list = self.clone();
        let routes = Routes::new().get_now("/internal/v1/revocations", move |request| {
            #[derive(serde::Deserialize)]
            struct Query {
                after: String,
            }
            let list = list.0.lock().unwrap();
            let after: usize = request.query::<Query>()?.after.parse().unwrap_or(0);
            let sessions: Vec<Revoked> = list.iter().skip(after).take(1).copied().collect();
            let place = after + sessions.len();
            let answer = Revocations { place: place.to_string(), more: place < list.len(), sessions };
            Ok(reply::json(StatusCode::OK, &answer))
        });
        funkturm_service::testing::serve(routes).await.unwrap()
    }

    fn revoke(&self, session: Uuid, until: u64) {
        self.0.lock().unwrap().push(Revoked { session, until });
    }
}

struct House {
    tower: Tower,
    keys: Keys,
    playback: Playback,
    server: Option<TestServer>,
    folder: tempfile::TempDir,
}

/// When the tower's clock begins, seconds since 1970.
const NOW: u64 = (FIRST + 1) * 6;

impl House {
    async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let (playback, folder) = (Playback::default(), tempfile::tempdir().unwrap());
        playback.revoke(Uuid::from_u128(1), NOW + 300);
        playback.revoke(Uuid::from_u128(2), NOW + 300);
        let server = playback.serve().await;
        let (file, line) = (folder.path().join("keys"), new_key("1").unwrap());
        std::fs::write(&file, &line).unwrap();
        let url = server.url();
        let tower = Tower::open(|config| {
            config.open_house = false;
            config.token_keys_file = file;
            // The first one does not answer.
            config.playback = vec!["http://127.0.0.1:1".into(), url];
            change(config);
        })
        .await;
        Self { tower, keys: Keys::parse(&line).unwrap(), playback, server: Some(server), folder }
    }

    /// With two cells on air.
    async fn on_air() -> Self {
        let house = Self::open(|_| {}).await;
        house.tower.ready().await;
        house.tower.push_sections().await;
        house.tower.push_cells(FIRST..FIRST + 2).await;
        house.tower.listed(FIRST + 1).await;
        house
    }

    fn claims(&self) -> Claims {
        Claims::for_channel(Uuid::new_v4(), &self.tower.channel, NOW, 300)
    }

    async fn ask(&self, token: &str, rest: &str) -> (u16, String) {
        let response = self.tower.get(&format!("/hls/{token}/{rest}")).await;
        let cache = response.headers()["cache-control"].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        // An edge that has it in its cache is told the same.
        let check = self.tower.get(&format!("/hls-check/{token}/{rest}")).await.status().as_u16();
        assert_eq!(if status == 200 { 204 } else { status }, check, "{rest}");
        (status, cache)
    }

    async fn status(&self, claims: &Claims, rest: &str) -> u16 {
        self.ask(&self.keys.sign(claims), rest).await.0
    }
}

#[tokio::test]
async fn a_good_token_fetches_all_of_its_channel_and_the_rest_is_refused_and_not_cached() {
    let house = House::on_air().await;
    let good = house.claims();
    let init = format!("one/v0/init-{}.mp4", section("v0").0);
    for rest in ["one/master.m3u8", "one/v0/index.m3u8", "one/v0/iframes.m3u8", "one/v0/299000000.m4s", &init]
    {
        assert_eq!(house.status(&good, rest).await, 200, "{rest}");
    }
    let other = Keys::parse(&new_key("1").unwrap()).unwrap();
    let unknown = Keys::parse(&new_key("2").unwrap()).unwrap();
    let token = house.keys.sign(&good);
    let late = Claims { until: NOW - 100, ..good.clone() };
    let early = Claims { from: NOW + 100, ..good.clone() };
    let elsewhere = Claims { path: "/hls/two/".into(), ..good.clone() };
    for (what, token, status) in [
        ("unknown word", "opens".to_owned(), 401),
        ("open, but the house is not", "open".to_owned(), 401),
        ("cut short", token[..token.len() - 1].to_owned(), 401),
        ("another key", other.sign(&good), 401),
        ("an unknown key", unknown.sign(&good), 401),
        ("run out", house.keys.sign(&late), 401),
        ("not yet good", house.keys.sign(&early), 401),
        ("another channel", house.keys.sign(&elsewhere), 403),
    ] {
        for rest in ["one/master.m3u8", "one/v0/index.m3u8", "one/v0/299000000.m4s"] {
            let refused = house.ask(&token, rest).await;
            assert_eq!(refused, (status, "no-store".to_owned()), "{what}: {rest}");
        }
    }
    assert_eq!(house.status(&good, "two/master.m3u8").await, 403);
    assert_eq!(house.tower.get(&format!("/hls/{token}/one/v9/index.m3u8")).await.status(), 404);
    let deleted = house.tower.request(Method::DELETE, &format!("/hls/{token}/one/master.m3u8"));
    assert_eq!(deleted.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_token_without_hd_gets_smaller_pictures_only() {
    let house = House::on_air().await;
    let sd = Claims { hd: false, ..house.claims() };
    // All there is so far is HD.
    for rest in ["one/master.m3u8", "one/v0/index.m3u8", "one/v0/299000000.m4s"] {
        assert_eq!(house.status(&sd, rest).await, 403, "{rest}");
    }
    assert_eq!(house.status(&sd, "one/a0/index.m3u8").await, 200);
    let (hash, body) = section("v1");
    house.tower.peer.push_init(&house.tower.channel, "v1", &hash, crate::tower::GRID, body).await.unwrap();
    for number in FIRST + 2..FIRST + 4 {
        let mut small = segment("v1", number);
        small.rendition.media = Media::Video { width: 960, height: 540, frame_rate: 25.0, on_grid: true };
        let body = crate::tower::body("v1", number);
        house.tower.peer.push_segment(&house.tower.channel, number, &small, body).await.unwrap();
        house.tower.push_cells([number]).await;
    }
    house.tower.listed(FIRST + 3).await;
    let text = |claims: &Claims| {
        let path = format!("/hls/{}/one/master.m3u8", house.keys.sign(claims));
        async { house.tower.text(&{ path }).await }
    };
    let (whole, less) = (text(&house.claims()).await, text(&sd).await);
    assert!(whole.contains("v0/index.m3u8") && whole.contains("v1/index.m3u8"), "{whole}");
    assert!(!less.contains("v0/") && less.contains("v1/index.m3u8") && less.contains("a0/"), "{less}");
    for (rest, status) in [
        ("one/v1/index.m3u8", 200),
        ("one/v1/299000003.m4s", 200),
        ("one/v1/iframes.m3u8", 200),
        ("one/v0/index.m3u8", 403),
        ("one/v0/iframes.m3u8", 403),
        ("one/v0/299000003.m4s", 403),
    ] {
        assert_eq!(house.status(&sd, rest).await, status, "{rest}");
    }
    let variant = |claims: &Claims| {
        let path = format!("/hls-check/{}/one/master.m3u8", house.keys.sign(claims));
        async { house.tower.get(&{ path }).await.headers().get("x-media-variant").cloned() }
    };
    assert_eq!(variant(&house.claims()).await, None);
    assert_eq!(variant(&sd).await.unwrap(), "without-hd");
    // What the edge has in its cache, and this origin does not know: another one is asked.
    let path = format!("/hls-check/{}/one/v9/index.m3u8", house.keys.sign(&sd));
    assert_eq!(house.tower.get(&path).await.status(), 404);
}

#[tokio::test]
async fn a_token_for_a_part_of_the_timeline_gets_its_segments_only() {
    let house = House::on_air().await;
    let part = Claims { window: Some(Window { first: FIRST + 1, last: FIRST + 9 }), ..house.claims() };
    assert_eq!(house.status(&part, "one/v0/299000000.m4s").await, 403);
    assert_eq!(house.status(&part, "one/v0/299000001.m4s").await, 200);
}

#[tokio::test]
async fn a_revoked_session_is_refused_within_two_seconds_and_others_go_on() {
    let mut house = House::on_air().await;
    let (stays, goes) = (house.claims(), house.claims());
    for known in [1, 2] {
        let known = Claims { session: Uuid::from_u128(known), ..house.claims() };
        assert_eq!(house.status(&known, "one/master.m3u8").await, 403, "it was on the list before the start");
    }
    assert_eq!(house.status(&goes, "one/master.m3u8").await, 200);
    house.playback.revoke(goes.session, NOW + 300);
    let began = Instant::now();
    let path = format!("/hls/{}/one/v0/index.m3u8", house.keys.sign(&goes));
    let refused = || async { (house.tower.get(&path).await.status() == 403).then_some(()) };
    until("the refusal", PATIENCE, refused).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(house.status(&stays, "one/v0/index.m3u8").await, 200);
    // What is known stays while playback is away, and how long that has been is said.
    house.server = None;
    let unknown =
        || async { (house.tower.gauge("funkturm_origin_revocations_unknown_seconds") > 0.0).then_some(()) };
    until("the metric", PATIENCE, unknown).await.unwrap();
    assert_eq!(house.status(&goes, "one/master.m3u8").await, 403);
    assert_eq!(house.status(&stays, "one/master.m3u8").await, 200);
}

#[tokio::test]
async fn without_the_list_nothing_is_served_until_waiting_took_too_long() {
    let house = House::open(|config| {
        config.playback = vec!["http://127.0.0.1:1".into()];
        config.revocations_patience_seconds = 1;
    })
    .await;
    let claims = house.claims();
    assert_eq!(house.status(&claims, "one/master.m3u8").await, 503);
    assert_eq!(house.tower.unready(), ["origin: revocations"]);
    house.tower.ready().await;
    let token = house.keys.sign(&claims);
    assert_eq!(
        house.tower.get(&format!("/hls/{token}/one/master.m3u8")).await.status(),
        404,
        "not on air yet"
    );
}

#[tokio::test]
async fn a_new_key_in_the_file_counts_without_a_restart() {
    let house = House::on_air().await;
    let line = new_key("2").unwrap();
    let token = Keys::parse(&line).unwrap().sign(&house.claims());
    assert_eq!(house.ask(&token, "one/master.m3u8").await.0, 401);
    let file = house.folder.path().join("keys");
    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{old}\n{line}\n")).unwrap();
    let path = format!("/hls/{token}/one/master.m3u8");
    let taken = || async { (house.tower.get(&path).await.status() == 200).then_some(()) };
    until("the new key", PATIENCE, taken).await.unwrap();
    assert_eq!(house.status(&house.claims(), "one/master.m3u8").await, 200, "the old one is still good");
}
