//! The directories of the servers.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use crate::{
    Options,
    error::{StoreError, io},
    user::User,
};

/// The name of a Unix socket has at most 107 bytes on Linux.
const LONGEST_SOCKET: usize = 107;
/// A log that has grown beyond this is begun anew at the next start.
const LONGEST_LOG: u64 = 8 << 20;

/// Where things are.
pub(crate) struct Folders {
    /// Absolute, without symbolic links.
    pub(crate) state: PathBuf,
    /// For the sockets; only the servers' user and root can enter.
    pub(crate) sockets: PathBuf,
    pub(crate) user: User,
}

impl Folders {
    /// Finds the place for a server whose socket is called `socket`.
    pub(crate) fn open(options: &Options, socket: &str) -> Result<Self, StoreError> {
        let state = &options.state;
        let state = state.canonicalize().map_err(io(format!("find {}", state.display())))?;
        let user = User::find()?;
        user.let_through(&state)?;
        let sockets = sockets(&state, socket)?;
        let folders = Self { state, sockets, user };
        folders.make(&folders.sockets)?;
        Ok(folders)
    }

    /// Makes a directory for the servers' user alone, if it is not there.
    pub(crate) fn make(&self, folder: &Path) -> Result<(), StoreError> {
        match fs::symlink_metadata(folder) {
            Ok(meta) if meta.is_dir() && meta.uid() == self.user.uid() => return Ok(()),
            // Left there by a run that did not get as far as giving it away.
            Ok(meta) if meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() => {}
            Ok(_) => return Err(StoreError::Foreign(folder.to_owned())),
            Err(_) => match fs::DirBuilder::new().mode(0o700).create(folder) {
                // Two servers that start at the same time share the folder of sockets.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return self.make(folder),
                made => made.map_err(io(format!("make the directory {}", folder.display())))?,
            },
        }
        self.user.take(folder)
    }

    /// Opens a server's log to write on at its end.
    pub(crate) fn log(&self, path: &Path) -> Result<File, StoreError> {
        let long = fs::metadata(path).is_ok_and(|meta| meta.len() > LONGEST_LOG);
        let mut options = OpenOptions::new();
        if long {
            options.write(true).truncate(true);
        } else {
            options.append(true);
        }
        options.create(true).open(path).map_err(io(format!("open the log {}", path.display())))
    }
}

/// In the state directory; or, if the name would be too long there, in the one for temporary files, named after
/// the state directory's place on its disk.
fn sockets(state: &Path, socket: &str) -> Result<PathBuf, StoreError> {
    let inside = state.join("run");
    if inside.join(socket).as_os_str().len() <= LONGEST_SOCKET {
        return Ok(inside);
    }
    let meta = fs::metadata(state).map_err(io(format!("look at {}", state.display())))?;
    Ok(std::env::temp_dir().join(format!("funkturm-{:x}-{:x}", meta.dev(), meta.ino())))
}
