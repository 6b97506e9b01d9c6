//! Who is asking: the claims of access tokens, and the keys that they are checked with.
//!
//! An access token is a JWT signed with EdDSA over Ed25519 (RFC 8037), `typ` `at+jwt` (RFC 9068), made by accounts for a few minutes. Every
//! service checks it by itself with the public keys at `GET /api/v1/keys`, a JWK set (RFC 7517).

use funkturm_base::{DeviceId, HouseholdId, ProfileId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The issuer of all access tokens.
pub const ISSUER: &str = "funkturm";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always [`ISSUER`].
    pub iss: String,
    /// The household.
    pub sub: HouseholdId,
    /// The profile that is chosen on the device.
    pub profile: ProfileId,
    /// That profile is a child's.
    #[serde(default)]
    pub child: bool,
    /// The device.
    pub device: DeviceId,
    /// When it was made, seconds since 1970.
    pub iat: u64,
    /// When it ends, seconds since 1970.
    pub exp: u64,
}

/// The public keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeySet {
    /// Those that tokens may be signed with; a new one is published before it signs.
    pub keys: Vec<Key>,
}

/// A public key: an octet key pair (RFC 8037 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    pub kty: String,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: String,
    /// Its name in the header of tokens.
    pub kid: String,
    /// The key, base64url without padding.
    pub x: String,
}
