//! Values of attributes and style sheets: nothing in them may reach outside of the drawing.

/// Does it name anything but parts of the drawing itself?
pub(super) fn reaches_outside(value: &str) -> bool {
    // Escapes could spell what is looked for; no drawing needs one.
    if value.contains('\\') {
        return true;
    }
    let value = value.to_ascii_lowercase();
    value.match_indices("url(").any(|(at, found)| {
        let rest = value[at + found.len()..]
            .trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        !rest.starts_with('#')
    })
}

/// The same of a style sheet, where rules can import others.
pub(super) fn sheet_reaches_outside(sheet: &str) -> bool {
    sheet.contains('@') || reaches_outside(sheet)
}
