//! The network: a list of layers over three-dimensional arrays (rows, columns, channels), as `scripts/faces_model.py` wrote it.
//!
//! Channels are padded to a multiple of eight with zeros, so that the inner loops run over whole vectors.
mod layers;

use layers::{Map, convolve, depthwise, double, halve, join};

/// The model of this build; see NOTICE for whose it is.
pub const MODEL: &[u8] = include_bytes!("../model/blazeface-full-range.bin");
/// Pixels on each side of what the network sees.
pub const SIDE: usize = 192;
const MAGIC: &[u8] = b"mlfaces1";
const INPUT_CHANNELS: usize = 3;

/// A view, samples from -1 (black) to 1.
#[derive(Debug)]
pub struct Input {
    pub samples: Vec<f32>,
}

impl Input {
    pub fn black() -> Self {
        Self {
            samples: vec![-1.0; SIDE * SIDE * INPUT_CHANNELS],
        }
    }
}

/// What the network says, cell by cell of a grid over the view.
#[derive(Debug)]
pub struct Said {
    pub cells: usize,
    scores: Map,
    boxes: Map,
}

impl Said {
    /// Evidence for a face near a cell, before it is squashed to 0..1.
    pub fn score(&self, cell: usize) -> f32 {
        self.scores.pixel(cell)[0]
    }

    /// The first four numbers of a cell: middle, relative to the cell's, and sides. The others are eyes, ears, nose and mouth.
    pub fn place(&self, cell: usize) -> [f32; 4] {
        let numbers = self.boxes.pixel(cell);
        [numbers[0], numbers[1], numbers[2], numbers[3]]
    }
}

#[derive(Debug)]
enum Kind {
    Convolution {
        kernel: usize,
        stride: usize,
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    Depthwise {
        stride: usize,
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    MaxPool,
    /// Of two inputs; the second may have fewer channels.
    Add {
        other: usize,
    },
    Double,
}

#[derive(Debug)]
struct Layer {
    kind: Kind,
    /// 0 is the view, n + 1 the result of layer n.
    input: usize,
    relu: bool,
}

/// Layers with their weights.
#[derive(Debug)]
pub struct Network {
    layers: Vec<Layer>,
    /// After which layer a result is not needed any more.
    last_use: Vec<usize>,
}

impl Network {
    /// `None` if the bytes are not what the script writes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let count = usize::from(u16::from_le_bytes(*take::<2>(&mut rest)?));
        let heads: Option<Vec<[u8; 10]>> = (0..count).map(|_| take::<10>(&mut rest).copied()).collect();
        let mut channels = vec![INPUT_CHANNELS];
        let mut layers = Vec::new();
        for head in heads? {
            let [kind, relu, kernel, stride, ..] = head;
            let word = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
            let (input, other, made) = (word(4), word(6), word(8));
            let taken = *channels.get(input)?;
            let (kernel, stride) = (usize::from(kernel), usize::from(stride));
            let kind = match kind {
                0 => Kind::Convolution {
                    kernel,
                    stride,
                    weights: matrices(&mut rest, kernel * kernel, taken, made)?,
                    bias: padded(&halves(&mut rest, made)?, made),
                },
                1 => Kind::Depthwise {
                    stride,
                    weights: padded(&halves(&mut rest, 9 * made)?, made),
                    bias: padded(&halves(&mut rest, made)?, made),
                },
                2 => Kind::MaxPool,
                3 if other < channels.len() => Kind::Add { other },
                4 => Kind::Double,
                _ => return None,
            };
            layers.push(Layer {
                kind,
                input,
                relu: relu != 0,
            });
            channels.push(made);
        }
        (rest.is_empty() && count > 1).then(|| Self {
            last_use: last_use(&layers),
            layers,
        })
    }

    /// Looks at one view.
    pub fn run(&self, input: &Input) -> Said {
        let view = Map::of(SIDE, INPUT_CHANNELS, input.samples.clone());
        let mut maps: Vec<Option<Map>> = vec![Some(view)];
        for (index, layer) in self.layers.iter().enumerate() {
            let of = |at: usize| maps[at].as_ref().expect("results live until their last use");
            let from = of(layer.input);
            let mut made = match &layer.kind {
                Kind::Convolution {
                    kernel,
                    stride,
                    weights,
                    bias,
                } => convolve(from, *kernel, *stride, weights, bias),
                Kind::Depthwise {
                    stride,
                    weights,
                    bias,
                } => depthwise(from, *stride, weights, bias),
                Kind::MaxPool => halve(from),
                Kind::Add { other } => join(from, of(*other)),
                Kind::Double => double(from),
            };
            if layer.relu {
                made.rectify();
            }
            maps.push(Some(made));
            for (at, last) in self.last_use.iter().enumerate() {
                if *last == index {
                    maps[at] = None;
                }
            }
        }
        let mut ends = maps.into_iter().rev().flatten();
        let boxes = ends.next().expect("the last result is kept");
        let scores = ends.next().expect("the one before is kept");
        Said {
            cells: scores.side,
            scores,
            boxes,
        }
    }
}

/// The last two results are what the network says, and are never dropped.
fn last_use(layers: &[Layer]) -> Vec<usize> {
    let mut last = vec![usize::MAX; layers.len() + 1];
    for (index, layer) in layers.iter().enumerate() {
        last[layer.input] = index;
        if let Kind::Add { other } = layer.kind {
            last[other] = index;
        }
    }
    last
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(taken)
}

fn halves(rest: &mut &[u8], count: usize) -> Option<Vec<f32>> {
    let (taken, after) = rest.split_at_checked(count * 2)?;
    *rest = after;
    let words = taken.as_chunks::<2>().0;
    Some(words.iter().map(|word| half(u16::from_le_bytes(*word))).collect())
}

/// Rows of channels, each filled up with zeros to whole vectors.
fn padded(values: &[f32], channels: usize) -> Vec<f32> {
    let wide = layers::wide(channels);
    values
        .chunks_exact(channels)
        .flat_map(|row| {
            row.iter()
                .copied()
                .chain(std::iter::repeat_n(0.0, wide - channels))
        })
        .collect()
}

/// A convolution's weights: for each place under the kernel, for each channel in (filled up as well), a row of channels out.
fn matrices(rest: &mut &[u8], places: usize, taken: usize, made: usize) -> Option<Vec<f32>> {
    let rows = padded(&halves(rest, places * taken * made)?, made);
    let (wide_in, wide_out) = (layers::wide_in(taken), layers::wide(made));
    let mut weights = Vec::with_capacity(places * wide_in * wide_out);
    for place in rows.chunks_exact(taken * wide_out) {
        weights.extend_from_slice(place);
        weights.extend(std::iter::repeat_n(0.0, (wide_in - taken) * wide_out));
    }
    Some(weights)
}

/// IEEE 754 half to single precision.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        _ => (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    };
    sign * magnitude
}
