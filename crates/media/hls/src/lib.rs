//! HLS (draft-pantos-hls-rfc8216bis): the live window of a channel, and its playlists. Pure: no network, no clock.

pub mod language;
pub mod lint;
pub mod playlist;
pub mod read;
pub mod rewrite;
pub mod uri;
pub mod window;
