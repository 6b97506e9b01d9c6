//! Taking over a line-up over HTTP.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Instance, Stores, answer, problem};

async fn import(service: &Instance, query: &str) -> Value {
    let list = include_bytes!("../src/import/samples/everything.m3u");
    let path = format!("/admin/v1/channels/import{query}");
    let request = service.request(Method::POST, &path).header("content-type", "audio/x-mpegurl");
    answer(request.body(&list[..]), StatusCode::OK).await.json().await.unwrap()
}

fn counts(report: &Value) -> [usize; 4] {
    let length = |what: &str| report[what].as_array().unwrap().len();
    [length("added"), length("updated"), report["unchanged"].as_u64().unwrap() as usize, length("skipped")]
}

#[tokio::test]
async fn a_trial_says_what_the_import_then_does_and_the_second_import_changes_nothing() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    let trial = import(&service, "?dry_run=true&profile=hd").await;
    assert_eq!(service.get("/internal/v1/channels").await, json!({"version": 0, "channels": []}));
    let first = import(&service, "?dry_run=false&profile=hd").await;
    assert_eq!(trial, first);
    let [added, updated, unchanged, skipped] = counts(&first);
    assert!(added > 5 && skipped > 5 && updated == 0 && unchanged == 0, "{first}");
    let list = service.get("/internal/v1/channels").await;
    assert_eq!(list["channels"].as_array().unwrap().len(), added);
    let second = import(&service, "").await;
    assert_eq!(counts(&second)[..3], [0, 0, added]);
    assert_eq!(service.get("/internal/v1/channels").await, list);
}

#[tokio::test]
async fn what_is_no_list_is_refused() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    let post = |query: &str| service.request(Method::POST, &format!("/admin/v1/channels/import{query}"));
    let page = post("").body("<html>\n");
    assert!(problem(page, StatusCode::BAD_REQUEST).await.contains("no channel in this list"));
    problem(post("?dryrun=true").body("#EXTM3U"), StatusCode::BAD_REQUEST).await;
    problem(post("").body(vec![b'x'; (8 << 20) + 1]), StatusCode::PAYLOAD_TOO_LARGE).await;
}
