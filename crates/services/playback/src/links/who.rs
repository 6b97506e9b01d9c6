//! Whom a link acts for: accounts says so, by the hash of its token, and what it says counts for some seconds.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funkturm_base::{ChannelId, DeviceId, Error, Kind, Result};
use funkturm_contracts::{
    client::{CallError, Peer},
    link::Holder,
};
use funkturm_service::{Context, Request, identity::Caller};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use slog::{Logger, warn};
use tokio::time::Instant;

use super::OPEN;
use crate::{api::App, ask::in_time, config::Config};

/// While accounts does not answer, what it said last goes on to count for so long: its restart stops nobody's television.
const WHILE_AWAY: Duration = Duration::from_secs(900);
/// Links that are remembered, and hashes that are known to be none; the oldest make room.
const MOST: usize = 50_000;

/// The SHA-256 of what a token is the text of.
type Hash = [u8; 32];

/// What is asked about links, and what is remembered of the answers.
pub(crate) struct Links {
    /// None in an open house without accounts.
    accounts: Option<Peer>,
    origins: Vec<Peer>,
    fresh: Duration,
    seen: Cache<Hash, Seen>,
    log: Logger,
}

/// What accounts said: nobody, if it knows no such link.
#[derive(Clone, Copy)]
struct Seen {
    at: Instant,
    holder: Option<Holder>,
}

/// Who asks.
pub(crate) enum Who {
    /// Whoever comes, in an open house.
    Anybody,
    /// A household's link.
    Household(Caller),
}

impl Links {
    pub(crate) fn new(config: &Config, context: &Context) -> anyhow::Result<Self> {
        let peer = |url: &String| Peer::new(url, context.tokens.service.clone());
        Ok(Self {
            accounts: Some(&config.accounts).filter(|url| !url.is_empty()).map(peer).transpose()?,
            origins: config.origins.iter().map(peer).collect::<Result<_, _>>()?,
            fresh: Duration::from_secs(config.link_seconds.into()),
            seen: Cache::new(MOST),
            log: context.log.clone(),
        })
    }

    /// Who asks, by the token in the path.
    ///
    /// # Errors
    /// `Kind::NotFound` if there is no such link; `Kind::Unavailable` if accounts does not answer and never said anything about it.
    pub(crate) async fn who(&self, app: &App, request: &Request) -> Result<Who> {
        let token = request.text("device_token")?;
        if token == OPEN && app.members.is_none() {
            return Ok(Who::Anybody);
        }
        match self.holder(&token).await {
            Ok(Holder { household, profile, child, device }) => {
                Ok(Who::Household(Caller { household, profile, child, device }))
            }
            Err(error) => {
                if error.kind() == Kind::NotFound {
                    app.refused.with_label_values(&["unknown_link"]).inc();
                }
                Err(error)
            }
        }
    }

    async fn holder(&self, token: &str) -> Result<Holder> {
        let unknown = || Error::new(Kind::NotFound, "there is no such link (any more)");
        // What cannot be one costs nobody a question.
        let hash = hash(token).ok_or_else(unknown)?;
        let seen = self.seen.get(&hash);
        if let Some(seen) = seen.filter(|seen| seen.at.elapsed() < self.fresh) {
            return seen.holder.ok_or_else(unknown);
        }
        let holder = match self.ask(&hash).await {
            Ok(holder) => holder,
            Err(error) => match seen.filter(|seen| seen.at.elapsed() < WHILE_AWAY) {
                Some(seen) => {
                    warn!(self.log, "accounts is away: whom a link acted for lately counts"; "error" => error.chain());
                    return seen.holder.ok_or_else(unknown);
                }
                None => return Err(error),
            },
        };
        self.seen.insert(hash, Seen { at: Instant::now(), holder });
        holder.ok_or_else(unknown)
    }

    async fn ask(&self, hash: &Hash) -> Result<Option<Holder>> {
        let Some(accounts) = &self.accounts else { return Ok(None) };
        let answer = async {
            match accounts.link(&BASE64_URL_SAFE_NO_PAD.encode(hash)).await {
                Err(CallError::Refused { status: 404, .. }) => Ok(None),
                answer => answer.map(Some),
            }
        };
        in_time(answer, "whose link this is cannot be found out at the moment: try again").await
    }

    /// A device is gone: accounts is asked anew.
    pub(crate) fn forget(&self, device: DeviceId) {
        self.seen.retain(|_, seen| seen.holder.is_none_or(|holder| holder.device != device));
    }

    /// A channel's multivariant playlist, from the first origin that has it: one that has just begun may not yet.
    pub(crate) async fn multivariant(&self, token: &str, channel: &ChannelId) -> Result<String> {
        let mut missing = false;
        for origin in &self.origins {
            match origin.multivariant(token, channel).await {
                Ok(bytes) => {
                    return String::from_utf8(bytes.into())
                        .map_err(|error| Error::internal("an origin sent a playlist that is none", error));
                }
                Err(CallError::Refused { status: 404, .. }) => missing = true,
                Err(CallError::Refused { status: 403, .. }) => {
                    return Err(Error::new(
                        Kind::Denied,
                        "this is there in HD only, which is not in your packages",
                    ));
                }
                Err(error) => {
                    warn!(self.log, "an origin does not give a playlist"; "error" => error.to_string());
                }
            }
        }
        Err(if missing {
            Error::new(Kind::NotFound, "this channel is not on air")
        } else {
            Error::new(Kind::Unavailable, "no origin answers at the moment: try again")
        })
    }
}

/// The hash that accounts keeps of a token (see the contract); nothing, if it cannot be one.
fn hash(token: &str) -> Option<Hash> {
    let bits: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    Some(Sha256::digest(bits).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_token_is_asked_about() {
        let token = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
        assert_eq!(hash(&token), Some(Sha256::digest([7; 32]).into()));
        for wrong in ["", "open", "x", &token[1..], &format!("{token}="), &format!("{token}A"), "ä"] {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
    }
}
