//! The section `[transcode]`.

use funkturm_contracts::channel::Profile;
use funkturm_pipeline::{ladder::Encoder, packager::Settings};
use serde::{Deserialize, Serialize};

/// Where things come from and go to, and how much this instance takes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The channels service, `http://host:port`.
    pub channels: String,
    /// The ingest instances, asked in this order.
    pub ingest: Vec<String>,
    /// The origins; every segment goes to each.
    pub origins: Vec<String>,
    /// The Redis in which channels are leased.
    pub redis: String,
    /// How much this instance takes on: a full_hd ladder costs 140. 100 for each core where 0.
    pub capacity: u32,
    /// What the profiles cost.
    pub costs: Costs,
    /// Length of a segment, seconds; a multiple of `keyframe_seconds`. Apple's authoring rules want 6 (7.5).
    pub segment_seconds: u32,
    /// Time between key pictures of encoded renditions, seconds. Apple's authoring rules want 2 (1.13).
    pub keyframe_seconds: u32,
    /// How pictures are encoded.
    pub encoder: Encoder,
}

/// What the profiles cost, in hundredths of a core.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Of a channel that is packaged as it is.
    pub passthrough: u32,
    /// Of an SD ladder.
    pub sd: u32,
    /// Of an HD ladder.
    pub hd: u32,
    /// Of a full HD ladder.
    pub full_hd: u32,
}

impl Default for Costs {
    fn default() -> Self {
        Self { passthrough: 2, sd: 60, hd: 80, full_hd: 140 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            channels: String::new(),
            ingest: Vec::new(),
            origins: Vec::new(),
            redis: String::new(),
            capacity: 0,
            costs: Costs::default(),
            segment_seconds: 6,
            keyframe_seconds: 2,
            encoder: Encoder::default(),
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), String> {
        let peers = [("channels", self.channels.is_empty()), ("redis", self.redis.is_empty())];
        if let Some((name, _)) = peers.iter().find(|(_, missing)| *missing) {
            return Err(format!("{name} is missing: say where it is"));
        }
        if self.ingest.is_empty() || self.origins.is_empty() {
            return Err("ingest and origins need at least one URL each".into());
        }
        if !(1..=30).contains(&self.segment_seconds) {
            return Err("segment_seconds is between 1 and 30".into());
        }
        if self.keyframe_seconds == 0 || !self.segment_seconds.is_multiple_of(self.keyframe_seconds) {
            return Err(
                "segment_seconds is a multiple of keyframe_seconds: segments begin with a key picture".into(),
            );
        }
        Ok(())
    }

    /// How much this instance takes on.
    pub(crate) fn capacity(&self) -> u32 {
        if self.capacity > 0 {
            return self.capacity;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        u32::try_from(cores).unwrap_or(1) * 100
    }

    pub(crate) fn cost(&self, profile: Profile) -> u32 {
        match profile {
            Profile::Passthrough => self.costs.passthrough,
            Profile::Sd => self.costs.sd,
            Profile::Hd => self.costs.hd,
            Profile::FullHd => self.costs.full_hd,
        }
    }

    pub(crate) fn settings(&self, profile: Profile) -> Settings {
        Settings {
            segment_ticks: i64::from(self.segment_seconds) * funkturm_base::TICKS_PER_SECOND,
            keyframe_ticks: i64::from(self.keyframe_seconds) * funkturm_base::TICKS_PER_SECOND,
            profile,
            encoder: self.encoder.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_said_before_it_is_tried() {
        let good = Config {
            channels: "http://a".into(),
            redis: "redis://b".into(),
            ingest: vec!["http://c".into()],
            origins: vec!["http://d".into()],
            ..Config::default()
        };
        assert_eq!(good.check(), Ok(()));
        for (bad, word) in [
            (Config { channels: String::new(), ..good.clone() }, "channels"),
            (Config { origins: vec![], ..good.clone() }, "origins"),
            (Config { segment_seconds: 5, ..good.clone() }, "multiple"),
            (Config { segment_seconds: 60, ..good }, "segment_seconds"),
        ] {
            assert!(bad.check().unwrap_err().contains(word));
        }
    }
}
