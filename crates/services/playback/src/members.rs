//! Playing with an account: who asks, whether it may, how many streams run, and the token that says so.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use funkturm_base::{ChannelId, Error, HouseholdId, Kind, Result};
use funkturm_contracts::{
    playback::{Playback, PlaybackRequest},
    rights::{Action, Decision, Question},
};
use funkturm_service::{
    Reply, Request,
    identity::{Caller, Identity},
    reply,
};
use funkturm_token::{Claims, Keys};
use http::StatusCode;
use uuid::Uuid;

use crate::{
    api::{App, LARGEST_JSON},
    config::WithoutRedis,
    household::{Instead, Opened, Record},
    refusal,
    rights::Rights,
};

/// The shortest that a token lives, seconds: less is of no use to a player.
const SHORTEST_TOKEN: u64 = 10;
/// The most frequent heartbeats, seconds.
const FASTEST_HEARTBEAT: u64 = 5;

/// What a house with households has.
pub(crate) struct Members {
    pub(crate) identity: Identity,
    pub(crate) rights: Arc<Rights>,
    pub(crate) keys: Arc<ArcSwap<Keys>>,
}

/// What rights is asked about watching live.
///
/// Here is the place for what is asked later: that a PIN was checked a moment ago (accounts will say so in a token of its own), and
/// that the request comes from abroad (the edge will say so in a header).
fn question(household: HouseholdId, child: bool, channel: &ChannelId) -> Question {
    Question {
        household,
        child,
        channel: channel.clone(),
        action: Action::Live,
        abroad: false,
        pin_checked: false,
    }
}

/// The question that a running session was allowed by.
pub(crate) fn question_of(record: &Record) -> Question {
    question(record.household, record.child, &record.channel)
}

/// `POST /api/v1/playback`
pub(crate) async fn open(app: &App, members: &Members, mut request: Request) -> Result<Reply> {
    let caller = members.identity.caller(&request.headers)?;
    let PlaybackRequest { channel, takeover } = request.json(LARGEST_JSON).await?;
    app.known.expect(&channel).await?;
    let instead = takeover.map_or(Instead::Nothing, Instead::Session);
    Ok(match start(app, members, &caller, channel, instead).await? {
        Started::Plays(record) => reply::json(StatusCode::CREATED, &playback(app, members, &record)),
        Started::Refused(reply) => *reply,
    })
}

/// What became of a wish to play.
pub(crate) enum Started {
    Plays(Record),
    Refused(Box<Reply>),
}

/// Opens a session for a channel that is there, if rights and the limits allow it.
pub(crate) async fn start(
    app: &App,
    members: &Members,
    caller: &Caller,
    channel: ChannelId,
    instead: Instead,
) -> Result<Started> {
    let decision = match allowed(app, members, caller, &channel).await? {
        Ok(decision) => decision,
        Err(reply) => return Ok(Started::Refused(reply)),
    };
    let record = begin(app, caller, channel, &decision);
    match app.households.open(&record, &decision.limits, instead).await {
        Ok(Opened::Yes) => {}
        Ok(Opened::TooMany { of_group, sessions }) => {
            let reply = || refusal::too_many(&decision.limits, of_group, &sessions);
            return Ok(Started::Refused(Box::new(app.refuse("too_many_streams", reply))));
        }
        Err(error) => {
            if decision.limits.group.is_some()
                && app.config.without_redis_in_groups == WithoutRedis::FailClosed
            {
                return Err(error);
            }
            app.go_on_without_redis(error)?;
        }
    }
    app.opened.inc();
    Ok(Started::Plays(record))
}

/// What rights says about a channel, or the reply that it is not allowed.
async fn allowed(
    app: &App,
    members: &Members,
    caller: &Caller,
    channel: &ChannelId,
) -> Result<std::result::Result<Decision, Box<Reply>>> {
    let decision = members.rights.decide(&question(caller.household, caller.child, channel)).await?;
    if decision.allowed {
        return Ok(Ok(decision));
    }
    Ok(Err(Box::new(app.refuse(refusal::reason(&decision), || refusal::not_allowed(decision)))))
}

/// A session that cannot be looked up goes on all the same, if rights allows what it plays.
pub(crate) async fn go_on_uncounted(
    app: &App,
    members: &Members,
    caller: &Caller,
    session: Uuid,
    channel: &ChannelId,
) -> Result<Started> {
    let decision = match allowed(app, members, caller, channel).await? {
        Ok(decision) => decision,
        Err(reply) => return Ok(Started::Refused(reply)),
    };
    if decision.limits.group.is_some() && app.config.without_redis_in_groups == WithoutRedis::FailClosed {
        return Err(Error::new(
            Kind::Unavailable,
            "who watches this cannot be counted at the moment: try again",
        ));
    }
    Ok(Started::Plays(Record { session, ..begin(app, caller, channel.clone(), &decision) }))
}

/// `POST /api/v1/playback/{session}`
pub(crate) async fn renew(app: &App, members: &Members, request: &Request) -> Result<Reply> {
    let caller = members.identity.caller(&request.headers)?;
    Ok(match go_on(app, members, &caller, request.param("session")?).await? {
        Beat::GoesOn(record) => reply::json(StatusCode::OK, &playback(app, members, &record)),
        Beat::Refused(reply) => *reply,
        Beat::Over => return Err(Error::new(Kind::NotFound, "this session is over: open another one")),
        Beat::Uncounted => reply::no_content(),
    })
}

