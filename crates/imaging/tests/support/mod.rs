//! Pictures, plans and measures for the tests. Pictures are made by the engine itself: one that was opened from raw
//! pixels in a hand-written PNG, then encoded as the test needs it.
#![allow(dead_code, reason = "each test file uses a part")]
pub mod gif;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use minilab_imaging::{Decoded, Encoded, Engine, Limits, Result, Settings};
use minilab_recipe::{
    Aim, AvifTuning, ColourSpace, Decode, Encoding, Keep, Kernel, Lane, Node, Plan, PlannedFile, PngTuning,
    Predicted, Probe, Rgb, Shrink, Size, Source, Step, Subsampling, WebpTuning,
};

/// libvips keeps one error text per process, so tests that share a process take turns.
static TURN: Mutex<()> = Mutex::new(());

/// The engine, for one test at a time.
pub struct Lab {
    pub engine: Engine,
    _turn: MutexGuard<'static, ()>,
}

pub fn lab() -> Lab {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Lab {
        engine: Engine::start(Settings::default()).expect("the engine starts"),
        _turn: turn,
    }
}

/// Decoded samples, interleaved.
#[derive(Debug)]
pub struct Picture {
    pub size: Size,
    pub bands: usize,
    pub samples: Vec<u8>,
}

impl Picture {
    pub fn new(width: u32, height: u32, pixel: impl Fn(u32, u32) -> Vec<u8>) -> Self {
        let samples: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| pixel(x, y))
            .collect();
        let bands = samples.len() / (width * height) as usize;
        Self {
            size: Size { width, height },
            bands,
            samples,
        }
    }

    pub fn at(&self, x: u32, y: u32) -> &[u8] {
        let start = (y * self.size.width + x) as usize * self.bands;
        &self.samples[start..start + self.bands]
    }

    /// As a PNG with stored (uncompressed) data, 8 bits.
    pub fn png(&self) -> Vec<u8> {
        let rows: Vec<u8> = self
            .samples
            .chunks(self.size.width as usize * self.bands)
            .flat_map(|row| std::iter::once(0).chain(row.iter().copied()))
            .collect();
        png(self.size, 8, [0, 4, 2, 6][self.bands - 1], &rows)
    }

    /// Greatest and mean difference of samples.
    pub fn difference(&self, other: &Self) -> (u8, f64) {
        assert_eq!((self.size, self.bands), (other.size, other.bands));
        let differences = || {
            self.samples
                .iter()
                .zip(&other.samples)
                .map(|(a, b)| a.abs_diff(*b))
        };
        let sum: u64 = differences().map(u64::from).sum();
        (
            differences().max().unwrap_or(0),
            sum as f64 / self.samples.len() as f64,
        )
    }
}

