//! TLS for listeners that have no proxy in front.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use rustls::{ServerConfig, pki_types::pem::PemObject};
use serde::{Deserialize, Serialize};

/// Certificate and key of a listener.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and those that sign it.
    pub certificate_file: PathBuf,
    /// PEM file with the private key.
    pub key_file: PathBuf,
}

impl Tls {
    /// Reads both.
    ///
    /// # Errors
    /// A file cannot be read or holds something else.
    pub fn acceptor(&self) -> anyhow::Result<tokio_rustls::TlsAcceptor> {
        let certificates: Vec<_> =
            rustls::pki_types::CertificateDer::pem_reader_iter(open(&self.certificate_file)?)
                .collect::<Result<_, _>>()
                .with_context(|| format!("{} is not a PEM certificate", self.certificate_file.display()))?;
        if certificates.is_empty() {
            bail!("{} has no certificate in it", self.certificate_file.display());
        }
        let key = rustls::pki_types::PrivateKeyDer::from_pem_reader(open(&self.key_file)?)
            .with_context(|| format!("{} is not a PEM private key", self.key_file.display()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .context("certificate and key do not fit")?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config).into())
    }
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).with_context(|| format!("{} cannot be read", path.display()))?))
}
