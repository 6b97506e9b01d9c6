//! What moves in the picture: a shaded disc on a slow curve, drawn over one colour. A source that paints every pixel of every
//! picture anew takes a seventh of a core for it.

/// The three planes of an I420 picture, with how many bytes a line of each has.
pub(super) struct Planes<'a> {
    pub(super) luma: (&'a mut [u8], usize),
    pub(super) blue: (&'a mut [u8], usize),
    pub(super) red: (&'a mut [u8], usize),
}

/// A colour as it is broadcast: Y', Cb, Cr of narrow range.
pub(super) type Colour = [f32; 3];

/// From 0xRRGGBB, by the coefficients of BT.709 for pictures of 720 lines and more, of BT.601 for others.
pub(super) fn colour(rgb: u32, height: usize) -> Colour {
    let [_, red, green, blue] = rgb.to_be_bytes().map(|part| f32::from(part) / 255.0);
    let (of_red, of_blue) = if height >= 720 { (0.2126, 0.0722) } else { (0.299, 0.114) };
    let luma = of_red * red + (1.0 - of_red - of_blue) * green + of_blue * blue;
    [
        16.0 + 219.0 * luma,
        128.0 + 112.0 * (blue - luma) / (1.0 - of_blue),
        128.0 + 112.0 * (red - luma) / (1.0 - of_red),
    ]
}

/// Draws the disc where it is `seconds` into its way. `stretch` is the width of a pixel by its height.
pub(super) fn draw(planes: Planes, (width, height): (usize, usize), stretch: f32, of: Colour, seconds: f64) {
    let (across, down) = (width as f32, height as f32);
    let swing = |speed: f64| (seconds * speed).sin() as f32;
    let disc = Disc {
        x: across * 0.36_f32.mul_add(swing(0.61), 0.5),
        y: down * 0.24_f32.mul_add(swing(0.97), 0.47),
        radius: down * 0.14,
        stretch,
    };
    let [luma, blue, red] = of;
    disc.blend(planes.luma, (width, height), 1, luma, 45.0);
    disc.blend(planes.blue, (width / 2, height / 2), 2, blue, 0.0);
    disc.blend(planes.red, (width / 2, height / 2), 2, red, 0.0);
}

struct Disc {
    x: f32,
    y: f32,
    radius: f32,
    stretch: f32,
}

impl Disc {
    /// Into one plane, of which a sample stands for `step` pixels each way; lit from above by `light`.
    fn blend(
        &self,
        (plane, stride): (&mut [u8], usize),
        (width, height): (usize, usize),
        step: usize,
        value: f32,
        light: f32,
    ) {
        let step = step as f32;
        let first = ((self.y - self.radius) / step).max(0.0) as usize;
        let end = (((self.y + self.radius) / step + 1.0).max(0.0) as usize).min(height);
        for row in first..end {
            let down = (row as f32 + 0.5).mul_add(step, -self.y);
            let half = (self.radius * self.radius - down * down).max(0.0).sqrt() / self.stretch;
            let (left, right) = (((self.x - half) / step).max(0.0), (self.x + half) / step);
            let (from, to) = (left as usize, (right.max(0.0) as usize).min(width.saturating_sub(1)));
            let Some(line) = plane.get_mut(row * stride..row * stride + width) else { return };
            let lit = (value - light * down / self.radius).clamp(16.0, 235.0);
            // The samples at both ends are covered in part.
            for (end, coverage) in [(from, 1.0 - left.fract()), (to, right.fract())] {
                if let Some(sample) = line.get_mut(end) {
                    let was = f32::from(*sample);
                    *sample = (lit - was).mul_add(coverage, was) as u8;
                }
            }
            if let Some(inner) = line.get_mut(from + 1..to) {
                inner.fill(lit as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_is_round_on_a_screen_and_nothing_else_changes() {
        let (width, height, stretch) = (720, 576, 64.0 / 45.0);
        let (mut luma, mut blue, mut red) =
            (vec![30; width * height], vec![128; width * height / 4], vec![128; width * height / 4]);
        let planes =
            Planes { luma: (&mut luma, width), blue: (&mut blue, width / 2), red: (&mut red, width / 2) };
        draw(planes, (width, height), stretch, colour(0xff_ffff, height), 0.0);
        let rows = luma.chunks(width).filter(|row| row.iter().any(|sample| *sample > 100)).count();
        let columns = (0..width).filter(|column| luma.chunks(width).any(|row| row[*column] > 100)).count();
        let shape = columns as f32 * stretch / rows as f32;
        assert!((0.95..1.05).contains(&shape), "{columns} columns, {rows} rows: {shape}");
        assert_eq!(luma[0], 30);
        assert!(blue.iter().all(|sample| (127..=128).contains(sample)), "white has no colour");
    }

    #[test]
    fn colours_are_those_of_the_standards() {
        let near = |a: Colour, b: Colour| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1.0);
        assert!(near(colour(0xff_0000, 720), [62.6, 102.3, 240.0]), "{:?}", colour(0xff_0000, 720));
        assert!(near(colour(0x00_00ff, 576), [41.0, 240.0, 109.8]), "{:?}", colour(0x00_00ff, 576));
    }
}
