//! A server as a child process that ends with us, and what is left of one that did not.

use std::{
    fs,
    io::{Error, ErrorKind, Result as IoResult},
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use tokio::sync::watch;

use crate::{
    error::{StoreError, io, tail},
    folders::Folders,
    programs,
};

/// How long a server may take to end when it was told to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often we look whether a server is ready.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Replaying a long log after a crash may take minutes.
const START_PATIENCE: Duration = Duration::from_secs(600);

/// What to run.
pub(crate) struct Plan<'a> {
    pub(crate) folders: &'a Folders,
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    /// What tells it to end in good order, with its name for `setpriv`.
    pub(crate) quit: (Signal, &'static str),
    pub(crate) log: PathBuf,
}

/// A running server.
pub(crate) struct Process {
    program: String,
    handle: Arc<OwnedFd>,
    quit: Signal,
    log: PathBuf,
    ended: watch::Receiver<Option<String>>,
}

impl Process {
    /// Starts the server. Blocks for a moment.
    pub(crate) fn start(plan: Plan<'_>) -> Result<Self, StoreError> {
        let program = plan.program.display().to_string();
        let log = plan.folders.log(&plan.log)?;
        let errors = log.try_clone().map_err(io("share a log"))?;
        let mut command = dying_with_us(&plan);
        // A group of its own: Ctrl-C on the terminal is for us, and we stop the services before their stores.
        command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);

        // The kernel ties the child to the thread that started it, not to the process: this thread stays.
        let (started, start) = mpsc::sync_channel(1);
        let (end, ended) = watch::channel(None);
        thread::spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            let _ = started.send(open(child.id()));
            let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
            end.send_replace(Some(status));
        });
        let handle = start.recv().unwrap_or_else(|_| Err(Error::other("its thread died")));
        let handle = Arc::new(handle.map_err(io(format!("start {program}")))?);
        Ok(Self { program, handle, quit: plan.quit.0, log: plan.log, ended })
    }

    /// Waits until `ready` says so. Blocks.
    pub(crate) fn until_ready(&self, ready: impl Fn() -> bool) -> Result<(), StoreError> {
        let deadline = Instant::now() + START_PATIENCE;
        while !ready() {
            if wait(&self.handle, LOOK_AGAIN) {
                return Err(self.failure("it ended instead of getting ready"));
            }
            if Instant::now() > deadline {
                let (program, seconds) = (self.program.clone(), START_PATIENCE.as_secs());
                return Err(StoreError::Slow { program, seconds, output: self.last_words() });
            }
        }
        Ok(())
    }

    /// Returns when the server has ended, with how and with the end of its log.
    pub(crate) async fn gone(&self) -> StoreError {
        let mut ended = self.ended.clone();
        let status = match ended.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => "its thread died".to_owned(),
        };
        self.failure(&status)
    }

    fn failure(&self, status: &str) -> StoreError {
        let (program, status) = (self.program.clone(), status.to_owned());
        StoreError::Failed { program, status, output: self.last_words() }
    }

    /// Ends the server in good order and waits for that.
    pub(crate) async fn stop(&self) {
        let (handle, quit) = (Arc::clone(&self.handle), self.quit);
        // Only a runtime that is being torn down refuses; then dropping us has told the server.
        let _ = tokio::task::spawn_blocking(move || end(&handle, quit, PATIENCE)).await;
    }

    /// Ends the server at once, as a power failure would, and waits for that.
    pub(crate) fn kill(&self, signal: Signal) {
        end(&self.handle, signal, PATIENCE);
    }

    /// Lets the server run, or halts it as a machine that hangs would.
    pub(crate) fn signal(&self, signal: Signal) {
        // It fails only if the server has ended, and then there is nothing to signal.
        let _ = pidfd_send_signal(&*self.handle, signal);
    }

    fn last_words(&self) -> String {
        tail(&fs::read(&self.log).unwrap_or_default())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(self.quit);
    }
}

/// The command itself, or by way of `setpriv`, which has the kernel end it when we die.
fn dying_with_us(plan: &Plan<'_>) -> Command {
    let user = plan.folders.user;
    let mut command = match programs::on_path("setpriv") {
        Some(setpriv) => {
            let mut command = user.command(&setpriv);
            command.args(["--pdeathsig", plan.quit.1, "--"]).arg(plan.program);
            command
        }
        None => user.command(plan.program),
    };
    command.args(&plan.arguments);
    command
}

fn open(pid: u32) -> IoResult<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(ErrorKind::InvalidData)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Signals and waits; kills if that does not help.
fn end(handle: &OwnedFd, signal: Signal, patience: Duration) {
    // Sending fails only if the process has ended already; then waiting ends at once.
    let _ = pidfd_send_signal(handle, signal);
    if !wait(handle, patience) {
        let _ = pidfd_send_signal(handle, Signal::KILL);
        wait(handle, patience);
    }
}

/// A process handle is readable once its process has ended.
fn wait(handle: &OwnedFd, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) | Err(_) => return false,
            Ok(_) => return true,
        }
    }
}

/// Ends a server that outlived an earlier run of ours, and removes its pid file: after a restart of the machine
/// another process may have that number, and the server would not start.
///
/// Whether the process is that server is told by the directory that it works in.
pub(crate) fn end_leftover(pid_file: &Path, data: &Path, quit: Signal) -> Result<(), StoreError> {
    let Ok(text) = fs::read_to_string(pid_file) else { return Ok(()) };
    if let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok())
        && let Ok(handle) = open(pid)
        && fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data)
    {
        end(&handle, quit, PATIENCE);
    }
    match fs::remove_file(pid_file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(io(format!("remove {}", pid_file.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Runs a program to its end and gives what it printed. Blocks.
pub(crate) fn run(mut command: Command) -> Result<String, StoreError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(io(format!("run {program}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(StoreError::Failed { program, status: output.status.to_string(), output: tail(&said) })
}

/// Does what blocks away from the workers.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Io { action: "wait for a thread".to_owned(), source: error.into() }),
    }
}
