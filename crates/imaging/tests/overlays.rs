//! Pictures, masks and text on pixels: where they lie, how they mix, and what becomes of transparency.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::Result;
use minilab_recipe::{
    Blend, Caption, Composite, Font, Laying, Mask, Node, Note, Outline, Picture as Lent, Plate, Rgb, Source,
    Step, TextAlign,
};
use support::{Lab, Picture, lab};

const ORANGE: [u8; 3] = [220, 120, 40];

fn laying(across: f64, down: f64) -> Laying {
    Laying {
        across,
        down,
        left: 0,
        top: 0,
        angle: 0.0,
        tile: None,
        opacity: 1.0,
        blend: Blend::Over,
    }
}

fn composite(laying: Laying) -> Composite {
    Composite {
        picture: Lent::Sha256("logo".to_owned()),
        width: None,
        height: None,
        scale: 1.0,
        laying,
    }
}

/// An original after some steps, with a picture lent under the name `logo`, and what was noted.
fn after(lab: &Lab, original: &Picture, logo: &[u8], steps: &[Step]) -> Result<(Picture, Vec<Note>)> {
    let bytes = original.png();
    let probe = lab.probe(&bytes).unwrap();
    let mut plan = support::plan(&probe);
    plan.nodes.push(Node {
        from: Source::Trunk,
        steps: steps.to_vec(),
        size: original.size,
    });
    plan.files
        .push(support::file(Source::Node(0), original.size, support::PNG));
    let mut session = lab.engine.open(&bytes, &probe, &plan, &[0]).unwrap();
    session.lend(&lab.engine, "logo", logo);
    let made = session.encode(0)?;
    Ok((lab.samples(&made.bytes), made.notes))
}

fn laid(lab: &Lab, original: &Picture, logo: &Picture, step: Composite) -> Picture {
    after(lab, original, &logo.png(), &[Step::Composite(step)])
        .unwrap()
        .0
}

fn grey() -> Picture {
    Picture::new(40, 30, |_, _| vec![100, 100, 100])
}

fn opaque(width: u32, height: u32) -> Picture {
    Picture::new(width, height, |_, _| ORANGE.to_vec())
}

#[test]
fn a_picture_lies_where_its_gravity_and_shift_say() {
    let lab = lab();
    let logo = opaque(5, 4);
    let corners = [
        (0.0, 0.0, 0, 0),
        (1.0, 1.0, 35, 26),
        (0.5, 0.5, 18, 13),
        (1.0, 0.0, 35, 0),
    ];
    for (across, down, left, top) in corners {
        let made = laid(&lab, &grey(), &logo, composite(laying(across, down)));
        assert_eq!(made.bands, 3, "what was opaque stays so");
        for (x, y) in [(left, top), (left + 4, top + 3)] {
            assert_eq!(made.at(x, y), ORANGE, "{across} {down}");
        }
        let covered = made.samples.chunks(3).filter(|pixel| *pixel == ORANGE).count();
        assert_eq!(covered, 20, "{across} {down}");
    }
    let mut shifted = laying(0.0, 0.0);
    (shifted.left, shifted.top) = (-2, 3);
    let made = laid(&lab, &grey(), &logo, composite(shifted));
    assert_eq!((made.at(2, 3), made.at(3, 3)), (&ORANGE[..], &[100; 3][..]));
}

#[test]
fn a_picture_keeps_its_proportions_and_fits_unless_a_size_is_asked() {
    let lab = lab();
    let across = |made: &Picture| (0..made.size.width).filter(|x| made.at(*x, 15) == ORANGE).count();
    let down = |made: &Picture| {
        (0..made.size.height)
            .filter(|y| made.at(20, *y) == ORANGE)
            .count()
    };
    let sizes = [
        (Some(20), None, 1.0, (20, 10)),
        (None, Some(10), 1.0, (20, 10)),
        (Some(20), Some(5), 1.0, (10, 5)),
        (None, None, 0.25, (20, 10)),
        (None, None, 1.0, (40, 20)),
    ];
    for (width, height, scale, expected) in sizes {
        let step = Composite {
            width,
            height,
            scale,
            ..composite(laying(0.5, 0.5))
        };
        let made = laid(&lab, &grey(), &opaque(80, 40), step);
        assert_eq!(
            (across(&made), down(&made)),
            expected,
            "{width:?} {height:?} {scale}"
        );
    }
}