/// What became of a session that says that it goes on.
pub(crate) enum Beat {
    /// It does, perhaps with a newer token.
    GoesOn(Record),
    /// Rights does not allow it any more: it has ended.
    Refused(Box<Reply>),
    /// It has ended before, or there never was one.
    Over,
    /// Nobody can say, and the configuration wants it to go on.
    Uncounted,
}

/// Notes that a session goes on, and asks rights anew once half of its token's life is over.
pub(crate) async fn go_on(app: &App, members: &Members, caller: &Caller, session: Uuid) -> Result<Beat> {
    let household = caller.household;
    let mut record = match app.households.touch(household, session).await {
        // Who else reads its id in the household's list, and be it a child, gets no token for what it may watch.
        Ok(Some(record)) if record.goes_on_for(caller) => record,
        Ok(_) => return Ok(Beat::Over),
        Err(error) => return app.go_on_without_redis(error).map(|()| Beat::Uncounted),
    };
    let now = seconds(app.households.now());
    if now.saturating_sub(record.token_from) * 2 >= record.token_until.saturating_sub(record.token_from) {
        let decision = members.rights.decide(&question_of(&record)).await?;
        if !decision.allowed {
            app.households.finish(household, session).await?;
            let reply = app.refuse(refusal::reason(&decision), || refusal::not_allowed(decision));
            return Ok(Beat::Refused(Box::new(reply)));
        }
        record = renewed(app, record, &decision);
        if !app.households.replace(&record).await? {
            return Ok(Beat::Over);
        }
    }
    Ok(Beat::GoesOn(record))
}

/// `DELETE /api/v1/playback/{session}`
pub(crate) async fn close(app: &App, members: &Members, request: &Request) -> Result<Reply> {
    let caller = members.identity.caller(&request.headers)?;
    finish(app, &caller, request).await
}

async fn finish(app: &App, caller: &Caller, request: &Request) -> Result<Reply> {
    if app.households.finish(caller.household, request.param("session")?).await? {
        return Ok(reply::no_content());
    }
    Err(Error::new(Kind::NotFound, "no such session runs in this household"))
}

/// `GET /api/v1/me/sessions`
pub(crate) async fn list(app: &App, members: &Members, request: &Request) -> Result<Reply> {
    let caller = members.identity.caller(&request.headers)?;
    let sessions = app.households.list(caller.household).await?;
    Ok(reply::json(StatusCode::OK, &sessions.iter().map(Record::running).collect::<Vec<_>>()))
}

/// `DELETE /api/v1/me/sessions/{session}`
pub(crate) async fn end(app: &App, members: &Members, request: &Request) -> Result<Reply> {
    let caller = members.identity.caller(&request.headers)?;
    finish(app, &caller, request).await
}

fn begin(app: &App, caller: &Caller, channel: ChannelId, decision: &Decision) -> Record {
    let now = app.households.now();
    let record = Record {
        session: Uuid::new_v4(),
        household: caller.household,
        profile: caller.profile,
        child: caller.child,
        device: caller.device,
        channel,
        group: None,
        started_at: now,
        end: app.households.end(),
        token_from: 0,
        token_until: 0,
        tokens_end: 0,
        hd: false,
    };
    renewed(app, record, decision)
}

/// The session with a token from now on, as the decision allows.
fn renewed(app: &App, record: Record, decision: &Decision) -> Record {
    let now = seconds(app.households.now());
    let mut until = now + u64::from(app.config.token_seconds);
    if let Some(known) = decision.until {
        until = until.min(seconds(known)).max(now + SHORTEST_TOKEN);
    }
    let group = decision.limits.group.as_ref().map(|group| group.group.clone());
    let tokens_end = record.tokens_end.max(until);
    Record { token_from: now, token_until: until, tokens_end, hd: decision.hd, group, ..record }
}

/// The token of a session; the same one until it is renewed.
pub(crate) fn token(members: &Members, record: &Record) -> String {
    let life = record.token_until.saturating_sub(record.token_from);
    let claims = Claims {
        hd: record.hd,
        ..Claims::for_channel(record.session, &record.channel, record.token_from, life)
    };
    members.keys.load().sign(&claims)
}

fn playback(app: &App, members: &Members, record: &Record) -> Playback {
    let life = record.token_until.saturating_sub(record.token_from);
    let token = token(members, record);
    // Two of them in the second half of a token's life, whatever became of one.
    let heartbeat = u64::from(app.config.heartbeat_seconds).min((life / 4).max(FASTEST_HEARTBEAT));
    Playback {
        session: record.session,
        url: format!("{}/hls/{token}/{}/master.m3u8", app.config.media_base, record.channel),
        url_expires_at: i64::try_from(record.token_until)
            .ok()
            .and_then(|until| DateTime::from_timestamp(until, 0)),
        expires_at: DateTime::from_timestamp_millis(record.end).unwrap_or_default(),
        heartbeat_seconds: u32::try_from(heartbeat).unwrap_or(app.config.heartbeat_seconds),
    }
}

fn seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0)
}
