//! Every format in, by every kind of operation, to every format out: size, media type, upright, colours, transparency,
//! animation. A new format or operation is one line in a table.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::sniff;
use minilab_recipe::{
    Asset, AssetState, Document, Encoding, Format, Note, Original, OutputFormat, Plan, PlannedFile, Probe,
    WebpTuning,
};
use support::gif::{Frame, gif};
use support::{AVIF, Lab, Picture, lab};

const RED: [u8; 3] = [224, 16, 32];
const GREEN: [u8; 3] = [16, 176, 48];
const BLUE: [u8; 3] = [32, 64, 224];
const YELLOW: [u8; 3] = [240, 208, 16];

/// Of the picture that is laid on.
const ORANGE: [u8; 3] = [250, 130, 10];

/// Colours in the corners: top left, top right, bottom right, bottom left.
type Corners = [[u8; 3]; 4];
const CORNERS: Corners = [RED, GREEN, YELLOW, BLUE];

/// An original and what it shows, upright.
struct Input {
    format: Format,
    bytes: Vec<u8>,
    size: (u32, u32),
    /// `None`: a photo from outside, whose colours are compared with the exact file's alone.
    corners: Option<Corners>,
    /// Has it transparency? With corners: its middle is clear.
    clear: bool,
    frames: u32,
}

struct Operation {
    name: &'static str,
    /// As a recipe writes it, for an original of that size.
    derivative: fn((u32, u32)) -> String,
    size: fn((u32, u32)) -> (u32, u32),
    /// Which corners it shows; `None`: it cuts them off.
    corners: Option<fn(Corners) -> Corners>,
}

const OPERATIONS: [Operation; 4] = [
    Operation {
        name: "plain",
        derivative: |(width, _)| format!("resize: {{ width: {} }}", width / 2),
        size: |(width, height)| (width / 2, height / 2),
        corners: Some(|corners| corners),
    },
    Operation {
        name: "cover and attention",
        derivative: |_| "resize: { width: 30, height: 30, fit: cover, gravity: attention }".to_owned(),
        size: |_| (30, 30),
        corners: None,
    },
    Operation {
        name: "rotate",
        derivative: |(_, height)| format!("rotate: 90, resize: {{ width: {} }}", height / 2),
        size: |(width, height)| (height / 2, width / 2),
        corners: Some(|[a, b, c, d]| [d, a, b, c]),
    },
    Operation {
        name: "composite",
        derivative: |(width, _)| {
            let image = "image: { store: brand, key: logo.png }";
            format!(
                "resize: {{ width: {} }}, steps: [ {{ composite: {{ {image}, gravity: southeast, width: '25%' }} }} ]",
                width / 2
            )
        },
        size: |(width, height)| (width / 2, height / 2),
        corners: Some(|[a, b, _, d]| [a, b, ORANGE, d]),
    },
];

/// Files of a few pixels would suffer from what does not show on larger ones.
const FAITHFUL: &str = "encodings: { jpeg: { quality: 90, subsampling: off }, avif: { quality: 80, subsampling: off }, \
                        webp: { quality: 90, smart_subsample: true } }";

/// How far a format's colours may be from the exact ones: in a corner, and on the mean. Of a GIF, whose colours are few, the
/// mean is that of dots that mix them.
fn distances(format: OutputFormat) -> (f64, f64) {
    match format {
        OutputFormat::Png | OutputFormat::Tiff => (3.0, 0.01),
        OutputFormat::Gif => (6.0, 8.0),
        // Colours at half the resolution show on pictures as small as these, and this format has no others.
        OutputFormat::Webp => (9.0, 12.0),
        _ => (9.0, 6.0),
    }
}

/// A gradient with a colour in each corner, and nothing in the middle.
fn picture(clear: bool) -> Picture {
    Picture::new(144, 96, |x, y| {
        let corner = match (x < 24, x >= 120, y < 24, y >= 72) {
            (true, _, true, _) => Some(RED),
            (_, true, true, _) => Some(GREEN),
            (_, true, _, true) => Some(YELLOW),
            (true, _, _, true) => Some(BLUE),
            _ => None,
        };
        let [red, green, blue] = corner.unwrap_or([(60 + x) as u8, (200 - y) as u8, (90 + y) as u8]);
        let hole = (60..84).contains(&x) && (36..60).contains(&y);
        if clear {
            vec![red, green, blue, if hole { 0 } else { 255 }]
        } else {
            vec![red, green, blue]
        }
    })
}

