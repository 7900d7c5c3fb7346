//! Animations: every frame like a still, their times kept, and nothing flattened unseen.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_recipe::{
    Document, Encoding, Hundredths, Kernel, Note, Original, Plan, Probe, Recipe, Size, WebpTuning,
};
use support::gif::{Frame, gif};
use support::{Lab, Picture, lab, png_of_frame};

const SCREEN: Size = Size {
    width: 60,
    height: 40,
};
const PALETTE: [[u8; 3]; 4] = [[220, 30, 30], [30, 160, 60], [40, 60, 220], [250, 240, 20]];

/// Three colours one after the other.
fn traffic_light() -> Vec<u8> {
    let frames = [(0, 20), (1, 5), (2, 50)].map(|(index, delay)| Frame::filled(SCREEN, index, delay));
    gif(SCREEN, &PALETTE, Some(2), &frames)
}

fn recipe(derivatives: &str) -> Recipe {
    let text = format!("recipes: {{ r: {{ derivatives: {derivatives} }} }}");
    let document = Document::parse_recipes("test", &text, &|_| None).expect("a recipe");
    document.recipes["r"].clone()
}

fn plan(recipe: &Recipe, probe: &Probe) -> Plan {
    let original = Original::new("a.gif", probe.clone());
    recipe.plan(&original, &recipe.lanes()).expect("a plan")
}

/// The files of a recipe by derivative and extension, all from one session.
fn make(lab: &Lab, bytes: &[u8], derivatives: &str) -> (Vec<(String, Vec<u8>)>, Plan) {
    let probe = lab.probe(bytes).unwrap();
    let plan = plan(&recipe(derivatives), &probe);
    let all: Vec<usize> = (0..plan.files.len()).collect();
    let mut session = lab.engine.open(bytes, &probe, &plan, &all).unwrap();
    let files = all
        .into_iter()
        .map(|file| {
            let planned = &plan.files[file];
            let name = format!("{}.{}", planned.derivative, planned.encoding.format().extension());
            (name, session.encode(file).unwrap().bytes.to_vec())
        })
        .collect();
    drop(session);
    (files, plan)
}

fn one(lab: &Lab, bytes: &[u8], derivative: &str) -> Vec<u8> {
    make(lab, bytes, &format!("{{ t: {derivative} }}")).0.remove(0).1
}

fn frames(lab: &Lab, bytes: &[u8]) -> Vec<Picture> {
    let pages = lab.probe(bytes).unwrap().pages;
    (0..pages).map(|page| png_of_frame(lab, bytes, page)).collect()
}

/// Milliseconds, and how often all is shown: from the file's own bytes.
fn times(bytes: &[u8]) -> (Vec<u32>, u32) {
    if bytes.starts_with(b"GIF") {
        let controls = bytes
            .windows(8)
            .filter(|window| window.starts_with(b"\x21\xf9\x04") && window[7] == 0);
        let delays = controls.map(|window| u32::from(u16::from_le_bytes([window[4], window[5]])) * 10);
        // What is said is how often it is shown again.
        let shown = bytes
            .windows(16)
            .find(|window| window.starts_with(b"NETSCAPE2.0"))
            .map(|window| u32::from(u16::from_le_bytes([window[13], window[14]])))
            .map_or(1, |again| if again == 0 { 0 } else { again + 1 });
        return (delays.collect(), shown);
    }
    let (mut delays, mut loops, mut at) = (Vec::new(), 1, 12);
    while at + 8 <= bytes.len() {
        let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        let body = &bytes[at + 8..];
        match &bytes[at..at + 4] {
            b"ANIM" => loops = u32::from(u16::from_le_bytes([body[4], body[5]])),
            b"ANMF" => delays.push(u32::from_le_bytes([body[12], body[13], body[14], 0])),
            _ => {}
        }
        at += 8 + len + (len & 1);
    }
    (delays, loops)
}

#[test]
fn frames_times_and_loops_are_kept() {
    let lab = lab();
    let original = traffic_light();
    for format in ["webp", "gif"] {
        let made = one(
            &lab,
            &original,
            &format!("{{ resize: {{ width: 30 }}, formats: [{format}] }}"),
        );
        assert_eq!(times(&made), (vec![200, 50, 500], 3), "{format}");
        let pictures = frames(&lab, &made);
        assert_eq!(pictures.len(), 3);
        for (picture, colour) in pictures.iter().zip(PALETTE) {
            assert_eq!((picture.size.width, picture.size.height), (30, 20));
            for (x, y) in [(0, 0), (29, 19), (15, 10)] {
                let distance = support::delta_e(picture.at(x, y), &colour);
                assert!(distance < 4.0, "{format} {:?} for {colour:?}", picture.at(x, y));
            }
        }
        // And back.
        let back = one(&lab, &made, "{ formats: [gif, webp] }");
        assert_eq!(times(&back), (vec![200, 50, 500], 3), "{format}");
    }
}

