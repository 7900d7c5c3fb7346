//! A drawing written anew: element by element, attribute by attribute.
use roxmltree::Node;

use super::allowed::{self, Verdict};
use super::length::Canvas;
use super::{name, reference, style};
use crate::{Error, Result, limits};

/// `canvas`: of the outermost element, whose sides are told in pixels.
pub(super) fn element(
    node: Node<'_, '_>,
    canvas: Option<Canvas>,
    depth: u32,
    out: &mut String,
) -> Result<()> {
    limits::within("elements within elements", depth.into(), super::DEPTH_MAX.into())?;
    let Some(name) = name(node) else { return Ok(()) };
    match allowed::verdict(name) {
        Verdict::Drawn => {}
        Verdict::Text => {
            return Err(Error::unsupported(
                "an SVG drawing with text, which needs fonts that are not here (turn text into paths)",
            ));
        }
        Verdict::LeftOut => return Ok(()),
    }
    // A link is drawn like a group.
    let written = if name == "a" { "g" } else { name };
    out.push('<');
    out.push_str(written);
    attributes(node, name, canvas, out)?;
    out.push('>');
    if name == "style" {
        sheet(node, out)?;
    } else {
        for child in node.children() {
            element(child, None, depth + 1, out)?;
        }
    }
    out.push_str("</");
    out.push_str(written);
    out.push('>');
    Ok(())
}

fn attributes(node: Node<'_, '_>, name: &str, canvas: Option<Canvas>, out: &mut String) -> Result<()> {
    for attribute in node.attributes() {
        let key = attribute.name();
        let foreign = attribute.namespace().is_some();
        let handler = key.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"));
        let side = canvas.is_some() && matches!(key, "width" | "height" | "x" | "y");
        if foreign || handler || side || key == "href" || !is_plain(key) {
            continue;
        }
        if style::reaches_outside(attribute.value()) {
            return Err(outside(key));
        }
        attribute_text(key, attribute.value(), out);
    }
    if let Some(canvas) = canvas {
        attribute_text("width", &canvas.width.to_string(), out);
        attribute_text("height", &canvas.height.to_string(), out);
        if node.attribute("viewBox").is_none() {
            attribute_text("viewBox", &format!("0 0 {} {}", canvas.width, canvas.height), out);
        }
    }
    match reference(node) {
        Some(href) if href.starts_with('#') => attribute_text("href", href, out),
        Some(_) if name == "a" => {}
        Some(_) => return Err(outside("href")),
        None => {}
    }
    Ok(())
}

fn outside(key: &str) -> Error {
    Error::unsupported(format!(
        "an SVG drawing that takes something from outside of it, or holds another picture ({key})"
    ))
}

/// Letters, digits, `-` and `_`: what attributes of SVG are made of.
fn is_plain(key: &str) -> bool {
    key.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn sheet(node: Node<'_, '_>, out: &mut String) -> Result<()> {
    let texts = || {
        node.children()
            .filter_map(|child| child.text().filter(|_| child.is_text()))
    };
    let sheet: String = texts().collect();
    if style::sheet_reaches_outside(&sheet) {
        return Err(outside("style"));
    }
    escaped(&sheet, out);
    Ok(())
}

fn attribute_text(key: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(key);
    out.push_str("=\"");
    escaped(value, out);
    out.push('"');
}

fn escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}
