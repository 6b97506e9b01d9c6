//! What the origin serves, held to the linter over HTTP. The bytes are no media, so what is in them is left out here.

use std::{io::Read, time::Duration};

use funkturm_hls::lint::{Lint, Method, Request, Response};

use crate::tower::{FIRST, Tower};

async fn ask(tower: &Tower, request: &Request) -> Response {
    let path = request.url.strip_prefix(&tower.url("")).unwrap();
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
    };
    let mut asked = tower.request(method, path);
    if request.accept_gzip {
        asked = asked.header("accept-encoding", "gzip");
    }
    if let Some(range) = request.range {
        asked = asked.header("range", format!("bytes={}-{}", range.offset, range.offset + range.length - 1));
    }
    let response = asked.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let mut body = response.bytes().await.unwrap();
    if headers.contains(&("content-encoding".to_owned(), "gzip".to_owned())) {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut text).unwrap();
        body = text.into();
    }
    Response { status, headers, body }
}

#[tokio::test]
async fn the_linter_has_nothing_to_say_about_the_origin() {
    let tower = Tower::on_air(155).await;
    let mut lint = Lint::new(&tower.url("/hls/open/one/master.m3u8"));
    let mut now = Duration::ZERO;
    for number in FIRST + 155..FIRST + 165 {
        for _ in 0..6 {
            loop {
                let requests = lint.next_requests(now);
                if requests.is_empty() {
                    break;
                }
                for request in requests {
                    let response = ask(&tower, &request).await;
                    lint.response(now, now, &request, &response);
                }
            }
            now += Duration::from_secs(1);
            tower.clock.advance(Duration::from_secs(1));
        }
        tower.push("a0", number).await;
        tower.push("v0", number).await;
    }
    let of_media = ["INIT_UNUSABLE", "I_FRAME_BROKEN", "SEGMENT_BROKEN"];
    let found = lint.report().findings().filter(|finding| !of_media.contains(&finding.rule.id));
    let found: Vec<_> = found.map(|finding| format!("{}: {finding}", finding.rule.id)).collect();
    assert_eq!(found, [""; 0]);
}
