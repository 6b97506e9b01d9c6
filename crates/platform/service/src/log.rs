//! The log: slog onto standard error, for people or for collectors; records of the `log` crate come along.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde::{Deserialize, Serialize};
use slog::{Drain, Logger, OwnedKVList, Record, o};

/// How records look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Terminal,
    /// One JSON document a line.
    Json,
}

/// How much is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace,
    Debug,
    #[default]
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    fn slog(self) -> slog::Level {
        match self {
            Self::Trace => slog::Level::Trace,
            Self::Debug => slog::Level::Debug,
            Self::Info => slog::Level::Info,
            Self::Warning => slog::Level::Warning,
            Self::Error => slog::Level::Error,
            Self::Critical => slog::Level::Critical,
        }
    }
}

/// The log of a process. While it lives records are written; dropping it writes what is still waiting.
pub struct Log {
    /// Where to log to.
    pub logger: Logger,
    /// Changes how much is recorded.
    pub level: LevelSwitch,
    _async: slog_async::AsyncGuard,
    _scope: Option<slog_scope::GlobalLoggerGuard>,
}

/// Changes how much is recorded, while the process runs.
#[derive(Clone, Debug)]
pub struct LevelSwitch(Arc<AtomicUsize>);

impl LevelSwitch {
    /// Records this level and what is more severe.
    pub fn set(&self, level: Level) {
        self.0.store(level.slog().as_usize(), Ordering::Relaxed);
    }
}

/// A burst of a few thousand records fits; past that records are dropped and counted, never waited for.
const QUEUE: usize = 4096;

struct Switched<D>(D, LevelSwitch);

impl<D: Drain> Drain for Switched<D> {
    type Ok = Option<D::Ok>;
    type Err = D::Err;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<Self::Ok, Self::Err> {
        if record.level().as_usize() <= self.1.0.load(Ordering::Relaxed) {
            return self.0.log(record, values).map(Some);
        }
        Ok(None)
    }
}

impl Log {
    /// Opens the log onto standard error.
    pub fn open(format: Format, level: Level) -> Self {
        let switch = LevelSwitch(Arc::new(AtomicUsize::new(level.slog().as_usize())));
        let (drain, guard) = match format {
            Format::Terminal => {
                let drain =
                    slog_term::FullFormat::new(slog_term::TermDecorator::new().stderr().build()).build();
                slog_async::Async::new(slog::Fuse(drain)).chan_size(QUEUE).build_with_guard()
            }
            Format::Json => {
                let drain = slog_json::Json::new(std::io::stderr())
                    .add_key_value(o!(
                        "time" => slog::PushFnValue(|_, s| s.emit(chrono::Utc::now().to_rfc3339())),
                        "level" => slog::FnValue(|record| record.level().as_short_str()),
                        "message" => slog::PushFnValue(|record, s| s.emit(record.msg())),
                    ))
                    .build();
                slog_async::Async::new(slog::Fuse(drain)).chan_size(QUEUE).build_with_guard()
            }
        };
        let logger = Logger::root(slog::Fuse(Switched(slog::Fuse(drain), switch.clone())), o!());
        let scope = slog_scope::set_global_logger(logger.new(o!("from" => "library")));
        // Only warnings of libraries: theirs is another idea of what is worth saying. A second log in one process (tests)
        // leaves the first bridge in place.
        let _ = slog_stdlog::init_with_level(::log::Level::Warn);
        Self { logger, level: switch, _async: guard, _scope: Some(scope) }
    }
}
