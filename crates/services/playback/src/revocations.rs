//! The list of revoked sessions, as origins fetch it: a Redis stream, whose entries are named by the time they were made.

use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::playback::{Revocations, Revoked};
use redis::streams::StreamRangeReply;

use crate::household::Households;

/// Entries in one answer.
const MOST: usize = 10_000;

/// What was revoked after a place: from the beginning where that is empty.
pub(crate) async fn after(households: &Households, place: &str) -> Result<Revocations> {
    let is_number =
        |text: &str| !text.is_empty() && text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = place.split_once('-').is_some_and(|(time, count)| is_number(time) && is_number(count));
    if !place.is_empty() && !is_id {
        return Err(Error::new(Kind::Invalid, "after is a place that an answer named before, or empty"));
    }
    let start = if place.is_empty() { "-".to_owned() } else { format!("({place}") };
    let mut command = redis::cmd("XRANGE");
    command.arg(households.list_key()).arg(start).arg("+").arg("COUNT").arg(MOST);
    let found: StreamRangeReply = households.run(&command).await?;
    let now = u64::try_from(households.now().timestamp()).unwrap_or(0);
    let revoked = |entry: &redis::streams::StreamId| {
        let session = entry.get::<String>("session")?.parse().ok()?;
        Some(Revoked { session, until: entry.get("until")? })
    };
    let sessions = found.ids.iter().filter_map(revoked);
    Ok(Revocations {
        place: found.ids.last().map_or_else(|| place.to_owned(), |last| last.id.clone()),
        more: found.ids.len() == MOST,
        sessions: sessions.filter(|revoked| revoked.until + 10 > now).collect(),
    })
}
