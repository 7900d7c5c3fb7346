//! SVG, written anew before librsvg sees it.
use minilab_imaging::{Limits, testing};
use minilab_recipe::Size;
use roxmltree::{Document, Node};

const SIZE: Size = Size {
    width: 64,
    height: 64,
};
/// What a drawing that was written anew opens with: a canvas, in which the drawing itself is one element.
const CANVAS_END: &str = "preserveAspectRatio=\"none\">";

/// What librsvg sees holds nothing that runs, reads or reaches outside, and written anew it is the same.
pub fn run(input: &[u8]) {
    let Ok(size) = testing::drawing_size(input, &Limits::default()) else {
        return;
    };
    assert!(size.width > 0 && size.height > 0);
    let clean = testing::clean_drawing(input, SIZE).expect("what can be probed can be written");
    let parsed = Document::parse(&clean).unwrap_or_else(|error| panic!("{error}: {clean}"));
    for node in parsed.descendants().filter(Node::is_element) {
        harmless(node);
    }
    let start = clean.find(CANVAS_END).expect("it begins with a canvas") + CANVAS_END.len();
    let drawing = &clean[start..clean.len() - "</svg>".len()];
    // One level deeper: what was at the limit may be beyond it.
    if let Ok(again) = testing::clean_drawing(clean.as_bytes(), SIZE) {
        assert!(
            again.contains(drawing),
            "written anew it is something else:\n{clean}\n{again}"
        );
    }
}

fn harmless(node: Node<'_, '_>) {
    let name = node.tag_name().name();
    let forbidden = [
        "script",
        "foreignObject",
        "text",
        "tspan",
        "textPath",
        "tref",
        "a",
        "animate",
        "animateMotion",
        "animateTransform",
        "set",
        "handler",
        "iframe",
        "metadata",
        "title",
        "desc",
    ];
    assert!(
        !forbidden.iter().any(|no| no.eq_ignore_ascii_case(name)),
        "<{name}>"
    );
    assert_eq!(
        node.tag_name().namespace(),
        Some("http://www.w3.org/2000/svg"),
        "<{name}>"
    );
    for attribute in node.attributes() {
        let (key, value) = (attribute.name(), attribute.value());
        assert!(attribute.namespace().is_none(), "{key}");
        assert!(!key.to_ascii_lowercase().starts_with("on"), "{key}");
        if key == "href" {
            assert!(value.starts_with('#'), "{key}={value}");
            // A part of this drawing, however it is called.
            continue;
        }
        let folded = value.to_ascii_lowercase();
        for after in folded.split("url(").skip(1) {
            let target = after.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
            assert!(target.starts_with('#'), "{key}={value}");
        }
    }
    if name == "style" {
        let sheet: String = node.children().filter_map(|child| child.text()).collect();
        assert!(!sheet.contains(['@', '\\']), "{sheet}");
    }
}
