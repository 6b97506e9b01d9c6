//! The time in the picture: a row of black and white squares at the bottom left, so that a test can read from a decoded picture,
//! however scaled, when it was made.
//!
//! 44 squares, each a 64th of the picture's width wide and as high, from the left edge: first a white and a black one to be found
//! by, then 41 bits of milliseconds since 1970, the highest first, then one that makes the number of white bits even. In
//! a browser: draw the video onto a canvas and look at the middle of each square.

/// Squares in the row.
pub const SQUARES: usize = 44;
/// Squares that would fit across the picture.
pub const ACROSS: usize = 64;
const BITS: usize = 41;

/// Draws the row into the luma plane of a picture.
pub fn draw(luma: &mut [u8], width: usize, height: usize, stride: usize, millis: u64) {
    let side = (width / ACROSS).max(1);
    let bits = (0..BITS).rev().map(|bit| millis >> bit & 1 == 1);
    let parity = millis.count_ones() % 2 == 1;
    let row: Vec<bool> = [true, false].into_iter().chain(bits).chain([parity]).collect();
    // Widths that 64 does not divide have squares of two sizes, so that they stay where a reader looks for them.
    let squares =
        (0..SQUARES * width / ACROSS).map(|x| row.get(x * ACROSS / width).copied().unwrap_or(false));
    let line: Vec<u8> = squares.map(|white| if white { 235 } else { 16 }).collect();
    for y in height.saturating_sub(side)..height {
        let start = y * stride;
        if let Some(place) = luma.get_mut(start..start + line.len()) {
            place.copy_from_slice(&line);
        }
    }
}

/// Reads the row from the luma plane of a picture; none if it is not there or was damaged.
pub fn read(luma: &[u8], width: usize, height: usize, stride: usize) -> Option<u64> {
    let side = width as f64 / ACROSS as f64;
    let y = height as f64 - side / 2.0;
    let white = |square: usize| {
        let x = (square as f64 + 0.5) * side;
        luma.get(y as usize * stride + x as usize).map(|luma| *luma > 125)
    };
    if !white(0)? || white(1)? {
        return None;
    }
    let mut millis = 0_u64;
    for square in 2..2 + BITS {
        millis = millis << 1 | u64::from(white(square)?);
    }
    (white(SQUARES - 1)? == (millis.count_ones() % 2 == 1)).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_read_at_any_size() {
        for (width, height) in [(1280, 720), (720, 576), (416, 234)] {
            let mut luma = vec![90; (width + 16) * height];
            let millis = 1_795_000_123_456;
            draw(&mut luma, width, height, width + 16, millis);
            assert_eq!(read(&luma, width, height, width + 16), Some(millis));
            // The row's own squares are what is read: a wrong one shows.
            draw(&mut luma, width, height, width + 16, millis ^ 1);
            assert_eq!(read(&luma, width, height, width + 16), Some(millis ^ 1));
        }
        assert_eq!(read(&vec![90; 1280 * 720], 1280, 720, 1280), None);
    }
}
