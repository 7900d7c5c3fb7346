//! YAML as a tree that knows its places; the environment is filled in here, after parsing, as whole scalars.
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};

use super::read::Problems;
use crate::diagnostic::{Code, Span};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub span: Span,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Scalar(String),
    List(Vec<Tree>),
    Map(Vec<(Name, Tree)>),
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub span: Span,
    pub text: String,
}

/// The tree with the entries of a mapping, a constant, that its root lacks. Their places are those in the constant: they must
/// hold nothing that could be wrong.
pub(super) fn with_missing(mut root: Tree, text: &'static str) -> Tree {
    let parsed = parse(text, &|_| None, &Problems::default());
    if let (Value::Map(entries), Some(Value::Map(others))) = (&mut root.value, parsed.map(|tree| tree.value))
    {
        for (name, tree) in others {
            if !entries.iter().any(|(there, _)| there.text == name.text) {
                entries.push((name, tree));
            }
        }
    }
    root
}

/// More values than any document has; bounds what aliases can multiply.
const VALUES_MAX: usize = 100_000;

/// Deeper than any document is; bounds recursion.
const DEPTH_MAX: usize = 64;

/// Reads the one document of a text. `None`: a problem was noted, or there is nothing in it.
pub(super) fn parse(text: &str, env: &dyn Fn(&str) -> Option<String>, problems: &Problems) -> Option<Tree> {
    let mut builder = Builder {
        open: Vec::new(),
        anchors: BTreeMap::new(),
        values: 0,
        env,
        problems,
    };
    let mut root = None;
    for event in Parser::new_from_str(text) {
        match event {
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let span = Span {
                    start: at,
                    end: (at + 1).min(text.len()),
                };
                problems.note(
                    span,
                    Code::Syntax,
                    format!("not valid YAML: {}", error.info()),
                    None,
                );
                return None;
            }
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                let span = Span {
                    start: range.start,
                    end: range.end,
                };
                match builder.take(event, span) {
                    Err(Abandoned) => return None,
                    Ok(Some(_)) if root.is_some() => {
                        let help = Some("one document per file".to_owned());
                        problems.note(span, Code::Syntax, "a second YAML document", help);
                        return None;
                    }
                    Ok(Some(tree)) => root = Some(tree),
                    Ok(None) => {}
                }
            }
        }
    }
    root.filter(|tree| !matches!(tree.value, Value::Null))
}

/// Reading cannot go on; the problem was noted.
struct Abandoned;

struct Builder<'a> {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Tree>,
    values: usize,
    env: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a Problems,
}

/// A list or a mapping whose end has not come.
struct Open {
    start: Span,
    anchor: usize,
    items: Vec<Tree>,
    map: Option<Vec<(Name, Tree)>>,
    name: Option<Name>,
}

impl Builder<'_> {
    /// Returns the root when it is complete.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Tree>, Abandoned> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let tree = self.scalar(text.into_owned(), style == ScalarStyle::Plain, span);
                self.remember(anchor, &tree);
                self.add(tree)
            }
            Event::Alias(anchor) => {
                let Some(mut tree) = self.anchors.get(&anchor).cloned() else {
                    return self.abandon(span, "an alias inside of what it names");
                };
                self.values += size(&tree);
                tree.span = span;
                self.add(tree)
            }
            Event::SequenceStart(_, anchor, _) => self.push(span, anchor, None),
            Event::MappingStart(_, anchor, _) => self.push(span, anchor, Some(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("ends follow starts");
                let end = span.end.max(open.start.end);
                let value = open.map.map_or(Value::List(open.items), Value::Map);
                let tree = Tree {
                    span: Span {
                        start: open.start.start,
                        end,
                    },
                    value,
                };
                self.remember(open.anchor, &tree);
                self.add(tree)
            }
            _ => Ok(None),
        }
    }

    fn push(
        &mut self,
        start: Span,
        anchor: usize,
        map: Option<Vec<(Name, Tree)>>,
    ) -> Result<Option<Tree>, Abandoned> {
        if self.open.len() >= DEPTH_MAX {
            return self.abandon(start, "nested too deeply");
        }
        self.open.push(Open {
            start,
            anchor,
            items: Vec::new(),
            map,
            name: None,
        });
        Ok(None)
    }

    fn add(&mut self, tree: Tree) -> Result<Option<Tree>, Abandoned> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return self.abandon(tree.span, "too many values");
        }
        let Some(open) = self.open.last_mut() else {
            return Ok(Some(tree));
        };
        let Some(map) = &mut open.map else {
            open.items.push(tree);
            return Ok(None);
        };
        if let Some(name) = open.name.take() {
            map.push((name, tree));
        } else if let Value::Scalar(text) = tree.value {
            open.name = Some(Name {
                span: tree.span,
                text,
            });
        } else {
            return self.abandon(tree.span, "a key that is no plain word");
        }
        Ok(None)
    }

    fn remember(&mut self, anchor: usize, tree: &Tree) {
        if anchor > 0 {
            self.anchors.insert(anchor, tree.clone());
        }
    }

    fn abandon<T>(&self, span: Span, message: &str) -> Result<T, Abandoned> {
        self.problems.note(span, Code::Syntax, message, None);
        Err(Abandoned)
    }

    fn scalar(&self, text: String, plain: bool, span: Span) -> Tree {
        let is_name = self
            .open
            .last()
            .is_some_and(|open| open.map.is_some() && open.name.is_none());
        if plain && !is_name && matches!(text.as_str(), "" | "~" | "null") {
            return Tree {
                span,
                value: Value::Null,
            };
        }
        if is_name || !text.contains("${") {
            return Tree {
                span,
                value: Value::Scalar(text),
            };
        }
        let value = match variable(&text) {
            None => {
                let help = "put the whole value into one variable: ${NAME}".to_owned();
                let message = "a variable inside of a longer value";
                self.problems
                    .note(span, Code::PartialVariable, message, Some(help));
                text
            }
            Some(name) => (self.env)(name)
                .inspect(|value| self.problems.conceal_value(value))
                .unwrap_or_else(|| {
                    let help = format!("set {name}, or write the value here");
                    let message = format!("the environment variable {name} is not set");
                    self.problems.note(span, Code::UnsetVariable, message, Some(help));
                    String::new()
                }),
        };
        Tree {
            span,
            value: Value::Scalar(value),
        }
    }
}

/// The name in `${NAME}`, if that is all of it.
fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(legal)).then_some(name)
}

fn size(tree: &Tree) -> usize {
    1 + match &tree.value {
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(_, tree)| size(tree)).sum(),
        _ => 0,
    }
}
