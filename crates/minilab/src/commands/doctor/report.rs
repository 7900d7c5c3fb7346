//! What was found, in order.
use std::io;

use anyhow::Error;
use serde_json::json;

use crate::{
    exit::Refusal,
    speech::{self, Form},
    table::{Lean, Table},
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    Fail,
    /// What it needs does not work, or is not there.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Debug)]
pub(super) struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    fix: Option<String>,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, found: impl Into<String>, fix: Option<String>) -> Self {
        Self {
            check,
            verdict,
            found: found.into(),
            fix,
        }
    }

    /// It works.
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, found, None)
    }

    /// It works, and somebody should look at it.
    pub(super) fn warn(check: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warn, found, Some(fix.into()))
    }

    /// It is otherwise than it should be.
    pub(super) fn wrong(check: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(check, Verdict::Fail, found, Some(fix.into()))
    }

    /// It cannot be asked, or says no. The error's own fix is better than `fix`, which is for all errors there.
    pub(super) fn fail(check: &'static str, error: &Error, fix: &str) -> Self {
        let own = error.chain().find_map(|cause| cause.downcast_ref::<Refusal>());
        let fix = own.map_or(fix, Refusal::fix).to_owned();
        Self::new(check, Verdict::Fail, format!("{error:#}"), Some(fix))
    }

    /// It was not asked.
    pub(super) fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Verdict::Skipped, why, None)
    }
}

/// All checks.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// One more.
    pub(super) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Did any of them fail?
    pub(super) fn has_failed(&self) -> bool {
        self.0.iter().any(|finding| finding.verdict == Verdict::Fail)
    }

    /// A table and what to do; or a line for each.
    pub(super) fn tell(&self, form: Form) -> io::Result<()> {
        if form == Form::Text {
            return speech::result(form, || self.text(), || serde_json::Value::Null);
        }
        for Finding {
            check,
            verdict,
            found,
            fix,
        } in &self.0
        {
            let value = json!({ "check": check, "verdict": verdict.word(), "found": found, "fix": fix });
            speech::result(form, String::new, || value)?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let columns = ["check", "verdict", "found"];
        let mut table = Table::new(columns.map(|name| (name, Lean::Left)));
        for finding in &self.0 {
            let word = finding.verdict.word().to_owned();
            table.push(&[finding.check.to_owned(), word, finding.found.clone()]);
        }
        let mut text = table.to_string();
        for finding in &self.0 {
            if let Some(fix) = &finding.fix {
                text += &format!("\n{}, to fix it: {fix}", finding.check);
            }
        }
        text
    }
}

/// Of what has several.
pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