#[test]
fn tiles_cover_everything_with_their_gap() {
    let lab = lab();
    let mut tiles = laying(0.0, 0.0);
    tiles.tile = Some(2);
    (tiles.left, tiles.top) = (1, 0);
    let made = laid(&lab, &grey(), &opaque(3, 3), composite(tiles));
    for y in 0..30 {
        for x in 0..40_u32 {
            let inside = (x + 4) % 5 < 3 && y % 5 < 3;
            assert_eq!(made.at(x, y) == ORANGE, inside, "{x} {y}");
        }
    }
}

#[test]
fn opacity_and_blend_mix_as_they_say() {
    let lab = lab();
    let mixed = |opacity, blend| {
        let mut laying = laying(0.0, 0.0);
        (laying.opacity, laying.blend) = (opacity, blend);
        let step = Composite {
            width: Some(40),
            ..composite(laying)
        };
        laid(&lab, &grey(), &opaque(4, 4), step).at(10, 10).to_vec()
    };
    let close =
        |one: &[u8], other: [u8; 3]| one.len() == 3 && one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 1);
    let cases = [
        (0.5, Blend::Over, [160, 110, 70]),
        (1.0, Blend::Multiply, [86, 47, 16]),
        (1.0, Blend::Screen, [234, 173, 124]),
        (1.0, Blend::Darken, [100, 100, 40]),
        (1.0, Blend::Lighten, [220, 120, 100]),
        (1.0, Blend::Add, [255, 220, 140]),
        (1.0, Blend::Difference, [120, 20, 60]),
        (1.0, Blend::DestOver, [100, 100, 100]),
    ];
    for (opacity, blend, expected) in cases {
        let told = mixed(opacity, blend);
        assert!(
            close(&told, expected),
            "{blend:?}: {told:?}, expected {expected:?}"
        );
    }
}

#[test]
fn transparency_shows_what_is_below_and_what_cuts_makes_transparent() {
    let lab = lab();
    let half = Picture::new(40, 30, |x, _| vec![220, 120, 40, if x < 20 { 255 } else { 0 }]);
    let made = laid(&lab, &grey(), &half, composite(laying(0.0, 0.0)));
    assert_eq!((made.at(5, 5), made.at(30, 5)), (&ORANGE[..], &[100; 3][..]));
    let mut cut = laying(0.0, 0.0);
    cut.blend = Blend::DestOut;
    let made = laid(&lab, &grey(), &half, composite(cut));
    assert_eq!(
        (made.bands, made.at(5, 5)[3], made.at(30, 5)),
        (4, 0, &[100, 100, 100, 255][..])
    );
    let clear = Picture::new(40, 30, |_, _| vec![0, 0, 0, 0]);
    let made = laid(&lab, &clear, &half, composite(laying(0.0, 0.0)));
    assert_eq!((made.at(5, 5), made.at(30, 5)[3]), (&[220, 120, 40, 255][..], 0));
}

#[test]
fn a_mask_keeps_what_is_opaque_or_bright_in_it() {
    let lab = lab();
    let masked = |mask: &Picture, invert| {
        let step = Step::Mask(Mask {
            picture: Lent::Sha256("logo".to_owned()),
            invert,
        });
        after(&lab, &grey(), &mask.png(), &[step]).unwrap().0
    };
    let shape = Picture::new(80, 60, |x, _| vec![9, 9, 9, if x < 40 { 255 } else { 0 }]);
    let bright = Picture::new(80, 60, |x, _| vec![if x < 40 { 255 } else { 0 }; 3]);
    for mask in [&shape, &bright] {
        let kept = masked(mask, false);
        assert_eq!((kept.at(5, 5), kept.at(35, 5)[3]), (&[100, 100, 100, 255][..], 0));
        let hidden = masked(mask, true);
        assert_eq!((hidden.at(5, 5)[3], hidden.at(35, 5)[3]), (0, 255));
    }
}

