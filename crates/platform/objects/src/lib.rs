//! Objects in any S3, or in a directory on one machine.
//!
//! Both behave alike: an object is there as a whole or not at all, a later put replaces an earlier one, deleting
//! what is not there is fine, lists are in the order of the keys' bytes.

mod config;
mod directory;
mod key;
mod s3;

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use funkturm_base::Result;

pub use config::{Config, S3Config};
pub use key::{InvalidKey, Key};

/// A place for objects. Clones share it.
#[derive(Clone)]
pub struct Objects(Arc<Backend>);

enum Backend {
    S3(s3::S3),
    Directory(directory::Directory),
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its name.
    pub key: Key,
    /// Its length in bytes.
    pub size: u64,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The objects, in the order of their keys.
    pub objects: Vec<Meta>,
    /// Where the next part begins; none if this was the last.
    pub after: Option<Key>,
}

impl Objects {
    /// Opens the place that the configuration names.
    ///
    /// # Errors
    /// It is outside the allowed region, a credential cannot be read, the directory cannot be made.
    pub async fn open(config: &Config) -> Result<Self> {
        config.check().map_err(|problem| funkturm_base::Error::new(funkturm_base::Kind::Invalid, problem))?;
        Ok(Self(Arc::new(match config {
            Config::S3(config) => Backend::S3(s3::S3::open(config).await?),
            Config::Directory(path) => Backend::Directory(directory::Directory::open(path).await?),
        })))
    }

    /// Whether the place can be reached and is where it should be.
    ///
    /// # Errors
    /// `Kind::Unavailable` if it cannot be reached, `Kind::Invalid` if a bucket lies in another region.
    pub async fn check(&self) -> Result<()> {
        match &*self.0 {
            Backend::S3(s3) => s3.check().await,
            Backend::Directory(directory) => directory.check().await,
        }
    }

    /// Stores an object.
    ///
    /// # Errors
    /// The place cannot be had, or is full.
    pub async fn put(&self, key: &Key, body: Bytes) -> Result<()> {
        match &*self.0 {
            Backend::S3(s3) => s3.put(key, body).await,
            Backend::Directory(directory) => directory.put(key, body).await,
        }
    }

    /// Reads an object, or those bytes of it that lie in `range`.
    ///
    /// # Errors
    /// `Kind::NotFound`; `Kind::Invalid` if the range begins behind the object's end.
    pub async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes> {
        match &*self.0 {
            Backend::S3(s3) => s3.get(key, range).await,
            Backend::Directory(directory) => directory.get(key, range).await,
        }
    }

    /// Asks about an object.
    ///
    /// # Errors
    /// `Kind::NotFound`.
    pub async fn head(&self, key: &Key) -> Result<Meta> {
        match &*self.0 {
            Backend::S3(s3) => s3.head(key).await,
            Backend::Directory(directory) => directory.head(key).await,
        }
    }

    /// Lists objects whose key begins with `prefix`, behind `after`, at most `limit` (1 to 1000) of them.
    ///
    /// # Errors
    /// The place cannot be had.
    pub async fn list(&self, prefix: &str, after: Option<&Key>, limit: u16) -> Result<Page> {
        let limit = limit.clamp(1, 1000);
        match &*self.0 {
            Backend::S3(s3) => s3.list(prefix, after, limit).await,
            Backend::Directory(directory) => directory.list(prefix, after, limit).await,
        }
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// The place cannot be had.
    pub async fn delete(&self, key: &Key) -> Result<()> {
        match &*self.0 {
            Backend::S3(s3) => s3.delete(key).await,
            Backend::Directory(directory) => directory.delete(key).await,
        }
    }

    /// Copies an object inside the place; its bytes do not pass through us.
    ///
    /// # Errors
    /// `Kind::NotFound`.
    pub async fn copy(&self, from: &Key, to: &Key) -> Result<()> {
        match &*self.0 {
            Backend::S3(s3) => s3.copy(from, to).await,
            Backend::Directory(directory) => directory.copy(from, to).await,
        }
    }
}
