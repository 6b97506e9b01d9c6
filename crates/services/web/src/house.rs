//! What apps have to know before they know anybody: whether this house is open, and what the way in is.

use funkturm_service::{Reply, Routes, reply};
use http::{HeaderValue, StatusCode, header};
use utoipa::OpenApi;

use crate::House;

/// The description of the public route.
#[derive(OpenApi)]
#[openapi(paths(house))]
pub(crate) struct Description;

/// What kind of house this is
///
/// In an open house `POST /api/v1/playback` needs no token, and there is no need to speak of logging in.
#[utoipa::path(get, path = "/api/v1/house", operation_id = "get_house", tag = "house", responses(
    (status = 200, description = "What kind of house this is", body = House),
))]
pub(crate) fn house(house: House) -> Reply {
    let mut answer = reply::json(StatusCode::OK, &house);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

pub(crate) fn routes(config: House) -> Routes {
    Routes::new().get("/api/v1/house", move |_| async move { Ok(house(config)) })
}