#[test]
fn animation_without_end_and_one_that_is_shown_once_stay_so() {
    let lab = lab();
    for (said, shown) in [(Some(0), 0), (None, 1)] {
        let screens = [0, 1].map(|index| Frame::filled(SCREEN, index, 10));
        let original = gif(SCREEN, &PALETTE, said, &screens);
        for format in ["webp", "gif"] {
            let made = one(&lab, &original, &format!("{{ formats: [{format}] }}"));
            assert_eq!(times(&made).1, shown, "{format}");
        }
    }
}

#[test]
fn parts_that_stay_go_away_or_restore_look_as_in_a_browser() {
    let lab = lab();
    let part = |left: u16, index: u8, disposal: u8| Frame {
        left,
        top: 10,
        width: 20,
        height: 20,
        delay: 10,
        disposal,
        transparent: Some(3),
        // Its upper half is clear.
        pixels: [vec![3; 200], vec![index; 200]].concat(),
    };
    let screens = [
        Frame::filled(SCREEN, 0, 10),
        part(0, 1, 1),
        part(20, 2, 3),
        part(40, 1, 2),
        part(0, 2, 1),
    ];
    let original = gif(SCREEN, &PALETTE, Some(0), &screens);
    // The middle of the three parts' lower halves on each screen; `None`: clear.
    let expected: [[Option<usize>; 3]; 5] = [
        [Some(0), Some(0), Some(0)],
        [Some(1), Some(0), Some(0)],
        [Some(1), Some(2), Some(0)],
        [Some(1), Some(0), Some(1)],
        [Some(2), Some(0), None],
    ];
    for format in ["gif", "webp"] {
        let made = one(
            &lab,
            &original,
            &format!("{{ formats: [{format}], encodings: {{ {format}: {{}} }} }}"),
        );
        let pictures = frames(&lab, &made);
        assert_eq!(pictures.len(), 5, "{format}");
        for (number, (picture, expected)) in pictures.iter().zip(expected).enumerate() {
            for (place, colour) in expected.into_iter().enumerate() {
                let pixel = picture.at(10 + 20 * place as u32, 25);
                match colour {
                    None => assert_eq!(pixel.get(3), Some(&0), "{format} frame {number}, part {place}"),
                    Some(index) => {
                        assert!(pixel.get(3).is_none_or(|alpha| *alpha == 255));
                        let distance = support::delta_e(pixel, &PALETTE[index]);
                        assert!(distance < 4.0, "{format} frame {number}, part {place}: {pixel:?}");
                    }
                }
            }
            // The clear upper half shows what lies below.
            let above = picture.at(10, 12);
            assert!(
                support::delta_e(above, &PALETTE[0]) < 4.0,
                "{format} frame {number}: {above:?}"
            );
        }
    }
}

#[test]
fn poster_and_animation_come_of_one_decode() {
    let lab = lab();
    let (files, plan) = make(
        &lab,
        &traffic_light(),
        "{ moving: { resize: { width: 30 }, formats: [webp, jpeg] }, \
           poster: { resize: { width: 30 }, formats: [webp], animation: first }, \
           third: { resize: { width: 30 }, formats: [png], animation: 2 }, \
           tenth: { resize: { width: 30 }, formats: [png], animation: 9 } }",
    );
    let shown = |name: &str| {
        let (_, bytes) = files.iter().find(|(known, _)| known == name).expect(name);
        let notes = plan
            .files
            .iter()
            .find(|file| format!("{}.{}", file.derivative, file.encoding.format().extension()) == name);
        (frames(&lab, bytes), notes.unwrap().notes.clone())
    };
    for (name, count, colour, notes) in [
        ("moving.webp", 3, 0, vec![]),
        ("moving.jpg", 1, 0, vec![Note::FirstFrame]),
        ("poster.webp", 1, 0, vec![]),
        ("third.png", 1, 2, vec![]),
        ("tenth.png", 1, 2, vec![Note::LastFrame]),
    ] {
        let (pictures, noted) = shown(name);
        assert_eq!((pictures.len(), noted), (count, notes), "{name}");
        let pixel = pictures[0].at(15, 10);
        assert!(
            support::delta_e(pixel, &PALETTE[colour]) < 4.0,
            "{name}: {pixel:?}"
        );
    }
}

