//! Every font, script and setting on one sheet, compared with the one that was looked at.
//!
//! `MINILAB_SPECIMEN=write` makes the sheet anew; look at it before it is committed.
#![expect(clippy::unwrap_used, reason = "a test, helpers included")]

use std::{fs, path::PathBuf};

use minilab_text::{Align, Coverage, Error, Face, SIZE_MAX, Setting, Typesetter};

fn plain(text: &str) -> Setting<'_> {
    Setting {
        text,
        face: Face::Sans,
        size: 24.0,
        line_height: 1.2,
        width_max: None,
        align: Align::Left,
        outline: 0.0,
    }
}

fn draw(setting: &Setting<'_>) -> Coverage {
    Typesetter::default().draw(setting).unwrap()
}

/// Letters dark grey, their outline black, on white; below one another.
fn sheet(coverages: &[Coverage]) -> (u32, u32, Vec<u8>) {
    let width = coverages.iter().map(|c| c.width).max().unwrap() + 16;
    let height = coverages.iter().map(|c| c.height + 8).sum::<u32>() + 8;
    let mut sheet = vec![255_u8; width as usize * height as usize];
    let mut top = 8_usize;
    for coverage in coverages {
        let layers = [(coverage.outline.as_ref(), 0_u32), (Some(&coverage.fill), 70)];
        for (samples, ink) in layers
            .into_iter()
            .filter_map(|(samples, ink)| Some((samples?, ink)))
        {
            for (row, line) in samples.chunks_exact(coverage.width as usize).enumerate() {
                for (column, &cover) in line.iter().enumerate() {
                    let under = &mut sheet[(top + row) * width as usize + 8 + column];
                    let (cover, ground) = (u32::from(cover), u32::from(*under));
                    *under = ((ink * cover + ground * (255 - cover) + 127) / 255) as u8;
                }
            }
        }
        top += coverage.height as usize + 8;
    }
    (width, height, sheet)
}

fn specimen() -> Vec<Coverage> {
    let mut typesetter = Typesetter::default();
    let fonts = Face::ALL.map(|face| Setting {
        face,
        ..plain("© Ærøskøbing – “fly” 1234 €, Ωμέγα, Щука")
    });
    let others = [
        plain("שלום עולם, العربية 2026"),
        Setting {
            width_max: Some(260.0),
            align: Align::Centre,
            ..plain("The quick brown fox jumps over the lazy dog, Donaudampfschifffahrtsgesellschaft")
        },
        Setting {
            align: Align::Right,
            size: 17.0,
            ..plain("right\naligned lines\nof text")
        },
        Setting {
            outline: 3.0,
            face: Face::SansBold,
            size: 48.0,
            ..plain("Outline")
        },
        plain("no 漢字 here"),
        Setting {
            size: 9.0,
            ..plain("nine pixels high, as a small caption would be")
        },
    ];
    let all = fonts.iter().chain(&others);
    all.map(|setting| typesetter.draw(setting).unwrap()).collect()
}

#[test]
fn glyphs_are_those_that_were_looked_at() {
    let (width, height, pixels) = sheet(&specimen());
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/specimen.png");
    if std::env::var_os("MINILAB_SPECIMEN").is_some_and(|said| said == "write") {
        let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        return;
    }
    let file = std::io::BufReader::new(fs::File::open(&path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut golden = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut golden).unwrap();
    assert_eq!((info.width, info.height), (width, height));
    // One processor may round where another does not.
    let worst = golden
        .iter()
        .zip(&pixels)
        .map(|(one, other)| one.abs_diff(*other))
        .max();
    assert!(
        worst <= Some(2),
        "a sample differs by {worst:?} of 255; `MINILAB_SPECIMEN=write` shows how"
    );
}

#[test]
fn the_same_text_is_the_same_at_any_time() {
    let setting = plain("twice");
    let mut typesetter = Typesetter::default();
    let first = typesetter.draw(&setting).unwrap();
    typesetter.draw(&plain("something else")).unwrap();
    assert_eq!(typesetter.draw(&setting).unwrap(), first);
    assert_eq!(draw(&setting), first);
}

#[test]
fn lines_are_broken_to_stay_within_a_width() {
    let text = "some words that take more than one line";
    let wide = draw(&plain(text));
    let narrow = draw(&Setting {
        width_max: Some(150.0),
        ..plain(text)
    });
    assert!(narrow.width <= 152, "{}", narrow.width);
    assert!(
        narrow.height > 2 * wide.height,
        "{} and {}",
        narrow.height,
        wide.height
    );
}

#[test]
fn an_outline_surrounds_the_letters_and_takes_room() {
    let bare = draw(&plain("o"));
    let lined = draw(&Setting {
        outline: 4.0,
        ..plain("o")
    });
    let outline = lined.outline.as_ref().unwrap();
    let covered = |samples: &[u8]| samples.iter().filter(|&&cover| cover > 127).count();
    assert!(covered(outline) > covered(&lined.fill));
    assert!(
        lined.width >= bare.width + 4,
        "{} and {}",
        lined.width,
        bare.width
    );
    assert_eq!(outline.len(), lined.width as usize * lined.height as usize);
}

#[test]
fn letters_that_no_font_has_are_told_and_boxes_stand_for_them() {
    let drawn = draw(&plain("a 漢 b 漢 ᚠ"));
    assert_eq!(drawn.missing, ['ᚠ', '漢']);
    assert!(draw(&plain("Ωμέγα, Щука, שלום, العربية")).missing.is_empty());
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    let mut typesetter = Typesetter::default();
    let mut refused = |setting: Setting<'_>| typesetter.draw(&setting).unwrap_err();
    for blank in ["", " ", "\n\n", "\u{200b}"] {
        assert!(matches!(refused(plain(blank)), Error::Nothing), "{blank:?}");
    }
    assert!(matches!(
        refused(plain(&"a".repeat(1_001))),
        Error::TooLong(1_001)
    ));
    for size in [0.0, f32::NAN, SIZE_MAX * 2.0] {
        assert!(matches!(refused(Setting { size, ..plain("a") }), Error::Size(_)));
    }
    let huge = Setting {
        size: SIZE_MAX,
        ..plain("Wide")
    };
    assert!(matches!(refused(huge), Error::TooLarge(..)));
}

#[test]
fn hostile_text_is_drawn_or_refused_and_nothing_else() {
    let mut typesetter = Typesetter::default();
    let texts = [
        "\u{202e}\u{202e}\u{2066}abc".to_owned(),
        "e\u{301}\u{301}\u{301}".repeat(200),
        "\u{fffe}\u{10ffff}\0\u{7}".to_owned(),
        "ﷺ".repeat(100),
        "a\u{200d}".repeat(400),
    ];
    for text in &texts {
        let _ = typesetter.draw(&Setting {
            width_max: Some(5.0),
            ..plain(text)
        });
    }
}
