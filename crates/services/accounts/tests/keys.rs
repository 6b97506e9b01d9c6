//! The keys that tokens are signed with.

use http::StatusCode;
use reqwest::Method;
use serde_json::Value;

use crate::house::{House, Instance, body};

const SECOND: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEzNhq5jSPDU0kaMdLmIq4sIyoz4MJ+YXl0LRnnKNjA+\n-----END PRIVATE KEY-----\n";

fn kid(token: &str) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let head = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    assert_eq!((&head["alg"], &head["typ"]), (&"EdDSA".into(), &"at+jwt".into()));
    head["kid"].as_str().unwrap().to_owned()
}

async fn published(instance: &Instance) -> Vec<String> {
    let set = body(instance.request(Method::GET, "/api/v1/keys"), StatusCode::OK).await;
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_new_key_is_published_by_every_instance_before_it_signs() {
    let house = House::open().await;
    let first = kid(&house.at_home("anna@example.org").await.access);
    assert_eq!(published(&house.one).await, std::slice::from_ref(&first));
    house.clock.advance(std::time::Duration::from_secs(61));
    // Another host has the new key already; this one has not.
    let other_keys = tempfile::tempdir().unwrap();
    std::fs::write(other_keys.path().join("1.pem"), crate::house::KEY).unwrap();
    std::fs::write(other_keys.path().join("2.pem"), SECOND).unwrap();
    let config = funkturm_accounts::Config { signing_keys: other_keys.path().into(), ..house.config.clone() };
    let other = Instance::start(&config, &house.clock).await;
    let both = published(&other).await;
    assert_eq!(both.len(), 2);
    let second = both.iter().find(|kid| **kid != first).unwrap().clone();
    // Whoever starts now reads both from the database, without having the second one.
    let late = Instance::start(&house.config, &house.clock).await;
    assert_eq!(published(&late).await, both);
    let login = async |instance: &Instance| {
        let form = [
            ("grant_type", "password"),
            ("username", "anna@example.org"),
            ("password", crate::house::PASSWORD),
            ("device_name", "x"),
        ];
        let grant = body(instance.request(Method::POST, "/api/v1/tokens").form(&form), StatusCode::OK).await;
        grant["access_token"].as_str().unwrap().to_owned()
    };
    assert_eq!(kid(&login(&other).await), first, "not before it was published for a minute");
    house.clock.advance(std::time::Duration::from_secs(61));
    let ripe = Instance::start(&config, &house.clock).await;
    let token = login(&ripe).await;
    assert_eq!(kid(&token), second);
    let me = late.request(Method::GET, "/api/v1/me").bearer_auth(&token);
    body(me, StatusCode::OK).await;
}
