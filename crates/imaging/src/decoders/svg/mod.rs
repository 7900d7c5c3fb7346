//! SVG: the drawing is written anew from the elements and attributes that may be in one, so that librsvg never sees what an
//! uploader wrote; then drawn at the size that the plan needs.
//!
//! Refused with a sentence: what would show something else than its author meant (text, since there are no fonts;
//! pictures and references from outside) and what could cost more than it shows (entities, drawings within drawings
//! without end). Left out, as they show nothing: scripts, event handlers, metadata, animation, elements of editors.
mod allowed;
mod length;
mod reuse;
mod style;
mod write;

use minilab_recipe::{Format, Pixels as Meaning, Probe, Size};
use roxmltree::{Document, Node, ParsingOptions};

use self::length::Canvas;
use crate::vips::Image;
use crate::{Error, Limits, Result, engine, limits};

/// Of text. Larger drawings are maps and exported scans.
const BYTES_MAX: u64 = 10 << 20;
/// Elements, attributes' text and comments as the parser counts them.
const NODES_MAX: u32 = 200_000;
/// Elements within elements.
const DEPTH_MAX: u32 = 200;
/// Pixels of CSS per inch, for sizes in millimetres and points.
const DPI: f64 = 96.0;

pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe> {
    let text = text(bytes)?;
    let document = parse(text)?;
    let canvas = Canvas::of(document.root_element())?;
    let size = canvas.size();
    limits.check_size(size.width.into(), size.height.into(), true)?;
    // What cannot be drawn is refused before anything is planned.
    drawing(&document, canvas, size)?;
    Ok(Probe {
        format: Format::Svg,
        stored: size,
        orientation: 1,
        pages: 1,
        alpha: true,
        bits: 8,
        pixels: Meaning::Rgb,
        icc: false,
        whole_image: true,
        further: std::collections::BTreeMap::new(),
    })
}

/// Draws it at exactly that size.
pub(super) fn load(bytes: &[u8], size: Size) -> Result<Image<'static>> {
    engine::load(Format::Svg)?
        .source_copy(clean(bytes, size)?.as_bytes())
        .set(c"dpi", DPI)
        .set(c"unlimited", false)
        .image()
        .map_err(Error::decoding)
}

/// What librsvg sees of it.
pub(crate) fn clean(bytes: &[u8], size: Size) -> Result<String> {
    let document = parse(text(bytes)?)?;
    let canvas = Canvas::of(document.root_element())?;
    drawing(&document, canvas, size)
}

/// A drawing of one square: librsvg reads its settings when it draws the first.
pub(crate) fn warm() -> Result<()> {
    let square =
        br#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M1 1h6v6z"/></svg>"#;
    let size = Size { width: 8, height: 8 };
    let image = load(square, size)?;
    image.pixels().map_err(Error::decoding).map(drop)
}

fn text(bytes: &[u8]) -> Result<&str> {
    limits::within("bytes of SVG", bytes.len() as u64, BYTES_MAX)?;
    std::str::from_utf8(bytes)
        .map_err(|_| Error::unsupported("an SVG drawing in another encoding than UTF-8"))
}

/// The document without its document type, which may only name what everybody knows.
fn parse(text: &str) -> Result<Document<'_>> {
    for declared in text.split("<!DOCTYPE").skip(1) {
        if declared
            .split('<')
            .next()
            .is_some_and(|declared| declared.contains('['))
        {
            return Err(Error::unsupported(
                "an SVG drawing with a DTD of its own (entities)",
            ));
        }
    }
    let options = ParsingOptions {
        // Only a bare declaration is left, and no entity can be told in one.
        allow_dtd: true,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|cause| match cause {
        roxmltree::Error::NodesLimitReached => Error::TooLarge {
            limit: "elements",
            found: u64::from(NODES_MAX) + 1,
            max: NODES_MAX.into(),
        },
        roxmltree::Error::UnknownEntityReference(name, _) => {
            Error::unsupported(format!("an SVG drawing with an entity of its own (&{name};)"))
        }
        other => Error::corrupt(format!("it is no well-formed XML ({other})")),
    })
}

/// What librsvg sees: a canvas of that size, and in it the drawing.
fn drawing(document: &Document<'_>, canvas: Canvas, size: Size) -> Result<String> {
    let root = document.root_element();
    reuse::check(root)?;
    let mut out = format!(
        r#"<svg xmlns="{}" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">"#,
        allowed::NAMESPACE,
        size.width,
        size.height,
        canvas.width,
        canvas.height
    );
    write::element(root, Some(canvas), 0, &mut out)?;
    out.push_str("</svg>");
    Ok(out)
}

/// Its name, if it is of SVG; files without any namespace are taken for drawings, too.
fn name<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let tag = node.tag_name();
    (node.is_element() && tag.namespace().is_none_or(|space| space == allowed::NAMESPACE)).then(|| tag.name())
}

/// What it refers to within the document, or outside.
fn reference<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.attribute("href")
        .or_else(|| node.attribute((allowed::LINKS, "href")))
}

#[cfg(test)]
mod tests;
