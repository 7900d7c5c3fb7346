//! Plans rendered: exact sizes, one decode, every step, transparency, what is kept in memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_recipe::{
    Analysis, Encoding, ExtendMode, Interest, Node, Rect, Rgb, Size, Source, Step, Subsampling, TinyFormat,
    Turn,
};
use support::{AVIF, JPEG, Lab, PNG, Picture, WEBP, file, lab, plan, resize};

fn gradient(width: u32, height: u32) -> Picture {
    Picture::new(width, height, |x, y| {
        vec![(x * 255 / width) as u8, (y * 255 / height) as u8, 128]
    })
}

fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

#[test]
fn many_files_cost_one_decode_and_have_exact_sizes() {
    let lab = lab();
    let original = lab.convert(&gradient(403, 301).png(), &JPEG);
    let probe = lab.probe(&original).unwrap();
    let mut plan = plan(&probe);
    let mut from = Source::Trunk;
    for (index, wanted) in [size(320, 239), size(201, 77), size(37, 1)]
        .into_iter()
        .enumerate()
    {
        plan.nodes.push(Node {
            from,
            steps: vec![resize(wanted.width, wanted.height)],
            size: wanted,
        });
        from = Source::Node(index);
        for encoding in [JPEG, WEBP, AVIF, PNG] {
            plan.files.push(file(from, wanted, encoding));
        }
    }
    let files: Vec<usize> = (0..plan.files.len()).collect();
    let mut session = lab.engine.open(&original, &probe, &plan, &files).unwrap();
    for index in files {
        let encoded = session.encode(index).unwrap();
        let probe = lab.probe(&encoded.bytes).unwrap();
        assert_eq!(probe.upright(), plan.files[index].size, "file {index}");
    }
    assert_eq!(session.levels(), 0);
}

/// Pixels after some steps.
fn stepped(lab: &Lab, original: &Picture, steps: &[Step], wanted: Size) -> Picture {
    let made = lab.make(&original.png(), steps, wanted, |_| {}).unwrap();
    lab.samples(&made.bytes)
}

/// A picture whose four corners differ: red, green, blue, white from the top left, row by row.
fn corners(width: u32, height: u32) -> Picture {
    Picture::new(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => vec![255, 0, 0],
        (false, true) => vec![0, 255, 0],
        (true, false) => vec![0, 0, 255],
        (false, false) => vec![255, 255, 255],
    })
}

fn corners_of(picture: &Picture) -> [Vec<u8>; 4] {
    let Size { width, height } = picture.size;
    [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)].map(|(x, y)| picture.at(x, y).to_vec())
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255, 255, 255];

#[test]
fn turns_and_mirrors_move_every_corner() {
    let lab = lab();
    let original = corners(8, 6);
    for (step, wanted, expected) in [
        (Step::Turn(Turn::Quarter), size(6, 8), [BLUE, RED, WHITE, GREEN]),
        (Step::Turn(Turn::Half), size(8, 6), [WHITE, BLUE, GREEN, RED]),
        (
            Step::Turn(Turn::ThreeQuarters),
            size(6, 8),
            [GREEN, WHITE, RED, BLUE],
        ),
        (Step::Flip, size(8, 6), [BLUE, WHITE, RED, GREEN]),
        (Step::Flop, size(8, 6), [GREEN, RED, WHITE, BLUE]),
    ] {
        let made = stepped(&lab, &original, std::slice::from_ref(&step), wanted);
        assert_eq!(corners_of(&made), expected.map(Vec::from), "{step:?}");
    }
}

#[test]
fn extract_keeps_exactly_its_part() {
    let lab = lab();
    let original = gradient(40, 30);
    let part = Rect {
        left: 7,
        top: 5,
        width: 11,
        height: 13,
    };
    let made = stepped(&lab, &original, &[Step::Extract(part)], size(11, 13));
    assert_eq!(made.at(0, 0), original.at(7, 5));
    assert_eq!(made.at(10, 12), original.at(17, 17));
}

#[test]
fn extend_fills_by_its_mode() {
    let lab = lab();
    let original = corners(8, 8);
    let extend = |mode| Step::Extend {
        size: size(12, 14),
        left: 1,
        top: 2,
        mode,
    };
    let made = |mode| stepped(&lab, &original, &[extend(mode)], size(12, 14));

    let background = made(ExtendMode::Background(Rgb([10, 20, 30])));
    assert_eq!(
        (background.at(0, 0), background.at(11, 13)),
        (&[10, 20, 30][..], &[10, 20, 30][..])
    );
    assert_eq!(background.at(1, 2), RED);
    let transparent = made(ExtendMode::Transparent);
    assert_eq!(
        (transparent.at(0, 0)[3], transparent.at(1, 2)),
        (0, &[255, 0, 0, 255][..])
    );
    assert_eq!(
        corners_of(&made(ExtendMode::Copy)),
        [RED, GREEN, BLUE, WHITE].map(Vec::from)
    );
    assert_eq!(made(ExtendMode::Mirror).at(0, 0), RED);
}

