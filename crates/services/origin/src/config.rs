//! The section `[origin]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How much is kept, and for whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Length of the live window in seconds. Apple's authoring rules want 15 minutes (8.12).
    pub window_seconds: u32,
    /// The most bytes of segments in memory, over all channels; beyond it the longest windows give up their oldest segments.
    pub max_bytes: u64,
    /// A channel that got nothing for so many seconds is forgotten.
    pub forget_seconds: u32,
    /// Everybody may watch everything: the token `open` is accepted.
    pub open_house: bool,
    /// The file with the keys of playback tokens, the one that playback signs with; where empty, no such token is accepted.
    pub token_keys_file: PathBuf,
    /// The base URLs of playback's instances, which are asked for revoked sessions: `http://host:8102`.
    pub playback: Vec<String>,
    /// How long a start waits for the revoked sessions before tokens are accepted without knowing them, in seconds.
    pub revocations_patience_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window_seconds: 900,
            max_bytes: 2 << 30,
            forget_seconds: 3600,
            open_house: false,
            token_keys_file: PathBuf::new(),
            playback: Vec::new(),
            revocations_patience_seconds: 15,
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(20..=86_400).contains(&self.window_seconds) {
            return Err("window_seconds is between 20 and 86400; longer windows are the archive's".into());
        }
        if self.forget_seconds < 30 {
            return Err("forget_seconds is at least 30: a transcoder that is replaced needs as long".into());
        }
        if self.max_bytes < 64 << 20 {
            return Err(
                "max_bytes is at least 67108864 (64 MiB): less does not hold one channel's window".into()
            );
        }
        if self.token_keys_file.as_os_str().is_empty() != self.playback.is_empty() {
            return Err("token_keys_file and playback belong together: without knowing what was revoked, no token is to be \
                        accepted"
                .into());
        }
        if let Some(wrong) = self.playback.iter().find(|url| !url.starts_with("http")) {
            return Err(format!("playback is a list of base URLs such as http://host:8102, not {wrong:?}"));
        }
        Ok(())
    }
}
