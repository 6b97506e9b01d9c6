//! Connections that are slow, and the end of a process while some are open.

use std::time::{Duration, Instant};

use funkturm_service::{Context, Payload, Reply, Routes, serve, testing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn options() -> serve::Options {
    serve::Options {
        head_timeout: Duration::from_millis(200),
        drain: Duration::from_millis(300),
        ..serve::Options::default()
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let context = Context::for_test("test");
    let server = testing::serve_with(Routes::new(), &context, options()).await.unwrap();
    let mut connection = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), connection.read_to_end(&mut rest)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_without_end_does_not_hold_up_the_end_of_the_process() {
    let context = Context::for_test("test");
    let routes = Routes::new().get("/endless", |_| async {
        let beats = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok(bytes::Bytes::from_static(b"beat")), ()))
        });
        Ok(Reply::new(Payload::Stream(Box::pin(beats))))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/endless", listener.local_addr().unwrap());
    let serving = tokio::spawn({
        let context = context.clone();
        async move { serve::listen(listener, routes, options(), &context).await }
    });
    let mut answer = reqwest::get(url).await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    let asked = Instant::now();
    context.stop.trigger();
    tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap().unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(250), "open requests get their time");
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let context = Context::for_test("origin");
    let latch = context.latch("window");
    let server = testing::serve_with(serve::health_routes(&context), &context, options()).await.unwrap();
    let url = format!("{}/readyz", server.url());
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("origin: window"));
    latch.open();
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    let alive = reqwest::get(format!("{}/healthz", server.url())).await.unwrap();
    assert_eq!(alive.status(), 200);
}

/// A connection on which a request has been answered, so that it is known to be served.
async fn connected(server: &testing::TestServer) -> tokio::net::TcpStream {
    let mut connection = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    ask(&mut connection).await.unwrap();
    connection
}

async fn ask(connection: &mut tokio::net::TcpStream) -> std::io::Result<usize> {
    connection.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await?;
    connection.read(&mut [0; 2048]).await
}

async fn closed(mut connection: tokio::net::TcpStream) {
    let rest = tokio::time::timeout(Duration::from_secs(5), connection.read_to_end(&mut Vec::new())).await;
    rest.expect("the connection is closed").unwrap();
}

#[tokio::test]
async fn idle_connections_are_closed_at_once_when_the_process_stops() {
    let context = Context::for_test("test");
    let options = serve::Options { head_timeout: Duration::from_secs(60), ..options() };
    let server = testing::serve_with(Routes::new(), &context, options).await.unwrap();
    let connection = connected(&server).await;
    context.stop.trigger();
    closed(connection).await;
}

#[tokio::test]
async fn a_listener_that_is_full_still_stops() {
    let context = Context::for_test("test");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = serve::Options { max_connections: 1, ..options() };
    let serving = tokio::spawn({
        let context = context.clone();
        async move { serve::listen(listener, Routes::new(), options, &context).await }
    });
    let mut first = tokio::net::TcpStream::connect(address).await.unwrap();
    ask(&mut first).await.unwrap();
    // The second one is accepted by the kernel only: it is answered when there is room.
    let mut second = tokio::net::TcpStream::connect(address).await.unwrap();
    second.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    drop(first);
    assert!(second.read(&mut [0; 2048]).await.unwrap() > 0);
    let _third = tokio::net::TcpStream::connect(address).await.unwrap();
    context.stop.trigger();
    tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn an_old_connection_is_ended_between_two_requests() {
    let context = Context::for_test("test");
    let options = serve::Options {
        head_timeout: Duration::from_secs(60),
        max_connection_age: Some(Duration::from_millis(50)),
        ..options()
    };
    let server = testing::serve_with(Routes::new(), &context, options).await.unwrap();
    closed(connected(&server).await).await;
}

#[tokio::test]
async fn http_2_is_spoken_in_the_clear_too() {
    let server = testing::serve(Routes::new()).await.unwrap();
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let answer = client.get(format!("{}/nothing", server.url())).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 404));
}