#[test]
fn rotation_by_any_angle_grows_the_canvas_and_fills_the_corners() {
    let lab = lab();
    let original = Picture::new(40, 40, |_, _| vec![200, 100, 50]);
    // A square turned by 45 degrees needs sqrt(2) times its side.
    let wanted = size(57, 57);
    let rotate = |background| Step::Rotate {
        degrees: 45.0,
        background,
    };

    let filled = stepped(&lab, &original, &[rotate(Some(Rgb([1, 2, 3])))], wanted);
    assert_eq!(
        (filled.at(0, 0), filled.at(28, 28)),
        (&[1, 2, 3][..], &[200, 100, 50][..])
    );
    let clear = stepped(&lab, &original, &[rotate(None)], wanted);
    assert_eq!(
        (clear.at(0, 0)[3], clear.at(28, 28)),
        (0, &[200, 100, 50, 255][..])
    );
}

#[test]
fn smart_crop_keeps_what_is_interesting() {
    let lab = lab();
    // Dull grey with one saturated, busy patch near the right end.
    let original = Picture::new(300, 100, |x, y| {
        if (230..270).contains(&x) && (30..70).contains(&y) {
            if (x / 4 + y / 4) % 2 == 0 {
                vec![230, 30, 30]
            } else {
                vec![250, 220, 40]
            }
        } else {
            vec![128, 128, 128]
        }
    });
    for interest in [Interest::Attention, Interest::Entropy] {
        let crop = Step::SmartCrop {
            size: size(100, 100),
            interest,
        };
        let made = stepped(&lab, &original, &[crop], size(100, 100));
        let busy = made.samples.chunks(3).filter(|pixel| *pixel != [128; 3]).count();
        assert_eq!(busy, 40 * 40, "{interest:?} keeps the whole patch");
    }
}

#[test]
fn resize_does_not_bleed_the_colour_of_transparent_pixels() {
    let lab = lab();
    // White where it is seen, black where it is not.
    let original = Picture::new(
        64,
        64,
        |x, _| if x < 32 { vec![255; 4] } else { vec![0, 0, 0, 0] },
    );
    for wanted in [size(16, 16), size(100, 100)] {
        let made = stepped(&lab, &original, &[resize(wanted.width, wanted.height)], wanted);
        for pixel in made.samples.chunks(4).filter(|pixel| pixel[3] > 8) {
            assert!(pixel[0] > 247, "{pixel:?} at {wanted:?}");
        }
    }
}

#[test]
fn what_is_fully_transparent_after_a_resize_has_no_colour() {
    let lab = lab();
    // A soft edge: the resampled alpha nears nothing without reaching it.
    let edge = Picture::new(60, 8, |x, _| vec![250, 120, 30, (x * x / 14).min(255) as u8]);
    let made = stepped(&lab, &edge, &[resize(23, 3)], size(23, 3));
    let clear: Vec<_> = made.samples.chunks(4).filter(|pixel| pixel[3] == 0).collect();
    assert!(!clear.is_empty());
    for pixel in clear {
        assert_eq!(pixel, [0, 0, 0, 0]);
    }
}

#[test]
fn enlarging_keeps_half_transparent_colours() {
    let lab = lab();
    let original = Picture::new(20, 20, |_, _| vec![200, 100, 50, 128]);
    let made = stepped(&lab, &original, &[resize(50, 50)], size(50, 50));
    for (sample, expected) in made.at(25, 25).iter().zip([200_u8, 100, 50, 128]) {
        assert!(sample.abs_diff(expected) <= 1, "{:?}", made.at(25, 25));
    }
}

#[test]
fn a_chain_of_sizes_looks_like_direct_resizes() {
    let lab = lab();
    let original = Picture::new(960, 640, |x, y| {
        let wave = |a: u32, b: u32| (127.0 + 100.0 * (f64::from(x * a + y * b) / 97.0).sin()) as u8;
        vec![wave(3, 2), wave(1, 7), wave(11, 5)]
    });
    let direct = stepped(&lab, &original, &[resize(240, 160)], size(240, 160));
    let chained = stepped(
        &lab,
        &original,
        &[resize(640, 427), resize(480, 320), resize(240, 160)],
        size(240, 160),
    );
    let (max, mean) = direct.difference(&chained);
    assert!(max <= 12 && mean <= 1.0, "max {max}, mean {mean}");
}

