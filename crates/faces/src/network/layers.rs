//! The kinds of layers. Written so that the compiler vectorises them: fixed groups of eight channels, no branches inside.

/// Channels that are computed at once.
const LANES: usize = 8;
/// Pixels that share a row of weights while it is in registers.
const PIXELS: usize = 4;

/// A square array: rows, columns, channels.
#[derive(Debug)]
pub struct Map {
    pub side: usize,
    /// Channels with padding.
    channels: usize,
    values: Vec<f32>,
}

/// Channels filled up to whole vectors.
pub fn wide(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

/// The same for what a layer reads: the picture itself has three channels and no padding.
pub fn wide_in(channels: usize) -> usize {
    if channels == 3 { 3 } else { wide(channels) }
}

impl Map {
    pub fn of(side: usize, channels: usize, values: Vec<f32>) -> Self {
        assert_eq!(
            values.len(),
            side * side * channels,
            "a map is a square of pixels"
        );
        Self {
            side,
            channels,
            values,
        }
    }

    fn zero(side: usize, channels: usize) -> Self {
        Self::of(side, channels, vec![0.0; side * side * channels])
    }

    /// The channels of a pixel, counted row by row.
    pub fn pixel(&self, index: usize) -> &[f32] {
        &self.values[index * self.channels..][..self.channels]
    }

    pub fn rectify(&mut self) {
        for value in &mut self.values {
            *value = value.max(0.0);
        }
    }
}

/// A convolution over all channels, with as much outside as inside at the edges ("same").
pub fn convolve(from: &Map, kernel: usize, stride: usize, weights: &[f32], bias: &[f32]) -> Map {
    let side = from.side.div_ceil(stride);
    let mut made = Map::zero(side, bias.len());
    if kernel == 1 {
        multiply(&from.values, from.channels, weights, bias, &mut made.values);
        return made;
    }
    // Every pixel under the kernel side by side, then as above; only the first layer comes here.
    let row = kernel * kernel * from.channels;
    let mut gathered = vec![0.0; side * side * row];
    let before = before(from.side, side, kernel, stride);
    for (index, under) in gathered.chunks_exact_mut(row).enumerate() {
        for (place, channels) in under.chunks_exact_mut(from.channels).enumerate() {
            let (y, x) = (
                index / side * stride + place / kernel,
                index % side * stride + place % kernel,
            );
            let (Some(y), Some(x)) = (y.checked_sub(before), x.checked_sub(before)) else {
                continue;
            };
            if y < from.side && x < from.side {
                channels.copy_from_slice(from.pixel(y * from.side + x));
            }
        }
    }
    multiply(&gathered, row, weights, bias, &mut made.values);
    made
}

/// Rows of the kernel above the first row, where TensorFlow puts the smaller half.
fn before(side: usize, made: usize, kernel: usize, stride: usize) -> usize {
    ((made - 1) * stride + kernel).saturating_sub(side) / 2
}

/// `into = bias + from x weights`, for pixels of `row` values each.
fn multiply(from: &[f32], row: usize, weights: &[f32], bias: &[f32], into: &mut [f32]) {
    let wide = bias.len();
    let pixels = from.chunks(row * PIXELS).zip(into.chunks_mut(wide * PIXELS));
    for (group, made) in pixels {
        if group.len() < row * PIXELS {
            for (one, made) in group.chunks_exact(row).zip(made.chunks_exact_mut(wide)) {
                block::<1>([one], weights, bias, made);
            }
        } else {
            let [a, b, c, d] = [0, 1, 2, 3].map(|index| &group[index * row..][..row]);
            block::<PIXELS>([a, b, c, d], weights, bias, made);
        }
    }
}

#[inline]
fn block<const N: usize>(from: [&[f32]; N], weights: &[f32], bias: &[f32], into: &mut [f32]) {
    let wide = bias.len();
    for (lane, bias) in bias.as_chunks::<LANES>().0.iter().enumerate() {
        let mut sums = [*bias; N];
        let rows = weights.chunks_exact(wide);
        for (index, row) in rows.enumerate() {
            let weights: &[f32; LANES] = row[lane * LANES..].first_chunk().expect("rows are whole vectors");
            for (sum, pixel) in sums.iter_mut().zip(from) {
                let value = pixel[index];
                for (sum, weight) in sum.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
        for (index, sum) in sums.iter().enumerate() {
            into[index * wide + lane * LANES..][..LANES].copy_from_slice(sum);
        }
    }
}

/// A 3 x 3 convolution of each channel by itself.
pub fn depthwise(from: &Map, stride: usize, weights: &[f32], bias: &[f32]) -> Map {
    let (side, wide) = (from.side.div_ceil(stride), bias.len());
    let mut made = Map::zero(side, wide);
    let before = before(from.side, side, 3, stride);
    for (index, into) in made.values.chunks_exact_mut(wide).enumerate() {
        into.copy_from_slice(bias);
        let (top, left) = (index / side * stride, index % side * stride);
        for (place, weights) in weights.chunks_exact(wide).enumerate() {
            let (y, x) = (top + place / 3, left + place % 3);
            let (Some(y), Some(x)) = (y.checked_sub(before), x.checked_sub(before)) else {
                continue;
            };
            if y >= from.side || x >= from.side {
                continue;
            }
            let pixel = from.pixel(y * from.side + x);
            for ((sum, value), weight) in into.iter_mut().zip(pixel).zip(weights) {
                *sum += value * weight;
            }
        }
    }
    made
}

/// The largest of each four pixels.
pub fn halve(from: &Map) -> Map {
    let side = from.side / 2;
    let mut made = Map::zero(side, from.channels);
    for (index, into) in made.values.chunks_exact_mut(from.channels).enumerate() {
        let corner = index / side * 2 * from.side + index % side * 2;
        into.copy_from_slice(from.pixel(corner));
        for other in [corner + 1, corner + from.side, corner + from.side + 1] {
            for (most, value) in into.iter_mut().zip(from.pixel(other)) {
                *most = most.max(*value);
            }
        }
    }
    made
}

/// The sum; channels that the second does not have count as zero.
pub fn join(one: &Map, other: &Map) -> Map {
    let mut values = one.values.clone();
    let pixels = values.chunks_exact_mut(one.channels);
    for (into, from) in pixels.zip(other.values.chunks_exact(other.channels)) {
        for (sum, value) in into.iter_mut().zip(from) {
            *sum += value;
        }
    }
    Map::of(one.side, one.channels, values)
}

/// Twice as large, between pixels by their distance (half-pixel centres).
pub fn double(from: &Map) -> Map {
    let side = from.side * 2;
    let mut made = Map::zero(side, from.channels);
    // An output pixel lies a quarter beside one pixel and three quarters beside the next.
    let near = |at: usize| {
        let own = at / 2;
        let next = if at.is_multiple_of(2) {
            own.saturating_sub(1)
        } else {
            (own + 1).min(from.side - 1)
        };
        [(own, 0.75), (next, 0.25)]
    };
    for (index, into) in made.values.chunks_exact_mut(from.channels).enumerate() {
        for (y, down) in near(index / side) {
            for (x, across) in near(index % side) {
                for (sum, value) in into.iter_mut().zip(from.pixel(y * from.side + x)) {
                    *sum += value * down * across;
                }
            }
        }
    }
    made
}
