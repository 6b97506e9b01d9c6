//! One OpenAPI document out of those of the services.

use std::collections::BTreeSet;

use bytes::Bytes;
use utoipa::openapi::{
    Info, OpenApi, OpenApiBuilder,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{Routes, reply};

/// Merges the services' documents into one.
pub fn merge(documents: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let mut info = Info::new("Funkturm", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("Live television for apps: the line-up, playback, media; and what operators need.".into());
    let mut whole = OpenApiBuilder::new().info(info).build();
    for document in documents {
        whole.merge(document);
    }
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    whole.components.get_or_insert_default().add_security_scheme("operator", bearer());
    whole
}

/// The route that serves a document.
///
/// # Errors
/// It cannot be written as JSON.
pub fn routes(document: &OpenApi) -> anyhow::Result<Routes> {
    let json = Bytes::from(document.to_json()?);
    Ok(Routes::new().get("/api/openapi.json", move |_| {
        let json = json.clone();
        async move { Ok(reply::bytes("application/json", json)) }
    }))
}

/// Where the routes under `/api/` and `/admin/` and a document differ, for tests: empty means that they agree.
pub fn differences(routes: &Routes, document: &OpenApi) -> Vec<String> {
    let served: BTreeSet<String> = routes
        .patterns()
        .into_iter()
        .filter(|(_, pattern)| pattern.starts_with("/api/") || pattern.starts_with("/admin/"))
        .map(|(method, pattern)| format!("{method} {pattern}"))
        .collect();
    let mut described = BTreeSet::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ] {
            if operation.is_some() {
                described.insert(format!("{method} {path}"));
            }
        }
    }
    let undescribed =
        served.difference(&described).map(|route| format!("{route} is served, but not described"));
    let unserved = described.difference(&served).map(|route| format!("{route} is described, but not served"));
    undescribed.chain(unserved).collect()
}
