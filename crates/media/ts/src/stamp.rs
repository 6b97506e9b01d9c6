//! Timestamps for every unit: those of the PES packets, and in between those that follow from the format.

use crate::{
    es::Stamp,
    time::{TICKS, difference, shifted},
    video::{Order, VideoFormat},
};

/// When a unit is to be shown and decoded, 33 bits each, and when its beginning was on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) pts: u64,
    pub(crate) dts: u64,
    pub(crate) sent: i64,
}

/// A picture is decoded at most so long before it is shown.
const MAX_REORDER: i64 = 10 * TICKS;

/// Stamps pictures.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    last: Option<Stamped>,
    /// Ticks from picture to picture, where the headers or the stream itself showed it.
    duration: Option<i64>,
    /// MPEG-2: when the picture of temporal reference 0 of this group is shown, and the highest reference so far.
    group: Option<(u64, u32)>,
}

impl Pictures {
    /// The stamp of the next picture; none, if it has none and nothing is known to reckon one from.
    pub(crate) fn stamp(
        &mut self,
        stamp: Option<Stamp>,
        format: Option<&VideoFormat>,
        order: Option<Order>,
    ) -> Option<Stamped> {
        if let Some((numerator, denominator)) = format.and_then(|format| format.frame_rate) {
            self.duration = Some(TICKS * i64::from(denominator) / i64::from(numerator));
        }
        let stamped = match stamp.and_then(|stamp| Some((stamp.pts?, stamp))) {
            Some((pts, stamp)) => {
                let dts = stamp.dts.filter(|dts| (0..MAX_REORDER).contains(&difference(pts, *dts)));
                Stamped { pts, dts: dts.unwrap_or(pts), sent: stamp.sent }
            }
            None => self.reckoned(stamp, order)?,
        };
        self.learn(stamped, order);
        self.last = Some(stamped);
        Some(stamped)
    }

    fn reckoned(&self, stamp: Option<Stamp>, order: Option<Order>) -> Option<Stamped> {
        let (last, duration) = (self.last?, self.duration?);
        let dts = shifted(last.dts, duration);
        let shown = order.zip(self.group).map(|(order, (base, highest))| {
            let references = i64::from(order.reference);
            let before = if order.new_group { i64::from(highest) + 1 } else { 0 };
            shifted(base, (references + before) * duration)
        });
        let pts = shown.filter(|pts| (0..MAX_REORDER).contains(&difference(*pts, dts)));
        Some(Stamped { pts: pts.unwrap_or(dts), dts, sent: stamp.map_or(last.sent, |stamp| stamp.sent) })
    }

    fn learn(&mut self, stamped: Stamped, order: Option<Order>) {
        if self.duration.is_none()
            && let Some(last) = self.last
        {
            // Between 5 and 300 pictures in a second.
            let step = difference(stamped.dts, last.dts);
            self.duration = Some(step).filter(|step| (TICKS / 300..TICKS / 5).contains(step));
        }
        if let (Some(order), Some(duration)) = (order, self.duration) {
            let base = shifted(stamped.pts, -i64::from(order.reference) * duration);
            let highest = self.group.filter(|_| !order.new_group).map_or(0, |(_, highest)| highest);
            self.group = Some((base, highest.max(order.reference)));
        }
    }
}

/// Stamps sound.
#[derive(Debug, Default)]
pub(crate) struct Sounds {
    anchor: Option<(Stamp, u64)>,
    samples: u64,
}

impl Sounds {
    /// The stamp of the next frame, which has so many samples; none before the first timestamp.
    pub(crate) fn stamp(&mut self, stamp: Option<Stamp>, samples: u32, rate: u32) -> Option<Stamped> {
        if let Some((pts, stamp)) = stamp.and_then(|stamp| Some((stamp.pts?, stamp))) {
            self.anchor = Some((stamp, pts));
            self.samples = 0;
        }
        let (anchor, pts) = self.anchor?;
        let ticks = self.samples * TICKS.cast_unsigned() / u64::from(rate.max(1));
        self.samples += u64::from(samples);
        let pts = shifted(pts, ticks.cast_signed());
        Some(Stamped { pts, dts: pts, sent: anchor.sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pes(pts: u64, dts: Option<u64>) -> Option<Stamp> {
        Some(Stamp { pts: Some(pts), dts, sent: 0 })
    }

    #[test]
    fn mpeg_2_pictures_between_two_timestamps_are_shown_in_their_order() {
        let mut pictures = Pictures { duration: Some(3600), ..Pictures::default() };
        // I2 B0 B1 P5 B3 B4 | I2 B0 B1, with a timestamp on the first picture only.
        let group = |references: [u32; 6]| {
            references.into_iter().enumerate().map(|(n, reference)| Order { reference, new_group: n == 0 })
        };
        let orders: Vec<_> = group([2, 0, 1, 5, 3, 4]).chain(group([2, 0, 1, 5, 3, 4]).take(3)).collect();
        let first = pes(90_000 + 2 * 3600, Some(90_000 - 3600));
        let shown = orders.iter().enumerate().map(|(n, order)| {
            let stamped = pictures.stamp(first.filter(|_| n == 0), None, Some(*order)).unwrap();
            assert_eq!(stamped.dts, 90_000 - 3600 + n as u64 * 3600);
            (stamped.pts - 90_000) / 3600
        });
        assert_eq!(shown.collect::<Vec<_>>(), [2, 0, 1, 5, 3, 4, 8, 6, 7]);
    }

    #[test]
    fn sound_goes_on_without_rounding_errors_piling_up() {
        let mut sounds = Sounds::default();
        assert_eq!(sounds.stamp(None, 1024, 44_100), None);
        sounds.stamp(pes((1 << 33) - 1, None), 1024, 44_100);
        let last = (0..44_099).map(|_| sounds.stamp(None, 1024, 44_100).unwrap().pts).last().unwrap();
        assert_eq!(last + 1, 44_099 * 1024 * 90_000 / 44_100);
    }

    #[test]
    fn a_decoding_time_after_the_presentation_is_not_believed() {
        let mut pictures = Pictures::default();
        let stamped = pictures.stamp(pes(1000, Some(2000)), None, None).unwrap();
        assert_eq!((stamped.pts, stamped.dts), (1000, 1000));
        assert_eq!(pictures.stamp(None, None, None), None);
    }
}
