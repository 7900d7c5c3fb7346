//! What is wrong with a document: all of it at once, each with its place, a stable code and a way out.
mod concealed;

use std::fmt;

pub(crate) use concealed::Concealed;
use miette::{LabeledSpan, NamedSource, SourceCode, SourceSpan};
use serde_json::json;

/// Stable names of problems, for machines and for the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// Not YAML.
    Syntax,
    /// A key that the language does not have.
    UnknownKey,
    /// A key twice in one mapping.
    DuplicateKey,
    /// A key that must be there.
    MissingKey,
    /// A list where a number belongs, and the like.
    WrongType,
    /// Of the right type, but not one of the values allowed.
    BadValue,
    /// Part of the language that this version does not have yet.
    NotSupported,
    /// `${NAME}` without such a variable.
    UnsetVariable,
    /// `${NAME}` inside a longer value.
    PartialVariable,
    /// A rule names a recipe, a derivative a store, that the document does not define.
    UnknownName,
    /// Two things that cannot hold together.
    Conflict,
    /// Two files of one recipe would get one key.
    SameKey,
    /// A key template that could leave its place or make two files collide.
    BadTemplate,
}

impl Code {
    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "minilab::config::syntax",
            Self::UnknownKey => "minilab::config::unknown_key",
            Self::DuplicateKey => "minilab::config::duplicate_key",
            Self::MissingKey => "minilab::config::missing_key",
            Self::WrongType => "minilab::config::wrong_type",
            Self::BadValue => "minilab::config::bad_value",
            Self::NotSupported => "minilab::config::not_supported",
            Self::UnsetVariable => "minilab::config::unset_variable",
            Self::PartialVariable => "minilab::config::partial_variable",
            Self::UnknownName => "minilab::config::unknown_name",
            Self::Conflict => "minilab::config::conflict",
            Self::SameKey => "minilab::config::same_key",
            Self::BadTemplate => "minilab::config::bad_template",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stretch of the document's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// After the last byte.
    pub end: usize,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// Which kind.
    pub code: Code,
    /// What.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl miette::Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = SourceSpan::from(self.span.start..self.span.end);
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, span))))
    }
}

/// Everything that is wrong with a document, in the order of the text; never empty.
#[derive(Debug, thiserror::Error)]
#[error("{} in {}", count(.problems.len()), .source_text.name())]
pub struct Diagnostics {
    source_text: NamedSource<String>,
    problems: Vec<Problem>,
}

fn count(problems: usize) -> String {
    if problems == 1 {
        "1 problem".to_owned()
    } else {
        format!("{problems} problems")
    }
}

impl miette::Diagnostic for Diagnostics {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("minilab::config"))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source_text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(
            self.problems
                .iter()
                .map(|problem| problem as &dyn miette::Diagnostic),
        ))
    }
}

impl Diagnostics {
    /// The text and the messages are kept without what is concealed.
    pub(crate) fn new(name: &str, text: &str, mut problems: Vec<Problem>, concealed: &Concealed) -> Self {
        problems.sort_by_key(|problem| problem.span);
        for problem in &mut problems {
            problem.message = concealed.sentence(&problem.message);
        }
        let is_read = problems.iter().all(|problem| problem.code != Code::Syntax);
        Self {
            source_text: NamedSource::new(name, concealed.document(text, is_read)),
            problems,
        }
    }

    /// What is wrong.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Line and column of a problem, both from 1; columns count characters.
    pub fn position(&self, problem: &Problem) -> (usize, usize) {
        let text = self.source_text.inner();
        let before = text.get(..problem.span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    /// As text without colours: place, message, code, the line with a caret, help.
    pub fn render(&self) -> String {
        let rendered: Vec<_> = self
            .problems
            .iter()
            .map(|problem| self.render_one(problem))
            .collect();
        rendered.join("\n")
    }

    fn render_one(&self, problem: &Problem) -> String {
        let (line, column) = self.position(problem);
        let name = self.source_text.name();
        let source = self.source_text.inner().lines().nth(line - 1).unwrap_or("");
        let left = source.chars().count().saturating_sub(column - 1);
        let marked = self
            .source_text
            .inner()
            .get(problem.span.start..problem.span.end)
            .unwrap_or("");
        let carets = "^".repeat(
            marked
                .lines()
                .next()
                .unwrap_or("")
                .chars()
                .count()
                .clamp(1, left.max(1)),
        );
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(column - 1);
        let help = problem
            .help
            .as_ref()
            .map(|help| format!("{margin} = help: {help}\n"))
            .unwrap_or_default();
        format!(
            "{name}:{line}:{column}: {} [{}]\n{number} | {source}\n{margin} | {indent}{carets}\n{help}",
            problem.message, problem.code
        )
    }

    /// As a list for machines: `file`, `line`, `column`, `code`, `message`, `help`.
    pub fn to_json(&self) -> serde_json::Value {
        let one = |problem: &Problem| {
            let (line, column) = self.position(problem);
            json!({
                "file": self.source_text.name(),
                "line": line,
                "column": column,
                "code": problem.code.as_str(),
                "message": problem.message,
                "help": problem.help,
            })
        };
        self.problems.iter().map(one).collect()
    }
}
