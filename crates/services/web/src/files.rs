//! The built app: embedded, typed, compressed and hashed once, when the process starts.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use bytes::Bytes;
use funkturm_service::reply::{self, Asset};
use http::HeaderValue;
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "app/dist"]
struct Dist;

/// Where a page is told which other hosts pictures may come from, so that it does not ask for others in vain.
const HOSTS_PLACE: &str = r#"name="content-hosts" content="""#;

/// A name with a hash in it never means anything else: it may be kept for a year, which is as long as counts.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// May be kept, but is asked for each time: a new release shows at the next visit.
const ASK_FIRST: &str = "no-cache";

/// The files by their path in the app, without a slash at the front.
pub(crate) struct Files(BTreeMap<String, Asset>);

impl Files {
    /// The embedded files; pages get `content_hosts` written into them.
    pub(crate) fn embedded(content_hosts: &[String]) -> anyhow::Result<Self> {
        let files = Dist::iter().map(|path| {
            let file = Dist::get(&path).with_context(|| format!("{path} has gone from the embedded app"))?;
            let body = if path.ends_with(".html") {
                page(&file.data, content_hosts).with_context(|| format!("embedded page {path}"))?
            } else {
                Bytes::from(file.data.into_owned())
            };
            let asset = asset(&path, body)?;
            Ok((path.into_owned(), asset))
        });
        Ok(Self(files.collect::<anyhow::Result<_>>()?))
    }

    /// The file of this path.
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.0.get(path)
    }
}

fn page(template: &[u8], content_hosts: &[String]) -> anyhow::Result<Bytes> {
    let template = std::str::from_utf8(template)?;
    ensure!(template.contains(HOSTS_PLACE), "has no place for content_hosts: `{HOSTS_PLACE}`");
    let hosts = format!(r#"name="content-hosts" content="{}""#, content_hosts.join(" "));
    Ok(template.replace(HOSTS_PLACE, &hosts).into())
}

fn asset(path: &str, body: Bytes) -> anyhow::Result<Asset> {
    let content_type =
        content_type(path).with_context(|| format!("{path} is of a type that is not known"))?;
    let hashed = path.starts_with("assets/");
    let gzip = reply::gzip(&body).filter(|small| small.len() < body.len() * 9 / 10);
    let cache_control = HeaderValue::from_static(if hashed { FOR_EVER } else { ASK_FIRST });
    Ok(Asset::new(HeaderValue::from_static(content_type), cache_control, reply::etag_of(&body), body)
        .with_gzip(gzip))
}

fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "md" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}
