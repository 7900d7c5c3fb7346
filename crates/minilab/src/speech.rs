//! What the program says: results on stdout (NDJSON under `--json`), text for people and errors on stderr.
use std::io::{self, IsTerminal as _, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme};
use minilab_recipe::Diagnostics;
use serde_json::{Value, json};

use crate::{
    exit::{self, Refusal},
    harmless,
};

/// In which form results are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON value a line.
    Json,
}

/// Writes one result: `text` for people, or the value as one line.
pub fn result(form: Form, text: impl FnOnce() -> String, value: impl FnOnce() -> Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match form {
        Form::Text => {
            let text = text();
            let text = harmless::text(&text);
            stdout.write_all(text.as_bytes())?;
            if !text.is_empty() && !text.ends_with('\n') {
                stdout.write_all(b"\n")?;
            }
        }
        Form::Json => writeln!(stdout, "{}", harmless::json(&value().to_string()))?,
    }
    stdout.flush()
}

/// Says how far it is, beside the results.
pub fn aside(line: &str) {
    // Nothing can be done about a closed stderr, and the work matters more.
    let _ = writeln!(io::stderr().lock(), "{}", harmless::text(line));
}

/// Reports the error that ends the program: what, where, why, what to do.
pub fn error(form: Form, error: &anyhow::Error) {
    if form == Form::Json {
        let line = json!({
            "error": format!("{error:#}"),
            "fix": fix(error),
            "exit": exit::of(error).code(),
            "problems": diagnostics(error).map(Diagnostics::to_json),
        });
        // As for `aside`; the exit code still tells.
        let _ = writeln!(io::stdout().lock(), "{}", harmless::json(&line.to_string()));
    }
    match diagnostics(error) {
        // In colour; what it shows is the operator's own document.
        Some(found) => {
            let _ = writeln!(io::stderr().lock(), "{}", graphical(found));
        }
        None => aside(&for_people(error)),
    }
}

fn for_people(error: &anyhow::Error) -> String {
    let mut text = format!("minilab: {error:#}");
    if let Some(fix) = fix(error) {
        text += &format!("\n  fix: {fix}");
    }
    text
}

fn fix(error: &anyhow::Error) -> Option<&str> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Refusal>())
        .map(Refusal::fix)
}

fn diagnostics(error: &anyhow::Error) -> Option<&Diagnostics> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// All problems of a document at once, each with its line and a pointer; in colour on a terminal that wants it.
fn graphical(found: &Diagnostics) -> String {
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let theme = if colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, found) {
        Ok(()) => text,
        // The plain form says the same.
        Err(_) => found.render(),
    }
}
