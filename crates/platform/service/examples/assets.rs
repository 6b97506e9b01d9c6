//! A playlist and a segment in memory on loopback, through everything that a request goes through: what one
//! request costs is measured on this, beside nginx with the same bytes in files. The arguments: how many
//! threads, which port.

use bytes::Bytes;
use funkturm_base::{Error, Kind};
use funkturm_service::{Context, Request, Routes, reply, reply::Asset, serve};
use http::HeaderValue;

fn asset(content_type: &'static str, body: Vec<u8>) -> Asset {
    Asset::new(
        HeaderValue::from_static(content_type),
        HeaderValue::from_static("max-age=3"),
        HeaderValue::from_static("\"0123456789abcdef\""),
        Bytes::from(body),
    )
    .for_all_sites()
}

fn main() -> anyhow::Result<()> {
    let playlist = asset("application/vnd.apple.mpegurl", vec![b'x'; 2048]);
    let segment = asset("video/mp4", vec![7; 1_000_000]);
    let routes =
        Routes::new().get_now("/hls/{token}/{channel}/{rendition}/{file}", move |request: &Request| {
            match &*request.text("file")? {
                "index.m3u8" => Ok(reply::asset(request, &playlist)),
                "1.m4s" => Ok(reply::asset(request, &segment)),
                _ => Err(Error::new(Kind::NotFound, "there is no such file")),
            }
        });
    let threads = std::env::args().nth(1).map_or(Ok(1), |threads| threads.parse())?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?.block_on(
        async {
            let port = std::env::args().nth(2).unwrap_or_else(|| "4000".into());
            let listener = serve::bind(&format!("127.0.0.1:{port}")).await?;
            serve::listen(listener, routes, serve::Options::default(), &Context::for_test("assets")).await
        },
    )
}
