//! The grid that segments are cut on: cells of UTC.

use funkturm_base::Utc90;

/// Cells of equal length since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Length of a cell, ticks of 1/90000 s.
    pub cell: i64,
    /// How much before a cell's beginning something may start and still belong to it, ticks: half a picture, so that
    /// the jitter of a tick does not push a key picture into the cell before.
    pub tolerance: i64,
}

impl Grid {
    /// The cell that something which starts at this time belongs to.
    pub fn number(&self, time: Utc90) -> u64 {
        u64::try_from((time.0 + self.tolerance).div_euclid(self.cell.max(1))).unwrap_or(0)
    }

    /// Where a cell begins.
    pub fn start(&self, number: u64) -> Utc90 {
        Utc90(i64::try_from(number).unwrap_or(i64::MAX / self.cell.max(1)) * self.cell)
    }

    /// What becomes of the cell in which an epoch ended: whether its part is published (it fills at least half of the cell),
    /// and the first cell that the next epoch may fill. See docs/decisions/0003.
    pub fn after_break(&self, end: Utc90) -> (bool, u64) {
        let number = u64::try_from(end.0.div_euclid(self.cell.max(1))).unwrap_or(0);
        let published = end - self.start(number) >= self.cell / 2;
        (published, if published { number + 1 } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { cell: 540_000, tolerance: 1800 };

    #[test]
    fn a_picture_that_is_a_tick_early_belongs_to_the_cell_it_was_meant_for() {
        assert_eq!(GRID.number(Utc90(540_000 * 7)), 7);
        assert_eq!(GRID.number(Utc90(540_000 * 7 - 1)), 7);
        assert_eq!(GRID.number(Utc90(540_000 * 7 - 1801)), 6);
    }

    #[test]
    fn a_break_costs_at_most_half_a_cell() {
        let at = |part: i64| GRID.after_break(GRID.start(7) + part);
        assert_eq!(at(100_000), (false, 7));
        assert_eq!(at(269_999), (false, 7));
        assert_eq!(at(270_000), (true, 8));
        assert_eq!(at(539_000), (true, 8));
    }
}
