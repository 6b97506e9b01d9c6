//! The keys that access tokens are signed with.
//!
//! Every instance reads the private ones from its folder, again and again. The public ones are in the database: as soon as one
//! instance has a key, all of them publish it, and none signs with it before it has been published for a while. So a new key is
//! put onto the hosts one after the other, in any order, and an old one is taken away in the same manner.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use arc_swap::ArcSwapOption;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{PgConnection, QueryResult};
use funkturm_base::{Error, Kind, Result};
use funkturm_contracts::identity::{Claims, Key, KeySet};
use funkturm_db::Db;
use funkturm_service::{Context, Latch, identity::Identity};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use sha2::{Digest, Sha256};
use slog::{info, warn};

use crate::store::key::{KeyRow, keys_publish};

/// How often the folder and the database are looked into.
const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// The type of our tokens (RFC 9068 2.1).
const TYPE: &str = "at+jwt";

/// A key that we have.
struct Own {
    kid: String,
    x: String,
    private: EncodingKey,
}

/// What is published, and what signs.
struct State {
    set: KeySet,
    kid: String,
    private: EncodingKey,
}

/// The keys. Clones share them.
#[derive(Clone)]
pub(crate) struct Keys {
    state: Arc<ArcSwapOption<State>>,
    folder: Arc<Path>,
    published_for: TimeDelta,
    /// How long the last token of a key that was taken away is valid.
    tokens_live: TimeDelta,
}

impl Keys {
    /// The keys of a folder; [`Self::follow`] reads them.
    pub(crate) fn new(folder: PathBuf, publish_seconds: u32, access_token_seconds: u32) -> Self {
        Self {
            state: Arc::default(),
            folder: folder.into(),
            published_for: TimeDelta::seconds(publish_seconds.into()),
            tokens_live: TimeDelta::seconds(i64::from(access_token_seconds) + 60),
        }
    }

    /// Keeps them up to date until the process stops, with whom checks tokens here. The latch opens when there is one to sign
    /// with.
    pub(crate) async fn follow(
        self,
        db: Db,
        identity: Identity,
        context: Context,
        latch: Latch,
    ) -> anyhow::Result<()> {
        // A wrong key at the start is a mistake of whoever starts us; later on it is one to be told of.
        read(&self.folder)?;
        let mut complained = false;
        while !context.stop.requested() {
            match self.look(&db, &context).await {
                Ok(set) => {
                    identity.set_keys(&set)?;
                    latch.open();
                    if std::mem::replace(&mut complained, false) {
                        info!(context.log, "the signing keys are read again");
                    }
                }
                Err(error) if !std::mem::replace(&mut complained, true) => {
                    warn!(context.log, "the signing keys stay as they are"; "error" => format!("{error:#}"));
                }
                Err(_) => {}
            }
            let pause = if complained { Duration::from_secs(1) } else { LOOK_AGAIN };
            // Time to look again, or to stop: the loop's condition tells.
            let _ = tokio::time::timeout(pause, context.stop.wait()).await;
        }
        Ok(())
    }

    async fn look(&self, db: &Db, context: &Context) -> anyhow::Result<KeySet> {
        let folder = Arc::clone(&self.folder);
        let mut own = tokio::task::spawn_blocking(move || read(&folder)).await??;
        let now = context.clock.utc().to_chrono();
        let rows: Vec<(String, String)> = own.iter().map(|key| (key.kid.clone(), key.x.clone())).collect();
        let forgotten = now - self.tokens_live;
        let publish = move |connection: &mut PgConnection| -> QueryResult<_> {
            keys_publish(connection, &rows, now, forgotten)
        };
        let published = db.run(publish).await?;
        let chosen = choose(&own, &published, now - self.published_for).context("no key is ours")?;
        let set = KeySet { keys: published.iter().map(|row| key(&row.kid, &row.x)).collect() };
        let signer = own.swap_remove(chosen);
        let before = self.state.load().as_ref().map(|state| state.kid.clone());
        if before.is_some_and(|before| before != signer.kid) {
            info!(context.log, "another key signs from now on"; "kid" => &signer.kid);
        }
        self.state.store(Some(Arc::new(State {
            set: set.clone(),
            kid: signer.kid,
            private: signer.private,
        })));
        Ok(set)
    }

    /// The public keys.
    ///
    /// # Errors
    /// `Kind::Unavailable` before they were read.
    pub(crate) fn set(&self) -> Result<KeySet> {
        self.state.load().as_ref().map(|state| state.set.clone()).ok_or_else(not_yet)
    }

    /// An access token.
    ///
    /// # Errors
    /// `Kind::Unavailable` before the keys were read.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String> {
        let state = self.state.load();
        let state = state.as_ref().ok_or_else(not_yet)?;
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(state.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &state.private)
            .map_err(|error| Error::internal("an access token cannot be signed", error))
    }
}

