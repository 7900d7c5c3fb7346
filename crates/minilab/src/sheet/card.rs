//! One original on the sheet: its pictures, and a table of its files.
use minilab_recipe::{OutputFormat, Size};

use super::{Places, text::escape};
use crate::{
    gallery::{Entry, Made},
    units,
    url::encode_path,
};

/// How wide the lead picture is shown, for the browser's choice among the widths.
const LEAD_SIZES: &str = "(min-width: 64rem) 30rem, 92vw";

pub fn card(entry: &Entry, places: &Places) -> String {
    let state = entry.progress.as_str();
    let lead = lead(entry);
    format!(
        "<article class=\"card {state}\">\n<header>\n{}<div>\n<h2>{}</h2>\n<p>{}</p>\n</div>\n\
         <span class=\"badge\">{state}</span>\n</header>\n{}{}{}</article>\n",
        tiles(entry, lead, places),
        name(entry, places),
        facts(entry),
        lead.map(|name| figure(entry, name, "lead", LEAD_SIZES, places))
            .unwrap_or_default(),
        failures(entry),
        files(entry, places),
    )
}

fn name(entry: &Entry, places: &Places) -> String {
    match &places.originals {
        Some(base) => format!(
            "<a href=\"{base}{}\">{}</a>",
            encode_path(&entry.key),
            escape(&entry.key)
        ),
        None => escape(&entry.key),
    }
}

fn facts(entry: &Entry) -> String {
    let bytes = units::bytes(entry.bytes);
    match entry.header {
        Some((format, Size { width, height })) => {
            format!(
                "{} &middot; {width} &times; {height} &middot; {bytes}",
                format!("{format:?}").to_uppercase()
            )
        }
        None => bytes,
    }
}

/// The derivative with the largest picture.
fn lead(entry: &Entry) -> Option<&str> {
    let pixels = |name: &str| of(entry, name).map(|file| file.size.pixels()).max();
    entry.derivatives().into_iter().max_by_key(|name| pixels(name))
}

/// All other derivatives, small, beside the name.
fn tiles(entry: &Entry, lead: Option<&str>, places: &Places) -> String {
    let others = entry.derivatives().into_iter().filter(|name| Some(*name) != lead);
    let tiles: String = others
        .map(|name| figure(entry, name, "tile", "4rem", places))
        .collect();
    if tiles.is_empty() {
        tiles
    } else {
        format!("<div class=\"tiles\">\n{tiles}</div>\n")
    }
}

fn of<'a>(entry: &'a Entry, derivative: &'a str) -> impl Iterator<Item = &'a Made> {
    entry
        .files
        .iter()
        .filter(move |file| file.derivative == derivative)
}

/// A `<picture>` as a page would have it: newest format first, all widths, the last format as the fallback.
fn figure(entry: &Entry, derivative: &str, class: &str, sizes: &str, places: &Places) -> String {
    let formats = formats(of(entry, derivative));
    let Some((&fallback, newer)) = formats.split_last() else {
        return String::new();
    };
    let largest = |format| {
        of(entry, derivative)
            .filter(|file| file.format == format)
            .max_by_key(|f| f.size.width)
    };
    let Some(shown) = largest(fallback) else {
        return String::new();
    };
    let srcset = |format| {
        let files = of(entry, derivative).filter(|file| file.format == format);
        let candidates =
            files.map(|file| format!("{}{} {}w", places.files, encode_path(&file.key), file.size.width));
        candidates.collect::<Vec<_>>().join(", ")
    };
    let sources: String = newer
        .iter()
        .map(|&format| {
            format!(
                "<source type=\"{}\" srcset=\"{}\" sizes=\"{sizes}\">\n",
                format.media_type(),
                srcset(format)
            )
        })
        .collect();
    let colour = entry
        .dominant
        .as_deref()
        .map(|colour| format!(" style=\"background-color: {}\"", escape(colour)));
    let (width, height) = (shown.size.width, shown.size.height);
    let url = format!("{}{}", places.files, encode_path(&shown.key));
    format!(
        "<figure class=\"{class}\">\n<a href=\"{url}\"><picture>\n{sources}\
         <img src=\"{url}\" srcset=\"{}\" sizes=\"{sizes}\" width=\"{width}\" height=\"{height}\" \
         alt=\"{}: {}\" loading=\"lazy\"{}>\n</picture></a>\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        srcset(fallback),
        escape(&entry.key),
        escape(derivative),
        colour.unwrap_or_default(),
        escape(derivative),
    )
}

fn formats<'a>(files: impl Iterator<Item = &'a Made>) -> Vec<OutputFormat> {
    let mut formats: Vec<OutputFormat> = files.map(|file| file.format).collect();
    formats.sort();
    formats.dedup();
    formats
}

fn failures(entry: &Entry) -> String {
    if entry.failures.is_empty() {
        return String::new();
    }
    let items = entry.failures.iter().map(|failure| {
        let whose = failure
            .derivative
            .as_ref()
            .map(|name| format!("<b>{}</b> ", escape(name)));
        format!(
            "<li>{}{} <code>{} {}</code></li>\n",
            whose.unwrap_or_default(),
            escape(&failure.sentence),
            escape(&failure.class),
            escape(&failure.code)
        )
    });
    format!("<ul class=\"failures\">\n{}</ul>\n", items.collect::<String>())
}

/// A row for each derivative and size, a column for each format.
fn files(entry: &Entry, places: &Places) -> String {
    if entry.files.is_empty() {
        return String::new();
    }
    let columns = formats(entry.files.iter());
    let heads: String = columns
        .iter()
        .map(|format| format!("<th scope=\"col\">{format}</th>"))
        .collect();
    let mut rows: Vec<(&str, Size)> = Vec::new();
    for name in entry.derivatives() {
        let mut sizes: Vec<Size> = of(entry, name).map(|file| file.size).collect();
        sizes.sort_by_key(|size| (size.width, size.height));
        sizes.dedup();
        rows.extend(sizes.into_iter().map(|size| (name, size)));
    }
    let mut body = String::new();
    let mut before = None;
    for (name, size) in rows {
        let cells: String = columns
            .iter()
            .map(|&format| {
                let file = of(entry, name).find(|file| file.size == size && file.format == format);
                file.map_or_else(|| "<td></td>".to_owned(), |file| cell(file, entry.bytes, places))
            })
            .collect();
        let label = if before == Some(name) {
            String::new()
        } else {
            escape(name)
        };
        before = Some(name);
        body += &format!(
            "<tr><th scope=\"row\">{label}</th><td>{} &times; {}</td>{cells}</tr>\n",
            size.width, size.height
        );
    }
    let total: u64 = entry.files.iter().map(|file| file.bytes).sum();
    format!(
        "<details open>\n<summary>{}, {}</summary>\n<table>\n<thead><tr><th scope=\"col\">derivative</th>\
         <th scope=\"col\">size</th>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</details>\n",
        units::count(entry.files.len(), "file"),
        units::bytes(total)
    )
}

fn cell(file: &Made, original_bytes: u64, places: &Places) -> String {
    format!(
        "<td><a href=\"{}{}\">{}</a><small>{}</small></td>",
        places.files,
        encode_path(&file.key),
        units::bytes(file.bytes),
        units::change(file.bytes, original_bytes)
    )
}
