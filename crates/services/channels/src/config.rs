//! What can be set: `[channels]`.

use funkturm_objects::Config as Objects;
use serde::{Deserialize, Serialize};

/// The `[channels]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the service's database: `postgres://user@host/channels`.
    pub database: String,
    /// The most connections to it that are held at once; 0 for the usual 3.
    pub database_connections: u32,
    /// The URL of the Redis that events go to: `redis://host:6379`.
    pub redis: String,
    /// Where logos are kept: `directory = "/path"`, or a table `s3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<Objects>,
    /// The base URLs of every ingest instance, whose state operators see.
    pub ingest: Vec<String>,
    /// The base URLs of every transcode instance, whose state operators see.
    pub transcoders: Vec<String>,
    /// The base URLs of every origin, which know what is on air.
    pub origins: Vec<String>,
}

impl Config {
    /// Checks what types cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.database.starts_with("postgres://") && !self.database.starts_with("postgresql://") {
            return Err("database must be the URL of a PostgreSQL: postgres://user@host/channels".into());
        }
        if self.redis.is_empty() {
            return Err("redis must be the URL of a Redis: redis://host:6379".into());
        }
        let Some(objects) = &self.objects else {
            return Err(
                "objects must say where logos are kept: objects.directory = \"/path\", or objects.s3".into(),
            );
        };
        objects.check()?;
        for url in self.ingest.iter().chain(&self.transcoders).chain(&self.origins) {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(format!("{url:?} is not the base URL of a service: http://host:port"));
            }
        }
        Ok(())
    }
}
