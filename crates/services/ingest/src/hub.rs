//! The programme stream of a channel on its way to its readers.
//!
//! Messages are encoded once, gathered for a tenth of a second, and handed to every reader as the same
//! bytes. A reader that does not keep up is cut off rather than waited for: it comes back and begins anew.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use funkturm_contracts::programme::{Message, Unit};
use futures_util::Stream;
use slog::{Logger, info, warn};
use tokio::sync::mpsc;

/// Enough for one write; what is smaller waits for [`Hub::flush`].
const BATCH: usize = 256 << 10;
/// Batches that wait for one reader. The limit in bytes is reached first at any real bit rate.
const WAITING: usize = 16 << 10;

/// Hands one channel's programme stream to its readers.
pub(crate) struct Hub {
    log: Logger,
    limit: usize,
    batch: BytesMut,
    readers: Vec<Reader>,
    cut_off: u64,
}

struct Reader {
    sender: mpsc::Sender<Bytes>,
    queued: Arc<AtomicUsize>,
    name: String,
}

impl Hub {
    /// A hub at which at most `limit` bytes may wait for each reader.
    pub(crate) fn new(log: Logger, limit: usize) -> Self {
        Self { log, limit, batch: BytesMut::new(), readers: Vec::new(), cut_off: 0 }
    }

    /// Sends a message to all readers.
    pub(crate) fn send(&mut self, message: &Message) {
        // Without readers nothing is encoded: a channel that is only watched over costs less.
        if self.readers.is_empty() {
            return;
        }
        append(&mut self.batch, message);
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }

    /// Hands on what has gathered. To be called a few times a second.
    pub(crate) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = self.batch.split().freeze();
        let (limit, log, cut_off) = (self.limit, &self.log, &mut self.cut_off);
        self.readers.retain(|reader| {
            let queued = reader.queued.fetch_add(batch.len(), Ordering::Relaxed) + batch.len();
            if queued > limit {
                warn!(log, "a reader is too slow and is cut off"; "reader" => &reader.name, "bytes" => queued);
                *cut_off += 1;
                return false;
            }
            match reader.sender.try_send(batch.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    info!(log, "a reader has gone"; "reader" => &reader.name);
                    false
                }
                Err(mpsc::error::TrySendError::Full(_)) => {
                    warn!(log, "a reader is too slow and is cut off"; "reader" => &reader.name);
                    *cut_off += 1;
                    false
                }
            }
        });
    }

    /// A new reader, which gets `begin` first and then what is sent from now on.
    pub(crate) fn join(&mut self, name: String, begin: impl IntoIterator<Item = Message>) -> Body {
        // What has gathered is in `begin` already.
        self.flush();
        info!(self.log, "a reader has come"; "reader" => &name);
        let mut first = BytesMut::new();
        for message in begin {
            append(&mut first, &message);
        }
        let (sender, batches) = mpsc::channel(WAITING);
        let queued = Arc::new(AtomicUsize::new(0));
        self.readers.push(Reader { sender, queued: Arc::clone(&queued), name });
        Body { first: first.freeze(), batches, queued }
    }

    /// Ends the stream of every reader.
    pub(crate) fn close(&mut self) {
        self.flush();
        self.readers.clear();
    }

    /// Readers at the moment, and those cut off since start.
    pub(crate) fn readers(&self) -> (usize, u64) {
        (self.readers.len(), self.cut_off)
    }
}

fn append(batch: &mut BytesMut, message: &Message) {
    let (head, data) = message.encode();
    batch.extend_from_slice(&head);
    if let Some(data) = data {
        batch.extend_from_slice(&data);
    }
}

/// What a reader gets.
pub(crate) struct Body {
    first: Bytes,
    batches: mpsc::Receiver<Bytes>,
    queued: Arc<AtomicUsize>,
}

