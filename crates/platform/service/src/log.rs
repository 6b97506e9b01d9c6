//! The log: slog onto standard error, for people or for collectors; records of the `log` crate and panics
//! come along.

mod json;

use std::{
    fmt,
    panic::PanicHookInfo,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use slog::{Drain, Logger, OwnedKVList, Record, crit, o};
use slog_async::{Async, AsyncGuard, OverflowStrategy};

/// How records look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Terminal,
    /// One JSON document a line, every key once.
    Json,
}

/// How much is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Critical,
    Error,
    Warning,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Level {
    /// All of them, the most severe first.
    pub const ALL: [Self; 6] =
        [Self::Critical, Self::Error, Self::Warning, Self::Info, Self::Debug, Self::Trace];

    fn slog(self) -> slog::Level {
        match self {
            Self::Critical => slog::Level::Critical,
            Self::Error => slog::Level::Error,
            Self::Warning => slog::Level::Warning,
            Self::Info => slog::Level::Info,
            Self::Debug => slog::Level::Debug,
            Self::Trace => slog::Level::Trace,
        }
    }

    fn of(level: slog::Level) -> Self {
        Self::ALL.into_iter().find(|one| one.slog() == level).unwrap_or_default()
    }

    /// What libraries may say through the `log` crate: one step less, for theirs is another idea of what
    /// matters.
    fn of_libraries(self) -> ::log::LevelFilter {
        match self {
            Self::Critical | Self::Error => ::log::LevelFilter::Error,
            Self::Warning | Self::Info => ::log::LevelFilter::Warn,
            Self::Debug => ::log::LevelFilter::Info,
            Self::Trace => ::log::LevelFilter::Debug,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

/// The text names no level.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no level: it is one of critical, error, warning, info, debug, trace")]
pub struct NoLevel(String);

impl FromStr for Level {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        let found = Self::ALL.into_iter().find(|level| level.to_string() == text);
        found.ok_or_else(|| NoLevel(text.to_owned()))
    }
}

/// Changes how much is recorded, while the process runs.
#[derive(Clone, Debug)]
pub struct LevelSwitch(Arc<AtomicUsize>);

impl LevelSwitch {
    fn new(level: Level) -> Self {
        Self(Arc::new(AtomicUsize::new(level.slog().as_usize())))
    }

    /// Records this level and what is more severe.
    pub fn set(&self, level: Level) {
        self.0.store(level.slog().as_usize(), Ordering::Relaxed);
        ::log::set_max_level(level.of_libraries());
    }

    /// What is recorded.
    pub fn get(&self) -> Level {
        let now = self.0.load(Ordering::Relaxed);
        Level::ALL.into_iter().find(|level| level.slog().as_usize() == now).unwrap_or_default()
    }

    fn lets_through(&self, level: slog::Level) -> bool {
        level.as_usize() <= self.0.load(Ordering::Relaxed)
    }
}

/// How this process records, for child processes that shall do the same.
#[derive(Clone, Debug)]
pub struct Recording {
    /// In which form.
    pub format: Format,
    /// How much, now.
    pub level: LevelSwitch,
}

impl Default for Recording {
    fn default() -> Self {
        Self { format: Format::default(), level: LevelSwitch::new(Level::default()) }
    }
}

/// Lets through what the switch says. Asking it is cheap, so what would not be recorded need not be worked
/// out.
struct Switched<D>(D, LevelSwitch);

impl<D: Drain<Ok = ()>> Drain for Switched<D> {
    type Ok = ();
    type Err = D::Err;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), D::Err> {
        if self.1.lets_through(record.level()) { self.0.log(record, values) } else { Ok(()) }
    }

    fn is_enabled(&self, level: slog::Level) -> bool {
        self.1.lets_through(level) && self.0.is_enabled(level)
    }
}

/// The log of a process. While it lives records are written; dropping it writes what is still waiting.
pub struct Log {
    /// Where to log to.
    pub logger: Logger,
    /// Changes how much is recorded.
    pub level: LevelSwitch,
    _async: AsyncGuard,
}

/// A burst of a few thousand records fits; past that records are dropped and counted, never waited for.
const QUEUE: usize = 4096;

impl Log {
    /// Opens the log of this process onto standard error.
    pub fn open(format: Format, level: Level) -> Self {
        let (drain, guard) = match format {
            Format::Terminal => {
                let decorator = slog_term::TermDecorator::new().stderr().build();
                queue(slog_term::FullFormat::new(decorator).build())
            }
            Format::Json => queue(json::Json(std::io::stderr())),
        };
        let level_switch = LevelSwitch::new(level);
        let switched = Switched(drain.ignore_res(), level_switch.clone());
        let log = Self { logger: Logger::root(switched, o!()), level: level_switch, _async: guard };
        log.take_in_the_others();
        log.level.set(level);
        log
    }

    /// What comes from the `log` crate, and panics. Both outlive this value, since threads may; then they say
    /// nothing.
    fn take_in_the_others(&self) {
        slog_scope::set_global_logger(self.logger.new(o!("from" => "library"))).cancel_reset();
        // Fails where there is a bridge already, which leads to the logger that was just set.
        let _ = slog_stdlog::init();
        let logger = self.logger.clone();
        std::panic::set_hook(Box::new(move |panic| log_panic(&logger, panic)));
    }
}

/// Writing happens on a thread of its own, so that nothing waits for a slow terminal or collector.
fn queue<D: Drain + Send + 'static>(drain: D) -> (Async, AsyncGuard) {
    Async::new(drain.ignore_res())
        .chan_size(QUEUE)
        .overflow_strategy(OverflowStrategy::DropAndReport)
        .build_with_guard()
}

fn log_panic(logger: &Logger, panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("without a name").to_owned();
    crit!(logger, "panicked: {}", said(panic.payload()); "place" => place, "thread" => thread);
}

/// What a panic said.
pub(crate) fn said(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything.
    struct Everything;

    impl Drain for Everything {
        type Ok = ();
        type Err = slog::Never;

        fn log(&self, _: &Record<'_>, _: &OwnedKVList) -> Result<(), slog::Never> {
            Ok(())
        }
    }

    #[test]
    fn the_level_changes_while_the_process_runs() {
        let switch = LevelSwitch::new(Level::Warning);
        let logger = Logger::root(Switched(Everything, switch.clone()), o!());
        assert!(!logger.is_info_enabled());
        switch.set(Level::Info);
        assert!(logger.is_info_enabled() && !logger.is_debug_enabled());
        assert_eq!(switch.get(), Level::Info);
    }

    #[test]
    fn levels_are_read_as_they_are_written() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse::<Level>().unwrap(), level);
            assert_eq!(serde_json::to_value(level).unwrap(), level.to_string());
        }
        assert!("warn".parse::<Level>().unwrap_err().to_string().contains("warning"));
    }
}
