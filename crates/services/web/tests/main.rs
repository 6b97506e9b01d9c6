//! The pages and their files, asked for over HTTP as browsers do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use funkturm_service::{
    Context, ServiceMain, openapi,
    testing::{TestServer, serve},
};
use funkturm_web::{Config, House, Web};
use reqwest::{Client, Response, StatusCode, header};

async fn site(config: Config) -> TestServer {
    let service = Web::build(config, Context::for_test("web")).await.unwrap();
    serve(service.routes).await.unwrap()
}

/// Neither compressed nor cached unless a test says so.
async fn get(server: &TestServer, path: &str) -> Response {
    Client::new().get(format!("{}{path}", server.url())).send().await.unwrap()
}

fn text<'r>(reply: &'r Response, name: &str) -> &'r str {
    reply.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

/// What a page loads: every address in `src` and `href`.
fn references(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        found.extend(
            page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned),
        );
    }
    found
}

#[tokio::test]
async fn pages_are_asked_for_each_time_and_sent_only_when_new() {
    let server = site(Config::default()).await;
    for path in ["/", "/watch/das-erste", "/console", "/login", "/account/packages", "/tv"] {
        let page = get(&server, path).await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        assert_eq!(text(&page, "content-type"), "text/html; charset=utf-8");
        assert_eq!(text(&page, "cache-control"), "no-cache");
        let known = text(&page, "etag").to_owned();
        let again = Client::new()
            .get(format!("{}{path}", server.url()))
            .header(header::IF_NONE_MATCH, known)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn everything_that_a_page_loads_is_there() {
    let server = site(Config::default()).await;
    for path in ["/", "/console", "/account"] {
        let page = get(&server, path).await.text().await.unwrap();
        let references = references(&page);
        assert!(references.iter().any(|address| address.ends_with(".js")), "{references:?}");
        for address in references {
            assert!(address.starts_with('/'), "{address} is not from here");
            let file = get(&server, &address).await;
            assert_eq!(file.status(), StatusCode::OK, "{address}");
            let wanted = if address.starts_with("/assets/") { "immutable" } else { "no-cache" };
            assert!(text(&file, "cache-control").contains(wanted), "{address}");
        }
    }
}

#[tokio::test]
async fn scripts_come_compressed_to_those_who_take_it() {
    let server = site(Config::default()).await;
    let page = get(&server, "/").await.text().await.unwrap();
    let script = references(&page).into_iter().find(|address| address.ends_with(".js")).unwrap();
    let plain = get(&server, &script).await;
    assert_eq!(text(&plain, "vary"), "accept-encoding");
    let whole = plain.bytes().await.unwrap().len();
    let compressed = Client::builder()
        .no_gzip()
        .build()
        .unwrap()
        .get(format!("{}{script}", server.url()))
        .header(header::ACCEPT_ENCODING, "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(text(&compressed, "content-encoding"), "gzip");
    assert!(compressed.bytes().await.unwrap().len() < whole / 2);
}

#[tokio::test]
async fn browsers_are_told_to_keep_to_our_own_content() {
    let server = site(Config::default()).await;
    for path in ["/", "/console", "/sign-up", "/favicon.svg"] {
        let reply = get(&server, path).await;
        let policy = text(&reply, "content-security-policy");
        assert!(policy.starts_with("default-src 'self'; "), "{policy}");
        for directive in ["connect-src 'self'; ", "frame-ancestors 'none'", "object-src 'none'"] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(text(&reply, "x-content-type-options"), "nosniff");
        assert_eq!(text(&reply, "referrer-policy"), "same-origin");
    }
}

#[tokio::test]
async fn an_edge_may_be_added_to_where_content_comes_from() {
    let edge = "https://edge.example".to_owned();
    let server = site(Config { content_hosts: vec![edge.clone()], ..Config::default() }).await;
    let page = get(&server, "/").await;
    let policy = text(&page, "content-security-policy").to_owned();
    for directive in ["connect-src 'self'", "media-src 'self' blob:", "img-src 'self' data:"] {
        assert!(policy.contains(&format!("{directive} {edge}; ")), "{policy}");
    }
    assert!(policy.starts_with("default-src 'self'; "), "scripts stay our own: {policy}");
    assert!(page.text().await.unwrap().contains(&format!("content=\"{edge}\"")));
}

#[tokio::test]
async fn apps_are_told_what_kind_of_house_it_is() {
    let house = House { open: false, sign_up: false, openid: true };
    for (config, told) in [
        (Config::default(), r#"{"open":true,"sign_up":true,"openid":false}"#),
        (Config { house, ..Config::default() }, r#"{"open":false,"sign_up":false,"openid":true}"#),
    ] {
        let server = site(config).await;
        let reply = get(&server, "/api/v1/house").await;
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(text(&reply, "cache-control"), "no-cache");
        assert_eq!(reply.text().await.unwrap(), told);
    }
}

#[tokio::test]
async fn every_route_for_apps_is_described() {
    let service = Web::build(Config::default(), Context::for_test("web")).await.unwrap();
    assert_eq!(openapi::differences(&service.routes, &service.openapi), [""; 0]);
}

#[tokio::test]
async fn unknown_paths_are_not_answered_with_a_page() {
    let server = site(Config::default()).await;
    for path in [
        "/nothing",
        "/index.html",
        "/console.html",
        "/account.html",
        "/account/elsewhere",
        "/pair/BCDF",
        "/console/inputs",
        "/watch",
        "/watch/-no-id-",
        "/watch/a/b",
        "/assets/nothing.js",
        "/assets/..%2findex.html",
    ] {
        let reply = get(&server, path).await;
        assert_eq!(reply.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(text(&reply, "content-type"), "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn a_head_tells_everything_but_the_body() {
    let server = site(Config::default()).await;
    let whole = get(&server, "/").await;
    let head = Client::new().head(server.url()).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(text(&head, "etag"), text(&whole, "etag"));
    assert!(head.bytes().await.unwrap().is_empty());
}

#[test]
fn a_host_that_would_widen_the_policy_is_refused_at_the_check() {
    let content_hosts = vec!["https://edge.example; script-src *".to_owned()];
    let config = Config { content_hosts, ..Config::default() };
    assert!(Web::check(&config).unwrap_err().contains("web.content_hosts"));
}
