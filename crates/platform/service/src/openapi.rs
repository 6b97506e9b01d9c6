//! One OpenAPI document out of those of the services.

use std::collections::BTreeSet;

use bytes::Bytes;
use utoipa::openapi::{
    Info, OpenApi, OpenApiBuilder, ServerBuilder,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{Routes, reply};

/// The token that operators show, for `security(("operator" = []))` at routes under `/admin/`.
pub const OPERATOR: &str = "operator";

/// The access token of a household, for `security(("household" = []))` at routes that need an account.
pub const HOUSEHOLD: &str = "household";

/// Merges the services' documents into one: with a title, the place where it is served from, and the ways to
/// log in.
pub fn merge(documents: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let mut info = Info::new("Funkturm", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("Live television for apps: the line-up, playback, media; and what operators need.".into());
    // Relative to where the document is: behind any name, on any machine.
    let here = ServerBuilder::new().url("/").description(Some("This installation")).build();
    let mut whole = OpenApiBuilder::new().info(info).servers(Some([here])).build();
    for document in documents {
        whole.merge(document);
    }
    let mut operator = Http::new(HttpAuthScheme::Bearer);
    operator.description = Some("The operator's token, as `Authorization: Bearer …`.".into());
    let mut household = Http::new(HttpAuthScheme::Bearer);
    household.description = Some("A household's access token, as `Authorization: Bearer …`.".into());
    let components = whole.components.get_or_insert_default();
    components.add_security_scheme(OPERATOR, SecurityScheme::Http(operator));
    components.add_security_scheme(HOUSEHOLD, SecurityScheme::Http(household));
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

/// Where the routes under `/api/`, `/admin/`, `/webhooks/` and `/tv/` and a document differ, for tests: empty means that they
/// agree.
pub fn differences(routes: &Routes, document: &OpenApi) -> Vec<String> {
    let served: BTreeSet<String> = routes
        .patterns()
        .into_iter()
        .filter(|(_, pattern)| {
            ["/api/", "/admin/", "/webhooks/", "/tv/"].iter().any(|door| pattern.starts_with(door))
        })
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

#[cfg(test)]
mod tests {
    use utoipa::openapi::{HttpMethod, PathItem, path::Operation};

    use super::*;

    fn document(described: &[(&str, HttpMethod)]) -> OpenApi {
        let mut document = OpenApi::default();
        for (path, method) in described {
            let operation = PathItem::new(method.clone(), Operation::new());
            document.paths.paths.insert((*path).to_owned(), operation);
        }
        document
    }

    #[test]
    fn routes_and_document_are_held_against_each_other() {
        let answer = |_| async { Ok(reply::no_content()) };
        let routes = Routes::new()
            .get("/api/v1/channels", answer)
            .post("/api/v1/playback", answer)
            .get("/internal/v1/status", answer);
        let complete = [("/api/v1/channels", HttpMethod::Get), ("/api/v1/playback", HttpMethod::Post)];
        assert_eq!(differences(&routes, &document(&complete)), Vec::<String>::new());
        let wrong = [("/api/v1/channels", HttpMethod::Get), ("/api/v1/playback", HttpMethod::Get)];
        assert_eq!(
            differences(&routes, &document(&wrong)),
            [
                "POST /api/v1/playback is served, but not described",
                "GET /api/v1/playback is described, but not served"
            ]
        );
    }

    #[test]
    fn documents_become_one_with_everything_that_apps_need() {
        let whole = merge([
            document(&[("/api/v1/channels", HttpMethod::Get)]),
            document(&[("/api/v1/playback", HttpMethod::Post)]),
        ]);
        let whole = serde_json::to_value(&whole).unwrap();
        assert_eq!((&whole["info"]["title"], &whole["servers"][0]["url"]), (&"Funkturm".into(), &"/".into()));
        assert_eq!(whole["components"]["securitySchemes"]["operator"]["scheme"], "bearer");
        assert!(whole["paths"]["/api/v1/channels"]["get"].is_object());
        assert!(whole["paths"]["/api/v1/playback"]["post"].is_object());
    }
}
