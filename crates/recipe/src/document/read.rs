//! Reading mappings key by key, noting every problem instead of stopping at the first.
use std::cell::RefCell;

use super::tree::{Name, Tree, Value};
use crate::diagnostic::{Code, Concealed, Problem, Span};

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Problems {
    list: RefCell<Vec<Problem>>,
    /// Stores that something names, and where: which there are is known once the document is read.
    stores: RefCell<Vec<(String, Span)>>,
    /// What no message may repeat.
    concealed: RefCell<Concealed>,
    /// Keys that readers asked for, by mapping: what the schema is checked against.
    #[cfg(test)]
    pub asked: RefCell<std::collections::BTreeMap<&'static str, std::collections::BTreeSet<String>>>,
}

impl Problems {
    pub fn note(&self, span: Span, code: Code, message: impl Into<String>, help: Option<String>) {
        self.list.borrow_mut().push(Problem {
            span,
            code,
            message: message.into(),
            help,
        });
    }

    /// Was something found wrong at this very place? Then what follows from it need not be told.
    pub fn is_noted(&self, span: Span) -> bool {
        self.list.borrow().iter().any(|problem| problem.span == span)
    }

    /// Was something found wrong in this stretch?
    pub fn is_noted_within(&self, span: Span) -> bool {
        let within = |problem: &Problem| span.start <= problem.span.start && problem.span.end <= span.end;
        self.list.borrow().iter().any(within)
    }

    /// Something needs a store of this name.
    pub fn mention_store(&self, name: &str, span: Span) {
        self.stores.borrow_mut().push((name.to_owned(), span));
    }

    /// A secret belongs here: what stands here is shown by no message, nor are the lines where it stands shown with it.
    pub fn conceal(&self, tree: &Tree) {
        self.concealed.borrow_mut().places.push(tree.span);
        if let Value::Scalar(text) = &tree.value {
            self.conceal_value(text);
        }
    }

    /// Of a variable of the environment, which holds secrets more often than not.
    pub fn conceal_value(&self, value: &str) {
        self.concealed.borrow_mut().values.push(value.to_owned());
    }

    /// The stores that something needs.
    pub fn stores_mentioned(&self) -> Vec<(String, Span)> {
        self.stores.borrow().clone()
    }

    pub fn into_list(self) -> Vec<Problem> {
        self.list.into_inner()
    }

    pub fn into_parts(self) -> (Vec<Problem>, Concealed) {
        (self.list.into_inner(), self.concealed.into_inner())
    }
}

/// A mapping being read. Every key asked for is known; [`Fields::close`] reports the others.
pub(super) struct Fields<'t> {
    /// What the mapping is, in messages and in the schema.
    what: &'static str,
    span: Span,
    entries: &'t [(Name, Tree)],
    known: Vec<&'static str>,
    /// Parts of the language that were asked for and are not there yet.
    planned: Vec<&'static str>,
    problems: &'t Problems,
}

impl<'t> Fields<'t> {
    pub fn open(what: &'static str, tree: &'t Tree, problems: &'t Problems) -> Option<Self> {
        let Value::Map(entries) = &tree.value else {
            let message = format!("{what} must be a mapping, not {}", kind(tree));
            problems.note(tree.span, Code::WrongType, message, None);
            return None;
        };
        for (index, (name, _)) in entries.iter().enumerate() {
            if entries[..index]
                .iter()
                .any(|(earlier, _)| earlier.text == name.text)
            {
                let message = format!("{:?} is there twice", name.text);
                problems.note(name.span, Code::DuplicateKey, message, None);
            }
        }
        Some(Self {
            what,
            span: tree.span,
            entries,
            known: Vec::new(),
            planned: Vec::new(),
            problems,
        })
    }

