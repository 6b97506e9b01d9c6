//! What players and caches get.

use std::io::Read;

use reqwest::{Method, Response};

use crate::tower::{FIRST, Tower, body, section};

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn playlists_lead_to_segments_and_segments_are_what_was_pushed() {
    let tower = Tower::on_air(3).await;
    let master = tower.text("/hls/open/one/master.m3u8").await;
    assert!(master.contains("NAME=\"Français\",LANGUAGE=\"de\""), "{master}");
    assert!(master.contains("v0/index.m3u8") && master.contains("v0/iframes.m3u8"), "{master}");
    for name in ["v0", "a0"] {
        let index = tower.text(&format!("/hls/open/one/{name}/index.m3u8")).await;
        let (hash, section) = section(name);
        assert!(index.contains(&format!("#EXT-X-MAP:URI=\"init-{hash}.mp4\"")), "{index}");
        let init = tower.get(&format!("/hls/open/one/{name}/init-{hash}.mp4")).await;
        assert_eq!(init.bytes().await.unwrap(), section);
        for number in FIRST..FIRST + 3 {
            assert!(index.contains(&format!("\n{number}.m4s\n")), "{index}");
            let segment = tower.get(&format!("/hls/open/one/{name}/{number}.m4s")).await;
            assert_eq!(segment.bytes().await.unwrap(), body(name, number));
        }
    }
    assert_eq!(tower.get("/hls/open/one/a0/iframes.m3u8").await.status(), 404);
}

#[tokio::test]
async fn caches_are_told_how_long_and_sites_that_they_may() {
    let tower = Tower::on_air(2).await;
    for (path, kind, control) in [
        ("master.m3u8", "application/vnd.apple.mpegurl", "public, max-age=3"),
        ("v0/index.m3u8", "application/vnd.apple.mpegurl", "public, max-age=3"),
        ("v0/iframes.m3u8", "application/vnd.apple.mpegurl", "public, max-age=3"),
        ("v0/299000000.m4s", "video/mp4", "public, max-age=31536000, immutable"),
        ("a0/299000000.m4s", "audio/mp4", "public, max-age=31536000, immutable"),
    ] {
        let path = format!("/hls/open/one/{path}");
        let whole = tower.get(&path).await;
        let seen = (header(&whole, "content-type"), header(&whole, "cache-control"));
        assert_eq!(seen, (kind.to_owned(), control.to_owned()), "{path}");
        assert_eq!(header(&whole, "access-control-allow-origin"), "*");
        let (etag, length) = (header(&whole, "etag"), header(&whole, "content-length"));
        let known = tower.request(Method::GET, &path).header("if-none-match", &etag).send().await.unwrap();
        assert_eq!(known.status(), 304, "{path}");
        let head = tower.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, length), "{path}");
    }
}

#[tokio::test]
async fn playlists_come_compressed_and_segments_in_ranges() {
    let tower = Tower::on_air(2).await;
    let path = "/hls/open/one/v0/index.m3u8";
    let plain = tower.text(path).await;
    let packed = tower.request(Method::GET, path).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(
        (header(&packed, "content-encoding"), header(&packed, "vary")),
        ("gzip".into(), "accept-encoding".into())
    );
    let packed = packed.bytes().await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);
    let path = format!("/hls/open/one/v0/{FIRST}.m4s");
    let part = tower.request(Method::GET, &path).header("range", "bytes=100-149").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), body("v0", FIRST).slice(100..150));
}

#[tokio::test]
async fn what_is_not_there_is_said_so_for_a_second_only() {
    let tower = Tower::on_air(2).await;
    for path in
        ["one/v0/299000009.m4s", "one/v9/index.m3u8", "one/v0/x", "one/v0/init-0.mp4", "other/master.m3u8"]
    {
        let response = tower.get(&format!("/hls/open/{path}")).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(header(&response, "cache-control"), "public, max-age=1", "{path}");
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
    }
    assert_eq!(
        tower.request(Method::DELETE, "/hls/open/one/master.m3u8").send().await.unwrap().status(),
        405
    );
}

#[tokio::test]
async fn only_the_open_token_is_accepted_and_only_in_an_open_house() {
    let tower = Tower::on_air(2).await;
    for path in ["master.m3u8", "v0/index.m3u8", "v0/299000000.m4s"] {
        let response = tower.get(&format!("/hls/opens/one/{path}")).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "cache-control")),
            (401, "no-store".into()),
            "{path}"
        );
    }
    let closed = Tower::open(|config| config.open_house = false).await;
    closed.push_sections().await;
    let response = closed.get("/hls/open/one/master.m3u8").await;
    assert_eq!(response.status(), 401);
    assert!(response.text().await.unwrap().contains("no open house"));
}
