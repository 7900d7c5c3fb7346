//! Colours by numbers: profiles, inks, deep samples, grey.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_recipe::{ColourSpace, Keep, Pixels, Plan, Size};
use support::{AVIF, JPEG, Lab, PNG, Picture, WEBP, corpus, delta_e, lab, png};

fn flat(colour: [u8; 3]) -> Vec<u8> {
    Picture::new(32, 32, |_, _| colour.to_vec()).png()
}

/// The original in a colour space, as a file of its own.
fn converted(
    lab: &Lab,
    original: &[u8],
    colour: ColourSpace,
    encoding: &minilab_recipe::Encoding,
) -> Vec<u8> {
    let size = lab.probe(original).unwrap().upright();
    let change = |plan: &mut Plan| {
        plan.decode.colour = colour;
        plan.files[0].encoding = encoding.clone();
    };
    lab.make(original, &[], size, change).unwrap().bytes.to_vec()
}

#[test]
fn display_p3_and_back_is_the_same_colour() {
    let lab = lab();
    for colour in [
        [255, 0, 0],
        [0, 255, 0],
        [40, 90, 160],
        [128, 128, 128],
        [250, 240, 10],
    ] {
        for encoding in [JPEG, PNG, WEBP, AVIF] {
            let p3 = converted(&lab, &flat(colour), ColourSpace::P3, &encoding);
            assert!(lab.probe(&p3).unwrap().icc, "the profile is embedded");
            let back = lab.samples(&p3);
            let distance = delta_e(back.at(16, 16), &colour);
            assert!(
                distance < 2.5,
                "{colour:?} came back as {:?} by {:?}",
                back.at(16, 16),
                encoding.format()
            );
        }
    }
}

#[test]
fn p3_samples_differ_from_srgb_samples() {
    let lab = lab();
    // Pure sRGB red lies within P3: 234, 51, 35 there.
    let p3 = converted(&lab, &flat([255, 0, 0]), ColourSpace::P3, &PNG);
    let size = Size {
        width: 32,
        height: 32,
    };
    let as_is = lab.make(&p3, &[], size, |plan| {
        plan.decode.colour = ColourSpace::Original;
        plan.files[0].encoding = minilab_recipe::Encoding::Png {
            compression: 0,
            palette: false,
            tuning: minilab_recipe::PngTuning::DEFAULT,
        };
    });
    let samples = support::read_png(&as_is.unwrap().bytes);
    for (sample, expected) in samples.at(16, 16).iter().zip([234_u8, 51, 35]) {
        assert!(sample.abs_diff(expected) <= 2, "{:?}", samples.at(16, 16));
    }
}

#[test]
fn the_original_profile_travels_where_the_recipe_says_original() {
    let lab = lab();
    let p3 = converted(&lab, &flat([10, 200, 30]), ColourSpace::P3, &PNG);
    for encoding in [JPEG, PNG, WEBP, AVIF] {
        let kept = converted(&lab, &p3, ColourSpace::Original, &encoding);
        assert!(lab.probe(&kept).unwrap().icc);
        let distance = delta_e(lab.samples(&kept).at(16, 16), &[10, 200, 30]);
        assert!(distance < 2.5, "{distance} by {:?}", encoding.format());
    }
    // Without a profile there is none to carry.
    assert!(
        !lab.probe(&converted(&lab, &flat([1, 2, 3]), ColourSpace::Original, &PNG))
            .unwrap()
            .icc
    );
}

#[test]
fn sixteen_bits_become_the_nearest_eight() {
    let lab = lab();
    let size = Size {
        width: 256,
        height: 1,
    };
    let row: Vec<u8> = (0..256_u32)
        .flat_map(|x| [x * 257, (255 - x) * 257, 0x8080])
        .flat_map(|sample| (sample as u16).to_be_bytes())
        .collect();
    let original = png(size, 16, 2, &[&[0][..], &row].concat());
    assert_eq!(lab.probe(&original).unwrap().bits, 16);
    let made = lab.samples(&original);
    for x in 0..256 {
        let expected = [x as u8, (255 - x) as u8, 0x80];
        for (sample, expected) in made.at(x, 0).iter().zip(expected) {
            assert!(sample.abs_diff(expected) <= 1, "{x}: {:?}", made.at(x, 0));
        }
    }
}

