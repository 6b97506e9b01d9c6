//! Playback sessions.