fn not_yet() -> Error {
    Error::new(Kind::Unavailable, "the signing keys are not read yet: try again")
}

/// Of our keys the newest that has been published for long enough; on a first start the oldest.
fn choose(own: &[Own], published: &[KeyRow], published_before: DateTime<Utc>) -> Option<usize> {
    let place = |row: &KeyRow| own.iter().position(|key| key.kid == row.kid);
    let mut ours: Vec<(&KeyRow, usize)> =
        published.iter().filter_map(|row| Some((row, place(row)?))).collect();
    ours.sort_by(|(a, _), (b, _)| (a.published_at, &a.kid).cmp(&(b.published_at, &b.kid)));
    let ripe = ours.iter().rev().find(|(row, _)| row.published_at <= published_before);
    ripe.or(ours.first()).map(|(_, place)| *place)
}

/// The keys in the files of a folder that end in `.pem`.
fn read(folder: &Path) -> anyhow::Result<Vec<Own>> {
    let unreadable = || format!("signing_keys: the folder {} cannot be read", folder.display());
    let mut own = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "pem") {
            continue;
        }
        own.push(read_key(&path).with_context(|| format!("signing_keys: {}", path.display()))?);
    }
    if own.is_empty() {
        bail!(
            "signing_keys: {} holds no key: make one with `openssl genpkey -algorithm ed25519 -out {}/1.pem`",
            folder.display(),
            folder.display()
        );
    }
    Ok(own)
}

fn read_key(path: &Path) -> anyhow::Result<Own> {
    ensure!(fs::metadata(path)?.len() < 1 << 16, "this is no key");
    let pkcs8 = PrivatePkcs8KeyDer::from_pem_file(path).map_err(|error| {
        anyhow::anyhow!("this is no private key as PEM (PKCS#8, `BEGIN PRIVATE KEY`): {error}")
    })?;
    // OpenSSL leaves the public half out, which ring would otherwise compare.
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8.secret_pkcs8_der())
        .map_err(|error| anyhow::anyhow!("this is no Ed25519 key: {error}"))?;
    let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
    // Its thumbprint (RFC 7638, RFC 8037 appendix A.3): the same on every host, whatever the file is called.
    let print = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    let kid = BASE64_URL_SAFE_NO_PAD.encode(print);
    Ok(Own { kid, x, private: EncodingKey::from_ed_der(pkcs8.secret_pkcs8_der()) })
}

fn key(kid: &str, x: &str) -> Key {
    let [kty, crv, alg, usage] = ["OKP", "Ed25519", "EdDSA", "sig"].map(str::to_owned);
    Key { kty, crv, alg, usage, kid: kid.to_owned(), x: x.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(kid: &str) -> Own {
        Own { kid: kid.into(), x: String::new(), private: EncodingKey::from_secret(b"") }
    }

    #[test]
    fn the_newest_that_was_published_for_long_enough_signs() {
        let now = Utc::now();
        let row = |kid: &str, minutes: i64| KeyRow {
            kid: kid.into(),
            x: String::new(),
            published_at: now - TimeDelta::minutes(minutes),
        };
        let chosen = |own: &[Own], rows: &[KeyRow]| {
            choose(own, rows, now - TimeDelta::minutes(1)).map(|place| own[place].kid.clone())
        };
        let all = [own("a"), own("b"), own("c")];
        let rows = [row("c", 0), row("a", 60), row("b", 2)];
        assert_eq!(chosen(&all, &rows).as_deref(), Some("b"), "c is too new");
        assert_eq!(chosen(&all[..1], &rows).as_deref(), Some("a"), "what another instance has is no use");
        assert_eq!(chosen(&all[2..], &rows).as_deref(), Some("c"), "there is no other");
        assert_eq!(chosen(&all[2..], &rows[1..]), None);
    }

    #[test]
    fn a_key_of_openssls_is_read_and_named_by_its_thumbprint() {
        // RFC 8037, appendix A.1 to A.3.
        let folder = tempfile::tempdir().unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
        fs::write(folder.path().join("1.pem"), key).unwrap();
        fs::write(folder.path().join("notes.txt"), "x").unwrap();
        let keys = read(folder.path()).unwrap();
        assert_eq!(keys[0].x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(keys[0].kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        fs::write(folder.path().join("2.pem"), "x").unwrap();
        let problem = format!("{:#}", read(folder.path()).err().unwrap());
        assert!(problem.contains("2.pem") && problem.contains("PKCS#8"), "{problem}");
        let empty = tempfile::tempdir().unwrap();
        assert!(format!("{:#}", read(empty.path()).err().unwrap()).contains("openssl genpkey"));
    }
}