impl Stream for Body {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.first))));
        }
        let batch = std::task::ready!(self.batches.poll_recv(cx));
        if let Some(batch) = &batch {
            self.queued.fetch_sub(batch.len(), Ordering::Relaxed);
        }
        Poll::Ready(batch.map(Ok))
    }
}

/// What an input delivered since its last picture that decoding can begin at, for readers that come late and for
/// taking the input up at once.
#[derive(Default)]
pub(crate) struct Group {
    units: Vec<Unit>,
    bytes: usize,
}

impl Group {
    /// Adds a unit; `begins` if decoding of the main track can begin with it. What is more than `limit` bytes is let go:
    /// a late reader then waits for the next beginning.
    pub(crate) fn push(&mut self, unit: Unit, begins: bool, limit: usize) {
        if begins {
            self.clear();
        } else if self.units.is_empty() {
            return;
        }
        self.bytes += unit.data.len();
        self.units.push(unit);
        if self.bytes > limit {
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.units.clear();
        self.bytes = 0;
    }

    pub(crate) fn units(&self) -> &[Unit] {
        &self.units
    }
}

#[cfg(test)]
mod tests {
    use funkturm_base::Utc90;
    use funkturm_contracts::programme::Heartbeat;
    use futures_util::StreamExt;

    use super::*;

    fn hub(limit: usize) -> Hub {
        Hub::new(Logger::root(slog::Discard, slog::o!()), limit)
    }

    fn unit(pts: i64, length: usize) -> Unit {
        Unit {
            track: 0,
            random_access: false,
            damaged: false,
            pts: Utc90(pts),
            dts: Utc90(pts),
            data: vec![0; length].into(),
        }
    }

    async fn messages(body: &mut Body, count: usize) -> Vec<Message> {
        let (mut buffer, mut got) = (BytesMut::new(), Vec::new());
        while got.len() < count {
            buffer.extend_from_slice(&body.next().await.unwrap().unwrap());
            while let Some(message) = Message::decode(&mut buffer).unwrap() {
                got.push(message);
            }
        }
        got
    }

    #[tokio::test]
    async fn a_reader_gets_the_beginning_and_then_everything_once() {
        let mut hub = hub(1 << 20);
        let beat = |n: i64| Message::Heartbeat(Heartbeat { utc: Utc90(n), receiving: true });
        hub.send(&beat(0));
        let mut early = hub.join("early".into(), [beat(1)]);
        hub.send(&beat(2));
        let mut late = hub.join("late".into(), [beat(1), beat(2)]);
        hub.send(&beat(3));
        hub.flush();
        assert_eq!(messages(&mut early, 3).await, [beat(1), beat(2), beat(3)]);
        assert_eq!(messages(&mut late, 3).await, [beat(1), beat(2), beat(3)]);
        hub.close();
        assert!(early.next().await.is_none());
    }

    #[tokio::test]
    async fn a_slow_reader_is_cut_off_and_the_others_are_not() {
        let mut hub = hub(100_000);
        let mut slow = hub.join("slow".into(), []);
        let mut quick = hub.join("quick".into(), []);
        for n in 0..20 {
            hub.send(&Message::Unit(unit(n, 20_000)));
            hub.flush();
            assert_eq!(messages(&mut quick, 1).await, [Message::Unit(unit(n, 20_000))]);
        }
        assert_eq!(hub.readers(), (1, 1));
        let mut left = 0;
        while let Some(batch) = slow.next().await {
            left += batch.unwrap().len();
        }
        assert!((60_000..=100_000).contains(&left), "it still gets what was waiting for it: {left}");
    }

    #[test]
    fn a_group_begins_at_a_picture_to_begin_at_and_is_bounded() {
        let mut group = Group::default();
        group.push(unit(1, 10), false, 100);
        assert!(group.units().is_empty());
        for n in 2..5 {
            group.push(unit(n, 10), n == 2 || n == 4, 100);
        }
        assert_eq!(group.units(), [unit(4, 10)]);
        group.push(unit(5, 200), false, 100);
        assert!(group.units().is_empty());
    }
}