    /// The value under a key, which hereby is known.
    pub fn get(&mut self, key: &'static str) -> Option<&'t Tree> {
        self.known.push(key);
        #[cfg(test)]
        self.problems
            .asked
            .borrow_mut()
            .entry(self.what)
            .or_default()
            .insert(key.to_owned());
        self.entries
            .iter()
            .find(|(name, _)| name.text == key)
            .map(|(_, tree)| tree)
    }

    /// Is the key there?
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.text == key)
    }

    pub fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'t Tree, &'t Problems) -> Option<T>,
    ) -> Option<T> {
        let problems = self.problems;
        self.get(key).and_then(|tree| read(tree, problems))
    }

    pub fn require<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'t Tree, &'t Problems) -> Option<T>,
    ) -> Option<T> {
        if !self.has(key) {
            let message = format!("{} lacks {key:?}", self.what);
            self.problems
                .note(first(self.span), Code::MissingKey, message, None);
        }
        self.read(key, read)
    }

    /// A part of the language that this version refuses by name.
    pub fn planned(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.planned.push(key);
            if let Some((name, _)) = self.entries.iter().find(|(name, _)| name.text == *key) {
                not_supported(name.span, &format!("{key:?} in {}", self.what), self.problems);
            }
        }
    }

    /// Reports the keys that nobody asked for.
    pub fn close(self) {
        for (name, _) in self.entries {
            let text = name.text.as_str();
            if self.known.contains(&text) || self.planned.contains(&text) {
                continue;
            }
            let message = format!("{} has no key {text:?}", self.what);
            let help = suggestion(text, &self.known);
            self.problems
                .note(name.span, Code::UnknownKey, message, Some(help));
        }
    }

    pub fn problems(&self) -> &'t Problems {
        self.problems
    }

    pub fn span(&self) -> Span {
        first(self.span)
    }

    pub fn span_of(&self, key: &str) -> Span {
        let found = self.entries.iter().find(|(name, _)| name.text == key);
        found.map_or(first(self.span), |(name, _)| name.span)
    }

    pub fn conflict(&self, key: &str, message: impl Into<String>, help: &str) {
        self.problems
            .note(self.span_of(key), Code::Conflict, message, Some(help.to_owned()));
    }
}

/// Says that a part of the language is not there yet.
pub(super) fn not_supported(span: Span, what: &str, problems: &Problems) {
    let message = format!("{what} is not supported by this version");
    problems.note(
        span,
        Code::NotSupported,
        message,
        Some("leave it out until a version has it".to_owned()),
    );
}

/// Where a mapping begins: marking all of it would mark half the document.
fn first(span: Span) -> Span {
    Span {
        start: span.start,
        end: span.end.min(span.start + 1),
    }
}

/// What a value is, in words.
pub(super) fn kind(tree: &Tree) -> &'static str {
    match tree.value {
        Value::Null => "nothing",
        Value::Scalar(_) => "a single value",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

/// All entries of a mapping whose keys are names chosen by the operator.
pub(super) fn entries<'t>(what: &str, tree: &'t Tree, problems: &Problems) -> Option<&'t [(Name, Tree)]> {
    let Value::Map(entries) = &tree.value else {
        problems.note(
            tree.span,
            Code::WrongType,
            format!("{what} must be a mapping, not {}", kind(tree)),
            None,
        );
        return None;
    };
    for (index, (name, _)) in entries.iter().enumerate() {
        if entries[..index]
            .iter()
            .any(|(earlier, _)| earlier.text == name.text)
        {
            problems.note(
                name.span,
                Code::DuplicateKey,
                format!("{:?} is there twice", name.text),
                None,
            );
        }
        if !is_name(&name.text) {
            let help = "lower-case letters, digits and '-', a letter first, at most 63".to_owned();
            problems.note(
                name.span,
                Code::BadValue,
                format!("{:?} is no name for {what}", name.text),
                Some(help),
            );
        }
    }
    Some(entries)
}

/// `[a-z][a-z0-9-]{0,62}`.
fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Every item of a list; what cannot be read is left out, its problem noted.
pub(super) fn list<'t, T>(
    tree: &'t Tree,
    problems: &'t Problems,
    mut read: impl FnMut(&'t Tree, &'t Problems) -> Option<T>,
) -> Option<Vec<T>> {
    let Value::List(items) = &tree.value else {
        problems.note(
            tree.span,
            Code::WrongType,
            format!("a list belongs here, not {}", kind(tree)),
            None,
        );
        return None;
    };
    let read: Vec<_> = items.iter().map(|item| read(item, problems)).collect();
    read.into_iter().collect()
}

/// A list, or one item without brackets.
pub(super) fn one_or_many<'t, T>(
    tree: &'t Tree,
    problems: &'t Problems,
    mut read: impl FnMut(&'t Tree, &'t Problems) -> Option<T>,
) -> Option<Vec<T>> {
    match tree.value {
        Value::List(_) => list(tree, problems, read),
        _ => read(tree, problems).map(|one| vec![one]),
    }
}

/// "did you mean", or what is allowed.
pub(super) fn suggestion(text: &str, allowed: &[&str]) -> String {
    let near = allowed
        .iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&text.to_lowercase(), candidate),
                candidate,
            )
        })
        .min()
        .filter(|(distance, candidate)| *distance <= 2.min(candidate.len() / 2));
    let mut sorted = allowed.to_vec();
    sorted.sort_unstable();
    let all = format!("allowed: {}", sorted.join(", "));
    match near {
        Some((_, candidate)) => format!("did you mean {candidate:?}? {all}"),
        None => all,
    }
}
