//! `list`, of servers that list in key order: one request a page.
use std::sync::atomic::Ordering;

use super::{
    S3,
    failure::Failure,
    page::{self, Answer, ENTRIES_MAX, Question},
};
use crate::{Key, ListRequest, Page};

/// Sorts after every character that a key is likely to hold.
const LAST: char = char::MAX;

pub(super) async fn list(store: &S3, request: &ListRequest, folding: bool) -> Result<Page, Failure> {
    let mut question = Question {
        prefix: request.prefix.clone(),
        folding,
        after: request
            .after
            .as_ref()
            .map(|after| start(request, folding, after))
            .filter(|after| !after.is_empty()),
        token: None,
        entries_max: if request.limit == 0 {
            ENTRIES_MAX
        } else {
            request.limit
        },
    };
    loop {
        let answer = page::ask(store, &question).await?;
        let page = in_order(store, request, answer)?;
        match page {
            Sorted::Page(page) => return Ok(page),
            // All of it lay before the starting point.
            Sorted::Nothing { token } => question.token = Some(token),
        }
    }
}

/// Where to start, so that a prefix folded into one entry that was passed already is not answered again.
fn start(request: &ListRequest, folding: bool, after: &str) -> String {
    let folded = after
        .strip_prefix(request.prefix.as_str())
        .filter(|_| folding)
        .and_then(|rest| rest.find('/'))
        .map(|slash| &after[..=request.prefix.len() + slash]);
    match folded {
        // A key so long that nothing fits behind it is skipped by its entries being filtered.
        Some(folded) if folded.len() + LAST.len_utf8() <= Key::BYTES_MAX => format!("{folded}{LAST}"),
        _ => after.to_owned(),
    }
}

enum Sorted {
    Page(Page),
    Nothing { token: String },
}

/// What goes on after the page is its last entry, so the order is checked: merges with other listings rely on it.
fn in_order(store: &S3, request: &ListRequest, answer: Answer) -> Result<Sorted, Failure> {
    let Answer {
        mut objects,
        mut prefixes,
        token,
    } = answer;
    let sorted = objects.is_sorted_by(|a, b| a.key < b.key) && prefixes.is_sorted_by(|a, b| a < b);
    let after = request.after.as_deref().unwrap_or_default();
    let early = objects.first().is_some_and(|first| first.key.as_str() <= after);
    if !sorted || early {
        store.keeps_folders.store(true, Ordering::Relaxed);
        return Err(Failure::unexpected(
            "the server does not list in key order; from now on it is listed folder by folder, so begin again",
        ));
    }
    prefixes.retain(|folded| folded.as_str() > after);
    objects.retain(|object| object.key.as_str() > after);
    let last = objects
        .last()
        .map(|object| object.key.as_str())
        .max(prefixes.last().map(String::as_str));
    match (token, last) {
        (Some(token), None) => Ok(Sorted::Nothing { token }),
        (token, last) => {
            let next = token.and(last.map(str::to_owned));
            Ok(Sorted::Page(Page {
                objects,
                prefixes,
                next,
            }))
        }
    }
}
