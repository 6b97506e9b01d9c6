//! What can be set: `[playback]`.

use std::{path::PathBuf, time::Duration};

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
    /// The base URL that viewers know us by, which other players' playlists are full of; where empty, the one that a request names.
    pub public_url: String,
    /// The base URLs of the origins, which are asked for multivariant playlists, the nearest first: `http://host:8103`.
    pub origins: Vec<String>,
    /// For how many seconds it counts whom a link for another player acts for, before accounts is asked again (1 to 60): a link that
    /// was removed is dead after so long at the latest.
    pub link_seconds: u32,
    /// How often a player says that it goes on, in seconds (5 to 600).
    pub heartbeat_seconds: u32,
    /// What happens to those who want to play while Redis is away, and nobody can count a household's streams.
    pub without_redis: WithoutRedis,
    /// The same for channels whose broadcaster group limits streams: what is promised to others may weigh more.
    pub without_redis_in_groups: WithoutRedis,
    /// The base URL of accounts, whose keys access tokens are checked with: `http://host:8107`. Not needed in an open house.
    pub accounts: String,
    /// The base URL of rights: `http://host:8108`. Not needed in an open house.
    pub rights: String,
    /// The file with the keys of playback tokens; the first one signs. Not needed in an open house.
    pub token_keys_file: PathBuf,
    /// How long a token can be used, in seconds (60 to 86400). A withdrawn right ends after so long at the latest; usually within seconds.
    pub token_seconds: u32,
    /// For how long a decision of rights goes on to count while rights does not answer, in seconds; 0: nobody new plays then.
    pub rights_grace_seconds: u32,
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
            public_url: String::new(),
            origins: Vec::new(),
            link_seconds: 5,
            heartbeat_seconds: 60,
            without_redis: WithoutRedis::default(),
            without_redis_in_groups: WithoutRedis::FailClosed,
            accounts: String::new(),
            rights: String::new(),
            token_keys_file: PathBuf::new(),
            token_seconds: 300,
            rights_grace_seconds: 0,
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
        for (name, url) in [("media_base", &self.media_base), ("public_url", &self.public_url)] {
            if !url.is_empty() && (!is_web(url) || url.ends_with('/')) {
                return Err(format!("{name} must be a base URL without a slash at its end, not {url:?}"));
            }
        }
        if self.origins.is_empty() || !self.origins.iter().all(|url| is_web(url)) {
            return Err(format!(
                "origins must be the base URLs of origins: http://host:8103, not {:?}",
                self.origins
            ));
        }
        if !(1..=60).contains(&self.link_seconds) {
            return Err(format!("link_seconds must be 1 to 60, not {}", self.link_seconds));
        }
        if !(5..=600).contains(&self.heartbeat_seconds) {
            return Err(format!("heartbeat_seconds must be 5 to 600, not {}", self.heartbeat_seconds));
        }
        if !(60..=86_400).contains(&self.token_seconds) {
            return Err(format!("token_seconds must be 60 to 86400, not {}", self.token_seconds));
        }
        if self.open_house {
            return Ok(());
        }
        if self.heartbeat_seconds * 2 > self.token_seconds {
            // A heartbeat in the second half of its life brings a new one, and one may be lost.
            return Err(
                "token_seconds must be twice heartbeat_seconds at least: tokens are renewed by heartbeats"
                    .into(),
            );
        }
        for (name, url) in [("accounts", &self.accounts), ("rights", &self.rights)] {
            if !is_web(url) {
                return Err(format!(
                    "{name} must be the base URL of {name}: http://host:port (or open_house be true)"
                ));
            }
        }
        if self.token_keys_file.as_os_str().is_empty() {
            return Err(
                "token_keys_file must be the file with the keys of playback tokens (or open_house be true)"
                    .into(),
            );
        }
        Ok(())
    }

    /// How long tokens live.
    pub(crate) fn token_life(&self) -> Duration {
        Duration::from_secs(self.token_seconds.into())
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
            origins: vec!["http://a:4".into()],
            accounts: "http://a:2".into(),
            rights: "http://a:3".into(),
            token_keys_file: "keys".into(),
            ..Config::default()
        };
        let open = Config {
            open_house: true,
            redis: right.redis.clone(),
            channels: right.channels.clone(),
            origins: right.origins.clone(),
            ..Config::default()
        };
        assert_eq!(open.check(), Ok(()));
        assert_eq!(right.check(), Ok(()));
        for (name, wrong) in [
            ("redis", Config { redis: String::new(), ..right.clone() }),
            ("channels", Config { channels: "a:1".into(), ..right.clone() }),
            ("media_base", Config { media_base: "https://edge.example/".into(), ..right.clone() }),
            ("public_url", Config { public_url: "tv.example".into(), ..right.clone() }),
            ("origins", Config { origins: vec![], ..right.clone() }),
            ("origins", Config { origins: vec!["a:4".into()], ..right.clone() }),
            ("link_seconds", Config { link_seconds: 0, ..right.clone() }),
            ("heartbeat_seconds", Config { heartbeat_seconds: 1, ..right.clone() }),
            ("token_seconds", Config { token_seconds: 59, ..right.clone() }),
            ("token_seconds", Config { heartbeat_seconds: 200, ..right.clone() }),
            ("accounts", Config { accounts: String::new(), ..right.clone() }),
            ("rights", Config { rights: "a:3".into(), ..right.clone() }),
            ("token_keys_file", Config { token_keys_file: PathBuf::new(), ..right.clone() }),
        ] {
            assert!(wrong.check().unwrap_err().starts_with(name));
        }
    }
}
