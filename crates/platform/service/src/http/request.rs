//! A request as handlers see it.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use bytes::{Bytes, BytesMut};
use funkturm_base::{Error, Kind};
use futures_util::StreamExt;
use http::{HeaderMap, Method, Uri, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{Pieces, routes::Params};

/// Longest silence within a body.
const PATIENCE: Duration = Duration::from_secs(30);

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
    pub(crate) head: bool,
    pub(crate) params: Params,
    pub(crate) body: Option<Pieces>,
}

impl Request {
    /// A request without a body, for tests and for calling a route table directly.
    pub fn new(method: Method, uri: Uri) -> Self {
        let (headers, params) = (HeaderMap::new(), Params::default());
        Self { method, uri, headers, peer: None, head: false, params, body: None }
    }

    /// Whether it was a HEAD: for what would change something, which a HEAD must not (RFC 9110 9.2.1).
    pub fn is_head(&self) -> bool {
        self.head
    }

    /// The path as it was sent, still percent-encoded.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The text of a path parameter, percent-decoded.
    ///
    /// # Errors
    /// It is not UTF-8, or the route has no such parameter.
    pub fn text(&self, name: &str) -> Result<std::borrow::Cow<'_, str>, Error> {
        let raw = self.params.get(name, self.path()).ok_or_else(|| {
            Error::new(Kind::Internal, format!("the route of {} has no {name}", self.path()))
        })?;
        if !raw.contains('%') {
            return Ok(raw.into());
        }
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
        let query = self.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(query)
            .map_err(|error| Error::new(Kind::Invalid, format!("in the query {query:?}: {error}")))
    }

    /// A header as text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, at most `limit` bytes of it.
    ///
    /// # Errors
    /// It is longer, or did not arrive in time or whole.
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
        while let Some(piece) = next(&mut pieces).await? {
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

/// The next piece of a body, which must not be waited for as long as a client likes.
async fn next(pieces: &mut Pieces) -> Result<Option<Bytes>, Error> {
    let invalid = |message: &str| Error::new(Kind::Invalid, message);
    match timeout(PATIENCE, pieces.next()).await {
        Ok(piece) => {
            piece.transpose().map_err(|error| invalid("the body did not arrive whole").with_source(error))
        }
        Err(_) => Err(invalid("the body did not arrive in time")),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        q: String,
        from: Option<i64>,
        #[serde(default)]
        dry_run: bool,
    }

    fn query(text: &str) -> Result<Query, Error> {
        Request::new(Method::GET, format!("/search?{text}").parse().unwrap()).query()
    }

    #[test]
    fn queries_are_read_by_type_and_not_by_looks() {
        let read = query("q=1984&from=-7&dry_run=true").unwrap();
        assert_eq!(read, Query { q: "1984".into(), from: Some(-7), dry_run: true });
        let read = query("q=das+erste%20%26%20mehr").unwrap();
        assert_eq!(read, Query { q: "das erste & mehr".into(), from: None, dry_run: false });
        for (text, said) in [("", "`q`"), ("q=a&form=7", "`form`"), ("q=a&from=x", "invalid digit")] {
            let error = query(text).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(error.message().contains(said), "{}", error.message());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up() {
        let mut request = Request::new(Method::POST, "/x".parse().unwrap());
        request.body = Some(Box::pin(futures_util::stream::pending()));
        assert_eq!(request.bytes(10).await.unwrap_err().kind(), Kind::Invalid);
    }
}
