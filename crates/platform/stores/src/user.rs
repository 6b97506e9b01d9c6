//! As whom the servers run.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use crate::error::{StoreError, io};

/// A system user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemUser {
    name: &'static str,
    uid: u32,
    gid: u32,
}

/// As whom the servers run: as we do, or, if we are root, as a system user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User(Option<SystemUser>);

impl User {
    pub(crate) fn find() -> Result<Self, StoreError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(SystemUser { name, uid: id("-u", name)?, gid: id("-g", name)? }))
            .map_or(Err(StoreError::NoUser), |user| Ok(Self(Some(user))))
    }

    /// The user id that the servers' files have.
    pub(crate) fn uid(self) -> u32 {
        self.0.map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid)
    }

    /// A command that runs as this user, in a directory that everybody may be in.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        if let Some(user) = self.0 {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    /// Gives a file or directory to this user.
    pub(crate) fn take(self, path: &Path) -> Result<(), StoreError> {
        let Some(user) = self.0 else { return Ok(()) };
        chown(path, Some(user.uid), Some(user.gid)).map_err(io(format!(
            "give {} to the user {}",
            path.display(),
            user.name
        )))
    }

    /// Sees to it that this user can pass through `state`.
    pub(crate) fn let_through(self, state: &Path) -> Result<(), StoreError> {
        let Some(user) = self.0 else { return Ok(()) };
        for (depth, folder) in state.ancestors().enumerate() {
            let meta = fs::metadata(folder).map_err(io(format!("look at {}", folder.display())))?;
            let needed = match () {
                () if meta.uid() == user.uid => 0o100,
                () if meta.gid() == user.gid => 0o010,
                () => 0o001,
            };
            let mode = meta.mode() & 0o7777;
            if mode & needed != 0 {
                continue;
            }
            if depth > 0 {
                let (state, closed) = (state.to_owned(), folder.to_owned());
                return Err(StoreError::Closed { user: user.name, state, closed });
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(mode | needed)).map_err(io(format!(
                "open {} for the user {}",
                folder.display(),
                user.name
            )))?;
        }
        Ok(())
    }
}

/// Asks the system's user database, wherever that is.
fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
