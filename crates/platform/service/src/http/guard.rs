//! What happens to every request around its handler: routing, who may come in, problems, compression, CORS,
//! log, metrics.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use funkturm_base::{Error, Kind};
use futures_util::FutureExt;
use http::{HeaderValue, Method, StatusCode, header};

use super::{
    Payload, Reply, Request, Routes,
    access::Access,
    cors,
    door::Keys,
    meters::Meter,
    reply::{accepts_gzip, compress, compressible, problem, problem_of},
    routes::{Endpoint, Leaf, Table},
};
use crate::{Context, log::said};

/// Routes with everything around them.
pub(crate) struct Guard {
    table: Table,
    keys: Keys,
    lost: Meter,
    context: Context,
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
    pub(crate) async fn answer(&self, mut request: Request) -> Reply {
        let started = Instant::now();
        let (method, uri, peer) = (request.method.clone(), request.uri.clone(), request.peer);
        let gzip = accepts_gzip(&request.headers);
        if method == Method::HEAD {
            request.method = Method::GET;
        }
        let (route, meter, answer) = match self.table.find(uri.path()) {
            None => {
                (None, &self.lost, Ok(problem_of(StatusCode::NOT_FOUND, "there is nothing at this path")))
            }
            Some((leaf, params)) => match leaf.endpoint(&request.method) {
                None => (None, &self.lost, Ok(other_method(leaf, &request.method))),
                Some(endpoint) => {
                    request.params = params.of(endpoint);
                    (Some(endpoint.pattern), &endpoint.meter, self.enter(endpoint, request).await)
                }
            },
        };
        let (mut reply, error) = match answer {
            Ok(reply) => (reply, None),
            Err(error) => (problem(&error), Some(error)),
        };
        if let Some(body) = compressible(&reply) {
            compress(gzip, &mut reply, body).await;
        }
        if cors::open_to_all_sites(uri.path()) {
            cors::allow_all_sites(reply.headers_mut());
        }
        if method == Method::HEAD {
            leave_out_body(&mut reply);
        }
        let (status, time) = (reply.status(), started.elapsed());
        meter.count(status, time);
        Access { method: &method, uri: &uri, route, peer, status, time, error: error.as_ref() }
            .log(&self.context.log);
        reply
    }

    async fn enter(&self, endpoint: &Endpoint, request: Request) -> Result<Reply, Error> {
        if let Err(refused) = self.keys.admit(endpoint.door, &request.headers) {
            return Ok(*refused);
        }
        // The call is within as well: a handler may do its work before it gives its future.
        let answer = async { (endpoint.handler)(request).await };
        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| {
            Err(Error::new(Kind::Internal, format!("the handler panicked: {}", said(&*panic))))
        })
    }
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
