//! The running Funkturm that a command talks to.

use std::path::PathBuf;

use anyhow::{Context, bail};
use serde::{Serialize, de::DeserializeOwned};

/// Which Funkturm to talk to.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub(crate) struct Args {
    /// Its base URL; without it, the one that `funkturm up` with this state directory serves
    #[arg(long, env = "FUNKTURM_SERVER", value_name = "URL")]
    server: Option<String>,
    /// The file with the operator's token; without it, the one in the state directory
    #[arg(long, env = "FUNKTURM_OPERATOR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The state directory of `funkturm up` on this machine
    #[arg(long, env = "FUNKTURM_STATE", value_name = "DIR", default_value = "state")]
    state: PathBuf,
}

/// In the state directory: where the running `funkturm up` is reached.
pub(crate) const URL_FILE: &str = "url";
/// In the state directory: the operator's token.
pub(crate) const OPERATOR_TOKEN_FILE: &str = "operator.token";

/// A connection to it.
pub(crate) struct Server {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Server {
    /// Finds out where it is and how to log in.
    pub(crate) fn new(args: &Args) -> anyhow::Result<Self> {
        let base = match &args.server {
            Some(url) => url.clone(),
            None => std::fs::read_to_string(args.state.join(URL_FILE)).with_context(|| {
                format!(
                    "no Funkturm has run with the state directory {} yet: start one with `funkturm up`, or say \
                     with --server where it is",
                    args.state.display()
                )
            })?,
        };
        let file = args.token_file.clone().unwrap_or_else(|| args.state.join(OPERATOR_TOKEN_FILE));
        let token = std::fs::read_to_string(&file)
            .with_context(|| format!("the operator's token cannot be read from {}", file.display()))?;
        Self::at(base.trim(), token.trim())
    }

    /// A server that is known.
    pub(crate) fn at(base: &str, token: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(std::time::Duration::from_secs(3))
            .timeout(std::time::Duration::from_secs(30))
            .no_proxy()
            .build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// GET of a JSON document.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.json(self.request(reqwest::Method::GET, path)).await
    }

    /// A request with a JSON body and a JSON answer.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.json(self.request(method, path).json(body)).await
    }

    /// A request with any body and a JSON answer.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        method: reqwest::Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<T> {
        let request = self.request(method, path).header(http::header::CONTENT_TYPE, content_type).body(body);
        self.json(request).await
    }

    /// A request whose answer has no body that matters.
    pub(crate) async fn call(&self, method: reqwest::Method, path: &str) -> anyhow::Result<()> {
        self.answer(self.request(method, path)).await.map(drop)
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn json<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        self.answer(request)
            .await?
            .json()
            .await
            .with_context(|| format!("{} sent an answer that cannot be read", self.base))
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let response = request
            .send()
            .await
            .with_context(|| format!("{} does not answer: is `funkturm up` running?", self.base))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.text().await.unwrap_or_default();
        // RFC 9457: the detail is what a reader wants.
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        match problem.get("detail").or_else(|| problem.get("title")).and_then(serde_json::Value::as_str) {
            Some(detail) => bail!("{detail}"),
            None => bail!("{} answered {status}", self.base),
        }
    }
}

/// Runs a command that waits for the network.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
