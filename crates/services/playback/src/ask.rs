//! Asking another service, in whose answer a viewer's request waits.

use std::time::Duration;

use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::client::CallError;
use tokio::time::timeout;

/// Rights answers out of memory and accounts out of an index: one that takes longer is in trouble.
const ANSWER: Duration = Duration::from_secs(2);

/// The answer, if it comes in time.
///
/// # Errors
/// `Kind::Unavailable` with this message, whatever went wrong.
pub(crate) async fn in_time<T>(
    answer: impl Future<Output = std::result::Result<T, CallError>>,
    otherwise: &'static str,
) -> Result<T> {
    let unavailable = || Error::new(Kind::Unavailable, otherwise);
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| unavailable().with_source(error)),
        Err(late) => Err(unavailable().with_source(late)),
    }
}
