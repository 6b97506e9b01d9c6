//! What OAuth's endpoints take and say: forms in, its own errors out (RFC 6749 5.2, RFC 8628 3.5).

use funkturm_base::{Error, Kind, Result};
use funkturm_service::{Reply, Request, reply};
use http::{StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{LARGEST, private};
use crate::store::device::{Device, DeviceLimit};

/// Why a token is refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct OAuthError {
    /// `invalid_request`, `invalid_grant`, `unsupported_grant_type`, `authorization_pending`, `slow_down`, `access_denied`,
    /// `expired_token`; `device_limit` if too many devices are logged in; `temporarily_unavailable` with 429 and 503.
    error: &'static str,
    /// The same in words.
    error_description: String,
    /// With `device_limit`: the devices that are logged in. Log in again with `replace_device`.
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<Vec<Device>>,
}

/// Something that does not give a token.
pub(crate) enum Refusal {
    /// By OAuth's tables.
    OAuth(&'static str, String),
    /// Anything else.
    Error(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A refusal by OAuth's tables.
pub(crate) fn refuse(error: &'static str, description: impl Into<String>) -> Refusal {
    Refusal::OAuth(error, description.into())
}

impl Refusal {
    /// As it is sent. What is our fault goes the way of all errors, to be logged.
    pub(crate) fn reply(self) -> Result<Reply> {
        let error = match self {
            Self::OAuth(error, description) => {
                return Ok(say(StatusCode::BAD_REQUEST, error, description, None));
            }
            Self::Error(error) => error,
        };
        let description = error.message().to_owned();
        let devices =
            std::error::Error::source(&error).and_then(|source| source.downcast_ref::<DeviceLimit>());
        if let Some(DeviceLimit(devices)) = devices {
            return Ok(say(StatusCode::BAD_REQUEST, "device_limit", description, Some(devices.clone())));
        }
        let (status, code) = match error.kind() {
            Kind::Internal => return Err(error),
            Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Kind::Denied | Kind::NotFound => (StatusCode::BAD_REQUEST, "invalid_grant"),
            _ => (StatusCode::BAD_REQUEST, "invalid_request"),
        };
        let mut answer = say(status, code, description, None);
        if matches!(error.kind(), Kind::TooMany | Kind::Unavailable) {
            reply::retry_after(&mut answer, error.retry_after().unwrap_or(std::time::Duration::from_secs(2)));
        }
        Ok(answer)
    }
}

fn say(
    status: StatusCode,
    error: &'static str,
    error_description: String,
    devices: Option<Vec<Device>>,
) -> Reply {
    private(status, &OAuthError { error, error_description, devices })
}

/// A form. Fields that are not known are passed over, as RFC 6749 3.2 wants it.
pub(crate) async fn form<T: DeserializeOwned>(request: &mut Request) -> Result<T, Refusal> {
    let kind = request.header(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(refuse("invalid_request", "the body must be application/x-www-form-urlencoded"));
    }
    let body = request.bytes(LARGEST).await?;
    serde_urlencoded::from_bytes(&body).map_err(|error| refuse("invalid_request", error.to_string()))
}
