//! What can be set: `[ingest]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The `[ingest]` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The base URL of the channels service, whose channels are received.
    pub channels: String,
    /// How often the channels are asked for, in seconds.
    pub refresh_seconds: u64,
    /// Interface to join multicast groups on where an input does not name one: its name or an address of it; the
    /// system's choice where empty.
    pub interface: String,
    /// An input without a picture for so long is lost, in milliseconds.
    pub loss_milliseconds: u64,
    /// How long a better input has to deliver without a break before it is taken again, in seconds.
    pub return_seconds: u64,
    /// Memory that the kernel holds datagrams in for each UDP input, in bytes.
    pub receive_buffer_bytes: usize,
    /// The most that is kept of an input since the last picture that decoding can begin at, in bytes.
    pub picture_group_bytes: usize,
    /// The most that waits for one reader of a programme stream before it is cut off, in bytes.
    pub reader_queue_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            channels: "http://127.0.0.1:8101".into(),
            refresh_seconds: 2,
            interface: String::new(),
            loss_milliseconds: 1_500,
            return_seconds: 10,
            receive_buffer_bytes: 4 << 20,
            picture_group_bytes: 24 << 20,
            reader_queue_bytes: 16 << 20,
        }
    }
}

impl Config {
    /// Checks what types cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.channels.starts_with("http://") && !self.channels.starts_with("https://") {
            return Err("channels must be the base URL of the channels service: http://host:8101".into());
        }
        let ranges: [(&str, u64, std::ops::RangeInclusive<u64>); 6] = [
            ("refresh_seconds", self.refresh_seconds, 1..=60),
            ("loss_milliseconds", self.loss_milliseconds, 300..=10_000),
            ("return_seconds", self.return_seconds, 1..=3_600),
            ("receive_buffer_bytes", self.receive_buffer_bytes as u64, 200_000..=256 << 20),
            ("picture_group_bytes", self.picture_group_bytes as u64, 1 << 20..=256 << 20),
            ("reader_queue_bytes", self.reader_queue_bytes as u64, 1 << 20..=1 << 30),
        ];
        for (name, value, range) in ranges {
            if !range.contains(&value) {
                return Err(format!("{name} is {value}, but has to be {} to {}", range.start(), range.end()));
            }
        }
        Ok(())
    }

    pub(crate) fn loss(&self) -> Duration {
        Duration::from_millis(self.loss_milliseconds)
    }
}
