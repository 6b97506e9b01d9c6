//! What can be set: `[playback]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The `[playback]` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the Redis that sessions live in: `redis://host:6379`.
    pub redis: String,
    /// The base URL of the channels service: `http://host:8101`.
    pub channels: String,
    /// Whether everybody may watch everything without an account, as campus and hotel networks want it.
    pub open_house: bool,
    /// The base URL of the origins or of the edge before them; where empty, media is where playback is.
    pub media_base: String,
    /// How often a player says that it goes on, in seconds (5 to 600).
    pub heartbeat_seconds: u32,
    /// What happens to those who want to play while Redis is away.
    pub without_redis: WithoutRedis,
}

/// What happens to those who want to play while Redis is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutRedis {
    /// They may play, and are not counted: the evening's television goes on.
    #[default]
    FailOpen,
    /// They are told to try again.
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
    /// Checks what types cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        let is_web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if self.redis.is_empty() {
            return Err("redis must be the URL of a Redis: redis://host:6379".into());
        }
        if !is_web(&self.channels) {
            return Err("channels must be the base URL of the channels service: http://host:8101".into());
        }
        if !self.media_base.is_empty() && (!is_web(&self.media_base) || self.media_base.ends_with('/')) {
            return Err(format!(
                "media_base must be a base URL without a slash at its end, not {:?}",
                self.media_base
            ));
        }
        if !(5..=600).contains(&self.heartbeat_seconds) {
            return Err(format!("heartbeat_seconds must be 5 to 600, not {}", self.heartbeat_seconds));
        }
        Ok(())
    }

    /// How long a session lives without a heartbeat: one may be lost, and the next may be late.
    pub(crate) fn session_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.heartbeat_seconds) * 5 / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let right = Config {
            redis: "redis://a".into(),
            channels: "http://a:1".into(),
            media_base: "https://edge.example".into(),
            ..Config::default()
        };
        assert_eq!(right.check(), Ok(()));
        for (name, wrong) in [
            ("redis", Config { redis: String::new(), ..right.clone() }),
            ("channels", Config { channels: "a:1".into(), ..right.clone() }),
            ("media_base", Config { media_base: "https://edge.example/".into(), ..right.clone() }),
            ("heartbeat_seconds", Config { heartbeat_seconds: 1, ..right.clone() }),
        ] {
            assert!(wrong.check().unwrap_err().starts_with(name));
        }
    }
}