fn caption(text: &str) -> Caption {
    Caption {
        text: text.to_owned(),
        font: Font::SansBold,
        size: 60.0,
        line_height: 1.2,
        max_width: 400,
        align: TextAlign::Left,
        colour: Rgb([255, 255, 255]),
        outline: None,
        plate: None,
        laying: laying(0.5, 0.5),
    }
}

#[test]
fn letters_outline_and_plate_have_their_colours() {
    let lab = lab();
    let ground = Picture::new(120, 100, |_, _| vec![100, 100, 100]);
    let written = Caption {
        outline: Some(Outline {
            width: 5.0,
            colour: Rgb([255, 0, 0]),
        }),
        plate: Some(Plate {
            colour: Rgb([0, 0, 255]),
            opacity: 0.5,
            padding: 4,
        }),
        ..caption("H")
    };
    let (made, notes) = after(&lab, &ground, &[], &[Step::Text(written)]).unwrap();
    assert_eq!(notes, []);
    let colours: Vec<&[u8]> = made.samples.chunks(3).collect();
    let count = |colour: [u8; 3]| colours.iter().filter(|pixel| **pixel == colour).count();
    assert!(count([255, 255, 255]) > 300, "letters");
    assert!(count([255, 0, 0]) > 300, "outline");
    let half = |pixel: &&&[u8]| {
        pixel
            .iter()
            .zip([50, 50, 178])
            .all(|(one, other)| one.abs_diff(other) <= 2)
    };
    assert!(
        colours.iter().filter(half).count() > 500,
        "half a plate over grey"
    );
    assert!(count([100, 100, 100]) > 2000, "what lies beside it");
}

#[test]
fn what_text_lacks_or_loses_is_noted() {
    let lab = lab();
    let ground = Picture::new(200, 100, |_, _| vec![100, 100, 100]);
    let notes = |text: &str| after(&lab, &ground, &[], &[Step::Text(caption(text))]).unwrap().1;
    assert_eq!(notes("fits"), []);
    assert_eq!(notes("漢"), [Note::LettersMissing]);
    assert_eq!(notes("much too long for it"), [Note::TextCut]);
    let failed = after(&lab, &ground, &[], &[Step::Text(caption("\u{200b}"))]).unwrap_err();
    assert_eq!(failed.code(), "text_not_drawn");
}

#[test]
fn a_picture_that_cannot_be_used_fails_its_file_by_name() {
    let lab = lab();
    let step = || Step::Composite(composite(laying(0.0, 0.0)));
    let failed = |logo: &[u8], step: Step| after(&lab, &grey(), logo, &[step]).unwrap_err().code();
    assert_eq!(failed(b"no picture", step()), "asset_unusable");
    let cut = opaque(50, 50).png();
    assert_eq!(failed(&cut[..cut.len() / 2], step()), "asset_unusable");
    let absent = Composite {
        picture: Lent::Absent(0),
        ..composite(laying(0.0, 0.0))
    };
    assert_eq!(
        failed(&opaque(3, 3).png(), Step::Composite(absent)),
        "asset_unusable"
    );
}

#[test]
fn a_picture_is_turned_before_it_is_laid() {
    let lab = lab();
    let mut turned = laying(0.5, 0.5);
    turned.angle = 90.0;
    let made = laid(&lab, &grey(), &opaque(10, 2), composite(turned));
    assert_eq!((made.at(20, 11), made.at(16, 15)), (&ORANGE[..], &[100; 3][..]));
}

#[test]
fn text_is_turned_and_repeated_as_pictures_are() {
    let lab = lab();
    let ground = Picture::new(200, 100, |_, _| vec![100, 100, 100]);
    let mut written = caption("I");
    written.size = 20.0;
    (written.laying.angle, written.laying.tile) = (30.0, Some(4));
    let (made, notes) = after(&lab, &ground, &[], &[Step::Text(written)]).unwrap();
    assert_eq!((made.bands, notes), (3, vec![]));
    let marked = |from: u32, to: u32| {
        let pixels = (from..to).flat_map(|x| (0..100).map(move |y| (x, y)));
        pixels.filter(|(x, y)| made.at(*x, *y)[0] > 200).count()
    };
    for from in [0, 50, 100, 150] {
        assert!(marked(from, from + 50) > 40, "from {from}");
    }
}
