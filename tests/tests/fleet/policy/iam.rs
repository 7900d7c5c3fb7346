//! A policy, read and obeyed as IAM does it: as far as the printed policies go, and refusing what goes further.
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Something that somebody wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub action: String,
    pub resource: String,
    /// What conditions may ask for.
    pub context: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    pub version: String,
    pub statement: Vec<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    pub sid: String,
    pub effect: Effect,
    pub action: Vec<String>,
    pub resource: Vec<String>,
    #[serde(default)]
    pub condition: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub enum Effect {
    Allow,
}

impl Policy {
    /// The statement and the resource of it that allow this, if any do.
    pub fn allows(&self, wish: &Wish) -> Option<(&str, &str)> {
        self.statement.iter().find_map(|statement| {
            let Effect::Allow = statement.effect;
            let does = statement.action.contains(&wish.action);
            let resource = statement
                .resource
                .iter()
                .find(|pattern| matches(pattern, &wish.resource))?;
            let given = statement.condition.iter().all(|(operator, asked)| {
                asked
                    .iter()
                    .all(|(key, wanted)| holds(operator, wish.context.get(key), wanted))
            });
            (does && given).then_some((statement.sid.as_str(), resource.as_str()))
        })
    }
}

fn holds(operator: &str, found: Option<&String>, wanted: &Value) -> bool {
    let wanted = wanted.as_str().expect("conditions name one value");
    match (operator, found) {
        ("StringLikeIfExists", None) => true,
        ("StringLike" | "StringLikeIfExists", Some(found)) => matches(wanted, found),
        ("StringEquals", Some(found)) => wanted == found,
        ("StringLike" | "StringEquals", None) => false,
        _ => panic!("the operator {operator} is not known here"),
    }
}

/// `*` is any text, `?` one character, `${*}` a star.
pub fn matches(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${") {
        let mut rest = rest.chars();
        let literal = rest.next().expect("a variable of one character");
        let rest = rest.as_str().strip_prefix('}').expect("a closed variable");
        return text.strip_prefix(literal).is_some_and(|text| matches(rest, text));
    }
    let mut chars = pattern.chars();
    match chars.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = chars.as_str();
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest, &text[at..]))
        }
        Some(wanted) => {
            let mut found = text.chars();
            found.next().is_some_and(|found| wanted == '?' || wanted == found)
                && matches(chars.as_str(), found.as_str())
        }
    }
}

#[test]
fn patterns_are_those_of_iam() {
    for (pattern, text, expected) in [
        ("a/*", "a/b/c", true),
        ("a/*", "a", false),
        ("*key", "monkey", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("a${*}b", "a*b", true),
        ("a${*}b", "axb", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}
