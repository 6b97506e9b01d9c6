//! Refusals that an app can act on: problems (RFC 9457) whose `type` says what is in the way.

use funkturm_contracts::{
    playback::{NotAllowed, TooManyStreams},
    rights::{Decision, Limits, Refusal},
};
use funkturm_service::{Reply, reply};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::household::Record;

/// What is in the way, as `type` says it.
pub(crate) fn reason(decision: &Decision) -> &'static str {
    // One who does not say: what can be bought is not in the package.
    let otherwise = if decision.packages.is_empty() { Refusal::Licence } else { Refusal::NotInPackage };
    match decision.refusal.unwrap_or(otherwise) {
        Refusal::NotInPackage => "not_in_package",
        Refusal::Age => "age",
        Refusal::Abroad => "abroad",
        Refusal::Licence => "licence",
    }
}

/// 403: this household may not play this now. Which row decided is for operators, not for it.
pub(crate) fn not_allowed(decision: Decision) -> Reply {
    let reason = reason(&decision);
    let detail = match reason {
        "not_in_package" => "this channel is in none of your packages",
        "age" => "this is not for children at this time",
        "abroad" => "this cannot be watched from abroad",
        _ => "this channel cannot be watched this way at the moment",
    };
    problem(&NotAllowed {
        kind: reason.to_owned(),
        title: "Not allowed".to_owned(),
        status: StatusCode::FORBIDDEN.as_u16(),
        detail: detail.to_owned(),
        packages: decision.packages,
    })
}

/// 403: as many streams run as may, and these are they.
pub(crate) fn too_many(limits: &Limits, of_group: bool, sessions: &[Record]) -> Reply {
    let group = limits.group.as_ref().filter(|_| of_group);
    let limit = group.map_or(limits.streams, |group| group.streams);
    let detail = match group {
        Some(group) => format!("{limit} at once is what {} allows", group.group),
        None => format!("{limit} at once is what your packages allow"),
    };
    let of_limit = |record: &&Record| group.is_none_or(|group| record.group.as_ref() == Some(&group.group));
    problem(&TooManyStreams {
        kind: "too_many_streams".to_owned(),
        title: "Too many streams".to_owned(),
        status: StatusCode::FORBIDDEN.as_u16(),
        detail: format!("{detail}: end one of them, or take its place"),
        limit,
        group: group.map(|group| group.group.clone()),
        sessions: sessions.iter().filter(of_limit).map(Record::running).collect(),
    })
}

fn problem(body: &impl Serialize) -> Reply {
    let mut reply = reply::json(StatusCode::FORBIDDEN, body);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
