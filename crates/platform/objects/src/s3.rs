//! Objects in an S3.

use std::{fs, ops::Range, path::Path, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;
use funkturm_base::{Error, Kind, Result};

use crate::{Key, Meta, Page, S3Config};

/// A host that does not take a connection by then is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// One attempt at a request without its body; large bodies are bounded by the stall protection of the SDK.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// All attempts together.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(45);

pub(crate) struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
    /// The region that the bucket must lie in, where regions are places.
    region: Option<String>,
}

impl S3 {
    pub(crate) async fn open(config: &S3Config) -> Result<Self> {
        let files = (config.access_key_id_file.clone(), config.secret_access_key_file.clone());
        let (id, secret) = tokio::task::spawn_blocking(move || {
            Ok::<_, Error>((credential(&files.0)?, credential(&files.1)?))
        })
        .await
        .map_err(|error| Error::internal("reading the credentials did not come to its end", error))??;
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let mut builder = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(config.region.clone()))
            .credentials_provider(Credentials::new(id, secret, None, None, "files"))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            // Stores other than AWS know neither the newer checksums nor buckets in host names.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(true);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Ok(Self {
            client: Client::from_conf(builder.build()),
            bucket: config.bucket.clone(),
            prefix: if config.prefix.is_empty() { String::new() } else { format!("{}/", config.prefix) },
            region: config.is_aws().then(|| config.region.clone()),
        })
    }

    pub(crate) async fn check(&self) -> Result<()> {
        let answer = self
            .client
            .head_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .map_err(|error| self.explain(error))?;
        match (&self.region, answer.bucket_region()) {
            (Some(wanted), Some(found)) if wanted != found => Err(Error::new(
                Kind::Invalid,
                format!("the bucket {} lies in {found}, not in {wanted}", self.bucket),
            )),
            _ => Ok(()),
        }
    }

    pub(crate) async fn put(&self, key: &Key, body: Bytes) -> Result<()> {
        let request = self.client.put_object().bucket(&self.bucket).key(self.name(key)).body(body.into());
        request.send().await.map(drop).map_err(|error| self.explain(error))
    }

    pub(crate) async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes> {
        if let Some(range) = &range
            && range.is_empty()
        {
            // HTTP has no empty range.
            return self.head(key).await.map(|_| Bytes::new());
        }
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(key)).set_range(range);
        let object = request.send().await.map_err(|error| self.explain_for(key, error))?;
        let body = object.body.collect().await;
        let broken =
            |error| Error::new(Kind::Unavailable, format!("{key} did not arrive whole")).with_source(error);
        body.map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes).map_err(broken)
    }

    pub(crate) async fn head(&self, key: &Key) -> Result<Meta> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.name(key));
        let object = request.send().await.map_err(|error| self.explain_for(key, error))?;
        Ok(Meta { key: key.clone(), size: size(object.content_length) })
    }

    pub(crate) async fn list(&self, prefix: &str, after: Option<&Key>, limit: u16) -> Result<Page> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(format!("{}{prefix}", self.prefix))
            .set_start_after(after.map(|key| self.name(key)))
            .max_keys(i32::from(limit))
            .send()
            .await
            .map_err(|error| self.explain(error))?;
        let objects: Vec<Meta> = answer
            .contents()
            .iter()
            .filter_map(|object| {
                // A name that is no key is not ours.
                let key = object.key()?.strip_prefix(&self.prefix)?.parse().ok()?;
                Some(Meta { key, size: size(object.size()) })
            })
            .collect();
        let after = if answer.is_truncated() == Some(true) {
            let last = answer
                .contents()
                .last()
                .and_then(|object| object.key()?.strip_prefix(&self.prefix)?.parse().ok());
            last.or_else(|| objects.last().map(|meta| meta.key.clone()))
        } else {
            None
        };
        Ok(Page { objects, after })
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.name(key));
        match request.send().await.map_err(|error| self.explain_for(key, error)) {
            Err(error) if error.kind() != Kind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) async fn copy(&self, from: &Key, to: &Key) -> Result<()> {
        // Keys consist of characters that need no escape in a URL.
        let source = format!("{}/{}", self.bucket, self.name(from));
        let request = self.client.copy_object().bucket(&self.bucket).copy_source(source).key(self.name(to));
        request.send().await.map(drop).map_err(|error| self.explain_for(from, error))
    }

    fn name(&self, key: &Key) -> String {
        format!("{}{key}", self.prefix)
    }

    fn explain_for<E>(&self, key: &Key, error: SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match status(&error) {
            Some(404) => Error::new(Kind::NotFound, format!("there is no object {key}")),
            Some(416) => Error::new(Kind::Invalid, format!("{key} ends before the range that was asked for")),
            _ => self.explain(error),
        }
    }

    fn explain<E>(&self, error: SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let bucket = &self.bucket;
        let (kind, message) = match status(&error) {
            Some(301 | 307) => (Kind::Invalid, format!("the bucket {bucket} lies in another region")),
            Some(404) => (Kind::Unavailable, format!("there is no bucket {bucket}")),
            Some(401 | 403) => {
                (Kind::Unavailable, format!("the credentials for the bucket {bucket} are refused"))
            }
            Some(429 | 500..) | None => (Kind::Unavailable, format!("the bucket {bucket} cannot be had")),
            Some(_) => (Kind::Internal, format!("the bucket {bucket} refused a request")),
        };
        Error::new(kind, message).with_source(error)
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn size(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

fn credential(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).map_err(|error| {
        Error::new(Kind::Invalid, format!("cannot read {}", file.display())).with_source(error)
    })?;
    Ok(text.trim().to_owned())
}