#[test]
fn levels_are_dropped_once_nothing_needs_them() {
    let lab = lab();
    let original = gradient(64, 64).png();
    let probe = lab.probe(&original).unwrap();
    let mut plan = plan(&probe);
    plan.nodes.push(Node {
        from: Source::Trunk,
        steps: vec![resize(32, 32)],
        size: size(32, 32),
    });
    plan.nodes.push(Node {
        from: Source::Node(0),
        steps: vec![resize(16, 16)],
        size: size(16, 16),
    });
    plan.nodes.push(Node {
        from: Source::Trunk,
        steps: vec![resize(8, 8)],
        size: size(8, 8),
    });
    plan.files.push(file(Source::Node(0), size(32, 32), PNG));
    plan.files.push(file(Source::Node(1), size(16, 16), PNG));
    plan.files.push(file(Source::Node(2), size(8, 8), PNG));

    let mut session = lab.engine.open(&original, &probe, &plan, &[0, 1]).unwrap();
    session.encode(1).unwrap();
    assert_eq!(
        session.levels(),
        1,
        "only what file 0 needs: the node of file 2 was not announced"
    );
    session.encode(0).unwrap();
    assert_eq!(session.levels(), 0);
    let code = |file, session: &mut minilab_imaging::Session<'_>| session.encode(file).unwrap_err().code();
    assert_eq!(
        (code(0, &mut session), code(2, &mut session)),
        ("render_internal", "render_internal")
    );
}

#[test]
fn a_plan_that_lies_about_a_size_is_refused() {
    let lab = lab();
    let error = lab
        .make(&gradient(20, 20).png(), &[resize(10, 10)], size(10, 11), |_| {})
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rendering failed: node 0 came out as 10 x 10 where the plan says 10 x 11"
    );
}

#[test]
fn transparency_is_kept_or_put_on_the_colour_that_the_plan_names() {
    let lab = lab();
    let original = Picture::new(32, 32, |_, _| vec![255, 0, 0, 128]).png();
    for encoding in [PNG, WEBP, AVIF] {
        let made = lab.samples(&lab.convert(&original, &encoding));
        assert!(
            made.at(16, 16)[3].abs_diff(128) <= 2,
            "{:?} {:?}",
            encoding.format(),
            made.at(16, 16)
        );
    }
    for (background, expected) in [(Rgb([255; 3]), [255, 127, 127]), (Rgb([0; 3]), [128, 0, 0])] {
        let made = lab
            .make(&original, &[], size(32, 32), |plan| {
                plan.files[0].encoding = JPEG;
                plan.files[0].flatten = Some(background);
            })
            .unwrap();
        let made = lab.samples(&made.bytes);
        let distance = support::delta_e(made.at(16, 16), &expected);
        assert!(
            distance < 2.0,
            "{:?} is {distance} from {expected:?}",
            made.at(16, 16)
        );
    }
    let unsaid = lab.make(&original, &[], size(32, 32), |plan| {
        plan.files[0].encoding = JPEG;
        plan.files[0].flatten = None;
    });
    assert_eq!(unsaid.unwrap_err().code(), "render_internal");
}

#[test]
fn placeholder_and_dominant_colour_follow_the_picture() {
    let lab = lab();
    let original = Picture::new(200, 100, |x, _| {
        if x < 150 {
            vec![20, 40, 200]
        } else {
            vec![250, 250, 250]
        }
    })
    .png();
    let probe = lab.probe(&original).unwrap();
    let plan = plan(&probe);
    let analyses = lab
        .engine
        .open(&original, &probe, &plan, &[])
        .unwrap()
        .analyse()
        .unwrap();
    assert_eq!(analyses.dominant, Rgb([20, 40, 200]));
    assert!(
        (5..=30).contains(&analyses.thumbhash.len()),
        "{} bytes",
        analyses.thumbhash.len()
    );
}