/// A PNG around rows with their filter bytes. `colour`: 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA.
pub fn png(size: Size, bits: u8, colour: u8, rows: &[u8]) -> Vec<u8> {
    let mut header = [size.width.to_be_bytes(), size.height.to_be_bytes()].concat();
    header.extend([bits, colour, 0, 0, 0]);
    let mut zlib = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = rows.chunks(65_535).collect();
    for (index, block) in blocks.iter().enumerate() {
        let len = block.len() as u16;
        zlib.push(u8::from(index + 1 == blocks.len()));
        zlib.extend(len.to_le_bytes());
        zlib.extend((!len).to_le_bytes());
        zlib.extend(*block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in rows {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    zlib.extend((b << 16 | a).to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, payload) in [(b"IHDR", &header), (b"IDAT", &zlib), (b"IEND", &Vec::new())] {
        png.extend(chunk(*kind, payload));
    }
    png
}

/// A PNG chunk with its checksum.
pub fn chunk(kind: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let body = [&kind[..], payload].concat();
    let mut crc = u32::MAX;
    for byte in &body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    [
        &(payload.len() as u32).to_be_bytes()[..],
        &body,
        &(!crc).to_be_bytes()[..],
    ]
    .concat()
}

pub const JPEG: Encoding = Encoding::Jpeg {
    quality: 90,
    effort: 2,
    progressive: false,
    subsampling: Subsampling::Off,
};
pub const WEBP: Encoding = Encoding::Webp {
    quality: 90,
    effort: 4,
    lossless: false,
    tuning: WebpTuning::DEFAULT,
};
pub const AVIF: Encoding = Encoding::Avif {
    quality: 80,
    effort: 0,
    lossless: false,
    subsampling: Subsampling::Off,
    tuning: AvifTuning::DEFAULT,
};
pub const PNG: Encoding = Encoding::Png {
    compression: 1,
    palette: false,
    tuning: PngTuning::DEFAULT,
};

impl Lab {
    /// All of a picture.
    pub fn whole<'a>(&self, bytes: &'a [u8]) -> Decoded<'a> {
        let probe = self.probe(bytes).unwrap();
        self.engine.decode(bytes, &probe, &plan(&probe).decode).unwrap()
    }
}

/// A plan that decodes at full size in sRGB and makes nothing yet.
pub fn plan(probe: &Probe) -> Plan {
    Plan {
        further: Vec::new(),
        decode: Decode {
            frames: 1,
            shrink: Shrink(1),
            page: 0,
            size: probe.upright(),
            colour: ColourSpace::Srgb,
            kernel: Kernel::Lanczos3,
        },
        nodes: Vec::new(),
        files: Vec::new(),
        skipped: Vec::new(),
        analyses: Vec::new(),
        assets: Vec::new(),
        predicted: Predicted::default(),
    }
}

pub fn file(from: Source, size: Size, encoding: Encoding) -> PlannedFile {
    PlannedFile {
        face: None,
        frames: 1,
        derivative: "photo".into(),
        lane: Lane::Standard,
        from,
        size,
        encoding,
        aim: Aim::default(),
        unless_larger: Vec::new(),
        flatten: Some(Rgb([255; 3])),
        keep: Keep::default(),
        written: minilab_recipe::Written::default(),
        notes: Vec::new(),
        canonical: String::new(),
    }
}

pub fn resize(width: u32, height: u32) -> Step {
    Step::Resize {
        size: Size { width, height },
        kernel: Kernel::Lanczos3,
        linear: false,
    }
}

impl Lab {
    pub fn probe(&self, bytes: &[u8]) -> Result<Probe> {
        self.engine.probe(bytes, &Limits::default())
    }

    /// Renders all files of a plan.
    pub fn render(&self, bytes: &[u8], plan: &Plan) -> Result<Vec<Encoded>> {
        let files: Vec<usize> = (0..plan.files.len()).collect();
        let mut session = self.engine.open(bytes, &self.probe(bytes)?, plan, &files)?;
        files.into_iter().map(|file| session.encode(file)).collect()
    }

    /// Renders one file from the original by the steps.
    pub fn make(
        &self,
        bytes: &[u8],
        steps: &[Step],
        size: Size,
        change: impl FnOnce(&mut Plan),
    ) -> Result<Encoded> {
        let mut plan = plan(&self.probe(bytes)?);
        let from = if steps.is_empty() {
            Source::Trunk
        } else {
            plan.nodes.push(Node {
                from: Source::Trunk,
                steps: steps.to_vec(),
                size,
            });
            Source::Node(0)
        };
        plan.files.push(file(from, size, PNG));
        change(&mut plan);
        Ok(self.render(bytes, &plan)?.remove(0))
    }

    /// Encodes the original as it is.
    pub fn convert(&self, bytes: &[u8], encoding: &Encoding) -> Vec<u8> {
        let size = self.probe(bytes).unwrap().upright();
        self.make(bytes, &[], size, |plan| plan.files[0].encoding = encoding.clone())
            .unwrap()
            .bytes
            .to_vec()
    }

    /// Samples of an encoded picture, by the engine itself through stored PNG.
    pub fn samples(&self, bytes: &[u8]) -> Picture {
        let size = self.probe(bytes).unwrap().upright();
        let encoding = Encoding::Png {
            compression: 0,
            palette: false,
            tuning: PngTuning::DEFAULT,
        };
        let png = self
            .make(bytes, &[], size, |plan| plan.files[0].encoding = encoding)
            .unwrap()
            .bytes;
        read_png(&png)
    }
}

/// Reads what `Encoding::Png { compression: 0 }` wrote: stored blocks, 8 bits, no filter.
pub fn read_png(png: &[u8]) -> Picture {
    let word = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    let size = Size {
        width: word(16),
        height: word(20),
    };
    let bands = match png[25] {
        0 => 1,
        2 => 3,
        4 => 2,
        6 => 4,
        other => panic!("colour type {other}"),
    };
    assert_eq!((png[24], png[28]), (8, 0), "8 bits, not interlaced");
    let (mut zlib, mut at) = (Vec::new(), 8);
    while at < png.len() {
        let len = word(at) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            zlib.extend(&png[at + 8..at + 8 + len]);
        }
        at += 12 + len;
    }
    let (mut rows, mut at) = (Vec::new(), 2);
    loop {
        assert_eq!(zlib[at] & 6, 0, "a stored block");
        let len = usize::from(u16::from_le_bytes([zlib[at + 1], zlib[at + 2]]));
        rows.extend(&zlib[at + 5..at + 5 + len]);
        if zlib[at] & 1 == 1 {
            break;
        }
        at += 5 + len;
    }
    let samples = rows
        .chunks(size.width as usize * bands + 1)
        .flat_map(|row| {
            assert_eq!(row[0], 0, "no filter");
            row[1..].to_vec()
        })
        .collect();
    Picture { size, bands, samples }
}

/// A file of the shared corpus; says so where it is absent.
pub fn corpus(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/corpus")
        .join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        eprintln!("skipped: ../shared/corpus is absent ({name})");
    }
    bytes
}

/// CIE76 difference of two sRGB pixels.
pub fn delta_e(a: &[u8], b: &[u8]) -> f64 {
    lab_of(a)
        .iter()
        .zip(lab_of(b))
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f64>()
        .sqrt()
}

fn lab_of(rgb: &[u8]) -> [f64; 3] {
    let linear: Vec<f64> = rgb[..3]
        .iter()
        .map(|sample| {
            let value = f64::from(*sample) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
        .collect();
    let row = |r: f64, g: f64, b: f64| r * linear[0] + g * linear[1] + b * linear[2];
    let curve = |t: f64| {
        if t > 0.008_856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        }
    };
    let x = curve(row(0.4124, 0.3576, 0.1805) / 0.9505);
    let y = curve(row(0.2126, 0.7152, 0.0722));
    let z = curve(row(0.0193, 0.1192, 0.9505) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Samples of one frame of an animation.
pub fn png_of_frame(lab: &Lab, bytes: &[u8], page: u32) -> Picture {
    let size = lab.probe(bytes).unwrap().upright();
    let stored = Encoding::Png {
        compression: 0,
        palette: false,
        tuning: PngTuning::DEFAULT,
    };
    let made = lab.make(bytes, &[], size, |plan| {
        plan.decode.page = page;
        plan.files[0].encoding = stored;
    });
    read_png(&made.unwrap().bytes)
}
