//! Who may come in, by the first segment of a route: the fleet's services, operators, or everybody.

use http::{HeaderMap, StatusCode, header};
use ring::digest;

use super::{Reply, reply::problem_of};
use crate::Tokens;

/// The door that a route is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `/internal/…`: the fleet's services.
    Internal,
    /// `/admin/…`: operators.
    Admin,
    /// Everything else: whoever comes; handlers may ask for more.
    Open,
}

impl Door {
    pub(crate) fn of(pattern: &str) -> Self {
        match pattern.split('/').nth(1) {
            Some("internal") => Self::Internal,
            Some("admin") => Self::Admin,
            _ => Self::Open,
        }
    }
}

/// The tokens that open the doors.
pub(crate) struct Keys {
    internal: Option<Secret>,
    admin: Option<Secret>,
}

impl Keys {
    pub(crate) fn new(tokens: &Tokens) -> Self {
        let secret = |token: &Option<String>| token.as_deref().map(|token| Secret(hash(token.as_bytes())));
        Self { internal: secret(&tokens.service), admin: secret(&tokens.operator) }
    }

    /// Lets a request in, or says why not.
    pub(crate) fn admit(&self, door: Door, headers: &HeaderMap) -> Result<(), Box<Reply>> {
        let (secret, setting) = match door {
            Door::Open => return Ok(()),
            Door::Internal => (&self.internal, "process.auth.service_token_file"),
            Door::Admin => (&self.admin, "process.auth.operator_token_file"),
        };
        let refuse = |detail: &str| Err(Box::new(problem_of(StatusCode::UNAUTHORIZED, detail)));
        let Some(secret) = secret else {
            return refuse(&format!("this is closed until {setting} is configured"));
        };
        match bearer(headers) {
            Some(token) if secret.is(token) => Ok(()),
            Some(_) => refuse("this token is not valid here"),
            None => refuse("a token is needed: send it as `Authorization: Bearer …`"),
        }
    }
}

/// The token of a request. The scheme's name may be written in any case (RFC 9110 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// A token, kept as its hash so that comparing takes the same time whatever is sent.
struct Secret([u8; 32]);

impl Secret {
    fn is(&self, sent: &[u8]) -> bool {
        let sent = hash(sent);
        // No early end: every byte is looked at.
        self.0.iter().zip(sent).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap_or([0; 32])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_first_segment_decides() {
        assert_eq!(Door::of("/internal/v1/status"), Door::Internal);
        assert_eq!(Door::of("/admin/v1/channels"), Door::Admin);
        for open in ["/api/v1/internal/x", "/administration", "/", "/{internal}/x"] {
            assert_eq!(Door::of(open), Door::Open, "{open}");
        }
    }

    #[test]
    fn tokens_are_taken_as_rfc_6750_writes_them() {
        let keys = Keys::new(&Tokens { service: Some("abc".into()), operator: None });
        let admitted = |door, value: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            keys.admit(door, &headers).is_ok()
        };
        assert!(admitted(Door::Internal, "Bearer abc") && admitted(Door::Internal, "bearer abc"));
        for wrong in ["Bearer abd", "Bearer ", "Bearer", "abc", "Basic abc", "Bearer abcd"] {
            assert!(!admitted(Door::Internal, wrong), "{wrong}");
        }
        assert!(!admitted(Door::Admin, "Bearer abc"));
    }
}