#[test]
fn placeholders_that_are_asked_for_are_made_and_others_not() {
    let lab = lab();
    let original = Picture::new(300, 200, |x, _| match x {
        0..150 => vec![20, 40, 200, 255],
        150..250 => vec![250, 250, 250, 255],
        _ => vec![0, 0, 0, 0],
    })
    .png();
    let probe = lab.probe(&original).unwrap();
    let analyse = |asked: Vec<Analysis>| {
        let mut plan = plan(&probe);
        plan.analyses = asked;
        lab.engine
            .open(&original, &probe, &plan, &[])
            .unwrap()
            .analyse()
            .unwrap()
    };
    let none = analyse(vec![Analysis::Dominant]);
    assert!(none.blurhash.is_none() && none.palette.is_empty() && none.lqip.is_none());
    for (format, bytes) in [
        (TinyFormat::Webp, 200),
        (TinyFormat::Webp, 600),
        (TinyFormat::Jpeg, 500),
        (TinyFormat::Jpeg, 900),
    ] {
        let all = analyse(vec![
            Analysis::Blurhash { x: 4, y: 3 },
            Analysis::Palette { colours: 5 },
            Analysis::Lqip { format, bytes },
        ]);
        assert_eq!(all.blurhash.unwrap().len(), 28);
        // The seam between them is a colour too, after theirs.
        assert_eq!(all.palette[..2], [Rgb([20, 40, 200]), Rgb([250, 250, 250])]);
        let tiny = all.lqip.unwrap();
        let uri = "data:image/webp;base64,".len() + tiny.bytes.len().div_ceil(3) * 4;
        assert!(uri <= bytes as usize, "{format:?} {bytes}: {uri}");
        let size = lab.probe(&tiny.bytes).unwrap().stored;
        assert!(size.width <= 40 && size.width >= 2, "{size:?}");
    }
}

/// Noise is the hardest to make short; the least length that a recipe may ask must hold for it too.
#[test]
fn tiny_pictures_of_noise_fit_the_least_length_that_can_be_asked() {
    let lab = lab();
    let noise = |x: u32, y: u32| ((x * 7919) ^ (y * 104_729) ^ (x * y * 31)) as u8;
    let original = Picture::new(64, 64, |x, y| {
        vec![noise(x, y), noise(y, x), noise(x + 9, y), noise(x, y + 5)]
    })
    .png();
    let probe = lab.probe(&original).unwrap();
    for (format, bytes) in [(TinyFormat::Webp, 200), (TinyFormat::Jpeg, 500)] {
        let mut plan = plan(&probe);
        plan.analyses = vec![Analysis::Lqip { format, bytes }];
        let analyses = lab
            .engine
            .open(&original, &probe, &plan, &[])
            .unwrap()
            .analyse()
            .unwrap();
        assert!(analyses.lqip.is_some(), "{format:?}");
    }
}

#[test]
fn trim_finds_the_picture_within_its_border() {
    let lab = lab();
    let inside = |x, y| (10..50).contains(&x) && (5..25).contains(&y);
    let original = Picture::new(60, 40, |x, y| {
        if inside(x, y) {
            vec![200, 0, 0]
        } else {
            vec![250; 3]
        }
    })
    .png();
    let trim = minilab_imaging::Trim {
        threshold: 10.0,
        background: None,
    };
    let rect = lab.whole(&original).find_trim(&trim).unwrap();
    assert_eq!(
        rect,
        Rect {
            left: 10,
            top: 5,
            width: 40,
            height: 20
        }
    );
    let blank = Picture::new(9, 7, |_, _| vec![9; 3]).png();
    let rect = lab.whole(&blank).find_trim(&trim).unwrap();
    assert_eq!(
        rect,
        Rect {
            left: 0,
            top: 0,
            width: 9,
            height: 7
        }
    );
}

#[test]
fn jpeg_effort_buys_bytes_and_keeps_the_picture() {
    let lab = lab();
    let wavy = |x: u32, y: u32| {
        let waves = f64::from(x).mul_add(0.31, f64::from(y * y) * 0.003).sin();
        let level = waves.mul_add(90.0, 128.0) as u8;
        vec![level, level / 2 + (x % 7) as u8, 255 - level]
    };
    let original = Picture::new(320, 240, wavy);
    let encoded = |effort| {
        let encoding = Encoding::Jpeg {
            quality: 80,
            effort,
            progressive: true,
            subsampling: Subsampling::Auto,
        };
        lab.convert(&original.png(), &encoding)
    };
    let [plain, trellis, searched] = [0, 1, 2].map(encoded);
    assert!(trellis.len() < plain.len(), "{} {}", trellis.len(), plain.len());
    assert!(
        searched.len() < trellis.len(),
        "{} {}",
        searched.len(),
        trellis.len()
    );
    let (worst, _) = lab.samples(&trellis).difference(&lab.samples(&searched));
    assert_eq!(worst, 0, "the search reorders coefficients and changes none");
}
