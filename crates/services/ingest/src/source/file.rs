//! A file, played in a loop at its own pace as if it never ended.

use std::{path::Path, time::Duration};

use funkturm_ts::{
    PACKET, Transport,
    rewrite::{Indexer, Loop, Rewriter},
};
use tokio::{
    fs::File,
    io::AsyncReadExt,
    time::{Instant, sleep_until},
};

use super::{Source, Trouble};

/// So much is read at once.
const BLOCK: usize = 256 << 10;
/// Packets that are due within so many ticks of each other go out together.
const BUNCH: i64 = 900;

/// Plays until the file cannot be read any more.
pub(super) async fn receive(source: &Source, path: &Path) -> Trouble {
    match play(source, path).await {
        Ok(never) => match never {},
        Err(trouble) => trouble,
    }
}

async fn play(source: &Source, path: &Path) -> Result<std::convert::Infallible, Trouble> {
    let plan = index(path, source.programme).await?;
    source.opened();
    let mut rewriter = Rewriter::new(plan, 0);
    let began = Instant::now();
    loop {
        round(source, path, &mut rewriter, began).await?;
    }
}

/// Plays the file once.
async fn round(source: &Source, path: &Path, rewriter: &mut Rewriter, began: Instant) -> Result<(), Trouble> {
    let mut file = open(path).await?;
    let mut block = vec![0; BLOCK];
    let (mut transport, mut position) = (Transport::default(), 0);
    let mut bunch = Bunch::default();
    let end = rewriter.plan().range().end;
    while position < end {
        let length = file.read(&mut block).await.map_err(|error| unreadable(path, &error))?;
        if length == 0 {
            break;
        }
        let mut due = Vec::new();
        transport.push(block.get(..length).unwrap_or_default(), 0, |received| {
            let mut packet = *received.packet.bytes();
            if let Some(at) = rewriter.rewrite(position, &mut packet) {
                due.push((at, packet));
            }
            position += 1;
        });
        for (at, packet) in due {
            if at - bunch.at > BUNCH {
                bunch.send(source, began).await;
                bunch.at = at;
            }
            bunch.bytes.extend_from_slice(&packet);
        }
    }
    bunch.send(source, began).await;
    Ok(())
}

/// Packets on their way out.
#[derive(Default)]
struct Bunch {
    at: i64,
    bytes: Vec<u8>,
}

impl Bunch {
    async fn send(&mut self, source: &Source, began: Instant) {
        if !self.bytes.is_empty() {
            sleep_until(began + Duration::from_micros(self.at.unsigned_abs() * 100 / 9)).await;
            source.feed.push(&self.bytes, None);
            self.bytes.clear();
        }
    }
}

/// Reads the whole file once to see where it can be looped.
async fn index(path: &Path, programme: Option<u16>) -> Result<Loop, Trouble> {
    let mut file = open(path).await?;
    let mut block = vec![0; BLOCK];
    let (mut transport, mut indexer) = (Transport::default(), Indexer::default());
    loop {
        let length = file.read(&mut block).await.map_err(|error| unreadable(path, &error))?;
        if length == 0 {
            break;
        }
        transport.push(block.get(..length).unwrap_or_default(), 0, |received| indexer.push(received.packet));
    }
    let plan = indexer.finish_for(programme);
    plan.map_err(|error| Trouble::because(&format!("{} cannot be played", path.display()), &error))
}

async fn open(path: &Path) -> Result<File, Trouble> {
    File::open(path).await.map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::because(&format!("{} cannot be read", path.display()), error)
}

/// A block holds at least the packets that sync is found by.
const _: () = assert!(BLOCK > 16 * PACKET);
