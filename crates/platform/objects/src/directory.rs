//! Objects as files in a directory.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use funkturm_base::{Error, Kind, Result};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{Key, Meta, Page};

/// Where files are written before they get their name. No key begins with a dot, so none collides with it.
const UNFINISHED: &str = ".unfinished";
/// What is older than this was left by a process that died.
const ABANDONED: Duration = Duration::from_secs(86_400);

pub(crate) struct Directory(Arc<Inner>);

struct Inner {
    root: PathBuf,
}

impl Directory {
    pub(crate) async fn open(root: &Path) -> Result<Self> {
        let directory = Self(Arc::new(Inner { root: root.to_owned() }));
        directory.blocking(Inner::prepare).await?;
        Ok(directory)
    }

    pub(crate) async fn check(&self) -> Result<()> {
        self.blocking(|inner| {
            fs::metadata(inner.root.join(UNFINISHED)).map(drop).map_err(|e| inner.explain(e))
        })
        .await
    }

    pub(crate) async fn put(&self, key: &Key, body: Bytes) -> Result<()> {
        let key = key.clone();
        self.blocking(move |inner| inner.write(&key, |file| file.write_all(&body))).await
    }

    pub(crate) async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes> {
        let key = key.clone();
        self.blocking(move |inner| inner.read(&key, range)).await
    }

    pub(crate) async fn head(&self, key: &Key) -> Result<Meta> {
        let key = key.clone();
        self.blocking(move |inner| inner.open(&key).map(|(_, size)| Meta { key, size })).await
    }

    pub(crate) async fn list(&self, prefix: &str, after: Option<&Key>, limit: u16) -> Result<Page> {
        let (prefix, after) = (prefix.to_owned(), after.map_or(String::new(), |key| key.as_str().to_owned()));
        self.blocking(move |inner| inner.list(&prefix, &after, usize::from(limit))).await
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<()> {
        let key = key.clone();
        self.blocking(move |inner| match fs::remove_file(inner.path(&key)) {
            Err(error) if !is_absence(&error) => Err(inner.explain(error)),
            _ => Ok(()),
        })
        .await
    }

    pub(crate) async fn copy(&self, from: &Key, to: &Key) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        self.blocking(move |inner| {
            let (mut source, _) = inner.open(&from)?;
            inner.write(&to, |file| io::copy(&mut source, file).map(drop))
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        spawn_blocking(move || work(&inner))
            .await
            .map_err(|error| Error::internal("work on the objects did not come to its end", error))?
    }
}

impl Inner {
    fn prepare(&self) -> Result<()> {
        let unfinished = self.root.join(UNFINISHED);
        fs::create_dir_all(&unfinished).map_err(|error| self.explain(error))?;
        let entries = fs::read_dir(&unfinished).map_err(|error| self.explain(error))?;
        for entry in entries.flatten() {
            let age =
                entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                // Another process may have been quicker.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// Writes beside and moves into place, so that nobody ever reads half an object. When it is done the object
    /// survives a power failure, as it would in an S3.
    fn write(&self, key: &Key, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
        let unfinished = self.root.join(UNFINISHED).join(Uuid::new_v4().to_string());
        let written = self.fill_and_move(&unfinished, &self.path(key), fill);
        if written.is_err() {
            // Half a file is of use to nobody; if it cannot be removed, the next start does.
            let _ = fs::remove_file(&unfinished);
        }
        written.map_err(|error| self.explain(error))
    }

    fn fill_and_move(
        &self,
        unfinished: &Path,
        path: &Path,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let mut file = File::create_new(unfinished)?;
        fill(&mut file)?;
        file.sync_all()?;
        fs::rename(unfinished, path)?;
        self.sync_folders(folder)
    }

    /// The name itself, and those of the folders that may be new.
    fn sync_folders(&self, folder: &Path) -> io::Result<()> {
        for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.root)) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn open(&self, key: &Key) -> Result<(File, u64)> {
        let file = File::open(self.path(key)).map_err(|error| self.explain_for(key, error))?;
        let meta = file.metadata().map_err(|error| self.explain(error))?;
        if meta.is_file() { Ok((file, meta.len())) } else { Err(absent(key)) }
    }

    fn read(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes> {
        let (mut file, size) = self.open(key)?;
        let range = range.unwrap_or(0..size);
        if range.start > 0 && range.start >= size {
            return Err(Error::new(Kind::Invalid, format!("{key} ends before byte {}", range.start)));
        }
        let length = range.end.min(size).saturating_sub(range.start);
        let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.seek(SeekFrom::Start(range.start))
            .and_then(|_| file.take(length).read_to_end(&mut body))
            .map_err(|error| self.explain(error))?;
        Ok(body.into())
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Page> {
        let mut found = Vec::new();
        // One more than asked for tells whether there is a next page.
        self.walk("", prefix, after, limit + 1, &mut found).map_err(|error| self.explain(error))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let after = if more { found.last().map(|meta| meta.key.clone()) } else { None };
        Ok(Page { objects: found, after })
    }

    /// Walks in the order of the keys' bytes: a folder `a` sorts as `a/`, behind `a-b` and before `a0`.
    fn walk(
        &self,
        folder: &str,
        prefix: &str,
        after: &str,
        limit: usize,
        found: &mut Vec<Meta>,
    ) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            let Ok(name) = entry.file_name().into_string() else { continue };
            entries.push(format!("{folder}{name}{}", if is_folder { "/" } else { "" }));
        }
        entries.sort_unstable();
        for entry in entries {
            if found.len() >= limit {
                break;
            }
            if let Some(inner) = entry.strip_suffix('/') {
                let leads_to_prefix = entry.starts_with(prefix) || prefix.starts_with(&entry);
                let all_before = entry.as_str() <= after && !after.starts_with(&entry);
                if inner != UNFINISHED && leads_to_prefix && !all_before {
                    self.walk(&entry, prefix, after, limit, found)?;
                }
            } else if entry.starts_with(prefix) && entry.as_str() > after {
                // A file that no key names is not ours.
                let Ok(key) = entry.parse() else { continue };
                match fs::metadata(self.root.join(&entry)) {
                    Ok(meta) => found.push(Meta { key, size: meta.len() }),
                    Err(error) if is_absence(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn explain_for(&self, key: &Key, error: io::Error) -> Error {
        if is_absence(&error) { absent(key) } else { self.explain(error) }
    }

    fn explain(&self, error: io::Error) -> Error {
        let kind = match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => {
                Kind::Conflict
            }
            _ => Kind::Unavailable,
        };
        let message = format!("the objects in {} cannot be had", self.root.display());
        Error::new(kind, message).with_source(error)
    }
}

fn absent(key: &Key) -> Error {
    Error::new(Kind::NotFound, format!("there is no object {key}"))
}

/// A key below another object is absent as well.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
