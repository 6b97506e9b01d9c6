//! What operators do with channels.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{Stores, answer, channel, problem};

#[tokio::test]
async fn a_channel_is_made_changed_and_removed() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    let request = service.request(Method::POST, "/admin/v1/channels").json(&json!({
        "name": "Das Erste HD", "profile": "hd", "redundant": true,
        "inputs": [{"url": "udp://239.1.1.1:5000", "programme": 28106}, {"url": "srt://backup:9000"}],
    }));
    let made = answer(request, StatusCode::CREATED).await;
    assert_eq!(made.headers()["location"], "/admin/v1/channels/das-erste-hd");
    let made: serde_json::Value = made.json().await.unwrap();
    assert_eq!(
        made,
        json!({
            "id": "das-erste-hd", "name": "Das Erste HD", "number": 1, "logo_url": null, "profile": "hd",
            "redundant": true, "enabled": true, "version": 1,
            "inputs": [
                {"url": "udp://239.1.1.1:5000", "programme": 28106},
                {"url": "srt://backup:9000"},
            ],
        })
    );
    assert_eq!(service.get("/admin/v1/channels/das-erste-hd").await, made);
    assert_eq!(service.get("/internal/v1/channels/das-erste-hd").await, made);

    let changed = service.edit("das-erste-hd", json!({"name": "Das Erste", "number": 7})).await;
    assert_eq!(
        (&changed["id"], &changed["name"], &changed["number"]),
        (&made["id"], &json!("Das Erste"), &json!(7))
    );
    assert_eq!((&changed["inputs"], &changed["version"]), (&made["inputs"], &json!(2)));
    let list = service.get("/internal/v1/channels").await;
    assert_eq!(list, json!({"version": 2, "channels": [changed]}));
    assert_eq!(service.get("/admin/v1/channels").await, list);

    let place = "/admin/v1/channels/das-erste-hd";
    assert_eq!(service.status(Method::DELETE, place).await, StatusCode::NO_CONTENT);
    assert_eq!(service.status(Method::DELETE, place).await, StatusCode::NOT_FOUND);
    assert_eq!(service.get("/internal/v1/channels").await, json!({"version": 3, "channels": []}));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_is_wrong() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    let post = || service.request(Method::POST, "/admin/v1/channels");
    let invalid = StatusCode::BAD_REQUEST;
    let wrong = post().json(&json!({"name": "", "inputs": [{"url": "udp://239.1.1.1"}]}));
    let detail = problem(wrong, invalid).await;
    assert!(
        detail.contains("name must have") && detail.contains("inputs[0].url: the port is missing"),
        "{detail}"
    );
    let unknown = post().json(&json!({"name": "b", "inputs": [], "colour": "red"}));
    assert!(problem(unknown, invalid).await.contains("colour"));
    let taken = post().json(&json!({"name": "b", "number": 1, "inputs": [{"url": "udp://239.1.1.1:5000"}]}));
    assert_eq!(problem(taken, StatusCode::CONFLICT).await, "number 1 is taken by a; 2 is free");
    let large = post().body(" ".repeat(100_000));
    problem(large, StatusCode::PAYLOAD_TOO_LARGE).await;
    let absent = service.request(Method::PATCH, "/admin/v1/channels/b").json(&json!({}));
    assert_eq!(problem(absent, StatusCode::NOT_FOUND).await, "there is no channel b");
}

#[tokio::test]
async fn a_change_of_something_that_changed_meanwhile_is_refused() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    let place = "/admin/v1/channels/a";
    let seen = answer(service.request(Method::GET, place), StatusCode::OK).await.headers()["etag"].clone();
    service.edit("a", json!({"name": "b"})).await;
    let late = service.request(Method::PATCH, place).header("if-match", &seen).json(&json!({"name": "c"}));
    assert!(problem(late, StatusCode::PRECONDITION_FAILED).await.contains("changed meanwhile"));
    let late = service.request(Method::DELETE, place).header("if-match", &seen);
    problem(late, StatusCode::PRECONDITION_FAILED).await;
    let seen = answer(service.request(Method::GET, place), StatusCode::OK).await.headers()["etag"].clone();
    let prompt = service.request(Method::DELETE, place).header("if-match", &seen);
    answer(prompt, StatusCode::NO_CONTENT).await;
}

#[tokio::test]
async fn many_at_once_get_a_number_and_an_id_each() {
    let stores = Stores::start().await;
    let (one, other) = (stores.instance().await, stores.instance().await);
    let posts = (0..20).map(|n| {
        let service = if n % 2 == 0 { &one } else { &other };
        service.request(Method::POST, "/admin/v1/channels").json(&channel("ZDF")).send()
    });
    for made in futures_util::future::join_all(posts).await {
        assert_eq!(made.unwrap().status(), StatusCode::CREATED);
    }
    // Reading one's own change is immediate; the other's comes within moments.
    let list = funkturm_service::testing::until("both to agree", crate::PATIENCE, || async {
        let (a, b) = (one.get("/internal/v1/channels").await, other.get("/internal/v1/channels").await);
        (a == b && a["version"] == 20).then_some(a)
    });
    let list = list.await.unwrap();
    let numbers: Vec<u64> = list["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| channel["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn only_operators_and_services_come_in() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    for path in ["/admin/v1/channels", "/admin/v1/inputs", "/internal/v1/channels"] {
        let stranger = service.http.get(format!("{}{path}", service.server.url()));
        problem(stranger, StatusCode::UNAUTHORIZED).await;
    }
}
