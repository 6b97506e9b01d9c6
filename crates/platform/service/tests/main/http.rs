//! Routes, tokens, limits and problems.

use std::sync::{Arc, Mutex};

use funkturm_base::Error;
use funkturm_service::{Context, Payload, Reply, Request, Routes, reply, serve, testing};
use serde::Deserialize;
use serde_json::{Value, json};
use slog::{Drain, KV, Logger, OwnedKVList, Record, o};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    from: i64,
    #[serde(default)]
    raw: bool,
}

fn routes() -> Routes {
    Routes::new()
        .get("/api/v1/things/{id}", |request: Request| async move {
            let id: String = request.param("id")?;
            Ok(reply::json(http::StatusCode::OK, &json!({ "id": id, "filler": "x".repeat(2000) })))
        })
        .post("/api/v1/things", |mut request: Request| async move {
            let body: Value = request.json(100).await?;
            Ok(reply::json(http::StatusCode::CREATED, &body))
        })
        .get("/api/v1/window", |request: Request| async move {
            let window: Window = request.query()?;
            Ok(reply::json(http::StatusCode::OK, &json!([window.from, window.raw])))
        })
        .get("/api/v1/panics", |_| async { panic!("oh") })
        .get("/api/v1/breaks", |_| async {
            Err(Error::internal("the disk", std::io::Error::other("is full")))
        })
        .get("/admin/v1/things", |_| async { Ok(Reply::new(Payload::Empty)) })
        .get("/internal/v1/things", |_| async { Ok(Reply::new(Payload::Empty)) })
}

async fn server() -> testing::TestServer {
    testing::serve(routes()).await.unwrap()
}

#[tokio::test]
async fn parameters_are_percent_decoded() {
    let server = server().await;
    let answer: Value = reqwest::get(format!("{}/api/v1/things/das%20erste%2Fhd", server.url()))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["id"], "das erste/hd");
    let answer: Value = reqwest::get(format!("{}/api/v1/window?from=7&raw=true", server.url()))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer, json!([7, true]));
    let refused = reqwest::get(format!("{}/api/v1/window?from=7&to=8", server.url())).await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("to"));
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = server().await;
    let client = reqwest::Client::builder().no_gzip().build().unwrap();
    let url = format!("{}/api/v1/things/7", server.url());
    let answer = client.delete(&url).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()),
        (405, "GET, HEAD, OPTIONS")
    );
    let head = client.head(&url).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<u32>().unwrap() > 2000);
    let preflight = client.request(reqwest::Method::OPTIONS, &url).send().await.unwrap();
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let lost = client.get(format!("{}/nowhere", server.url())).send().await.unwrap();
    assert_eq!(
        (lost.status().as_u16(), &lost.headers()["content-type"]),
        (404, &"application/problem+json".parse().unwrap())
    );
}

#[tokio::test]
async fn each_door_takes_its_own_token_only() {
    let server = server().await;
    let client = reqwest::Client::new();
    for (path, right, wrong) in [
        ("/admin/v1/things", "operator-token", "service-token"),
        ("/internal/v1/things", "service-token", "operator-token"),
    ] {
        let url = format!("{}{path}", server.url());
        let status = |token: Option<&'static str>| {
            let request = client.get(&url);
            let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
            async move { request.send().await.unwrap().status().as_u16() }
        };
        assert_eq!(status(Some(right)).await, 200, "{path}");
        assert_eq!(status(Some(wrong)).await, 401, "{path}");
        assert_eq!(status(None).await, 401, "{path}");
    }
}

#[tokio::test]
async fn a_door_without_a_configured_token_stays_closed() {
    let mut context = funkturm_service::Context::for_test("test");
    context.tokens.operator = None;
    let server = testing::serve_with(routes(), &context, Default::default()).await.unwrap();
    let client = reqwest::Client::new();
    for token in ["", "operator-token"] {
        let answer =
            client.get(format!("{}/admin/v1/things", server.url())).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.text().await.unwrap().contains("operator_token_file"));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let server = server().await;
    let client = reqwest::Client::new();
    let url = format!("{}/api/v1/things", server.url());
    let created = client.post(&url).body("{\"a\":1}").send().await.unwrap();
    assert_eq!(created.status(), 201);
    let long = format!("\"{}\"", "x".repeat(200));
    assert_eq!(client.post(&url).body(long.clone()).send().await.unwrap().status(), 413);
    let pieces = futures_util::stream::iter(vec![Ok::<_, std::io::Error>(long)]);
    let answer = client.post(&url).body(reqwest::Body::wrap_stream(pieces)).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(client.post(&url).body("{").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn what_breaks_inside_is_answered_and_not_told() {
    let server = server().await;
    for path in ["/api/v1/panics", "/api/v1/breaks"] {
        let answer = reqwest::get(format!("{}{path}", server.url())).await.unwrap();
        assert_eq!(answer.status(), 500);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], 500);
        assert!(!problem.to_string().contains("disk"));
    }
}