#[test]
fn sixteen_bit_transparency_survives_a_resize() {
    let lab = lab();
    let size = Size {
        width: 16,
        height: 16,
    };
    // Half transparent, mid grey, grey and alpha of 16 bits.
    let row: Vec<u8> = std::iter::once(0)
        .chain([0x80, 0x80, 0x40, 0x40].repeat(16))
        .collect();
    let original = png(size, 16, 4, &row.repeat(16));
    let small = Size { width: 8, height: 8 };
    let made = lab
        .make(&original, &[support::resize(8, 8)], small, |_| {})
        .unwrap();
    let planned = lab
        .make(&original, &[], small, |plan| plan.decode.size = small)
        .unwrap();
    for bytes in [made.bytes, planned.bytes] {
        let pixel = lab.samples(&bytes).at(4, 4).to_vec();
        for (sample, expected) in pixel.iter().zip([0x80_u8, 0x80, 0x80, 0x40]) {
            assert!(sample.abs_diff(expected) <= 1, "{pixel:?}");
        }
    }
}

#[test]
fn grey_becomes_srgb_of_equal_samples() {
    let lab = lab();
    let original = Picture::new(16, 16, |x, _| vec![(x * 16) as u8]).png();
    assert_eq!(lab.probe(&original).unwrap().pixels, Pixels::Grey);
    let made = lab.samples(&original);
    assert_eq!(made.bands, 3);
    assert_eq!(made.at(5, 5), [80; 3]);
}

#[test]
fn inks_become_sensible_colours() {
    let lab = lab();
    // A swatch of 100 % magenta and yellow: a strong red in every ink profile.
    let Some(tiff) = corpus("valid/fogra-0-100-100-0.tif") else {
        return;
    };
    let probe = lab.probe(&tiff).unwrap();
    assert_eq!((probe.pixels, probe.icc), (Pixels::Cmyk, true));
    let made = lab.samples(&tiff);
    let pixel = made.at(probe.stored.width / 2, probe.stored.height / 2);
    assert!(delta_e(pixel, &[227, 6, 19]) < 12.0, "{pixel:?}");

    let Some(jpeg) = corpus("valid/Channel_digital_image_CMYK_color_no_profile.jpg") else {
        return;
    };
    assert_eq!(lab.probe(&jpeg).unwrap().pixels, Pixels::Cmyk);
    let file = converted(&lab, &jpeg, ColourSpace::Original, &WEBP);
    assert!(!lab.probe(&file).unwrap().icc, "inks become sRGB");
    let with = converted(
        &lab,
        &corpus("valid/Channel_digital_image_CMYK_color.jpg").unwrap(),
        ColourSpace::Srgb,
        &WEBP,
    );
    let (_, mean) = lab.samples(&file).difference(&lab.samples(&with));
    assert!(
        mean < 25.0,
        "fallback and embedded profile are of one kind, mean difference {mean}"
    );
}

#[test]
fn wide_gamut_originals_keep_their_look() {
    let lab = lab();
    let Some(p3) = corpus("valid/p3.png") else { return };
    assert!(lab.probe(&p3).unwrap().icc);
    let converted = lab.samples(&p3);
    // Read as if it were sRGB, the colours would be duller.
    let raw = lab.make(&p3, &[], converted.size, |plan| {
        plan.decode.colour = ColourSpace::Original;
        plan.files[0].encoding = minilab_recipe::Encoding::Png {
            compression: 0,
            palette: false,
            tuning: minilab_recipe::PngTuning::DEFAULT,
        };
        plan.files[0].keep = Keep::default();
    });
    let raw = support::read_png(&raw.unwrap().bytes);
    let chroma = |picture: &Picture| {
        let spread =
            |pixel: &[u8]| u64::from(pixel[..3].iter().max().unwrap() - pixel[..3].iter().min().unwrap());
        picture.samples.chunks(picture.bands).map(spread).sum::<u64>()
    };
    assert!(chroma(&converted) > chroma(&raw));
}
