//! EXIF, IPTC and XMP of originals, of which a choice may be published.
use minilab_imaging::testing::{Kind, told};
use minilab_recipe::{Findings, Format, Pixels, Probe, Size, Survey};

/// What is told is bounded plain text and parts of the picture, and no text names a place. The first byte says which kind of
/// block it is and how the picture lies.
pub fn run(input: &[u8]) {
    let Some((&selector, block)) = input.split_first() else {
        return;
    };
    let kind = match selector % 3 {
        0 => Kind::Exif,
        1 => Kind::Iptc,
        _ => Kind::Xmp,
    };
    let probe = probe(1 + selector / 3 % 8);
    let found = told(kind, block, &probe);
    for (name, text) in &found.embedded.texts {
        assert!(
            !name.to_ascii_lowercase().contains("gps"),
            "{name} tells of a place"
        );
        assert!(
            !text.is_empty() && !text.contains(char::is_control),
            "{name}: {text:?}"
        );
    }
    assert!(
        kind != Kind::Iptc || found.place.is_none(),
        "IPTC has no coordinates"
    );
    let findings = Findings {
        embedded: Some(found.embedded),
        place: Some(minilab_recipe::Place { at: found.place }),
        ..Findings::default()
    };
    let survey = Survey {
        embedded: true,
        place: true,
        ..Survey::default()
    };
    assert!(findings.answers(&survey, probe.upright()), "{findings:?}");
}

fn probe(orientation: u8) -> Probe {
    Probe {
        format: Format::Jpeg,
        stored: Size {
            width: 400,
            height: 200,
        },
        orientation,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: std::collections::BTreeMap::new(),
    }
}
