//! Effects on pixels: what each of them does to known colours, to transparency, and where.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_recipe::{Convolve, Effect, ExtendMode, Kernel, Modulate, Rect, Rgb, Size, Step};
use support::{Lab, Picture, lab};

fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

/// Pixels after an effect.
fn after(lab: &Lab, original: &Picture, effect: Effect) -> Picture {
    let step = Step::Effect(effect);
    let made = lab.make(&original.png(), &[step], original.size, |_| {}).unwrap();
    lab.samples(&made.bytes)
}

/// One colour everywhere after an effect.
fn colour(lab: &Lab, samples: &[u8], effect: Effect) -> Vec<u8> {
    let original = Picture::new(24, 16, |_, _| samples.to_vec());
    after(lab, &original, effect).at(12, 8).to_vec()
}

const ORANGE: [u8; 3] = [220, 120, 40];

fn close(one: &[u8], other: &[u8], by: u8) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.abs_diff(*b) <= by)
}

#[test]
fn tones_do_to_a_colour_what_they_say() {
    let lab = lab();
    let modulate = |brightness, saturation, hue, lightness| {
        Effect::Modulate(Modulate {
            brightness,
            saturation,
            hue,
            lightness,
        })
    };
    let linear = |a, b| Effect::Linear { a: [a; 3], b: [b; 3] };
    let swap = Effect::Recomb([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
    let told = |effect| colour(&lab, &ORANGE, effect);
    assert_eq!(told(Effect::Negate), [35, 135, 215]);
    assert_eq!(told(swap), [40, 120, 220]);
    assert_eq!(told(linear(0.5, 10.0)), [120, 70, 30]);
    assert_eq!(told(linear(2.0, 0.0)), [255, 240, 80]);
    let grey = told(Effect::Grayscale);
    assert!(
        grey[0] == grey[1] && grey[1] == grey[2] && (130..160).contains(&grey[0]),
        "{grey:?}"
    );
    assert!(
        close(&told(modulate(1.0, 0.0, 0.0, 0.0)), &grey, 6),
        "no chroma is grey"
    );
    let turned = told(modulate(1.0, 1.0, 180.0, 0.0));
    assert!(
        turned[2] > turned[0],
        "the opposite of orange is blue: {turned:?}"
    );
    assert!(told(modulate(1.2, 1.0, 0.0, 0.0))[1] > 120);
    assert!(told(modulate(1.0, 1.0, 0.0, -20.0))[1] < 120);
    let brighter = told(Effect::Gamma(2.0));
    let root = |sample: u8| (f64::from(sample) / 255.0).sqrt() * 255.0;
    let expected: Vec<u8> = ORANGE.iter().map(|sample| root(*sample) as u8).collect();
    assert!(close(&brighter, &expected, 1), "{brighter:?} {expected:?}");
}

#[test]
fn shades_run_from_one_colour_to_the_other() {
    let lab = lab();
    let duotone = || Effect::Duotone {
        shadows: Rgb([10, 20, 60]),
        highlights: Rgb([250, 240, 200]),
    };
    assert_eq!(colour(&lab, &[0; 3], duotone()), [10, 20, 60]);
    assert_eq!(colour(&lab, &[255; 3], duotone()), [250, 240, 200]);
    let middle = colour(&lab, &[128; 3], duotone());
    assert!(close(&middle, &[130, 130, 130], 3), "{middle:?}");
    let tint = || Effect::Tint(Rgb([0, 90, 200]));
    assert_eq!(colour(&lab, &[0; 3], tint()), [0; 3]);
    assert_eq!(colour(&lab, &[255; 3], tint()), [255; 3]);
    let middle = colour(&lab, &[128; 3], tint());
    assert!(middle[2] > middle[0] + 60, "{middle:?}");
}

#[test]
fn transparency_is_left_alone_by_tones() {
    let lab = lab();
    let effects = [
        Effect::Negate,
        Effect::Grayscale,
        Effect::Gamma(2.0),
        Effect::Tint(Rgb([0, 90, 200])),
        Effect::Linear {
            a: [0.5; 3],
            b: [0.0; 3],
        },
        Effect::Recomb([[0.3; 3]; 3]),
        Effect::Normalise {
            lower: 1.0,
            upper: 99.0,
        },
        Effect::Sharpen {
            sigma: 1.0,
            m1: 1.0,
            m2: 2.0,
        },
        Effect::Modulate(Modulate {
            brightness: 1.5,
            saturation: 1.0,
            hue: 0.0,
            lightness: 0.0,
        }),
    ];
    for effect in effects {
        let made = colour(&lab, &[200, 100, 50, 77], effect.clone());
        assert_eq!((made.len(), made[3]), (4, 77), "{effect:?}");
    }
}

#[test]
fn normalise_stretches_to_black_and_white_and_leaves_one_tone_alone() {
    let lab = lab();
    let normalise = || Effect::Normalise {
        lower: 1.0,
        upper: 99.0,
    };
    let dull = Picture::new(100, 10, |x, _| vec![100 + (x / 2) as u8; 3]);
    let made = after(&lab, &dull, normalise());
    assert!(made.at(0, 5)[0] < 12 && made.at(99, 5)[0] > 243);
    assert_eq!(colour(&lab, &ORANGE, normalise()), ORANGE);
}

#[test]
fn blur_and_pixelate_stay_within_their_part() {
    let lab = lab();
    let stripes = Picture::new(64, 48, |x, _| vec![if x % 4 < 2 { 0 } else { 240 }; 3]);
    let part = Rect {
        left: 16,
        top: 8,
        width: 32,
        height: 16,
    };
    let blur = Effect::Blur {
        sigma: 4.0,
        parts: Some(vec![part]),
    };
    let pixelate = Effect::Pixelate {
        size: 8,
        parts: Some(vec![part]),
    };
    for effect in [blur, pixelate] {
        let made = after(&lab, &stripes, effect);
        for (x, y) in [(15, 8), (16, 7), (48, 8), (47, 24), (0, 0), (63, 47)] {
            assert_eq!(made.at(x, y), stripes.at(x, y), "{x}, {y}");
        }
        for (x, y) in [(16, 8), (47, 23), (30, 15)] {
            assert!(
                close(made.at(x, y), &[120; 3], 8),
                "{x}, {y}: {:?}",
                made.at(x, y)
            );
        }
    }
}

#[test]
fn squares_are_means_and_the_last_ones_are_cut() {
    let lab = lab();
    let original = Picture::new(50, 20, |x, y| vec![(x * 5) as u8, (y * 12) as u8, 0]);
    let made = after(
        &lab,
        &original,
        Effect::Pixelate {
            size: 10,
            parts: None,
        },
    );
    assert_eq!(made.size, size(50, 20));
    assert!(close(made.at(0, 0), &[22, 54, 0], 1), "{:?}", made.at(0, 0));
    assert_eq!(made.at(0, 0), made.at(9, 9));
    assert_ne!(made.at(9, 9), made.at(10, 9));
    let odd = after(
        &lab,
        &original,
        Effect::Pixelate {
            size: 300,
            parts: None,
        },
    );
    assert_eq!(odd.at(0, 0), odd.at(49, 19));
}

#[test]
fn hidden_colours_do_not_bleed_into_a_blur() {
    let lab = lab();
    let half = Picture::new(40, 20, |x, _| {
        if x < 20 {
            vec![0, 0, 255, 0]
        } else {
            vec![255, 0, 0, 255]
        }
    });
    let blur = Effect::Blur {
        sigma: 3.0,
        parts: None,
    };
    let blur_by_hand = Effect::Convolve(Convolve {
        width: 3,
        height: 3,
        kernel: vec![1.0; 9],
        scale: 9.0,
        offset: 0.0,
    });
    for effect in [blur, blur_by_hand] {
        let made = after(&lab, &half, effect);
        let edge = made.at(20, 10);
        assert!(edge[0] > 250 && edge[2] < 5 && edge[3] < 255, "{edge:?}");
    }
}

#[test]
fn sharpening_makes_edges_steeper() {
    let lab = lab();
    let edge = Picture::new(40, 20, |x, _| vec![if x < 20 { 100 } else { 150 }; 3]);
    let made = after(
        &lab,
        &edge,
        Effect::Sharpen {
            sigma: 1.0,
            m1: 1.0,
            m2: 2.0,
        },
    );
    assert!(made.at(19, 10)[0] < 95 && made.at(20, 10)[0] > 155);
    assert!(close(made.at(2, 10), &[100; 3], 1) && close(made.at(37, 10), &[150; 3], 1));
}

#[test]
fn round_corners_are_smooth_and_exact() {
    let lab = lab();
    let original = Picture::new(60, 40, |_, _| ORANGE.to_vec());
    let made = after(
        &lab,
        &original,
        Effect::Round {
            radius: 20,
            background: None,
        },
    );
    assert_eq!(made.at(0, 0), [0; 4]);
    assert!(made.at(0, 20)[3] > 250, "the circle touches the left edge");
    assert_eq!(made.at(30, 0)[3], 255, "the upper edge is whole");
    for (x, y) in (0..40).flat_map(|y| (0..60).map(move |x| (x, y))) {
        let mirrored = made.at(59 - x, 39 - y);
        assert_eq!(made.at(x, y), mirrored, "{x}, {y}");
    }
    // Pixels of a quarter of a circle, each by how much of it lies inside.
    let shown: f64 = (0..20)
        .flat_map(|y| (0..20).map(move |x| (x, y)))
        .map(|(x, y)| f64::from(made.at(x, y)[3]) / 255.0)
        .sum();
    assert!((shown - std::f64::consts::PI * 100.0).abs() < 1.0, "{shown}");
    let edge = (0..20).filter(|x| (1..255).contains(&made.at(*x, 3)[3])).count();
    assert!(edge >= 1, "it is not jagged");
}

#[test]
fn a_colour_under_round_corners_leaves_no_transparency() {
    let lab = lab();
    let original = Picture::new(60, 40, |_, _| ORANGE.to_vec());
    let blue = Rgb([0, 0, 255]);
    let on_blue = || Effect::Round {
        radius: 20,
        background: Some(blue),
    };
    let made = after(&lab, &original, on_blue());
    assert_eq!((made.at(0, 0), made.at(30, 20)), (&[0, 0, 255][..], &ORANGE[..]));
    let clear = Picture::new(60, 40, |_, _| vec![220, 120, 40, 128]);
    let made = after(&lab, &clear, on_blue());
    assert_eq!(made.at(0, 0), [0, 0, 255, 255]);
    assert!(close(made.at(30, 20), &[220, 120, 40, 128], 1));
}

#[test]
fn flatten_puts_transparency_on_its_colour() {
    let lab = lab();
    let made = colour(&lab, &[255, 255, 255, 128], Effect::Flatten(Rgb([0; 3])));
    assert!(close(&made, &[128; 3], 1), "{made:?}");
    assert_eq!(colour(&lab, &ORANGE, Effect::Flatten(Rgb([0; 3]))), ORANGE);
}

fn extended(lab: &Lab, original: &Picture, canvas: Size, mode: ExtendMode) -> Picture {
    let step = Step::Extend {
        size: canvas,
        left: (canvas.width - original.size.width) / 2,
        top: (canvas.height - original.size.height) / 2,
        mode,
    };
    let made = lab.make(&original.png(), &[step], canvas, |_| {}).unwrap();
    lab.samples(&made.bytes)
}

#[test]
fn a_blurred_ground_is_the_picture_itself_and_leaves_the_picture_sharp() {
    let lab = lab();
    let halves = Picture::new(
        60,
        40,
        |x, _| if x < 30 { vec![200, 0, 0] } else { vec![0, 0, 200] },
    );
    let made = extended(&lab, &halves, size(60, 120), ExtendMode::Blur);
    assert_eq!(made.at(29, 60), [200, 0, 0], "the picture is as it was");
    let (left, middle, right) = (made.at(2, 5), made.at(30, 5), made.at(57, 5));
    assert!(left[0] > 150 && right[2] > 150, "{left:?} {right:?}");
    assert!(
        (60..140).contains(&middle[0]) && (60..140).contains(&middle[2]),
        "{middle:?}"
    );
    let clear = Picture::new(60, 40, |_, _| vec![200, 0, 0, 128]);
    let made = extended(&lab, &clear, size(60, 120), ExtendMode::Blur);
    assert!(close(made.at(30, 5), &[200, 0, 0, 128], 2));
}

#[test]
fn the_colour_of_the_edge_fills_what_is_added() {
    let lab = lab();
    let framed = Picture::new(60, 40, |x, y| {
        if (2..58).contains(&x) && (2..38).contains(&y) {
            vec![10, 200, 10]
        } else {
            vec![240, 230, 220]
        }
    });
    let made = extended(&lab, &framed, size(80, 40), ExtendMode::Auto);
    assert_eq!(
        (made.at(3, 20), made.at(76, 20)),
        (&[240, 230, 220][..], &[240, 230, 220][..])
    );
    let clear = Picture::new(60, 40, |x, _| vec![10, 200, 10, if x == 30 { 255 } else { 0 }]);
    assert_eq!(
        extended(&lab, &clear, size(80, 40), ExtendMode::Auto).at(3, 20),
        [0; 4]
    );
}

#[test]
fn mixed_light_is_brighter_than_mixed_samples() {
    let lab = lab();
    let stripes = Picture::new(80, 40, |x, _| vec![if x % 2 == 0 { 0 } else { 255 }; 3]);
    let small = |original: &Picture, linear| {
        let step = Step::Resize {
            size: size(20, 10),
            kernel: Kernel::Lanczos3,
            linear,
        };
        let made = lab.make(&original.png(), &[step], size(20, 10), |_| {}).unwrap();
        lab.samples(&made.bytes).at(10, 5).to_vec()
    };
    assert!(close(&small(&stripes, false), &[128; 3], 3));
    assert!(
        close(&small(&stripes, true), &[188; 3], 3),
        "half the light is 188 of 255"
    );
    let clear = Picture::new(80, 40, |x, _| {
        if x % 2 == 0 {
            vec![255, 255, 255, 0]
        } else {
            vec![90, 60, 30, 255]
        }
    });
    let made = small(&clear, true);
    assert!(close(&made, &[90, 60, 30, 128], 2), "{made:?}");
}
