//! Which blocks of metadata a planned file may carry.
use minilab_recipe::{ColourSpace, Keep, OutputFormat, Plan, PlannedFile, Source};

/// What a file may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// A colour profile.
    pub icc: bool,
    /// Credits in EXIF: whose it is, who made it, what it shows, how dense it is.
    pub credits: bool,
    /// All EXIF but a place and a thumbnail.
    pub exif: bool,
    /// A place in EXIF and XMP.
    pub gps: bool,
    /// XMP.
    pub xmp: bool,
    /// IPTC.
    pub iptc: bool,
}

/// What a file of a plan may carry: what its recipe keeps and writes, and a profile where its samples are not sRGB.
pub fn allowed(plan: &Plan, file: &PlannedFile) -> Allowed {
    let Keep {
        icc,
        copyright,
        exif,
        gps,
        xmp,
        iptc,
    } = file.keep;
    // What is written needs the blocks of EXIF and XMP, whatever of the original's is kept.
    let is_credited = file.written.texts().next().is_some();
    Allowed {
        icc: icc || colour(plan, file) != ColourSpace::Srgb,
        credits: copyright || !file.written.is_none(),
        exif,
        gps,
        xmp: xmp || is_credited,
        iptc: iptc && file.encoding.format() == OutputFormat::Jpeg,
    }
}

/// Colours of the trunk that a file comes from. A plan that leads nowhere is told so elsewhere.
fn colour(plan: &Plan, file: &PlannedFile) -> ColourSpace {
    let mut source = file.from;
    // Parents come first, so this ends.
    while let Source::Node(index) = source {
        source = match plan.nodes.get(index).map(|node| node.from) {
            Some(Source::Node(parent)) if parent >= index => return ColourSpace::Srgb,
            Some(from) => from,
            None => return ColourSpace::Srgb,
        };
    }
    match source {
        Source::Page(page) => plan
            .further
            .get(page)
            .map_or(ColourSpace::Srgb, |further| further.colour),
        Source::Trunk | Source::Node(_) => plan.decode.colour,
    }
}
