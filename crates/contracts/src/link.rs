//! Links for other players: Kodi, TiviMate, VLC, Jellyfin.
//!
//! A link is a device of a household, known by a token of 256 random bits, base64url without padding, in the path of everything that its
//! player fetches: `/tv/{token}/…`. Accounts keeps the SHA-256 of those bits alone, and says whom it acts for at
//! `GET /internal/v1/accounts/links/{hash}` (base64url as well); 404 where there is no such link any more.

use funkturm_base::{DeviceId, HouseholdId, ProfileId};
use serde::{Deserialize, Serialize};

/// The name of the playlist of channels behind the token.
pub const PLAYLIST: &str = "channels.m3u";
/// The name of the guide behind the token.
pub const GUIDE: &str = "guide.xml";

/// Whom a link acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The household.
    pub household: HouseholdId,
    /// The profile.
    pub profile: ProfileId,
    /// It is a child's.
    pub child: bool,
    /// The device that the link is.
    pub device: DeviceId,
}
