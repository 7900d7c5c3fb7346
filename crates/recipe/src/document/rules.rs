//! Rules: which recipe a key gets. The first that matches wins; no match: nothing is made.
use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use serde::Serialize;

use super::read::{Fields, Problems, list, suggestion};
use super::scalar;
use super::tree::Tree;
use crate::Recipe;
use crate::diagnostic::Code;

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Which keys; all conditions must hold.
    pub matches: Match,
    /// Name of the recipe; `None`: these keys get nothing.
    pub recipe: Option<String>,
    /// Whose the original is: a text, or `{segment:1}` for a part of the key (from 1).
    pub tenant: Option<String>,
}

/// Conditions on a key.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Match {
    /// What it starts with.
    pub prefix: Option<String>,
    /// What it ends with.
    pub suffix: Option<String>,
    /// `**/raw/*.jpg`: `*` stays within a segment, `**` crosses them.
    pub glob: Option<String>,
    #[serde(skip)]
    matcher: Option<GlobMatcher>,
}

impl PartialEq for Match {
    fn eq(&self, other: &Self) -> bool {
        (&self.prefix, &self.suffix, &self.glob) == (&other.prefix, &other.suffix, &other.glob)
    }
}

impl Match {
    /// Do all conditions hold?
    pub fn matches(&self, key: &str) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix))
            && self.suffix.as_ref().is_none_or(|suffix| key.ends_with(suffix))
            && self.matcher.as_ref().is_none_or(|glob| glob.is_match(key))
    }
}

/// What a key gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<'a> {
    /// Files.
    Recipe {
        /// Which.
        recipe: &'a Recipe,
        /// Whose it is.
        tenant: Option<String>,
    },
    /// Nothing: no rule matches, or one says `recipe: none`.
    Nothing,
}

/// What a rule says instead of a recipe for keys that get nothing.
const NOTHING: &str = "none";

pub(super) fn default_rules(recipe: &str) -> Vec<Rule> {
    vec![Rule {
        matches: Match::default(),
        recipe: Some(recipe.to_owned()),
        tenant: None,
    }]
}

pub(super) fn decide<'a>(rules: &[Rule], recipes: &'a BTreeMap<String, Recipe>, key: &str) -> Decision<'a> {
    let Some(rule) = rules.iter().find(|rule| rule.matches.matches(key)) else {
        return Decision::Nothing;
    };
    match rule.recipe.as_ref().and_then(|name| recipes.get(name)) {
        Some(recipe) => Decision::Recipe {
            recipe,
            tenant: rule.tenant.as_ref().and_then(|t| tenant_of(t, key)),
        },
        None => Decision::Nothing,
    }
}

/// Fills `{segment:N}`; a key with fewer segments has no tenant.
fn tenant_of(template: &str, key: &str) -> Option<String> {
    match segment(template) {
        None => Some(template.to_owned()),
        Some(number) => key
            .split('/')
            .nth(number - 1)
            .filter(|part| !part.is_empty())
            .map(str::to_owned),
    }
}

fn segment(template: &str) -> Option<usize> {
    let number = template.strip_prefix("{segment:")?.strip_suffix('}')?;
    number.parse().ok().filter(|number| (1..=32).contains(number))
}

pub(super) fn rules(tree: &Tree, recipes: Option<&[String]>, problems: &Problems) -> Option<Vec<Rule>> {
    list(tree, problems, |tree, problems| {
        let mut fields = Fields::open("rule", tree, problems)?;
        let matches = fields.read("match", matching);
        let matches = if fields.has("match") {
            matches
        } else {
            Some(Match::default())
        };
        let recipe = fields.require("recipe", |tree, problems| recipe(tree, recipes, problems));
        let tenant = fields.read("tenant", tenant);
        fields.close();
        Some(Rule {
            matches: matches?,
            recipe: recipe.map(|name| (name != NOTHING).then_some(name))?,
            tenant,
        })
    })
}

/// A recipe's name, checked against those there are; these are unknown where they could not be read.
fn recipe(tree: &Tree, known: Option<&[String]>, problems: &Problems) -> Option<String> {
    let name = scalar::text(tree, problems)?;
    if let Some(known) = known.filter(|known| name != NOTHING && !known.contains(&name)) {
        let mut allowed: Vec<_> = known.iter().map(String::as_str).collect();
        allowed.push(NOTHING);
        let message = format!("there is no recipe {name:?}");
        problems.note(
            tree.span,
            Code::UnknownName,
            message,
            Some(suggestion(&name, &allowed)),
        );
        return None;
    }
    Some(name)
}

fn tenant(tree: &Tree, problems: &Problems) -> Option<String> {
    let text = scalar::text(tree, problems)?;
    if text.contains(['{', '}']) && segment(&text).is_none() {
        let help = "a name, or \"{segment:1}\" for the first part of the key".to_owned();
        problems.note(
            tree.span,
            Code::BadValue,
            format!("{text:?} is no tenant"),
            Some(help),
        );
        return None;
    }
    Some(text)
}

fn matching(tree: &Tree, problems: &Problems) -> Option<Match> {
    let mut fields = Fields::open("match", tree, problems)?;
    let prefix = fields.read("prefix", scalar::text);
    let suffix = fields.read("suffix", scalar::text);
    let glob = fields.read("glob", |tree, problems| {
        let text = scalar::text(tree, problems)?;
        match GlobBuilder::new(&text).literal_separator(true).build() {
            Ok(glob) => Some((text, glob.compile_matcher())),
            Err(error) => {
                problems.note(
                    tree.span,
                    Code::BadValue,
                    format!("{text:?} is no pattern: {}", error.kind()),
                    None,
                );
                None
            }
        }
    });
    fields.close();
    let (glob, matcher) = glob.unzip();
    Some(Match {
        prefix,
        suffix,
        glob,
        matcher,
    })
}