/// Two frames with other colours between the corners, and a clear middle.
fn moving() -> Vec<u8> {
    let size = picture(true).size;
    let palette = [RED, GREEN, YELLOW, BLUE, [120, 120, 120], [200, 180, 160], [0; 3]];
    let frame = |between: u8| {
        let mut frame = Frame::filled(size, between, 20);
        for y in 0..96 {
            for x in 0..144 {
                let index = match (x < 24, x >= 120, y < 24, y >= 72) {
                    (true, _, true, _) => 0,
                    (_, true, true, _) => 1,
                    (_, true, _, true) => 2,
                    (true, _, _, true) => 3,
                    _ if (60..84).contains(&x) && (36..60).contains(&y) => 6,
                    _ => between,
                };
                frame.pixels[y * 144 + x] = index;
            }
        }
        frame.disposal = 2;
        frame.transparent = Some(6);
        frame
    };
    gif(size, &palette, Some(0), &[frame(4), frame(5)])
}

fn inputs(lab: &Lab) -> Vec<Input> {
    let input = |format: Format, bytes: Vec<u8>, clear: bool, frames: u32| Input {
        format,
        bytes,
        size: (144, 96),
        corners: Some(CORNERS),
        clear,
        frames,
    };
    let lossless = Encoding::Webp {
        quality: 75,
        effort: 2,
        lossless: true,
        tuning: WebpTuning::DEFAULT,
    };
    let tiff = Encoding::Tiff {
        compression: minilab_recipe::TiffCompression::Lzw,
        quality: 90,
        predictor: true,
        tiled: false,
    };
    let (clear, opaque) = (picture(true).png(), picture(false).png());
    let lying = include_bytes!("../../../tests/goldens/originals/orientation-6.jpg").to_vec();
    let moving_webp = files(lab, &moving(), "formats: [webp]").remove(0).1;
    vec![
        // Stored lying on its side.
        Input {
            size: (96, 144),
            corners: Some([BLUE, RED, GREEN, YELLOW]),
            ..input(Format::Jpeg, lying, false, 1)
        },
        input(Format::Png, opaque, false, 1),
        input(Format::Png, clear.clone(), true, 1),
        input(Format::Webp, lab.convert(&clear, &lossless), true, 1),
        input(Format::Avif, lab.convert(&clear, &AVIF), true, 1),
        input(Format::Tiff, lab.convert(&clear, &tiff), true, 1),
        input(Format::Gif, moving(), true, 2),
        input(Format::Webp, moving_webp, true, 2),
        sample(lab, Format::Heic, "turned.heic"),
        sample(lab, Format::Heic, "clear.heic"),
        sample(lab, Format::Jxl, "photo.jxl"),
        sample(lab, Format::Svg, "logo.svg"),
    ]
}

/// A file that is not made here.
fn sample(lab: &Lab, format: Format, name: &str) -> Input {
    let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let probe = lab.probe(&bytes).unwrap();
    Input {
        format,
        bytes,
        size: (probe.upright().width, probe.upright().height),
        corners: None,
        clear: probe.alpha,
        frames: 1,
    }
}

fn plan(probe: &Probe, derivative: &str) -> Plan {
    let formats = Format::ALL.map(Format::as_str).join(", ");
    let text = format!(
        "stores: {{ brand: {{ folder: brand }} }}\nrecipes: {{ r: {{ accept: {{ formats: [{formats}] }}, derivatives: {{ d: {{ {derivative} }} }} }} }}"
    );
    let document = Document::parse_recipes("test", &text, &|_| None).expect("a recipe");
    let recipe = &document.recipes["r"];
    let mut original = Original::new("an original", probe.clone());
    original.assets = recipe
        .assets()
        .into_iter()
        .map(|name| Asset {
            name,
            state: AssetState::Found {
                sha256: "logo".to_owned(),
                bytes: 1,
            },
        })
        .collect();
    recipe.plan(&original, &recipe.lanes()).expect("a plan")
}

fn files(lab: &Lab, bytes: &[u8], derivative: &str) -> Vec<(PlannedFile, Vec<u8>)> {
    let probe = lab.probe(bytes).unwrap();
    let plan = plan(&probe, derivative);
    let all: Vec<usize> = (0..plan.files.len()).collect();
    let logo = Picture::new(20, 20, |_, _| ORANGE.to_vec()).png();
    let mut session = lab.engine.open(bytes, &probe, &plan, &all).unwrap();
    session.lend(&lab.engine, "logo", &logo);
    all.into_iter()
        .map(|file| {
            (
                plan.files[file].clone(),
                session.encode(file).unwrap().bytes.to_vec(),
            )
        })
        .collect()
}

