//! TLS for listeners that have no proxy in front; a renewed certificate is taken up without a restart.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

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
    /// Reads both and sees whether they fit.
    ///
    /// # Errors
    /// A file cannot be read or holds something else.
    pub fn check(&self) -> anyhow::Result<()> {
        self.read(&rustls::crypto::ring::default_provider()).map(drop)
    }

    fn read(&self, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes(&self.certificate_file)?)
            .collect::<Result<_, _>>()
            .with_context(|| format!("{} is not a PEM certificate", self.certificate_file.display()))?;
        if certificates.is_empty() {
            bail!("{} has no certificate in it", self.certificate_file.display());
        }
        let key = PrivateKeyDer::from_pem_slice(&bytes(&self.key_file)?)
            .with_context(|| format!("{} is not a PEM private key", self.key_file.display()))?;
        let (certificate_file, key_file) = (self.certificate_file.display(), self.key_file.display());
        CertifiedKey::from_der(certificates, key, provider)
            .with_context(|| format!("the certificate {certificate_file} and the key {key_file} do not fit"))
    }

    /// When the files were last written; whoever renews them writes them anew.
    fn written(&self) -> anyhow::Result<[SystemTime; 2]> {
        let of = |file: &Path| {
            fs::metadata(file).and_then(|data| data.modified()).with_context(|| unreadable(file))
        };
        Ok([of(&self.certificate_file)?, of(&self.key_file)?])
    }
}

fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| unreadable(file))
}

fn unreadable(file: &Path) -> String {
    format!("{} cannot be read", file.display())
}

/// The certificate that a listener shows now.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: Tls,
    provider: Arc<CryptoProvider>,
    now: ArcSwap<(CertifiedKeyOf, [SystemTime; 2])>,
}

type CertifiedKeyOf = Arc<CertifiedKey>;

impl Certificate {
    pub(crate) fn open(files: &Tls) -> anyhow::Result<Arc<Self>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // The time first: what is written in between is read again later.
        let written = files.written()?;
        let read = Arc::new(files.read(&provider)?);
        Ok(Arc::new(Self { files: files.clone(), provider, now: ArcSwap::from_pointee((read, written)) }))
    }

    /// Takes up the files, if they were written since; whether they were. Blocks for as long as reading them
    /// takes.
    ///
    /// # Errors
    /// They cannot be used (yet): what was there before stays.
    pub(crate) fn renew(&self) -> anyhow::Result<bool> {
        let written = self.files.written()?;
        if written == self.now.load().1 {
            return Ok(false);
        }
        self.now.store(Arc::new((Arc::new(self.files.read(&self.provider)?), written)));
        Ok(true)
    }

    pub(crate) fn acceptor(self: &Arc<Self>) -> anyhow::Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config).into())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<CertifiedKeyOf> {
        Some(Arc::clone(&self.now.load().0))
    }
}
