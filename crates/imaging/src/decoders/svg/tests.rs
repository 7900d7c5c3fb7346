//! What is written for librsvg, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

fn clean(inner: &str) -> Result<String> {
    let text = format!(
        r#"<svg xmlns="{}" xmlns:xlink="{}" viewBox="0 0 20 10">{inner}</svg>"#,
        allowed::NAMESPACE,
        allowed::LINKS
    );
    let document = parse(&text)?;
    let canvas = Canvas::of(document.root_element())?;
    drawing(
        &document,
        canvas,
        Size {
            width: 40,
            height: 20,
        },
    )
}

#[test]
fn what_shows_nothing_is_left_out() {
    for nothing in [
        "<script>alert(1)</script>",
        "<title>a</title><desc>b</desc><metadata><x/></metadata>",
        r#"<animate attributeName="x" to="5"/>"#,
        r#"<foreignObject><div xmlns="http://www.w3.org/1999/xhtml">a</div></foreignObject>"#,
        r#"<e:tool xmlns:e="urn:editor" href="http://example.com/"/>"#,
        "<!-- <path/> -->",
        "words",
    ] {
        assert_eq!(clean(nothing).unwrap(), clean("").unwrap(), "{nothing}");
    }
    let handlers = clean(r#"<path d="M0 0" onload="x()" ONCLICK="y()" xml:base="http://a/"/>"#).unwrap();
    assert!(handlers.contains(r#"<path d="M0 0"></path>"#), "{handlers}");
    let link = clean(r#"<a xlink:href="https://example.com/"><path d="M0 0"/></a>"#).unwrap();
    assert!(link.contains(r#"<g><path d="M0 0"></path></g>"#), "{link}");
}

#[test]
fn parts_refer_to_each_other() {
    let used =
        clean(r##"<defs><path id="a" d="M0 0"/></defs><use xlink:href="#a" fill="url('#b')"/>"##).unwrap();
    assert!(
        used.contains(r##"<use fill="url('#b')" href="#a"></use>"##),
        "{used}"
    );
    let sheet = clean("<style>.a &gt; path { fill: url(#b) }</style>").unwrap();
    assert!(
        sheet.contains("<style>.a &gt; path { fill: url(#b) }</style>"),
        "{sheet}"
    );
}

#[test]
fn nothing_reaches_outside() {
    for outside in [
        r#"<use href="other.svg#a"/>"#,
        r#"<image href="file:///etc/passwd"/>"#,
        r#"<image xlink:href="data:image/png;base64,AAAA"/>"#,
        r#"<feImage href="http://example.com/a.png"/>"#,
        r#"<path fill="url(http://example.com/a.svg#b)"/>"#,
        r#"<path style="fill: URL( 'x.svg#b' )"/>"#,
        r#"<path style="fill: u\72l(x.svg)"/>"#,
        "<style>@import 'a.css';</style>",
        "<style>path { fill: url(a.svg) }</style>",
        "<style><![CDATA[@font-face { src: url(a.ttf) }]]></style>",
    ] {
        let error = clean(outside).unwrap_err();
        assert_eq!(error.code(), "unsupported_format", "{outside}");
        assert!(error.to_string().contains("from outside of it"), "{error}");
    }
}

#[test]
fn text_is_refused_with_what_to_do() {
    assert_eq!(
        clean("<g><text>a</text></g>").unwrap_err().to_string(),
        "the original is an SVG drawing with text, which needs fonts that are not here (turn text into paths), which is \
         not a supported image format"
    );
}

#[test]
fn bombs_are_refused_before_they_are_drawn() {
    let entity = r#"<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">&a;</svg>"#;
    assert!(
        parse(entity)
            .unwrap_err()
            .to_string()
            .contains("a DTD of its own")
    );
    let mut billion = r#"<g id="u0"><path d="M0 0"/></g>"#.to_owned();
    for level in 1..40 {
        let before = level - 1;
        let doubled = format!(r##"<g id="u{level}"><use href="#u{before}"/><use href="#u{before}"/></g>"##);
        billion += &doubled;
    }
    assert_eq!(clean(&billion).unwrap_err().code(), "too_large");
    let itself = clean(r##"<g id="a"><use href="#a"/></g>"##).unwrap_err();
    assert!(itself.to_string().contains("a part of itself"), "{itself}");
    let deep = "<g>".repeat(300) + &"</g>".repeat(300);
    assert_eq!(clean(&deep).unwrap_err().code(), "too_large");
    let filters = format!(
        r#"<filter id="f">{}</filter>{}"#,
        "<feOffset/>".repeat(50),
        r#"<path filter="url(#f)"/>"#.repeat(200)
    );
    assert_eq!(clean(&filters).unwrap_err().code(), "too_large");
}

#[test]
fn sizes_are_told_in_every_unit() {
    let size = |attributes: &str| {
        let text = format!(r#"<svg xmlns="{}" {attributes}/>"#, allowed::NAMESPACE);
        let document = parse(&text).unwrap();
        Canvas::of(document.root_element()).map(|canvas| (canvas.size().width, canvas.size().height))
    };
    assert_eq!(size(r#"width="30" height="20px""#).unwrap(), (30, 20));
    assert_eq!(size(r#"width="25.4mm" height="1in""#).unwrap(), (96, 96));
    assert_eq!(size(r#"width="1e2" height="72pt""#).unwrap(), (100, 96));
    assert_eq!(
        size(r#"width="100%" height="100%" viewBox="0,0 30,20""#).unwrap(),
        (30, 20)
    );
    assert_eq!(size(r#"width="60" viewBox="5 5 30 20""#).unwrap(), (60, 40));
    assert_eq!(size(r#"height="0" width="5""#).unwrap_err().code(), "corrupt");
    assert_eq!(size(r#"width="5""#).unwrap_err().code(), "unsupported_format");
    assert_eq!(
        size(r#"viewBox="0 0 0 5""#).unwrap_err().code(),
        "unsupported_format"
    );
}

#[test]
fn canvas_is_as_large_as_it_is_needed_whatever_the_drawing_says() {
    let written = clean("").unwrap();
    assert!(
        written.starts_with(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 20 10" preserveAspectRatio="none"><svg viewBox="0 0 20 10" width="20" height="10">"#
        ),
        "{written}"
    );
}
