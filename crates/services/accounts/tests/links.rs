//! Links for other players.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use funkturm_contracts::mail::Template;
use funkturm_service::testing::until;
use http::StatusCode;
use reqwest::{Method, RequestBuilder};
use ring::digest;
use serde_json::{Value, json};

use crate::house::{House, Login, PASSWORD, PATIENCE, answer, body, problem};

const ANNA: &str = "anna@example.org";
const OTTO: &str = "otto@example.org";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    text: String,
}

fn make(house: &House, login: &Login, wanted: &Value) -> RequestBuilder {
    house.by(login, Method::POST, "/api/v1/me/links").json(wanted)
}

async fn link(house: &House, login: &Login, name: &str) -> Value {
    body(make(house, login, &json!({"name": name})), StatusCode::CREATED).await
}

/// What playback asks.
fn holder(house: &House, link: &Value) -> RequestBuilder {
    let bits = BASE64_URL_SAFE_NO_PAD.decode(link["token"].as_str().unwrap()).unwrap();
    assert_eq!(bits.len(), 32);
    let hash = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &bits));
    let path = format!("/internal/v1/accounts/links/{hash}");
    house.request(Method::GET, &path).bearer_auth("service-token")
}

async fn remove(house: &House, login: &Login, link: &Value, expected: StatusCode) {
    let path = format!("/api/v1/me/devices/{}", link["device"]["id"].as_str().unwrap());
    answer(house.by(login, Method::DELETE, &path), expected).await;
}

async fn devices(house: &House, login: &Login) -> Vec<Value> {
    let list = body(house.by(login, Method::GET, "/api/v1/me/devices"), StatusCode::OK).await;
    list["devices"].as_array().unwrap().clone()
}

/// A child's profile, for which there must be a PIN.
async fn child(house: &House, login: &Login) -> Value {
    let pin = json!({"pin": "4711", "password": PASSWORD});
    answer(house.by(login, Method::PUT, "/api/v1/me/pin").json(&pin), StatusCode::NO_CONTENT).await;
    let child = json!({"name": "Mia", "child": true});
    body(house.by(login, Method::POST, "/api/v1/me/profiles").json(&child), StatusCode::CREATED).await
}

