//! A few colours that a picture is made of: clusters of its colours as eyes tell them apart, the largest first.
use minilab_recipe::Rgb;

/// Samples that share these bits of each band count as one colour: 4,096 at most.
const BITS: u32 = 4;
/// Clusters settle long before.
const ROUNDS: usize = 24;
/// Colours nearer than this, in OKLab, are one to the eye of a designer.
const NEAR: f64 = 0.05;

/// A colour in OKLab, with its weight.
#[derive(Debug, Clone, Copy)]
struct Weighted {
    lab: [f64; 3],
    weight: f64,
}

/// At most `count` colours of interleaved RGBA samples; fewer where the picture has fewer. Transparent pixels do not count.
pub(crate) fn palette(rgba: &[u8], count: u8) -> Vec<Rgb> {
    let colours = colours(rgba);
    let mut centres = seeds(&colours, usize::from(count));
    let mut weights = vec![0.0; centres.len()];
    for _ in 0..ROUNDS {
        let mut sums = vec![[0.0; 4]; centres.len()];
        for colour in &colours {
            let sum = &mut sums[nearest(&centres, colour.lab).0];
            for (sum, part) in sum.iter_mut().zip(colour.lab) {
                *sum += part * colour.weight;
            }
            sum[3] += colour.weight;
        }
        for ((centre, weight), [l, a, b, total]) in centres.iter_mut().zip(&mut weights).zip(sums) {
            *weight = total;
            if total > 0.0 {
                *centre = [l, a, b].map(|sum| sum / total);
            }
        }
    }
    let mut found: Vec<(f64, [f64; 3])> = weights.into_iter().zip(centres).collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut palette: Vec<[f64; 3]> = Vec::new();
    for (_, centre) in found.into_iter().filter(|(weight, _)| *weight > 0.0) {
        if palette
            .iter()
            .all(|known| distance(*known, centre) >= NEAR * NEAR)
        {
            palette.push(centre);
        }
    }
    palette.into_iter().map(to_rgb).collect()
}

/// Cells of a colour cube with what is in them.
fn colours(rgba: &[u8]) -> Vec<Weighted> {
    let mut cells = vec![[0_u64; 4]; 1 << (3 * BITS)];
    for &[red, green, blue, alpha] in rgba.as_chunks::<4>().0 {
        let index = [red, green, blue].iter().fold(0, |index, sample| {
            index << BITS | usize::from(sample >> (8 - BITS))
        });
        let cell = &mut cells[index];
        for (sum, sample) in cell.iter_mut().zip([red, green, blue]) {
            *sum += u64::from(alpha) * u64::from(sample);
        }
        cell[3] += u64::from(alpha);
    }
    let filled = cells.into_iter().filter(|cell| cell[3] > 0);
    filled
        .map(|[red, green, blue, weight]| Weighted {
            lab: to_lab([red, green, blue].map(|sum| sum as f64 / weight as f64)),
            weight: weight as f64,
        })
        .collect()
}

/// The heaviest colour, then again and again the one that is heavy and far from all before: a small red kite in a blue sky
/// is found.
fn seeds(colours: &[Weighted], count: usize) -> Vec<[f64; 3]> {
    let mut seeds: Vec<[f64; 3]> = Vec::new();
    let heaviest = colours
        .iter()
        .max_by(|one, other| one.weight.total_cmp(&other.weight));
    seeds.extend(heaviest.map(|colour| colour.lab));
    while !seeds.is_empty() && seeds.len() < count {
        let pull = |colour: &Weighted| colour.weight.sqrt() * nearest(&seeds, colour.lab).1;
        let strongest = colours
            .iter()
            .map(|colour| (pull(colour), colour.lab))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        match strongest {
            Some((pull, lab)) if pull > 0.0 => seeds.push(lab),
            _ => break,
        }
    }
    seeds
}

/// Index of the nearest centre, and the square of how far it is.
fn nearest(centres: &[[f64; 3]], lab: [f64; 3]) -> (usize, f64) {
    let distances = centres.iter().map(|centre| distance(*centre, lab)).enumerate();
    distances
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .expect("there is a centre where there is a colour")
}

fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one - other).powi(2))
        .sum()
}

/// sRGB samples to OKLab (B. Ottosson).
#[expect(
    clippy::many_single_char_names,
    reason = "the letters are those of the colour spaces"
)]
fn to_lab(samples: [f64; 3]) -> [f64; 3] {
    let [r, g, b] = samples.map(|sample| {
        let value = sample / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
    ]
}

#[expect(
    clippy::many_single_char_names,
    reason = "the letters are those of the colour spaces"
)]
fn to_rgb([light, a, b]: [f64; 3]) -> Rgb {
    let l = (light + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (light - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (light - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ];
    Rgb(linear.map(|value| {
        let value = value.clamp(0.0, 1.0);
        let curved = if value <= 0.003_130_8 {
            value * 12.92
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        };
        (curved * 255.0).round() as u8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(parts: &[(usize, [u8; 4])]) -> Vec<u8> {
        parts
            .iter()
            .flat_map(|(count, pixel)| pixel.repeat(*count))
            .collect()
    }

    #[test]
    fn colours_come_back_largest_first() {
        let pixels = flag(&[
            (500, [10, 20, 200, 255]),
            (300, [250, 250, 250, 255]),
            (40, [220, 20, 20, 255]),
        ]);
        let found = palette(&pixels, 5);
        assert_eq!(
            found,
            [Rgb([10, 20, 200]), Rgb([250, 250, 250]), Rgb([220, 20, 20])]
        );
        assert_eq!(palette(&pixels, 1).len(), 1);
    }

    #[test]
    fn transparent_pixels_do_not_count_and_a_clear_picture_has_no_colour() {
        let pixels = flag(&[(900, [255, 0, 0, 0]), (10, [0, 128, 0, 255])]);
        assert_eq!(palette(&pixels, 3), [Rgb([0, 128, 0])]);
        assert_eq!(palette(&flag(&[(9, [1, 2, 3, 0])]), 3), []);
    }
}
