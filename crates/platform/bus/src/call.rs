//! Sending a command: the second attempt, the measuring, the meaning of errors.

use std::time::Instant;

use funkturm_base::{Error, Kind, Result};
use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation, ServerErrorKind,
    Value, aio::ConnectionManager,
};
use slog::debug;

use crate::Bus;

/// What can be sent.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    Script(&'a ScriptInvocation<'a>),
}

impl Call<'_> {
    pub(crate) async fn send(self, mut connection: ConnectionManager) -> RedisResult<Value> {
        match self {
            Self::Command(command) => command.query_async(&mut connection).await,
            Self::Pipeline(pipeline) => pipeline.query_async(&mut connection).await,
            Self::Script(script) => script.invoke_async(&mut connection).await,
        }
    }
}

impl Bus {
    pub(crate) async fn call<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T> {
        let bus = &self.0;
        let began = Instant::now();
        let mut answer = call.send(bus.connection.clone()).await;
        if let Err(lost) = &answer
            && connection_was_lost(lost)
        {
            debug!(bus.log, "the connection to Redis was lost: sending the command again"; "error" => %lost);
            bus.metrics.repeated.inc();
            answer = call.send(bus.connection.clone()).await;
        }
        bus.metrics.observe(answer.is_ok(), began.elapsed());
        understand(answer)
    }
}

/// The answer as what the caller wants, or an error that says what can be done.
pub(crate) fn understand<T: FromRedisValue>(answer: RedisResult<Value>) -> Result<T> {
    let value = answer.map_err(explain)?;
    T::from_redis_value(value)
        .map_err(|error| Error::internal("Redis answered something else than expected", error))
}

/// A command that timed out is not sent again: the caller has waited for long enough.
fn connection_was_lost(error: &RedisError) -> bool {
    error.is_io_error() && !error.is_timeout()
}

/// The code that Redis refused with (`NOGROUP`, `BUSYGROUP`, …), if it did.
pub(crate) fn refusal(error: &Error) -> Option<&str> {
    std::error::Error::source(error)?.downcast_ref::<RedisError>()?.code()
}

fn explain(error: RedisError) -> Error {
    let kind = match error.kind() {
        ErrorKind::Io
        | ErrorKind::AuthenticationFailed
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::MasterDown
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown,
        ) => Kind::Unavailable,
        _ => Kind::Internal,
    };
    let message = if kind == Kind::Unavailable { "Redis cannot be had" } else { "Redis refused a command" };
    Error::new(kind, message).with_source(error)
}
