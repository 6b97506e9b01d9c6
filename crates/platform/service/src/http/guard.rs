//! What happens to every request around its handler: routing, who may come in, problems, compression, CORS,
//! log, metrics.

use std::{
    any::Any,
    future::{Ready, ready},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use funkturm_base::{Error, Kind};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Either},
};
use http::{HeaderValue, Method, StatusCode, Uri, header};

use super::{
    Payload, Reply, Request, Routes,
    access::Access,
    cors,
    door::Keys,
    meters::Meter,
    reply::{accepts_gzip, compress, compressible, problem, problem_of},
    routes::{Endpoint, Handler, Leaf, Table},
};
use crate::{Context, log::said};

/// Routes with everything around them.
pub(crate) struct Guard {
    table: Table,
    keys: Keys,
    lost: Meter,
    context: Context,
}

/// A reply that is there, or on its way.
pub(crate) type Answer = Either<Ready<Reply>, BoxFuture<'static, Reply>>;

/// What is said about a request once it has been answered.
struct Asked {
    method: Method,
    uri: Uri,
    peer: Option<SocketAddr>,
    started: Instant,
    endpoint: Option<Arc<Endpoint>>,
}

impl Guard {
    pub(crate) fn new(routes: &Routes, context: &Context) -> Arc<Self> {
        let meters = context.meters();
        Arc::new(Self {
            table: routes.table(meters),
            keys: Keys::new(&context.tokens),
            lost: meters.of_none(),
            context: context.clone(),
        })
    }

    /// Answers a request.
    pub(crate) fn answer(self: &Arc<Self>, mut request: Request) -> Answer {
        let mut asked = Asked {
            method: request.method.clone(),
            uri: request.uri.clone(),
            peer: request.peer,
            started: Instant::now(),
            endpoint: None,
        };
        if request.method == Method::HEAD {
            request.method = Method::GET;
            request.head = true;
        }
        let found = self.find(&mut request).and_then(|found| {
            let endpoint = asked.endpoint.insert(found);
            self.keys.admit(endpoint.door, &request.headers).map(|()| Arc::clone(endpoint))
        });
        let endpoint = match found {
            Ok(endpoint) => endpoint,
            Err(refused) => return Either::Left(ready(self.leave(&asked, Ok(*refused)))),
        };
        match &endpoint.handler {
            Handler::Now(handler) => {
                let answer = catch_unwind(AssertUnwindSafe(|| handler(&request)))
                    .unwrap_or_else(|panic| panicked(&*panic));
                if answer.as_ref().is_ok_and(|reply| compressible(reply).is_some()) {
                    return self.later(asked, accepts_gzip(&request.headers), ready(answer));
                }
                Either::Left(ready(self.leave(&asked, answer)))
            }
            Handler::Later(handler) => {
                let (handler, gzip) = (Arc::clone(handler), accepts_gzip(&request.headers));
                // The call is within as well: a handler may do its work before it gives its future.
                let answer = AssertUnwindSafe(async move { handler(request).await }).catch_unwind();
                self.later(asked, gzip, answer.map(|answer| answer.unwrap_or_else(|panic| panicked(&*panic))))
            }
        }
    }

    /// The endpoint that a request leads to, or what is said where there is none.
    fn find(&self, request: &mut Request) -> Result<Arc<Endpoint>, Box<Reply>> {
        let Some((leaf, params)) = self.table.find(request.uri.path()) else {
            return Err(Box::new(problem_of(StatusCode::NOT_FOUND, "there is nothing at this path")));
        };
        let Some(endpoint) = leaf.endpoint(&request.method) else {
            return Err(Box::new(other_method(leaf, &request.method)));
        };
        request.params = params.of(endpoint);
        Ok(Arc::clone(endpoint))
    }

    fn later(
        self: &Arc<Self>,
        asked: Asked,
        gzip: bool,
        answer: impl Future<Output = Result<Reply, Error>> + Send + 'static,
    ) -> Answer {
        let guard = Arc::clone(self);
        Either::Right(Box::pin(async move {
            let mut answer = answer.await;
            if let Ok(reply) = &mut answer
                && let Some(body) = compressible(reply)
            {
                compress(gzip, reply, body).await;
            }
            guard.leave(&asked, answer)
        }))
    }

    /// What every reply gets on its way out, and what is noted about it.
    fn leave(&self, asked: &Asked, answer: Result<Reply, Error>) -> Reply {
        let (mut reply, error) = match answer {
            Ok(reply) => (reply, None),
            Err(error) => (problem(&error), Some(error)),
        };
        if cors::open_to_all_sites(asked.uri.path()) {
            cors::allow_all_sites(reply.headers_mut());
        }
        if asked.method == Method::HEAD {
            leave_out_body(&mut reply);
        }
        let (status, time) = (reply.status(), asked.started.elapsed());
        let endpoint = asked.endpoint.as_deref();
        endpoint.map_or(&self.lost, |endpoint| &endpoint.meter).count(status, time);
        Access {
            method: &asked.method,
            uri: &asked.uri,
            route: endpoint.map(|endpoint| endpoint.pattern),
            peer: asked.peer,
            status,
            time,
            error: error.as_ref(),
        }
        .log(&self.context.log);
        reply
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Result<Reply, Error> {
    Err(Error::new(Kind::Internal, format!("the handler panicked: {}", said(panic))))
}

/// A method for which there is no handler: OPTIONS, or a wrong one.
fn other_method(leaf: &Leaf, method: &Method) -> Reply {
    let allow = HeaderValue::try_from(leaf.allow()).unwrap_or_else(|_| HeaderValue::from_static("GET"));
    let mut reply = if method == Method::OPTIONS {
        let mut reply = super::reply::no_content();
        cors::preflight(reply.headers_mut(), &allow);
        reply
    } else {
        problem_of(StatusCode::METHOD_NOT_ALLOWED, &format!("{method} is not possible here"))
    };
    reply.headers_mut().insert(header::ALLOW, allow);
    reply
}

fn leave_out_body(reply: &mut Reply) {
    if let Payload::Bytes(body) = reply.body() {
        let length = HeaderValue::from(body.len());
        reply.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    *reply.body_mut() = Payload::Empty;
}
