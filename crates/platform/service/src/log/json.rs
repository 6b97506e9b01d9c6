//! Records as JSON. slog-json writes a key as often as it comes, which collectors refuse or read at random:
//! here a key comes once, and the value nearest to the record counts.

use std::{fmt, io};

use serde_json::{Map, Value};
use slog::{Drain, Key, OwnedKVList, Record, Serializer};

/// Writes one line for a record.
pub(super) struct Json<W>(pub(super) W);

impl<W> Drain for Json<W>
where
    for<'w> &'w W: io::Write,
{
    type Ok = ();
    type Err = io::Error;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> io::Result<()> {
        let mut line = line(record, values).map_err(io::Error::other)?;
        line.push(b'\n');
        io::Write::write_all(&mut &self.0, &line)
    }
}

fn line(
    record: &Record<'_>,
    values: &OwnedKVList,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut fields = Fields(Map::new());
    fields.0.insert("time".into(), now.into());
    fields.0.insert("level".into(), super::Level::of(record.level()).to_string().into());
    fields.0.insert("message".into(), record.msg().to_string().into());
    // The record's own values first, then those of its logger, then of that one's parent, and so on.
    slog::KV::serialize(&record.kv(), record, &mut fields)?;
    slog::KV::serialize(values, record, &mut fields)?;
    Ok(serde_json::to_vec(&fields.0)?)
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, key: Key, value: impl Into<Value>) -> slog::Result {
        // A value must not pass for what every record has.
        let own = matches!(key, "time" | "level" | "message");
        self.0.entry(if own { format!("{key}_") } else { key.to_owned() }).or_insert_with(|| value.into());
        Ok(())
    }
}

macro_rules! put {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name(&mut self, key: Key, value: $kind) -> slog::Result {
            self.put(key, value)
        })*
    };
}

impl Serializer for Fields {
    put!(emit_bool: bool, emit_str: &str, emit_f32: f32, emit_f64: f64);
    put!(emit_u8: u8, emit_u16: u16, emit_u32: u32, emit_u64: u64, emit_usize: usize);
    put!(emit_i8: i8, emit_i16: i16, emit_i32: i32, emit_i64: i64, emit_isize: isize);

    fn emit_arguments(&mut self, key: Key, value: &fmt::Arguments<'_>) -> slog::Result {
        self.put(key, value.to_string())
    }

    fn emit_unit(&mut self, key: Key) -> slog::Result {
        self.put(key, Value::Null)
    }

    fn emit_none(&mut self, key: Key) -> slog::Result {
        self.put(key, Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use slog::{Logger, info, o};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for &Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_key_comes_once_and_the_nearest_value_counts() {
        let written = Written::default();
        let root =
            Logger::root(Json(written.clone()).ignore_res(), o!("service" => "process", "host" => "a"));
        let log = root.new(o!("service" => "origin"));
        info!(log, "the window moved"; "segments" => 7, "host" => "b", "level" => 3);

        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        for key in ["service", "host", "level", "level_", "message", "time", "segments"] {
            assert_eq!(text.matches(&format!("\"{key}\":")).count(), 1, "{key} in {text}");
        }
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&value["service"], &value["host"]), (&"origin".into(), &"b".into()));
        assert_eq!((&value["level"], &value["level_"]), (&"info".into(), &3.into()));
        assert_eq!((&value["message"], &value["segments"]), (&"the window moved".into(), &7.into()));
    }
}