fn decoded(format: OutputFormat) -> Format {
    *Format::ALL
        .iter()
        .find(|known| known.as_str() == format.as_str())
        .expect("what is made can be read")
}

#[test]
fn every_format_becomes_every_format_by_every_operation() {
    let lab = lab();
    let names = OutputFormat::ALL.map(OutputFormat::as_str).join(", ");
    for input in inputs(&lab) {
        let probe = lab.probe(&input.bytes).unwrap();
        assert_eq!((probe.format, probe.alpha), (input.format, input.clear));
        for operation in &OPERATIONS {
            let derivative = format!(
                "{}, formats: [{names}], {FAITHFUL}",
                (operation.derivative)(input.size)
            );
            let made = files(&lab, &input.bytes, &derivative);
            assert_eq!(made.len(), OutputFormat::ALL.len());
            let exact = made
                .iter()
                .find(|(file, _)| matches!(file.encoding, Encoding::Png { .. }))
                .map(|(_, bytes)| lab.samples(bytes))
                .expect("there is a PNG");
            for (file, bytes) in &made {
                let format = file.encoding.format();
                let case = format!("{} by {} to {format}", input.format, operation.name);
                check_form(&lab, &input, operation, file, bytes, &case);
                check_colours(&lab, &input, operation, file, bytes, &exact, &case);
            }
        }
    }
}

/// Media type, size, frames, transparency.
fn check_form(lab: &Lab, input: &Input, operation: &Operation, file: &PlannedFile, bytes: &[u8], case: &str) {
    let format = file.encoding.format();
    assert_eq!(sniff(bytes), Some(decoded(format)), "{case}");
    let probe = lab.probe(bytes).unwrap();
    let size = (operation.size)(input.size);
    assert_eq!((probe.upright().width, probe.upright().height), size, "{case}");
    assert_eq!(probe.orientation, 1, "{case}");
    let frames = if format.has_frames() { input.frames } else { 1 };
    assert_eq!(probe.pages, frames, "{case}");
    let cut = file.notes.contains(&Note::FirstFrame);
    assert_eq!(cut, input.frames > frames, "{case}");
    let flattened = file.notes.contains(&Note::Flattened);
    assert_eq!(flattened, input.clear && !file.encoding.has_alpha(), "{case}");
    assert!(!(flattened && probe.alpha), "{case}");
}

fn check_colours(
    lab: &Lab,
    input: &Input,
    operation: &Operation,
    file: &PlannedFile,
    bytes: &[u8],
    exact: &Picture,
    case: &str,
) {
    let (corner, mean) = distances(file.encoding.format());
    let picture = lab.samples(bytes);
    let (width, height) = (picture.size.width, picture.size.height);
    if let (Some(turn), Some(corners)) = (operation.corners, input.corners) {
        let places = [(5, 5), (width - 6, 5), (width - 6, height - 6), (5, height - 6)];
        for ((x, y), colour) in places.into_iter().zip(turn(corners)) {
            let distance = support::delta_e(picture.at(x, y), &colour);
            assert!(
                distance <= corner,
                "{case}: {:?} for {colour:?}",
                picture.at(x, y)
            );
        }
        if input.clear {
            let middle = picture.at(width / 2, height / 2);
            if file.encoding.has_alpha() {
                assert_eq!(middle.get(3), Some(&0), "{case}");
            } else {
                assert!(support::delta_e(middle, &[255; 3]) < 6.0, "{case}: {middle:?}");
            }
        }
    }
    let visible = |x: u32, y: u32| {
        [&picture, exact]
            .iter()
            .all(|p| p.at(x, y).get(3).is_none_or(|a| *a > 250))
    };
    let (mut sum, mut count) = (0.0, 0.0);
    for y in 0..height {
        for x in 0..width {
            // What was put on a colour has it where the exact one is clear.
            if visible(x, y) {
                sum += support::delta_e(picture.at(x, y), exact.at(x, y));
                count += 1.0;
            }
        }
    }
    assert!(sum / count <= mean, "{case}: mean distance {:.2}", sum / count);
}
