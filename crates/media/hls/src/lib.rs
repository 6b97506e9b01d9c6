//! HLS: playlists written, read and linted. Pure.
