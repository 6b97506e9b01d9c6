//! What is made of a source: the rungs of a ladder, and how they are encoded.

use funkturm_contracts::channel::Profile;
use serde::{Deserialize, Serialize};

/// One rung: a size and a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Kilobits per second.
    pub bitrate: u32,
}

const fn rung(width: u32, height: u32, bitrate: u32) -> Rung {
    Rung { width, height, bitrate }
}

const FULL_HD: &[Rung] =
    &[rung(1920, 1080, 5000), rung(1280, 720, 2800), rung(768, 432, 1100), rung(416, 234, 350)];
const HD: &[Rung] = &[rung(1280, 720, 2800), rung(768, 432, 1100), rung(416, 234, 350)];
const SD: &[Rung] = &[rung(1024, 576, 1800), rung(640, 360, 800), rung(416, 234, 350)];

/// The rungs of a profile that are not larger than the source; the smallest one in any case. None for passthrough.
pub fn rungs(profile: Profile, source_height: u32) -> Vec<Rung> {
    let all = match profile {
        Profile::Passthrough => return Vec::new(),
        Profile::FullHd => FULL_HD,
        Profile::Hd => HD,
        Profile::Sd => SD,
    };
    let fitting: Vec<Rung> = all.iter().copied().filter(|rung| rung.height <= source_height).collect();
    if fitting.is_empty() { all.last().copied().into_iter().collect() } else { fitting }
}

/// The H.264 encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncoderName {
    /// x264: the better picture. GPL, loaded at run time as a plugin.
    #[default]
    X264,
    /// OpenH264: BSD.
    Openh264,
}

/// How pictures are encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Encoder {
    /// Which encoder.
    pub name: EncoderName,
    /// Its speed, in x264's words: `ultrafast` to `placebo`; faster costs picture, slower costs processors.
    pub preset: String,
    /// Threads of one rung.
    pub threads: u32,
    /// Interlaced sources become as many pictures as they have fields (25i → 50p); else half of that.
    pub every_field: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { name: EncoderName::X264, preset: "veryfast".into(), threads: 2, every_field: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_larger_than_it_came() {
        let heights =
            |profile, source| rungs(profile, source).iter().map(|rung| rung.height).collect::<Vec<_>>();
        assert_eq!(heights(Profile::FullHd, 1080), [1080, 720, 432, 234]);
        assert_eq!(heights(Profile::FullHd, 720), [720, 432, 234]);
        assert_eq!(heights(Profile::Sd, 576), [576, 360, 234]);
        assert_eq!(heights(Profile::Hd, 120), [234]);
        assert!(rungs(Profile::Passthrough, 1080).is_empty());
    }
}
