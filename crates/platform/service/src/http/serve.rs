//! The accept loop: bounded in connections and time, drained when the process stops.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Buf;
use futures_util::StreamExt;
use http::{Method, Uri};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use slog::{debug, warn};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use warp::{Filter, Reply as _};

use super::Tls;
use super::{Payload, Reply, Request, Routes, guard::Guard, reply};
use crate::Context;

/// How a listener behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Longest time for a request's head, and for idling between two requests.
    pub head_timeout: Duration,
    /// How long open requests may take once the process stops.
    pub drain: Duration,
    /// Encrypted, or in the clear behind a proxy.
    pub tls: Option<Tls>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            head_timeout: Duration::from_secs(20),
            drain: Duration::from_secs(5),
            tls: None,
        }
    }
}

/// The routes that every public listener has: is the process alive, can it serve.
pub fn health_routes(context: &Context) -> Routes {
    let context = context.clone();
    Routes::new().get("/healthz", |_| async { Ok(reply::bytes("text/plain", "alive\n".into())) }).get(
        "/readyz",
        move |_| {
            let unready = context.unready();
            async move {
                if unready.is_empty() {
                    return Ok(reply::bytes("text/plain", "ready\n".into()));
                }
                let what = unready.join("; ");
                Err(funkturm_base::Error::new(funkturm_base::Kind::Unavailable, format!("not ready: {what}")))
            }
        },
    )
}

/// Serves routes on a listener until the process stops and the open requests are done, or their time is up.
///
/// # Errors
/// The TLS files cannot be used. What goes wrong on a connection ends that connection only.
pub async fn listen(
    listener: TcpListener,
    routes: Routes,
    options: Options,
    context: &Context,
) -> anyhow::Result<()> {
    let acceptor = options.tls.as_ref().map(Tls::acceptor).transpose()?;
    let guard = Guard::new(&routes, context);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.head_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(options.head_timeout)
        .max_concurrent_streams(200);
    let builder = Arc::new(builder);
    let places = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: those in use will be free again.
                    warn!(context.log, "a connection cannot be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = context.stop.wait() => break,
        };
        let _ = stream.set_nodelay(true);
        let (guard, builder, acceptor) = (Arc::clone(&guard), Arc::clone(&builder), acceptor.clone());
        let (watcher, log, patience) = (graceful.watcher(), context.log.clone(), options.head_timeout);
        tokio::spawn(async move {
            let ended = match acceptor {
                None => connection(stream, peer, guard, &builder, watcher).await,
                Some(acceptor) => match timeout(patience, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, peer, guard, &builder, watcher).await,
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err("the TLS handshake took too long".into()),
                },
            };
            if let Err(error) = ended {
                debug!(log, "connection ended: {error}"; "peer" => %peer);
            }
            drop(place);
        });
    }
    drop(listener);
    if timeout(options.drain, graceful.shutdown()).await.is_err() {
        debug!(context.log, "connections that were still open are closed");
    }
    Ok(())
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    guard: Arc<Guard>,
    builder: &auto::Builder<TokioExecutor>,
    watcher: hyper_util::server::graceful::Watcher,
) -> Ended {
    let service = TowerToHyperService::new(Tagged { inner: warp::service(filter(guard)), peer });
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    watcher.watch(connection).await
}

/// What warp does not hand on by itself: the URI as it was sent, and who sent it.
#[derive(Clone)]
struct Tag {
    uri: Uri,
    peer: SocketAddr,
}

/// Puts the [`Tag`] onto each request.
#[derive(Clone)]
struct Tagged<S> {
    inner: S,
    peer: SocketAddr,
}

impl<S, B> tower_service::Service<http::Request<B>> for Tagged<S>
where
    S: tower_service::Service<http::Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> S::Future {
        let tag = Tag { uri: request.uri().clone(), peer: self.peer };
        request.extensions_mut().insert(tag);
        self.inner.call(request)
    }
}

/// The whole table as one warp filter: routing is ours, so that 405 and Allow, decoding and metrics come from one place.
fn filter(
    guard: Arc<Guard>,
) -> impl Filter<Extract = (warp::reply::Response,), Error = warp::Rejection> + Clone {
    warp::method()
        .and(warp::ext::get::<Tag>())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |method: Method, tag: Tag, headers, body| {
            let guard = Arc::clone(&guard);
            async move {
                let mut request = Request::new(method, tag.uri);
                request.headers = headers;
                request.peer = Some(tag.peer);
                if matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
                    request.body = Some(Box::pin(pieces(body)));
                }
                response(guard.answer(request).await)
            }
        })
}

fn pieces(
    body: impl futures_util::Stream<Item = Result<impl Buf, warp::Error>> + Send + Sync + 'static,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes, std::io::Error>> + Send + Sync {
    body.map(|piece| {
        piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())).map_err(std::io::Error::other)
    })
}

fn response(reply: Reply) -> warp::reply::Response {
    let (head, payload) = reply.into_parts();
    let mut response = match payload {
        Payload::Empty => warp::reply::Response::default(),
        Payload::Bytes(bytes) => http::Response::new(bytes).into_response(),
        Payload::Stream(pieces) => warp::reply::stream(pieces).into_response(),
    };
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

/// A listener on an address, with a message that says what to do where it cannot be had.
///
/// # Errors
/// The address is taken, or is not this machine's.
pub async fn bind(address: &str) -> anyhow::Result<TcpListener> {
    use anyhow::Context as _;
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address)
        .await
        .with_context(|| format!("{address:?} is not an address to listen on, such as 127.0.0.1:8080"))?
        .collect();
    let address = *addresses.first().with_context(|| format!("{address} has no address"))?;
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into()).with_context(|| format!("cannot listen on {address}"))?;
    // A campaign's peak arrives in one second: the queue is as long as the kernel allows by default.
    socket.listen(4096)?;
    Ok(TcpListener::from_std(socket.into())?)
}

/// Whether a connection can be made, for those who wait for a listener.
pub async fn answers(address: SocketAddr) -> bool {
    timeout(Duration::from_secs(1), TcpStream::connect(address))
        .await
        .is_ok_and(|connected| connected.is_ok())
}
