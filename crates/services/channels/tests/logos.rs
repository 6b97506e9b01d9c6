//! Logos: uploaded, served, replaced, removed.

use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Instance, Stores, answer, problem};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";

async fn upload(service: &Instance, picture: &'static [u8]) -> String {
    let request = service.request(Method::PUT, "/admin/v1/channels/a/logo").body(picture);
    let channel: Value = answer(request, StatusCode::OK).await.json().await.unwrap();
    channel["logo_url"].as_str().unwrap().to_owned()
}

fn kept(stores: &Stores) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(stores.objects.path().join("logos/a"));
    folder.map(|folder| folder.map(|file| file.unwrap().path()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn a_logo_is_served_as_it_was_uploaded_and_replaced_by_another_url() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    let first = upload(&service, PNG).await;
    let served = answer(service.request(Method::GET, &first), StatusCode::OK).await;
    assert_eq!(served.headers()["content-type"], "image/png");
    assert_eq!(served.headers()["cache-control"], "public, max-age=31536000, immutable");
    let etag = served.headers()["etag"].clone();
    assert_eq!(served.bytes().await.unwrap(), PNG);
    let again = service.request(Method::GET, &first).header("if-none-match", etag);
    answer(again, StatusCode::NOT_MODIFIED).await;
    assert_eq!(upload(&service, PNG).await, first, "the same picture has the same URL");

    let second = upload(&service, SVG).await;
    assert_ne!(first, second);
    let served = answer(service.request(Method::GET, &second), StatusCode::OK).await;
    assert_eq!(served.headers()["content-type"], "image/svg+xml");
    let policy = served.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert_eq!(served.headers()["x-content-type-options"], "nosniff");
    let old = answer(service.request(Method::GET, &first), StatusCode::OK).await;
    assert_eq!(
        old.headers()["cache-control"],
        "public, max-age=60",
        "an old URL gives the new picture, for a while"
    );
    assert_eq!(kept(&stores).len(), 1, "what nobody needs is not kept");
}

#[tokio::test]
async fn a_logo_goes_with_its_channel_or_when_it_is_taken_away() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    let url = upload(&service, PNG).await;
    assert_eq!(service.status(Method::DELETE, "/admin/v1/channels/a/logo").await, StatusCode::NO_CONTENT);
    assert_eq!(service.status(Method::GET, &url).await, StatusCode::NOT_FOUND);
    assert!(kept(&stores).is_empty());
    upload(&service, PNG).await;
    let elsewhere = service.edit("a", json!({"logo_url": "https://logos.example/a.png"})).await;
    assert_eq!(elsewhere["logo_url"], "https://logos.example/a.png");
    assert!(kept(&stores).is_empty());
    upload(&service, PNG).await;
    assert_eq!(service.status(Method::DELETE, "/admin/v1/channels/a").await, StatusCode::NO_CONTENT);
    assert!(kept(&stores).is_empty());
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_is_refused() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    let put = |path: &str, body: Vec<u8>| service.request(Method::PUT, path).body(body);
    let logo = "/admin/v1/channels/a/logo";
    let html = problem(put(logo, b"<html>".to_vec()), StatusCode::BAD_REQUEST).await;
    assert!(html.contains("PNG, JPEG, WebP or SVG"), "{html}");
    problem(put(logo, vec![0; (1 << 20) + 1]), StatusCode::PAYLOAD_TOO_LARGE).await;
    problem(put("/admin/v1/channels/b/logo", PNG.to_vec()), StatusCode::NOT_FOUND).await;
    assert!(kept(&stores).is_empty());
}
