//! What viewers see.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use funkturm_contracts::health::{OriginStatus, WindowHealth};
use funkturm_service::{
    Routes, reply,
    testing::{serve, until},
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{Instance, PATIENCE, Stores, answer};

#[tokio::test]
async fn viewers_see_what_is_switched_on_in_the_order_of_the_numbers() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    for name in ["c", "a", "b"] {
        service.add(name).await;
    }
    service.edit("c", json!({"number": 30})).await;
    assert_eq!(service.names().await, ["a", "b", "c"]);
    service.edit("a", json!({"enabled": false})).await;
    assert_eq!(service.names().await, ["b", "c"]);
    assert_eq!(service.status(Method::GET, "/api/v1/channels/a").await, StatusCode::NOT_FOUND);
    assert_eq!(
        service.get("/api/v1/channels/b").await,
        json!({"id": "b", "number": 3, "name": "b", "logo_url": null, "on_air": false, "actions": ["live"]})
    );
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    for n in 0..40 {
        service.add(&format!("channel {n}")).await;
    }
    for path in
        ["/api/v1/channels", "/api/v1/channels/channel-7", "/admin/v1/channels", "/internal/v1/channels"]
    {
        let first = answer(service.request(Method::GET, path), StatusCode::OK).await;
        let etag = first.headers()["etag"].clone();
        let again = service.request(Method::GET, path).header("if-none-match", &etag);
        answer(again, StatusCode::NOT_MODIFIED).await;
        service.edit("channel-7", json!({"name": path})).await;
        let changed = service.request(Method::GET, path).header("if-none-match", &etag);
        answer(changed, StatusCode::OK).await;
    }
    let public = answer(service.request(Method::GET, "/api/v1/channels"), StatusCode::OK).await;
    assert_eq!(public.headers()["cache-control"], "public, max-age=2");
    let private = answer(service.request(Method::GET, "/admin/v1/channels"), StatusCode::OK).await;
    assert_eq!(private.headers()["cache-control"], "private, no-cache");
    let packed = service.request(Method::GET, "/api/v1/channels").header("accept-encoding", "gzip");
    assert_eq!(answer(packed, StatusCode::OK).await.headers()["content-encoding"], "gzip");
}

fn origin_that_has(channel: &'static str, on_air: Arc<AtomicBool>) -> Routes {
    Routes::new().get("/internal/v1/status", move |_| {
        let window = WindowHealth {
            channel: channel.parse().unwrap(),
            on_air: on_air.load(Ordering::SeqCst),
            first: 1,
            last: 10,
            seconds: 60.0,
            renditions: vec![],
        };
        let status = OriginStatus { host: "a".into(), bytes: 1, max_bytes: 2, channels: vec![window] };
        async move { Ok(reply::json(StatusCode::OK, &status)) }
    })
}

#[tokio::test]
async fn what_is_on_air_is_what_any_origin_has() {
    let stores = Stores::start().await;
    let flags = [Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true))];
    let origins = [
        serve(origin_that_has("a", Arc::clone(&flags[0]))).await.unwrap(),
        serve(origin_that_has("b", Arc::clone(&flags[1]))).await.unwrap(),
    ];
    let nobody = "http://127.0.0.1:9".to_owned();
    let config = crate::Config {
        origins: origins.iter().map(|origin| origin.url()).chain([nobody.clone()]).collect(),
        transcoders: vec![nobody.clone()],
        ..stores.config()
    };
    let service = Instance::build(config).await;
    service.ready().await;
    for name in ["a", "b", "c"] {
        service.add(name).await;
    }
    let on_air = || async {
        let line_up = service.get("/api/v1/channels").await;
        let channels = line_up["channels"].as_array().unwrap().clone();
        channels.into_iter().map(|channel| channel["on_air"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    let expect = |wanted: [bool; 3]| {
        until("the line-up to show what is on air", PATIENCE, move || async move {
            (on_air().await == wanted).then_some(())
        })
    };
    expect([true, true, false]).await.unwrap();
    flags[0].store(false, Ordering::SeqCst);
    expect([false, true, false]).await.unwrap();

    let reports = service.get("/admin/v1/origins").await;
    assert_eq!((&reports[0]["host"], &reports[1]["channels"][0]["channel"]), (&json!("a"), &json!("b")));
    assert_eq!(reports[2]["host"], json!(nobody));
    assert!(reports[2]["problem"].as_str().unwrap().contains("does not answer"), "{reports}");
    assert_eq!(service.get("/admin/v1/transcoders").await[0]["host"], json!(nobody));
    assert_eq!(service.get("/admin/v1/inputs").await, json!([]));
}
