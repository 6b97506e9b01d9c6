//! A request as handlers see it.

use std::{net::SocketAddr, str::FromStr};

use bytes::{Bytes, BytesMut};
use funkturm_base::{Error, Kind};
use futures_util::StreamExt;
use http::{HeaderMap, Method, Uri, header};
use serde::de::DeserializeOwned;

use super::{Pieces, routes::Params};

/// A request.
pub struct Request {
    /// GET, POST, …; a HEAD arrives as GET, its body is left out on the way.
    pub method: Method,
    /// The URI as it was sent.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// Who sent it; the proxy, where there is one in front.
    pub peer: Option<SocketAddr>,
    pub(crate) params: Params,
    pub(crate) body: Option<Pieces>,
}

impl Request {
    /// A request without a body, for tests and for calling a route table directly.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: HeaderMap::new(), peer: None, params: Params::default(), body: None }
    }

    /// The path as it was sent, still percent-encoded.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The text of a path parameter, percent-decoded.
    ///
    /// # Errors
    /// The route has no such parameter, or it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<std::borrow::Cow<'_, str>, Error> {
        let raw = self.params.get(name, self.path()).unwrap_or_default();
        percent_encoding::percent_decode_str(raw)
            .decode_utf8()
            .map_err(|_| Error::new(Kind::Invalid, format!("{name} in the path is not UTF-8")))
    }

    /// A path parameter.
    ///
    /// # Errors
    /// It is not what it should be.
    pub fn param<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, Error> {
        self.text(name)?
            .parse()
            .map_err(|error| Error::new(Kind::Invalid, format!("{name} in the path: {error}")))
    }

    /// The query as a structure.
    ///
    /// # Errors
    /// A parameter is unknown, missing or of the wrong type.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let pairs =
            self.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let value = value.replace('+', " ");
                let value = percent_encoding::percent_decode_str(&value).decode_utf8_lossy().into_owned();
                let json = match value.as_str() {
                    "true" => serde_json::Value::Bool(true),
                    "false" => serde_json::Value::Bool(false),
                    _ => {
                        value.parse::<i64>().map_or(serde_json::Value::String(value), serde_json::Value::from)
                    }
                };
                (name.to_owned(), json)
            });
        serde_json::from_value(serde_json::Value::Object(pairs.collect()))
            .map_err(|error| Error::new(Kind::Invalid, format!("in the query: {error}")))
    }

    /// A header as text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, at most `limit` bytes of it.
    ///
    /// # Errors
    /// It is longer, or the connection broke.
    pub async fn bytes(&mut self, limit: usize) -> Result<Bytes, Error> {
        let too_large = || {
            Error::new(Kind::TooLarge, format!("the body is too large: at most {limit} bytes are taken here"))
        };
        let announced = self.header(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let Some(mut pieces) = self.body.take() else { return Ok(Bytes::new()) };
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0));
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| {
                Error::new(Kind::Invalid, "the body did not arrive whole").with_source(error)
            })?;
            if body.len() + piece.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The body as JSON, at most `limit` bytes of it.
    ///
    /// # Errors
    /// It is longer, or is not what it should be.
    pub async fn json<T: DeserializeOwned>(&mut self, limit: usize) -> Result<T, Error> {
        let body = self.bytes(limit).await?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::new(Kind::Invalid, format!("the body is not what it should be: {error}")))
    }
}
