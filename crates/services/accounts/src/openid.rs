//! The operator's own identity provider: OpenID Connect Core 1.0 as a relying party, with the authorization code flow (3.1),
//! PKCE (RFC 7636), state and nonce. What the provider says is checked by the crate openidconnect.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use funkturm_base::{Error, Kind, Result};
use futures_util::future::BoxFuture;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
};
use serde::{Deserialize, Serialize};

use crate::config::OpenId;

/// What the provider publishes of itself is believed for so long.
const FRESH: Duration = Duration::from_secs(600);
/// What cannot be read is read again at once, but not more often than this.
const NOT_SOONER: Duration = Duration::from_secs(5);
/// The largest answer of a provider.
const LARGEST: usize = 1 << 20;

/// What is remembered while somebody is at the provider.
#[derive(Serialize, Deserialize)]
pub(crate) struct Underway {
    nonce: String,
    verifier: String,
    /// What the browser has in a cookie, so that nobody is logged in by a link that another one began.
    pub(crate) browser: String,
}

/// Who somebody is at the provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) locale: Option<String>,
}

/// The provider.
pub(crate) struct Provider {
    config: OpenId,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    secret: Option<ClientSecret>,
    http: reqwest::Client,
    metadata: ArcSwapOption<(Instant, CoreProviderMetadata)>,
}

