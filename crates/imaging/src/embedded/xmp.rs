//! XMP: a choice of properties from known namespaces, and the regions of the Metadata Working Group (`mwg-rs`).
//!
//! The reader takes no document type, so there are no entities to expand; nodes are counted, and nothing here descends by
//! recursion.
use minilab_recipe::MarkKind;
use roxmltree::{Document, Node, ParsingOptions};

use super::Gathered;

/// Nodes of a packet; editors write some hundreds, and histories of edits a few thousand.
const NODES_MAX: u32 = 20_000;
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const REGIONS: &str = "http://www.metadataworkinggroup.com/schemas/regions/";
const AREA: &str = "http://ns.adobe.com/xmp/sType/Area#";
const DIMENSIONS: &str = "http://ns.adobe.com/xap/1.0/sType/Dimensions#";

/// Namespaces by their usual prefixes, and what is read of each.
const READ: &[(&str, &str, &[&str])] = &[
    (
        "dc",
        "http://purl.org/dc/elements/1.1/",
        &["title", "description", "creator", "rights", "subject"],
    ),
    (
        "photoshop",
        "http://ns.adobe.com/photoshop/1.0/",
        &[
            "Headline",
            "Credit",
            "Source",
            "City",
            "State",
            "Country",
            "DateCreated",
            "Instructions",
            "AuthorsPosition",
        ],
    ),
    (
        "xmp",
        "http://ns.adobe.com/xap/1.0/",
        &["CreatorTool", "CreateDate", "Rating", "Label"],
    ),
    (
        "xmpRights",
        "http://ns.adobe.com/xap/1.0/rights/",
        &["UsageTerms", "WebStatement", "Marked", "Owner"],
    ),
    (
        "Iptc4xmpCore",
        "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
        &["AltTextAccessibility", "CountryCode", "Location"],
    ),
    (
        "plus",
        "http://ns.useplus.org/ldf/xmp/1.0/",
        &["ImageSupplierName"],
    ),
];

pub(super) fn read(bytes: &[u8], found: &mut Gathered<'_>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let text = text.trim_matches(['\0', '\u{feff}', ' ', '\n', '\r', '\t']);
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    let Ok(packet) = Document::parse_with_options(text, options) else {
        return;
    };
    let about = packet
        .descendants()
        .filter(|node| node.has_tag_name((RDF, "Description")));
    // Only descriptions of the picture itself: those further down are parts of a property.
    for description in about.filter(|node| node.parent().is_some_and(|up| up.has_tag_name((RDF, "RDF")))) {
        for attribute in description.attributes() {
            tell(attribute.namespace(), attribute.name(), attribute.value(), found);
        }
        for property in description.children().filter(Node::is_element) {
            let name = property.tag_name();
            tell(name.namespace(), name.name(), &value(property), found);
        }
    }
    regions(&packet, found);
    found.place = found.place.or_else(|| super::place::of_xmp(&packet));
}

fn tell(namespace: Option<&str>, name: &str, text: &str, found: &mut Gathered<'_>) {
    let known = READ
        .iter()
        .find(|(_, known, names)| Some(*known) == namespace && names.contains(&name));
    if let Some((prefix, ..)) = known {
        found.text(format!("xmp.{prefix}:{name}"), text);
    }
}

/// A property's text: its own, that of the default language, or its items joined by commas.
fn value(property: Node<'_, '_>) -> String {
    let items: Vec<&str> = property
        .descendants()
        .filter(|node| node.has_tag_name((RDF, "li")))
        .take(64)
        .filter_map(|item| item.text())
        .map(str::trim)
        .collect();
    let languages = property.children().any(|node| node.has_tag_name((RDF, "Alt")));
    match items.as_slice() {
        [] => property.text().unwrap_or_default().to_owned(),
        [first, ..] if languages => (*first).to_owned(),
        all => all.join(", "),
    }
}

/// A property of a structure, written as an attribute or as an element.
fn field<'a>(of: Node<'a, '_>, namespace: &str, name: &str) -> Option<&'a str> {
    of.attribute((namespace, name)).or_else(|| {
        let child = of.children().find(|node| node.has_tag_name((namespace, name)))?;
        child.text().map(str::trim)
    })
}

fn regions(packet: &Document<'_>, found: &mut Gathered<'_>) {
    let applied = packet
        .descendants()
        .find(|node| node.has_tag_name((REGIONS, "AppliedToDimensions")));
    let applied =
        applied.and_then(|node| Some((number(node, DIMENSIONS, "w")?, number(node, DIMENSIONS, "h")?)));
    let stored = (
        f64::from(found.probe.stored.width),
        f64::from(found.probe.stored.height),
    );
    let lies = found.probe.orientation >= 5;
    // Written for the upright picture by some, for the stored one by most: the dimensions tell.
    let upright =
        lies && applied.is_some_and(|(w, h)| (w > h) != (stored.0 > stored.1) && w.total_cmp(&h).is_ne());
    for area in packet
        .descendants()
        .filter(|node| node.has_tag_name((REGIONS, "Area")))
    {
        if field(area, AREA, "unit").is_some_and(|unit| unit != "normalized") {
            continue;
        }
        let numbers = (number(area, AREA, "x"), number(area, AREA, "y"));
        let (Some(x), Some(y)) = numbers else { continue };
        let round = number(area, AREA, "d");
        let side = |name| number(area, AREA, name).or(round).unwrap_or(0.0);
        let (middle, sides) = ([x, y], [side("w"), side("h")]);
        let Some(kind) = area.parent().and_then(kind) else {
            continue;
        };
        let orientation = if upright { 1 } else { found.probe.orientation };
        found.region(kind, middle, sides, orientation);
    }
}

fn number(of: Node<'_, '_>, namespace: &str, name: &str) -> Option<f64> {
    field(of, namespace, name)?
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Of what kind the region is that an area belongs to.
fn kind(region: Node<'_, '_>) -> Option<MarkKind> {
    match field(region, REGIONS, "Type")? {
        "Face" => Some(MarkKind::Face),
        "Pet" => Some(MarkKind::Pet),
        "Focus" => Some(MarkKind::Focus),
        _ => None,
    }
}
