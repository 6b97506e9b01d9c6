//! The accept loop: bounded in connections and time, drained when the process stops.

use std::{
    convert::Infallible,
    future::ready,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt, future::Either};
use http::StatusCode;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use slog::{Logger, debug, info, warn};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{interval, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;
use warp::{Filter, Reply as _};

use super::{Payload, Reply, Request, Routes, Tls, guard::Guard, reply, tls::Certificate};
use crate::{Context, Stop};

/// How a listener behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// How old a connection may become before it is ended between two requests, so that a balancer in front
    /// can spread them anew; for ever where there is none.
    pub max_connection_age: Option<Duration>,
    /// Longest time for a request's head, for idling between two requests, and for a TLS handshake.
    pub head_timeout: Duration,
    /// How long open requests may take once the process stops.
    pub drain: Duration,
    /// Encrypted, or in the clear behind a proxy.
    pub tls: Option<Tls>,
    /// How often a renewed certificate is looked for.
    pub tls_check: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            max_connection_age: None,
            // Longer than players wait between two playlists: the usual one takes three to ten seconds.
            head_timeout: Duration::from_secs(20),
            drain: Duration::from_secs(5),
            tls: None,
            tls_check: Duration::from_secs(60),
        }
    }
}

/// The routes that every public listener has: is the process alive, can it serve.
pub fn health_routes(context: &Context) -> Routes {
    let context = context.clone();
    let text = |text: &'static str| reply::bytes("text/plain; charset=utf-8", text.into());
    Routes::new()
        .get_now("/healthz", move |_| Ok(text("alive\n")))
        .get_now("/readyz", move |_| context.check_ready().map(|()| text("ready\n")))
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
    let certificate = options.tls.as_ref().map(Certificate::open).transpose()?;
    let mut renewal = interval(options.tls_check);
    let room = Arc::new(Room::new(&routes, &options, certificate.as_ref(), context)?);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < options.max_connections => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(Arc::clone(&room).welcome(stream, peer));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: those in use will be free again.
                    warn!(context.log, "a connection cannot be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = renewal.tick(), if certificate.is_some() => renew(certificate.clone(), &context.log),
            () = context.stop.wait() => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout_at(context.stop.deadline(options.drain), all).await.is_err() {
        debug!(context.log, "connections that are still open are closed"; "count" => connections.len());
        connections.shutdown().await;
    }
    Ok(())
}

fn renew(certificate: Option<Arc<Certificate>>, log: &Logger) {
    let (Some(certificate), log) = (certificate, log.clone()) else { return };
    tokio::task::spawn_blocking(move || match certificate.renew() {
        Ok(true) => info!(log, "the renewed certificate is in use"),
        Ok(false) => {}
        Err(error) => warn!(log, "the renewed certificate cannot be used: {error:#}"),
    });
}

/// A peer that takes nothing, or does not acknowledge it, for so long is gone: what it was to get is let go
/// of.
const GONE: Duration = Duration::from_secs(120);

/// What all connections of a listener share.
struct Room {
    guard: Arc<Guard>,
    builder: auto::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    handshake: Duration,
    age: Option<Duration>,
    stop: Stop,
    log: Logger,
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Room {
    fn new(
        routes: &Routes,
        options: &Options,
        certificate: Option<&Arc<Certificate>>,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(options.head_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(options.head_timeout)
            .max_concurrent_streams(200);
        Ok(Self {
            guard: Guard::new(routes, context),
            builder,
            tls: certificate.map(Certificate::acceptor).transpose()?,
            handshake: options.head_timeout,
            age: options.max_connection_age,
            stop: context.stop.clone(),
            log: context.log.clone(),
        })
    }

    /// Serves a connection to its end.
    async fn welcome(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Both only make things better: a connection without them is served as well.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(GONE));
        let ended = match &self.tls {
            None => self.converse(stream, peer).await,
            Some(acceptor) => match timeout(self.handshake, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => self.converse(stream, peer).await,
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Err("the TLS handshake took too long".into()),
            },
        };
        if let Err(error) = ended {
            debug!(self.log, "connection ended: {error}"; "peer" => %peer);
        }
    }

    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
    ) -> Ended {
        let warp = |handed| warp::service(filter(handed));
        let hall = Hall { warp, guard: Arc::clone(&self.guard), peer };
        let connection = self.builder.serve_connection(TokioIo::new(stream), hall);
        let mut connection = pin!(connection);
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = self.time_to_part() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }

    /// Returns when a connection should take no more requests.
    async fn time_to_part(&self) {
        match self.age {
            None => self.stop.wait().await,
            // Not all at once: those that came together part within a tenth of their age.
            Some(age) => {
                let age = age.mul_f64(1.0 - rand::random::<f64>() / 10.0);
                let _ = timeout(age, self.stop.wait()).await;
            }
        }
    }
}

/// A request on its way through warp. Warp lends filters what is in a request; this is how ours gets it for
/// good, without copying every header, and with what warp does not hand on: the URI as it was sent, and who
/// sent it.
#[derive(Clone)]
struct Handed(Arc<Mutex<Option<Errand>>>);

/// Who is to answer what.
type Errand = (Arc<Guard>, Request);

impl Handed {
    fn take(&self) -> Option<Errand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The warp services on one connection: one a request, which costs nothing, and has its request with it.
struct Hall<W> {
    warp: W,
    guard: Arc<Guard>,
    peer: SocketAddr,
}

impl<W, S> hyper::service::Service<http::Request<Incoming>> for Hall<W>
where
    W: Fn(Handed) -> S,
    S: tower_service::Service<http::Request<Empty<Bytes>>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: http::Request<Incoming>) -> S::Future {
        let (head, body) = request.into_parts();
        let mut request = Request::new(head.method, head.uri);
        request.headers = head.headers;
        request.peer = Some(self.peer);
        if !body.is_end_stream() {
            request.body = Some(Box::pin(body.into_data_stream().map_err(std::io::Error::other)));
        }
        let handed = Handed(Arc::new(Mutex::new(Some((Arc::clone(&self.guard), request)))));
        (self.warp)(handed).call(http::Request::new(Empty::new()))
    }
}

/// The whole table as one warp filter: routing is ours, so that 405 and Allow, decoding and metrics come from
/// one place.
fn filter(handed: Handed) -> impl Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone {
    warp::any().then(move || {
        let answer = match handed.take() {
            Some((guard, request)) => guard.answer(request),
            // Only one filter takes it, and only once.
            None => Either::Left(ready(reply::problem_of(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the request was lost",
            ))),
        };
        answer.map(response)
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
