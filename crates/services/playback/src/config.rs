//! The section `[playback]`.

use serde::{Deserialize, Serialize};

/// Who may play, and where sessions are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the Redis with the sessions.
    pub redis: String,
    /// The channels service, `http://host:port`.
    pub channels: String,
    /// Everybody may watch everything, without logging in: for campus and hotel networks.
    pub open_house: bool,
    /// Where playlists are: an absolute URL (`https://tv.example`), or nothing for the same host as this one.
    pub media_base: String,
    /// How often a player says that it goes on, seconds; a session lives for twice as long.
    pub heartbeat_seconds: u32,
    /// What happens to new sessions while Redis cannot be had.
    pub without_redis: WithoutRedis,
}

/// What happens to new sessions while Redis cannot be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutRedis {
    /// They begin, uncounted: the evening's television goes on.
    #[default]
    FailOpen,
    /// They are refused with 503.
    FailClosed,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            redis: String::new(),
            channels: String::new(),
            open_house: false,
            media_base: String::new(),
            heartbeat_seconds: 60,
            without_redis: WithoutRedis::default(),
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.redis.is_empty() || self.channels.is_empty() {
            return Err("redis and channels must say where they are".into());
        }
        if !(5..=600).contains(&self.heartbeat_seconds) {
            return Err("heartbeat_seconds is between 5 and 600".into());
        }
        Ok(())
    }
}