#[test]
fn what_is_decided_by_content_is_decided_on_the_first_frame() {
    let lab = lab();
    // A busy square that wanders: from the right to the left.
    let busy = |left: usize, delay: u16| {
        let mut frame = Frame::filled(SCREEN, 2, delay);
        for y in 10..30 {
            for x in left..left + 20 {
                frame.pixels[y * 60 + x] = if (x + y) % 4 < 2 { 0 } else { 3 };
            }
        }
        frame
    };
    let original = gif(SCREEN, &PALETTE, Some(0), &[busy(40, 10), busy(0, 10)]);
    let made = one(
        &lab,
        &original,
        "{ resize: { width: 20, height: 40, fit: cover, gravity: entropy }, formats: [webp], \
           encodings: { webp: { lossless: true } } }",
    );
    let pictures = frames(&lab, &made);
    let blue = |picture: &Picture| {
        (0..40)
            .flat_map(|y| (0..20).map(move |x| (x, y)))
            .filter(|(x, y)| support::delta_e(picture.at(*x, *y), &PALETTE[2]) < 2.0)
            .count()
    };
    assert!(
        blue(&pictures[0]) < 500,
        "the first frame's square is in the window"
    );
    assert_eq!(
        blue(&pictures[1]),
        800,
        "the second frame's is not, as the window stays"
    );
}

#[test]
fn every_frame_is_resampled_by_itself_and_like_a_still() {
    let lab = lab();
    let original = traffic_light();
    let size = Size {
        width: 24,
        height: 16,
    };
    let probe = lab.probe(&original).unwrap();
    let mut plan = support::plan(&probe);
    plan.decode.frames = 3;
    plan.decode.size = size;
    plan.decode.kernel = Kernel::Lanczos3;
    let mut file = support::file(
        minilab_recipe::Source::Trunk,
        size,
        Encoding::Webp {
            quality: 100,
            effort: 4,
            lossless: true,
            tuning: WebpTuning::DEFAULT,
        },
    );
    file.frames = 3;
    plan.files.push(file);
    let made = lab.render(&original, &plan).unwrap().remove(0);
    for (number, picture) in frames(&lab, &made.bytes).iter().enumerate() {
        let mut still = support::plan(&probe);
        still.decode.page = number as u32;
        still.decode.size = size;
        still
            .files
            .push(support::file(minilab_recipe::Source::Trunk, size, support::PNG));
        let still = lab.render(&original, &still).unwrap().remove(0);
        let still = lab.samples(&still.bytes);
        assert_eq!(still.samples, picture.samples, "frame {number}");
    }
}

#[test]
fn colours_of_a_gif_are_as_many_as_asked() {
    let lab = lab();
    let gradient = Picture::new(64, 64, |x, y| vec![(x * 4) as u8, (y * 4) as u8, 128]);
    for colours in [2, 16, 256] {
        let made = lab.convert(
            &gradient.png(),
            &Encoding::Gif {
                effort: 7,
                colours,
                dither: Hundredths(0),
            },
        );
        let picture = lab.samples(&made);
        let mut seen: Vec<&[u8]> = picture.samples.chunks(picture.bands).collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(
            seen.len() <= usize::from(colours) && seen.len() > usize::from(colours) / 2,
            "{}",
            seen.len()
        );
    }
}

/// Colours and transparency part ways in each step: computed anew in both, ten steps would take a thousand times as long as one.
#[test]
fn many_steps_on_transparency_cost_no_more_than_their_sum() {
    let lab = lab();
    let clear = Picture::new(200, 150, |x, y| vec![x as u8, y as u8, 90, (x + y) as u8]);
    let bytes = clear.png();
    let time = |steps: usize| {
        let list = vec!["{ modulate: { brightness: 1.01 } }"; steps].join(", ");
        let started = std::time::Instant::now();
        one(
            &lab,
            &bytes,
            &format!("{{ resize: {{ width: 180 }}, steps: [ {list} ], formats: [png] }}"),
        );
        started.elapsed()
    };
    time(1);
    let (few, many) = (time(2), time(14));
    assert!(many < few * 100, "2 steps took {few:?}, 14 took {many:?}");
}

#[test]
fn flat_animation_is_no_longer_as_webp_than_as_gif() {
    let lab = lab();
    let screen = Size {
        width: 160,
        height: 120,
    };
    // Discs on a ground, one of which rolls: edges that a lossy encoder spends much on.
    let disc =
        |x: u32, y: u32, (left, top): (u32, u32)| x.abs_diff(left).pow(2) + y.abs_diff(top).pow(2) < 400;
    let frames: Vec<Frame> = (0..8)
        .map(|step| {
            let mut frame = Frame::filled(screen, 0, 10);
            for (at, pixel) in (0..).zip(&mut frame.pixels) {
                let (x, y) = (at % screen.width, at / screen.width);
                if disc(x, y, (30 + 12 * step, 40)) {
                    *pixel = 1;
                } else if disc(x, y, (50, 90)) || disc(x, y, (110, 90)) {
                    *pixel = 2;
                }
            }
            frame
        })
        .collect();
    let original = gif(screen, &PALETTE, Some(0), &frames);
    let [flat, webp] =
        ["gif", "webp"].map(|format| one(&lab, &original, &format!("{{ formats: [{format}] }}")));
    assert!(webp.len() <= flat.len(), "{} of {}", webp.len(), flat.len());
    eprintln!("as GIF {} bytes, as WebP {}", flat.len(), webp.len());
}
