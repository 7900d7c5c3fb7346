//! Templates of versioned keys.
use serde::{Serialize, Serializer};

use super::{KeyRefused, Naming};
use crate::PlannedFile;

/// How versioned keys are built; checked when the document is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Original,
    Dir,
    Stem,
    Name,
    Width,
    Height,
    Format,
    Ext,
    Version,
    Tenant,
    Face,
    Meta(String),
}

/// What is wrong with a template, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    pub message: String,
    pub help: String,
}

/// Longest value that metadata, a tenant or the original's folders may add: keys stay legible and below the limit.
const VALUE_CHARS_MAX: usize = 64;

const VARIABLES: &str =
    "{original} {dir} {stem} {name} {width} {height} {format} {ext} {version} {tenant} {face} {meta.x}";

impl KeyTemplate {
    /// What keys are built by unless a recipe says otherwise.
    pub const DEFAULT: &'static str = "{original}/{name}-{width}w.{version}.{ext}";

    pub(crate) fn parse(text: &str) -> Result<Self, TemplateFault> {
        let fault = |message: &str, help: &str| {
            Err(TemplateFault {
                message: format!("key template {text:?} {message}"),
                help: help.to_owned(),
            })
        };
        let pieces = pieces(text)?;
        let Some(rest) = text.strip_prefix("{original}/") else {
            return fault(
                "does not start with {original}/",
                "files lie directly under their original's prefix, so that purge and sweep find them",
            );
        };
        if rest.contains('/') || rest.contains("{original}") {
            return fault(
                "leaves the original's prefix",
                "exactly one {original}/ at the start and no other slash; {dir} is written with '-' for '/'",
            );
        }
        if !rest.ends_with(".{ext}") {
            return fault(
                "does not end with .{ext}",
                "the extension tells formats apart and is what servers look at",
            );
        }
        if !rest.contains("{name}") {
            return fault("lacks {name}", "two derivatives would get one key");
        }
        let delimited = |at: usize| {
            let before = rest[..at].chars().next_back();
            let after = rest[at + "{version}".len()..].chars().next();
            [before, after]
                .into_iter()
                .flatten()
                .all(|c| matches!(c, '.' | '_' | '@'))
        };
        match rest.find("{version}") {
            Some(at) if delimited(at) => {}
            _ => {
                return fault(
                    "lacks {version} between dots",
                    "write .{version}. : versioned keys are immutable, and a sweep knows files by it",
                );
            }
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
        })
    }

    /// Does it tell two sizes of one derivative apart?
    pub(crate) fn tells_sizes(&self) -> bool {
        self.pieces
            .iter()
            .any(|p| matches!(p, Piece::Variable(Variable::Width | Variable::Height)))
    }

    /// Does it tell the faces of one derivative apart by itself? Else their number is part of the name.
    pub(crate) fn tells_faces(&self) -> bool {
        self.pieces.contains(&Piece::Variable(Variable::Face))
    }

    /// Names of the metadata it reads.
    pub(crate) fn metadata_names(&self) -> Vec<String> {
        let name = |piece: &Piece| match piece {
            Piece::Variable(Variable::Meta(name)) => Some(name.clone()),
            _ => None,
        };
        self.pieces.iter().filter_map(name).collect()
    }

    pub(super) fn fill(
        &self,
        naming: &Naming<'_>,
        file: &PlannedFile,
        version: &str,
    ) -> Result<String, KeyRefused> {
        let missing = |name: &str| KeyRefused::NoValue {
            name: name.to_owned(),
            original: naming.original.to_owned(),
        };
        let mut key = String::with_capacity(naming.original.len() + 64);
        for piece in &self.pieces {
            let variable = match piece {
                Piece::Text(text) => {
                    key.push_str(text);
                    continue;
                }
                Piece::Variable(variable) => variable,
            };
            let (dir, base) = naming.original.rsplit_once('/').unwrap_or(("", naming.original));
            match variable {
                Variable::Original => key.push_str(naming.original),
                Variable::Dir => key.push_str(&sanitised(dir)),
                Variable::Stem => {
                    key.push_str(&sanitised(base.rsplit_once('.').map_or(base, |(stem, _)| stem)));
                }
                Variable::Name => key.push_str(self.name(file)),
                Variable::Face => {
                    let face = file.face.ok_or_else(|| missing("face"))?;
                    key.push_str(&face.to_string());
                }
                Variable::Width => key.push_str(&file.size.width.to_string()),
                Variable::Height => key.push_str(&file.size.height.to_string()),
                Variable::Format => key.push_str(file.encoding.format().as_str()),
                Variable::Ext => key.push_str(file.encoding.format().extension()),
                Variable::Version => key.push_str(version),
                Variable::Tenant => {
                    key.push_str(&sanitised(naming.tenant.ok_or_else(|| missing("tenant"))?));
                }
                Variable::Meta(name) => {
                    let value = naming.metadata.and_then(|metadata| metadata.get(name));
                    key.push_str(&sanitised(value.ok_or_else(|| missing(&format!("meta.{name}")))?));
                }
            }
        }
        Ok(key)
    }
}

impl KeyTemplate {
    /// Without the face's number, where that stands elsewhere.
    fn name<'a>(&self, file: &'a PlannedFile) -> &'a str {
        let numbered = file.face.filter(|_| self.tells_faces());
        let bare = numbered.and_then(|face| file.derivative.strip_suffix(&format!("-{face}")));
        bare.unwrap_or(&file.derivative)
    }
}

impl Default for KeyTemplate {
    fn default() -> Self {
        Self::parse(Self::DEFAULT).expect("the default template is valid")
    }
}

impl Serialize for KeyTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, TemplateFault> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('{') {
            let Some((name, after)) = inner.split_once('}') else {
                return Err(TemplateFault {
                    message: format!("key template {text:?} has a '{{' without '}}'"),
                    help: format!("allowed: {VARIABLES}"),
                });
            };
            pieces.push(Piece::Variable(variable(name).ok_or_else(|| TemplateFault {
                message: format!("key template {text:?} names {{{name}}}, which there is not"),
                help: format!("allowed: {VARIABLES}"),
            })?));
            rest = after;
        } else {
            let end = rest.find('{').unwrap_or(rest.len());
            let literal = &rest[..end];
            if let Some(c) = literal.chars().find(|c| !is_plain(*c) && *c != '/' && *c != '@') {
                return Err(TemplateFault {
                    message: format!("key template {text:?} holds {c:?}"),
                    help: "between variables only letters, digits, '.', '_', '-' and '@'".to_owned(),
                });
            }
            pieces.push(Piece::Text(literal.to_owned()));
            rest = &rest[end..];
        }
    }
    Ok(pieces)
}

fn variable(name: &str) -> Option<Variable> {
    Some(match name {
        "original" => Variable::Original,
        "dir" => Variable::Dir,
        "stem" => Variable::Stem,
        "name" => Variable::Name,
        "width" => Variable::Width,
        "height" => Variable::Height,
        "format" => Variable::Format,
        "ext" => Variable::Ext,
        "version" => Variable::Version,
        "tenant" => Variable::Tenant,
        "face" => Variable::Face,
        other => Variable::Meta(other.strip_prefix("meta.").filter(|n| !n.is_empty())?.to_owned()),
    })
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Text from outside, harmless in a key: no separators, no dots that climb, not long.
fn sanitised(value: &str) -> String {
    let plain = |c: char| if is_plain(c) { c } else { '-' };
    value
        .chars()
        .map(plain)
        .take(VALUE_CHARS_MAX)
        .collect::<String>()
        .replace("..", "-")
}
