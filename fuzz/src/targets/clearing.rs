//! Metadata that travels into files: XMP without places, IPTC without its neighbours, credits written into what is kept.
use minilab_imaging::testing::credited_xmp;
use minilab_inspect::{iptc, xmp};
use minilab_recipe::Written;
use roxmltree::Document;

/// What was cleared names no place, also by a reader of its own, and clears to itself.
pub fn run(input: &[u8]) {
    for keeps_place in [false, true] {
        if let Some(cleared) = xmp::cleared(input, keeps_place) {
            assert!(cleared.len() <= input.len());
            assert_eq!(
                xmp::cleared(&cleared, keeps_place).as_ref(),
                Some(&cleared),
                "it clears to something else"
            );
            assert!(keeps_place || !xmp::names_place(&cleared), "a place is left");
            nothing_forbidden(&cleared, keeps_place);
            credits(input, cleared);
        }
    }
    if let Some(alone) = iptc::alone(input) {
        assert!(iptc::is_alone(&alone) && alone.len() <= input.len() + "Photoshop 3.0\0".len());
    }
}

fn nothing_forbidden(cleared: &[u8], keeps_place: bool) {
    let text = std::str::from_utf8(cleared).expect("it was cut from UTF-8");
    let Ok(packet) = Document::parse(text.trim_start_matches('\u{feff}')) else {
        return;
    };
    let is_forbidden = |name: &str| {
        let is_place = name
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("gps"));
        ["Orientation", "Thumbnails"].contains(&name) || (is_place && !keeps_place)
    };
    for node in packet.descendants().filter(roxmltree::Node::is_element) {
        assert!(
            !is_forbidden(node.tag_name().name()),
            "<{}> is left",
            node.tag_name().name()
        );
        for attribute in node.attributes() {
            assert!(!is_forbidden(attribute.name()), "{} is left", attribute.name());
        }
    }
}

/// Whatever was kept, what is written ends in a packet of which a reader makes sense where it could make sense of what was kept.
fn credits(input: &[u8], kept: Vec<u8>) {
    let written = Written {
        copyright: Some("(C) A & B <c>".to_owned()),
        ..Written::default()
    };
    let is_read = |bytes: &[u8]| {
        std::str::from_utf8(bytes)
            .is_ok_and(|text| Document::parse(text.trim_start_matches('\u{feff}')).is_ok())
    };
    let was_read = is_read(&kept);
    let credited = credited_xmp(Some(kept), &written).expect("something is written");
    assert!(
        is_read(&credited) || !was_read,
        "credits broke {:?}",
        String::from_utf8_lossy(input)
    );
}
