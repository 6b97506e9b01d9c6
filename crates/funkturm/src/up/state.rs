//! The state directory: what one machine keeps between two runs.
//!
//! ```text
//! operator.token   what the console and `funkturm channel` log in with
//! service.token    what the services log in with at each other
//! playback.keys    what playback tokens are signed with; the first one signs, all verify
//! signing-keys/    what accounts signs tokens with
//! url              where the running instance is reached
//! lock             held while an instance runs
//! media.toml       the configuration of the media services
//! objects/         logos and whatever else S3 would hold
//! postgresql/ redis/
//! ```

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use base64::Engine;

use crate::server::{OPERATOR_TOKEN_FILE, URL_FILE};

/// An open state directory; nobody else can open it meanwhile.
pub(crate) struct State {
    path: PathBuf,
    _lock: File,
}

impl State {
    /// Opens the directory, making it and its secrets where they are absent.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path)
            .with_context(|| format!("the state directory {} cannot be made", path.display()))?;
        let path = path.canonicalize()?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another `funkturm up` runs with the state directory {}: stop it, or take another with --state",
                path.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        for name in [OPERATOR_TOKEN_FILE, SERVICE_TOKEN_FILE] {
            make_secret(&path.join(name), || Some(secret()))?;
        }
        make_secret(&path.join(TOKEN_KEYS_FILE), || funkturm_token::new_key("1"))?;
        make_signing_key(&path.join(SIGNING_KEYS))?;
        Ok(Self { path, _lock: lock })
    }

    /// A path in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The operator's token.
    pub(crate) fn operator_token(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.file(OPERATOR_TOKEN_FILE))?.trim().to_owned())
    }

    /// Leaves word of where the instance is reached.
    pub(crate) fn announce(&self, url: &str) -> anyhow::Result<()> {
        Ok(fs::write(self.file(URL_FILE), format!("{url}\n"))?)
    }
}

/// In the state directory: the services' token.
pub(crate) const SERVICE_TOKEN_FILE: &str = "service.token";

/// In the state directory: the keys of playback tokens.
pub(crate) const TOKEN_KEYS_FILE: &str = "playback.keys";

fn secret() -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// In the state directory: the folder of the keys that tokens are signed with.
pub(crate) const SIGNING_KEYS: &str = "signing-keys";

/// A first key, where there is none yet: Ed25519, PKCS#8, as PEM (RFC 7468 10).
fn make_signing_key(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let file = folder.join("1.pem");
    if fs::read_dir(folder)?.next().is_some() {
        return Ok(());
    }
    let pkcs8 = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new())
        .map_err(|_| anyhow::anyhow!("this machine has no random numbers"))?;
    let text = base64::engine::general_purpose::STANDARD.encode(pkcs8.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?.write_all(pem.as_bytes())?;
    Ok(())
}

fn make_secret(file: &Path, secret: impl FnOnce() -> Option<String>) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let secret = secret().context("this machine has no randomness to make secrets of")?;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?;
    writeln!(file, "{secret}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_only_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::open(&folder.path().join("state")).unwrap();
        let token = first.operator_token().unwrap();
        assert!(token.len() >= 40);
        let mode = fs::metadata(first.file(OPERATOR_TOKEN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let keys = fs::read_to_string(first.file(TOKEN_KEYS_FILE)).unwrap();
        assert_eq!(funkturm_token::Keys::parse(&keys).unwrap().ids().collect::<Vec<_>>(), ["1"]);
        let key = first.file(SIGNING_KEYS).join("1.pem");
        let pem = fs::read_to_string(&key).unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.lines().all(|line| line.len() <= 64));
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);
        assert_eq!(State::open(&folder.path().join("state")).unwrap().operator_token().unwrap(), token);
    }

    #[test]
    fn two_instances_do_not_share_a_state() {
        let folder = tempfile::tempdir().unwrap();
        let _first = State::open(folder.path()).unwrap();
        let error = State::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("--state"), "{error}");
    }
}
