//! BlurHash: a picture as a few cosine waves in base 83, by the algorithm of <https://github.com/woltapp/blurhash>.
use std::f64::consts::PI;

const DIGITS: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// The hash of interleaved RGBA samples by `x` times `y` components, 1 to 9 each. Transparency is not seen.
pub(crate) fn encode(rgba: &[u8], width: usize, height: usize, (x, y): (u8, u8)) -> String {
    let linear: Vec<[f64; 3]> = rgba
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&[red, green, blue, _]| [red, green, blue].map(to_linear))
        .collect();
    // Summed in the reference's order, column by column: rounding decides the digits of what is next to nothing.
    let component = |i: u8, j: u8| {
        let normalisation = if i == 0 && j == 0 { 1.0 } else { 2.0 };
        let wave =
            |times: u8, at: usize, length: usize| (PI * f64::from(times) * at as f64 / length as f64).cos();
        let mut sum = [0.0; 3];
        for column in 0..width {
            for row in 0..height {
                let basis = normalisation * wave(i, column, width) * wave(j, row, height);
                for (sum, sample) in sum.iter_mut().zip(linear[row * width + column]) {
                    *sum += basis * sample;
                }
            }
        }
        let scale = 1.0 / (width * height) as f64;
        sum.map(|sum| sum * scale)
    };
    let components: Vec<[f64; 3]> = (0..y)
        .flat_map(|j| (0..x).map(move |i| (i, j)))
        .map(|(i, j)| component(i, j))
        .collect();
    let (mean, waves) = components.split_first().expect("there is one component at least");
    let mut hash = digits(u32::from(x - 1) + u32::from(y - 1) * 9, 1);
    // Of the signed values, as the reference in TypeScript has it: troughs deeper than every crest are clipped.
    let largest = waves.iter().flatten().copied().fold(f64::MIN, f64::max);
    let (scale, told) = if waves.is_empty() {
        (1.0, 0)
    } else {
        let told = (largest * 166.0 - 0.5).floor().clamp(0.0, 82.0) as u32;
        (f64::from(told + 1) / 166.0, told)
    };
    hash += &digits(told, 1);
    let [red, green, blue] = mean.map(to_srgb);
    hash += &digits(red << 16 | green << 8 | blue, 4);
    for wave in waves {
        let [red, green, blue] = wave.map(|value| {
            let part = value / scale;
            let curved = part.abs().powf(0.5).copysign(part);
            (curved * 9.0 + 9.5).floor().clamp(0.0, 18.0) as u32
        });
        hash += &digits((red * 19 + green) * 19 + blue, 2);
    }
    hash
}

/// A number in base 83.
fn digits(number: u32, length: u32) -> String {
    (1..=length)
        .map(|place| DIGITS[(number / 83_u32.pow(length - place) % 83) as usize] as char)
        .collect()
}

fn to_linear(sample: u8) -> f64 {
    let value = f64::from(sample) / 255.0;
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn to_srgb(value: f64) -> u32 {
    let value = value.clamp(0.0, 1.0);
    let curved = if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    };
    (curved * 255.0 + 0.5).trunc() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the reference implementations: `make goldens`.
    const REFERENCES: &str = include_str!("placeholders.tsv");

    #[test]
    fn placeholders_are_those_of_the_reference_implementations() {
        let mut rgba = Vec::new();
        let mut side = (0, 0);
        let mut compared = 0;
        for line in REFERENCES.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let number = |index: usize| cells[index].parse::<u8>().unwrap();
            match cells[0] {
                "picture" => {
                    side = (number(2).into(), number(3).into());
                    rgba = from_hex(cells[4]);
                    continue;
                }
                "blurhash" => {
                    let hash = encode(&rgba, side.0, side.1, (number(1), number(2)));
                    assert_eq!(hash, cells[3]);
                }
                _ => {
                    let hash = thumbhash::rgba_to_thumb_hash(side.0, side.1, &rgba);
                    let expected = from_hex(cells[1]);
                    assert_eq!(hash.len(), expected.len());
                    // The one computes in single precision: a digit of a wave may be the next.
                    let wide = hash.iter().zip(&expected).filter(|(one, other)| {
                        let digits =
                            [0, 4].map(|shift| (**one >> shift & 15).abs_diff(**other >> shift & 15));
                        digits.into_iter().any(|by| by > 1)
                    });
                    assert_eq!(wide.count(), 0, "{hash:?} for {expected:?}");
                }
            }
            compared += 1;
        }
        assert_eq!(compared, 29);
    }

    fn from_hex(text: &str) -> Vec<u8> {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        text.as_bytes().chunks(2).map(byte).collect()
    }
}
