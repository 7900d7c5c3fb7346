//! Decoded samples, read by a decoder that minilab does not use.
use png::{ColorType, Decoder, Encoder, Transformations};

/// RGBA, 8 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<[u8; 4]>,
    /// What the samples mean, where that is not sRGB.
    pub profile: Option<Vec<u8>>,
}

impl Picture {
    pub fn read(bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut samples).unwrap();
        let pixels = match frame.color_type {
            ColorType::Rgba => samples.as_chunks::<4>().0.to_vec(),
            ColorType::GrayscaleAlpha => samples
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&[grey, alpha]| [grey, grey, grey, alpha])
                .collect(),
            other => panic!("{other:?} was to be expanded"),
        };
        Self {
            width: frame.width,
            height: frame.height,
            pixels,
            profile: reader.info().icc_profile.as_ref().map(|profile| profile.to_vec()),
        }
    }

    pub fn opaque(width: u32, height: u32, colour: [u8; 3]) -> Self {
        let [red, green, blue] = colour;
        Self {
            width,
            height,
            pixels: vec![[red, green, blue, 255]; (width * height) as usize],
            profile: None,
        }
    }

    pub fn is_translucent(&self) -> bool {
        self.pixels.iter().any(|pixel| pixel[3] < 255)
    }

    /// What is seen on a ground of that grey.
    pub fn on(&self, ground: u8) -> Vec<u8> {
        let mix = |[samples @ .., alpha]: [u8; 4]| {
            samples.map(|sample| {
                let (alpha, sample, ground) = (u32::from(alpha), u32::from(sample), u32::from(ground));
                ((sample * alpha + ground * (255 - alpha) + 127) / 255) as u8
            })
        };
        self.pixels.iter().flat_map(|&pixel| mix(pixel)).collect()
    }

    /// The same picture with every pixel made anew from itself and its place.
    pub fn map(&self, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Self {
        let places = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        Self {
            pixels: places.map(|(x, y)| pixel(x, y)).collect(),
            ..self.clone()
        }
    }

    pub fn at(&self, x: u32, y: u32) -> [u8; 4] {
        self.pixels[(y * self.width + x) as usize]
    }

    /// This one, and the other below it.
    pub fn over(mut self, other: &Self) -> Self {
        assert_eq!(self.width, other.width, "frames of one animation are of one size");
        self.height += other.height;
        self.pixels.extend(&other.pixels);
        self
    }

    /// Puts another on top.
    pub fn stamp(&mut self, other: &Self, left: u32, top: u32) {
        for y in 0..other.height {
            let from = (y * other.width) as usize;
            let to = ((top + y) * self.width + left) as usize;
            let row = &other.pixels[from..from + other.width as usize];
            self.pixels[to..to + row.len()].copy_from_slice(row);
        }
    }

    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(ColorType::Rgba);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(self.pixels.as_flattened()).unwrap();
        writer.finish().unwrap();
        bytes
    }
}
