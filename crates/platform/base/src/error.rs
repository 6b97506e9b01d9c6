//! One error for service code: what kind it is, what was being done, what was underneath.

use std::{fmt, time::Duration};

/// What the caller can do about an error; each kind maps to one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request itself is wrong (400).
    Invalid,
    /// Nobody is logged in, or the token is no good (401).
    Unauthenticated,
    /// Known, but may not do this (403).
    Denied,
    /// There is no such thing (404).
    NotFound,
    /// It clashes with what is there (409).
    Conflict,
    /// The body is larger than this door takes (413).
    TooLarge,
    /// Too many requests (429).
    TooMany,
    /// A store or another service does not answer: try again (503).
    Unavailable,
    /// Our fault (500). The message is logged, not sent.
    Internal,
}

/// An error with its kind, a message for the reader and the error underneath.
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    retry_after: Option<Duration>,
}

/// What service code returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind`; `message` is lowercase, without a full stop, and says what to do where it can.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, retry_after: None }
    }

    /// The same error with what was underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, and when it is worth another try: `Retry-After`, RFC 9110 10.2.3.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }

    /// When it is worth another try, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// An internal error around `source`.
    pub fn internal(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(Kind::Internal, message).with_source(source)
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message without the sources.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The message and every source below it, separated by `: `, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.chain())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