#[tokio::test]
async fn long_text_is_compressed_for_those_who_take_it() {
    let server = server().await;
    let client = reqwest::Client::builder().no_gzip().build().unwrap();
    let url = format!("{}/api/v1/things/7", server.url());
    let plain = client.get(&url).send().await.unwrap();
    assert!(plain.headers().get("content-encoding").is_none());
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    let small = client.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(small.headers()["content-encoding"], "gzip");
    assert!(small.bytes().await.unwrap().len() < 500);
}

/// Keeps what is logged, a line each.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Drain for Kept {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), slog::Never> {
        struct Line(String);
        impl slog::Serializer for Line {
            fn emit_arguments(&mut self, key: slog::Key, value: &std::fmt::Arguments<'_>) -> slog::Result {
                self.0 += &format!(" {key}={value}");
                Ok(())
            }
        }
        let mut line = Line(format!("{} {}", record.level(), record.msg()));
        record.kv().serialize(record, &mut line).unwrap();
        values.serialize(record, &mut line).unwrap();
        self.0.lock().unwrap().push(line.0);
        Ok(())
    }
}

#[tokio::test]
async fn a_failed_request_is_one_line_in_the_log_with_its_causes_and_without_secrets() {
    let kept = Kept::default();
    let log = Logger::root(kept.clone(), o!());
    let context = Context::new("host".into(), log, funkturm_service::Tokens::default());
    let routes = routes().get("/hls/{token}/{file}", |_| async {
        Err(Error::internal("the window", std::io::Error::other("is gone")))
    });
    let server = testing::serve_with(routes, &context, serve::Options::default()).await.unwrap();
    for path in ["/api/v1/breaks", "/api/v1/panics", "/hls/secret-token/7.m4s", "/api/v1/window?from=7"] {
        reqwest::get(format!("{}{path}", server.url())).await.unwrap();
    }
    let lines = kept.0.lock().unwrap().clone();
    let of = |part: &str| -> Vec<&String> { lines.iter().filter(|line| line.contains(part)).collect() };
    for (path, level, cause) in [
        ("path=/api/v1/breaks", "ERRO", "error=the disk: is full"),
        ("path=/api/v1/panics", "ERRO", "panicked: oh"),
        ("path=/hls/…/7.m4s", "ERRO", "route=/hls/{token}/{file}"),
        ("path=/api/v1/window", "DEBG", "status=200"),
    ] {
        let found = of(path);
        assert_eq!(found.len(), 1, "{path} in {lines:#?}");
        assert!(found[0].starts_with(level) && found[0].contains(cause), "{}", found[0]);
    }
    assert!(of("secret-token").is_empty());
}

#[tokio::test]
async fn requests_are_counted_by_route_for_all_listeners_together() {
    let context = Context::for_test("test");
    for path in ["/api/v1/things/a", "/api/v1/things/b", "/no/such/place"] {
        let server = testing::serve_with(routes(), &context, serve::Options::default()).await.unwrap();
        reqwest::get(format!("{}{path}", server.url())).await.unwrap();
        // Dropping it would stop the context, which the next one needs.
        std::mem::forget(server);
    }
    let families = context.metrics.gather();
    let requests = families.iter().find(|family| family.name() == "funkturm_http_requests_total").unwrap();
    let count = |route: &str, status: &str| -> f64 {
        let labelled = |metric: &&prometheus::proto::Metric| {
            let values: Vec<_> = metric.get_label().iter().map(|label| label.value()).collect();
            values.contains(&route) && values.contains(&status)
        };
        requests.get_metric().iter().filter(labelled).map(|metric| metric.get_counter().get_value()).sum()
    };
    assert_eq!((count("/api/v1/things/{id}", "2xx"), count("none", "4xx")), (2.0, 1.0));
    assert!(!format!("{requests:?}").contains("such"), "what a client sends is no label");
}

#[tokio::test]
async fn apps_of_other_sites_may_ask_and_see_what_they_need() {
    let server = server().await;
    let client = reqwest::Client::new();
    for (path, allowed) in
        [("/api/v1/things/7", true), ("/api/v1/nothing", true), ("/admin/v1/things", false)]
    {
        let answer = client.get(format!("{}{path}", server.url())).send().await.unwrap();
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), allowed, "{path}");
        let exposed = answer.headers().get("access-control-expose-headers");
        assert_eq!(exposed.is_some_and(|names| names.to_str().unwrap().contains("etag")), allowed, "{path}");
    }
}
