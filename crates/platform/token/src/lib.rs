//! Playback tokens: a short signed statement of what may be fetched and until when, which stands in the path of every URL of a
//! playback, `/hls/TOKEN/CHANNEL/…`, and is checked without asking anyone. Pure: no IO, no clock.
//!
//! A Common Access Token (CTA-5007-B): a CWT (RFC 8392) in a COSE_Mac0 (RFC 9052 6.2) with HMAC 256/256, base64url without
//! padding. docs/decisions/0011-playback-tokens.md says why it is as it is.

mod claims;
mod cose;
mod keys;

pub use claims::{Claims, HD_LINES, ISSUER, Methods, Window};
pub use keys::{InvalidKeys, Keys, new_key};

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not a token of ours at all.
    #[error("this is no playback token")]
    Garbage,
    /// It names a key that is not known (any more).
    #[error("this token was signed with a key that is not known (any more)")]
    UnknownKey,
    /// Its signature is not that of its contents.
    #[error("this token is not valid")]
    Tampered,
    /// It is signed, but says something that is not understood here: what restricts must not be overlooked.
    #[error("this token says something that is not understood here")]
    NotUnderstood,
    /// Its time is over.
    #[error("this token has run out")]
    Expired,
    /// Its time has not come.
    #[error("this token is not valid yet")]
    NotYet,
    /// It is for something else.
    #[error("this token is for another channel")]
    OtherPath,
    /// It is for other methods.
    #[error("this token does not allow this method")]
    OtherMethod,
    /// It is for other segments.
    #[error("this token is for another part of the channel")]
    OutsideWindow,
    /// It is for smaller pictures.
    #[error("HD is not in what this token allows")]
    NoHd,
}

impl Refused {
    /// Whether it is the token itself that is no good (401), rather than good for something else (403).
    pub fn is_invalid(self) -> bool {
        !matches!(self, Self::OtherPath | Self::OtherMethod | Self::OutsideWindow | Self::NoHd)
    }
}
