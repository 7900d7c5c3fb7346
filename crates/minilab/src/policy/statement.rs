//! A policy as IAM reads it.
use std::collections::BTreeMap;

use serde::Serialize;

/// The language of policies has versions; this is the only one with all of it.
const VERSION: &str = "2012-10-17";

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

impl Policy {
    pub(super) fn new(statement: Vec<Statement>) -> Self {
        Self {
            version: VERSION,
            statement,
        }
    }
}

/// Some actions on some resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    sid: String,
    effect: &'static str,
    action: Vec<String>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

impl Statement {
    /// These actions are allowed. Names of statements are letters and digits.
    pub(super) fn new(sid: &str, actions: &[&str], resources: impl IntoIterator<Item = String>) -> Self {
        Self {
            sid: sid.to_owned(),
            effect: "Allow",
            action: actions.iter().map(|action| (*action).to_owned()).collect(),
            resource: resources.into_iter().collect(),
            condition: BTreeMap::new(),
        }
    }

    /// ... only if this holds as well.
    pub(super) fn given(
        mut self,
        operator: &'static str,
        key: &'static str,
        value: impl Into<String>,
    ) -> Self {
        self.condition
            .entry(operator)
            .or_default()
            .insert(key, value.into());
        self
    }
}
