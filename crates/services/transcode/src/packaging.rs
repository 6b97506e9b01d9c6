//! From messages of the programme stream to segments: which epoch a packager works on, and what damage means.
//!
//! Runs on a thread of its own, since GStreamer's state changes block.

use funkturm_base::Utc90;
use funkturm_contracts::{
    channel::Profile,
    programme::{Epoch, Message, Unit},
};
use funkturm_pipeline::{
    grid::Grid,
    packager::{Error, Output, Packager, Settings},
};
use slog::{Logger, info, warn};
use tokio::sync::mpsc;

use crate::{
    received::{Arrival, Received},
    status::Health,
};

/// Messages on their way to the packager: some seconds of a programme with many sounds.
pub(crate) const QUEUE: usize = 2048;
/// Messages that are handed to the packager together: less than what counts as too much waiting for the encoder.
const BATCH: usize = 128;

/// The packaging of one channel.
pub(crate) struct Packaging {
    settings: Settings,
    output: mpsc::Sender<Output>,
    health: Health,
    log: Logger,
    epoch: Option<Epoch>,
    received: Received,
    /// What segments say which epoch they are of: the epoch's id, or where a clean picture came after damage. Two transcoders
    /// come to the same number.
    number: u64,
    packager: Option<Packager>,
    next_cell: u64,
    dropped: u64,
}

impl Packaging {
    pub(crate) fn new(settings: Settings, output: mpsc::Sender<Output>, health: Health, log: Logger) -> Self {
        Self {
            settings,
            output,
            health,
            log,
            epoch: None,
            received: Received::default(),
            number: 0,
            packager: None,
            next_cell: 0,
            dropped: 0,
        }
    }

    /// Works until there are no more messages.
    pub(crate) fn work(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::new();
        while messages.blocking_recv_many(&mut batch, BATCH) > 0 {
            batch.drain(..).for_each(|message| self.take(message));
            self.flush();
        }
        self.finish();
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::EpochStart(epoch) => self.begin(epoch),
            Message::Unit(unit) => self.unit(&unit),
            Message::EpochEnd(end) => {
                info!(self.log, "epoch ended: {}", end.reason);
                self.finish();
                self.epoch = None;
            }
            Message::Heartbeat(beat) => {
                if !beat.receiving {
                    self.health.problem("no input delivers".to_owned());
                }
            }
        }
    }

    fn begin(&mut self, epoch: Epoch) {
        if self.epoch.as_ref().is_some_and(|known| known.id == epoch.id) {
            self.received.joined_again();
            return;
        }
        self.finish();
        self.received = Received::default();
        info!(self.log, "epoch begins"; "epoch" => epoch.id, "tracks" => epoch.tracks.len());
        self.number = epoch.id;
        self.epoch = Some(epoch);
    }

    fn unit(&mut self, unit: &Unit) {
        let Some(epoch) = &self.epoch else { return };
        let track = epoch.tracks.iter().find(|track| track.index == unit.track);
        let video = track.is_some_and(|track| track.codec.is_video());
        let leads = video || !epoch.tracks.iter().any(|track| track.codec.is_video());
        match self.received.take(unit) {
            Arrival::Repeated => return,
            // What is there of the cell is only a part, and so is what follows: another transcoder may have the whole.
            Arrival::AfterHole if leads => self.finish(),
            Arrival::AfterHole | Arrival::Next => {}
        }
        // A decoder hides damage; a player that gets it as it is may give up. So a passthrough rendition never has it: it goes
        // on with the next clean key picture, as another epoch.
        if unit.damaged && self.settings.profile == Profile::Passthrough {
            self.dropped += 1;
            self.health.lock().dropped = self.dropped;
            if video {
                if self.packager.is_some() {
                    self.finish();
                }
                self.number = 0;
            }
            return;
        }
        if self.packager.is_none() {
            let grid = Grid { cell: self.settings.segment_ticks, tolerance: 1800 };
            if !leads || !unit.random_access || unit.damaged || grid.number(unit.pts) < self.next_cell {
                return;
            }
            if self.number == 0 {
                self.number = u64::try_from(unit.dts.0).unwrap_or(0);
            }
            self.start(unit.dts);
        }
        if let Some(packager) = &mut self.packager {
            packager.push(unit);
            let dropped = self.dropped + packager.dropped;
            if self.health.lock().dropped != dropped && packager.dropped > 0 {
                let mut health = self.health.lock();
                health.dropped = dropped;
                health.problem =
                    Some("this machine is too slow for the ladder: pictures are left out".to_owned());
            }
        }
    }

    fn flush(&mut self) {
        if let Some(Err(error)) = self.packager.as_mut().map(Packager::flush) {
            self.failed(&error);
        }
    }

    fn start(&mut self, first: Utc90) {
        let Some(epoch) = &self.epoch else { return };
        match Packager::start(epoch, self.number, first, &self.settings, self.output.clone()) {
            Ok(packager) => self.packager = Some(packager),
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &Error) {
        warn!(self.log, "the pipeline failed, and begins anew at the next key picture: {error}");
        self.health.problem(format!("the pipeline failed: {error}"));
        self.packager = None;
        self.number = 0;
    }

    fn finish(&mut self) {
        let Some(packager) = self.packager.take() else { return };
        self.dropped += packager.dropped;
        match packager.finish() {
            Ok(next) => self.next_cell = next,
            Err(error) => warn!(self.log, "the end of an epoch is lost: {error}"),
        }
    }
}