#[tokio::test]
async fn a_link_is_shown_once_and_its_token_is_nowhere_in_the_database() {
    let house = House::open().await;
    let anna = house.at_home(ANNA).await;
    let link = link(&house, &anna, " Kodi in der Küche ").await;
    let token = link["token"].as_str().unwrap();
    assert_eq!(token.len(), 43, "256 bits");
    assert_eq!(link["playlist"], format!("/tv/{token}/channels.m3u"));
    assert_eq!(link["guide"], format!("/tv/{token}/guide.xml"));
    let listed = devices(&house, &anna).await;
    let listed = listed.iter().find(|device| device["kind"] == "player").unwrap();
    assert_eq!((listed, &listed["name"]), (&link["device"], &json!("Kodi in der Küche")));
    let mut connection = PgConnection::establish(&house.config.database).unwrap();
    let dump = "SELECT string_agg(d::text, ' ') || (SELECT coalesce(string_agg(o::text, ' '), '') FROM outbox o) AS text FROM device d";
    let rows: Vec<Row> = sql_query(dump).load(&mut connection).unwrap();
    let raw = hex(&BASE64_URL_SAFE_NO_PAD.decode(token).unwrap());
    assert!(rows[0].text.contains("Kodi") && !rows[0].text.contains(token) && !rows[0].text.contains(&raw));
    let mail = house.others.mail(ANNA, Template::NewDevice).await;
    assert_eq!(mail.values["device"], "Kodi in der Küche", "the household is told, as of every new device");
    assert!(!mail.values.values().any(|value| value.contains(token)));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn playback_is_told_whom_a_link_acts_for_until_it_is_removed() {
    let house = House::open().await;
    let (anna, otto) = (house.at_home(ANNA).await, house.at_home(OTTO).await);
    let link = link(&house, &anna, "VLC").await;
    let known = body(holder(&house, &link), StatusCode::OK).await;
    assert_eq!(
        (&known["household"], &known["device"], &known["child"]),
        (&json!(anna.household), &link["device"]["id"], &json!(false))
    );
    assert_eq!(known["profile"], link["device"]["profile"]);
    let path = holder(&house, &link).build().unwrap().url().path().to_owned();
    for stranger in [house.request(Method::GET, &path), house.by(&anna, Method::GET, &path)] {
        answer(stranger, StatusCode::UNAUTHORIZED).await;
    }
    for unknown in ["x", "%ff", "", &"A".repeat(43)].map(|hash| format!("/internal/v1/accounts/links/{hash}"))
    {
        let status =
            house.request(Method::GET, &unknown).bearer_auth("service-token").send().await.unwrap().status();
        assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{unknown}: {status}");
    }
    remove(&house, &otto, &link, StatusCode::NOT_FOUND).await;
    body(holder(&house, &link), StatusCode::OK).await;
    remove(&house, &anna, &link, StatusCode::NO_CONTENT).await;
    problem(holder(&house, &link), StatusCode::NOT_FOUND).await;
    // And playback is told to end what it plays.
    let ended = format!(
        "DELETE /internal/v1/playback/households/{}/devices/{}",
        anna.household,
        link["device"]["id"].as_str().unwrap()
    );
    let told =
        || async { house.others.heard.lock().unwrap().iter().any(|(what, _)| *what == ended).then_some(()) };
    until("the end of its sessions", PATIENCE, told).await.unwrap();
}

#[tokio::test]
async fn links_count_as_devices_and_two_at_once_do_not_both_get_the_last_place() {
    let house = House::open_with(|config| config.devices = 3).await;
    let anna = house.at_home(ANNA).await;
    let wanted = json!({"name": "Kodi"});
    let makes = (0..6).map(|_| make(&house, &anna, &wanted).send());
    let answers = futures_util::future::join_all(makes).await;
    let made = answers.iter().filter(|answer| answer.as_ref().unwrap().status() == 201).count();
    assert_eq!((made, devices(&house, &anna).await.len()), (2, 3));
    let said = problem(make(&house, &anna, &wanted), StatusCode::CONFLICT).await;
    assert!(said.contains("remove one"), "{said}");
    // Nor is there room for a log-in, which may take a link's place as any other's.
    let refused = answer(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await;
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"], "device_limit");
    let taken =
        refused["devices"].as_array().unwrap().iter().find(|device| device["kind"] == "player").unwrap();
    house.log_in(ANNA, &[("replace_device", taken["id"].as_str().unwrap())]).await;
}

#[tokio::test]
async fn a_link_acts_for_the_profile_that_was_chosen_and_goes_with_it() {
    let house = House::open().await;
    let (anna, otto) = (house.at_home(ANNA).await, house.at_home(OTTO).await);
    let mia = child(&house, &anna).await;
    let wanted = json!({"name": "Kinderzimmer", "profile": mia["id"]});
    let link = body(make(&house, &anna, &wanted), StatusCode::CREATED).await;
    let known = body(holder(&house, &link), StatusCode::OK).await;
    assert_eq!((&known["profile"], &known["child"]), (&mia["id"], &json!(true)));
    problem(make(&house, &otto, &wanted), StatusCode::NOT_FOUND).await;
    // Other devices get another profile when theirs goes; a child's link must not become an adult's.
    let path = format!("/api/v1/me/profiles/{}", mia["id"].as_str().unwrap());
    answer(house.by(&anna, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    problem(holder(&house, &link), StatusCode::NOT_FOUND).await;
    assert!(devices(&house, &anna).await.iter().all(|device| device["kind"] != "player"));
}

#[tokio::test]
async fn a_child_makes_no_links_and_nonsense_makes_none_either() {
    let house = House::open().await;
    let anna = house.at_home(ANNA).await;
    for wrong in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "a\nb"}),
        json!({"name": "a", "x": 1}),
        json!({"name": "a", "profile": "b"}),
    ] {
        problem(make(&house, &anna, &wrong), StatusCode::BAD_REQUEST).await;
    }
    answer(house.post("/api/v1/me/links", json!({"name": "a"})), StatusCode::UNAUTHORIZED).await;
    let mia = child(&house, &anna).await;
    let choose = format!("/api/v1/me/profiles/{}/choose", mia["id"].as_str().unwrap());
    let grant = body(house.by(&anna, Method::POST, &choose), StatusCode::OK).await;
    let as_mia = Login { access: grant["access_token"].as_str().unwrap().to_owned(), ..anna };
    problem(make(&house, &as_mia, &json!({"name": "Kodi"})), StatusCode::FORBIDDEN).await;
    assert_eq!(devices(&house, &as_mia).await.len(), 1);
}

#[tokio::test]
async fn links_end_with_every_log_in_and_when_the_household_is_locked() {
    let house = House::open().await;
    let anna = house.at_home(ANNA).await;
    let one = link(&house, &anna, "Kodi").await;
    for act in ["lock", "unlock"] {
        let path = format!("/admin/v1/households/{}/{act}", anna.household);
        answer(house.operator(Method::POST, &path), StatusCode::NO_CONTENT).await;
        problem(holder(&house, &one), StatusCode::NOT_FOUND).await;
    }
    let anna = house.log_in(ANNA, &[]).await;
    let two = link(&house, &anna, "VLC").await;
    body(holder(&house, &two), StatusCode::OK).await;
    let everywhere = house.by(&anna, Method::DELETE, "/api/v1/tokens?everywhere=true");
    answer(everywhere, StatusCode::NO_CONTENT).await;
    problem(holder(&house, &two), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_link_is_no_log_in_and_stays_when_it_is_not_used_for_long() {
    let house = House::open().await;
    let anna = house.at_home(ANNA).await;
    let link = link(&house, &anna, "Ferienhaus").await;
    let token = link["token"].as_str().unwrap();
    answer(house.refresh(token), StatusCode::BAD_REQUEST).await;
    let bearer = house.request(Method::GET, "/api/v1/me").bearer_auth(token);
    answer(bearer, StatusCode::UNAUTHORIZED).await;
    // Somebody who logs out is forgotten in time.
    let guest = house.log_in(ANNA, &[]).await;
    answer(house.by(&guest, Method::DELETE, "/api/v1/tokens"), StatusCode::NO_CONTENT).await;
    house.clock.advance(std::time::Duration::from_secs(200 * 86_400));
    let mut connection = PgConnection::establish(&house.config.database).unwrap();
    let of_guest = format!("SELECT id::text AS text FROM device WHERE id = '{}'", guest.device);
    let forgotten = || {
        let rows: Vec<Row> = sql_query(&of_guest).load(&mut connection).unwrap();
        async move { rows.is_empty().then_some(()) }
    };
    until("the guest to be forgotten", PATIENCE, forgotten).await.unwrap();
    let anna = house.log_in(ANNA, &[]).await;
    let seen = |devices: Vec<Value>| {
        let device = devices.into_iter().find(|device| device["kind"] == "player").unwrap();
        device["seen_at"].as_str().unwrap().to_owned()
    };
    let before = seen(devices(&house, &anna).await);
    body(holder(&house, &link), StatusCode::OK).await;
    assert_ne!(seen(devices(&house, &anna).await), before, "it was used just now");
}
