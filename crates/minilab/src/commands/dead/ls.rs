//! `minilab dead ls`: which there are.
use std::time::Duration;

use anyhow::Result;
use futures::TryStreamExt as _;
use jiff::Timestamp;

use super::letters::{Choice, Counts, Letter, all};
use crate::{
    cli::Ls,
    exit::Exit,
    speech::{self, Form},
    table::{Lean, Table},
    units::count,
};

/// Rows of a table that is still read.
const ROWS: usize = 100;
/// Of a sentence; `show` has the rest.
const SENTENCE_CHARS_MAX: usize = 70;

pub async fn run(args: &Ls, form: Form) -> Result<Exit> {
    let failures = super::failures(&args.config).await?;
    let now = Timestamp::now();
    let choice = Choice::new(&args.which, now);
    let max = args.which.limit.unwrap_or(match form {
        Form::Text => ROWS,
        Form::Json => usize::MAX,
    });
    let (mut shown, mut chosen, mut left_out) = (Vec::new(), Counts::default(), 0);
    let letters = all(&failures);
    let mut letters = std::pin::pin!(letters);
    while let Some(letter) = letters.try_next().await? {
        if !choice.takes(&letter) {
            left_out += usize::from(letter.class() == "input" && args.which.class.is_empty());
            continue;
        }
        chosen.add(letter.class());
        if chosen.total() > max {
            continue;
        }
        match form {
            Form::Json => speech::result(form, String::new, || letter.value())?,
            Form::Text => shown.push(letter),
        }
    }
    if form == Form::Text {
        shown.sort_by_key(|letter| std::cmp::Reverse(letter.at()));
        speech::result(
            form,
            || text(&shown, &chosen, left_out, now),
            || serde_json::Value::Null,
        )?;
    }
    Ok(Exit::Ok)
}

fn text(shown: &[Letter], chosen: &Counts, left_out: usize, now: Timestamp) -> String {
    let mut text = String::new();
    if !shown.is_empty() {
        let mut table = Table::new([
            ("age", Lean::Right),
            ("class", Lean::Left),
            ("lane", Lean::Left),
            ("key", Lean::Left),
            ("why", Lean::Left),
        ]);
        for letter in shown {
            table.push(&row(letter, now));
        }
        text += &format!("{table}\n");
    }
    text += &chosen.told("dead letter").to_string();
    if shown.len() < chosen.total() {
        text += &format!(", {} shown", shown.len());
    }
    if left_out > 0 {
        let originals = count(left_out, "lane");
        text += &format!("\n{originals} of originals that are at fault themselves left out: --class input");
    }
    text
}

fn row(letter: &Letter, now: Timestamp) -> Vec<String> {
    let why: String = letter.sentence().chars().take(SENTENCE_CHARS_MAX).collect();
    vec![
        age(now.duration_since(letter.at()).unsigned_abs()),
        letter.class().to_owned(),
        letter.lane().map_or("-", |lane| lane.as_str()).to_owned(),
        letter.key().escape_debug().to_string(),
        why.escape_debug().to_string(),
    ]
}

/// In the largest unit that is not zero.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