impl Provider {
    /// A provider, which is asked when it is first needed. `redirect` is where it sends people back to.
    ///
    /// # Errors
    /// The issuer is no URL, or the file with the secret cannot be read.
    pub(crate) fn new(config: OpenId, redirect: String) -> anyhow::Result<Self> {
        let secret = config.client_secret_file.as_ref().map(|file| {
            let secret = std::fs::read_to_string(file);
            secret.with_context(|| format!("openid.client_secret_file: {} cannot be read", file.display()))
        });
        let secret = secret.transpose()?.map(|secret| ClientSecret::new(secret.trim().to_owned()));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(3))
            // A provider that sends us elsewhere is not the one that was configured.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            issuer: IssuerUrl::new(config.issuer.clone()).context("openid.issuer")?,
            redirect: RedirectUrl::new(redirect).context("public_url")?,
            config,
            secret,
            http,
            metadata: ArcSwapOption::empty(),
        })
    }

    /// Whether a household is found by an address that the provider has confirmed.
    pub(crate) fn links_by_email(&self) -> bool {
        self.config.link_by_email
    }

    /// What is to be remembered until somebody comes back.
    pub(crate) fn prepare(&self, browser: String) -> Underway {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Underway { nonce: Nonce::new_random().secret().clone(), verifier: verifier.secret().clone(), browser }
    }

    /// Where somebody is sent, with what is remembered under `state`.
    ///
    /// # Errors
    /// `Kind::Unavailable` if the provider does not say where that is.
    pub(crate) async fn url(&self, state: String, underway: &Underway) -> Result<String> {
        let metadata = self.metadata(false).await?;
        let (id, nonce) = (ClientId::new(self.config.client_id.clone()), Nonce::new(underway.nonce.clone()));
        let client = CoreClient::from_provider_metadata(metadata, id, self.secret.clone());
        let verifier = PkceCodeVerifier::new(underway.verifier.clone());
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || nonce,
            )
            .set_redirect_uri(std::borrow::Cow::Borrowed(&self.redirect))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scope(Scope::new("email".to_owned()))
            .url();
        Ok(url.to_string())
    }

    /// Who came back with a code.
    ///
    /// # Errors
    /// `Kind::Denied` if what the provider says does not hold; `Kind::Unavailable` if it says nothing.
    pub(crate) async fn person(&self, code: String, underway: &Underway) -> Result<Person> {
        let metadata = self.metadata(false).await?;
        let id = ClientId::new(self.config.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata, id.clone(), self.secret.clone())
            .set_redirect_uri(self.redirect.clone());
        let http = self.caller();
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| refused("the provider names no place for tokens").with_source(error))?
            .set_pkce_verifier(PkceCodeVerifier::new(underway.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(|error| refused("the provider gives no token").with_source(error.to_string()))?;
        let token = answer.id_token().ok_or_else(|| refused("the provider gives no ID token"))?;
        let nonce = Nonce::new(underway.nonce.clone());
        let claims = match token.claims(&client.id_token_verifier(), &nonce) {
            Ok(claims) => claims,
            Err(error) => {
                // It may have been signed with a key that is newer than what we have of it.
                let metadata = self.metadata(true).await?;
                let client = CoreClient::from_provider_metadata(metadata, id, self.secret.clone());
                match token.claims(&client.id_token_verifier(), &nonce) {
                    Ok(claims) => claims,
                    Err(_) => return Err(refused("the ID token does not hold").with_source(error)),
                }
            }
        };
        self.check_access_token(
            token,
            claims.access_token_hash(),
            answer.access_token(),
            &client.id_token_verifier(),
        )?;
        let mut person = Person {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified() == Some(true),
            locale: claims.locale().map(|locale| locale.to_string()),
        };
        if person.email.is_none()
            && let Ok(request) =
                client.user_info(answer.access_token().clone(), Some(claims.subject().clone()))
        {
            let more: CoreUserInfoClaims = request.request_async(&http).await.map_err(|error| {
                refused("the provider does not say who this is").with_source(error.to_string())
            })?;
            person.email = more.email().map(|email| email.to_string());
            person.email_verified = more.email_verified() == Some(true);
            person.locale = person.locale.or_else(|| more.locale().map(|locale| locale.to_string()));
        }
        Ok(person)
    }

    /// Core 3.1.3.8: where the ID token names an access token, it is this one.
    fn check_access_token(
        &self,
        token: &openidconnect::core::CoreIdToken,
        hash: Option<&AccessTokenHash>,
        access_token: &openidconnect::AccessToken,
        verifier: &openidconnect::core::CoreIdTokenVerifier<'_>,
    ) -> Result<()> {
        let Some(expected) = hash else { return Ok(()) };
        let wrong = || refused("the access token is not the one of the ID token");
        let key = token.signing_key(verifier).map_err(|error| wrong().with_source(error))?;
        let algorithm = token.signing_alg().map_err(|error| wrong().with_source(error))?;
        let actual = AccessTokenHash::from_token(access_token, algorithm, key)
            .map_err(|error| wrong().with_source(error))?;
        if actual == *expected { Ok(()) } else { Err(wrong()) }
    }

    async fn metadata(&self, anew: bool) -> Result<CoreProviderMetadata> {
        let known = self.metadata.load();
        if let Some((read, metadata)) = known.as_deref() {
            let believed = if anew { NOT_SOONER } else { FRESH };
            if read.elapsed() < believed {
                return Ok(metadata.clone());
            }
        }
        let http = self.caller();
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await {
            Ok(metadata) => {
                self.metadata.store(Some(Arc::new((Instant::now(), metadata.clone()))));
                Ok(metadata)
            }
            // While it is away, what is known of it stays; it will not answer the rest either, but that is for it to say.
            Err(error) => known.as_deref().map(|(_, metadata)| metadata.clone()).ok_or_else(|| {
                Error::new(Kind::Unavailable, "the identity provider does not answer: try again")
                    .with_source(error.to_string())
            }),
        }
    }

    /// What sends the crate's requests as we send requests.
    fn caller(&self) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, CallError>> + use<> {
        let http = self.http.clone();
        move |request| Box::pin(call(http.clone(), request))
    }
}

async fn call(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let (parts, body) = request.into_parts();
    let request = http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
    let mut answer = request.send().await.map_err(CallError::Http)?;
    let mut reply = HttpResponse::new(Vec::new());
    *reply.status_mut() = answer.status();
    *reply.headers_mut() = answer.headers().clone();
    while let Some(piece) = answer.chunk().await.map_err(CallError::Http)? {
        if reply.body().len() + piece.len() > LARGEST {
            return Err(CallError::TooLarge);
        }
        reply.body_mut().extend_from_slice(&piece);
    }
    Ok(reply)
}

/// The provider was not understood.
#[derive(Debug)]
enum CallError {
    Http(reqwest::Error),
    TooLarge,
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(error) => write!(f, "the identity provider does not answer: {error}"),
            Self::TooLarge => f.write_str("the identity provider's answer is too large"),
        }
    }
}

impl std::error::Error for CallError {}

fn refused(message: &str) -> Error {
    Error::new(Kind::Denied, message)
}
