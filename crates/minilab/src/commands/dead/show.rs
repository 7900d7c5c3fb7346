//! `minilab dead show`: everything that is known of one, in sentences.
use std::path::Path;

use anyhow::Result;
use futures::TryStreamExt as _;
use minilab_recipe::Lane;
use minilab_record::{FailureRecord, Failures, UnreadableRecord};

use super::letters::Letter;
use crate::{
    cli::ShowDead,
    exit::{Exit, Refusal},
    speech::{self, Form},
};

pub async fn run(args: &ShowDead, form: Form) -> Result<Exit> {
    let failures = super::failures(&args.config).await?;
    let letters = of(&failures, &args.key).await?;
    if letters.is_empty() {
        let sentence = format!("nothing was given up of {}", args.key);
        let fix = "`minilab dead ls` lists what was, `minilab report` what was made";
        return Err(Refusal::new(Exit::NotFound, sentence, fix).into());
    }
    for letter in &letters {
        speech::result(form, || text(letter, &args.config), || letter.value())?;
    }
    Ok(Exit::Ok)
}

/// All lanes of an original, or the message of that digest.
async fn of(failures: &Failures, key: &str) -> Result<Vec<Letter>> {
    let mut found = Vec::new();
    for lane in Lane::ALL {
        found.extend(failures.load(key, lane).await?.map(Letter::Failure));
    }
    let messages = failures.list_unreadable();
    let mut messages =
        std::pin::pin!(messages.try_filter(|message| std::future::ready(message.sha256.to_string() == key)));
    found.extend(messages.try_next().await?.map(Letter::Unreadable));
    Ok(found)
}

fn text(letter: &Letter, config: &Path) -> String {
    match letter {
        Letter::Failure(failure) => of_lane(failure, config),
        Letter::Unreadable(message) => of_message(message),
    }
}

fn of_lane(failure: &FailureRecord, config: &Path) -> String {
    let FailureRecord {
        key,
        lane,
        class,
        code,
        sentence,
        ..
    } = failure;
    let mut text = format!(
        "{}, lane {lane}: {class}\n  {sentence} [{code}]\n",
        key.escape_debug()
    );
    text += &format!("  {}.\n", meaning(class));
    let stage = failure.stage.as_ref();
    let stage = stage.map_or_else(String::new, |stage| format!(" at the stage `{stage}`"));
    text += &format!(
        "  It failed{stage}. Attempts: {}; crashes: {}; times it had been put back: {}.\n",
        failure.attempts, failure.crashes, failure.redrives
    );
    let job = failure.job.as_ref();
    let job = job.map_or_else(|| "Its job".to_owned(), |job| format!("Its job {job}"));
    text += &format!(
        "  {job} first came {}; this was recorded {}.\n",
        failure.first_seen, failure.at
    );
    if let Some(worker) = &failure.worker {
        let program = failure.program.as_deref().unwrap_or("of an unknown release");
        text += &format!(
            "  Tried last by {worker} (minilab {program}, engine {}); its log has the lines of this job.\n",
            failure.engine
        );
    }
    if !failure.spent_ms.is_empty() {
        let spent = failure.spent_ms.iter();
        let spent: Vec<_> = spent.map(|(part, ms)| format!("{part} {ms} ms")).collect();
        text += &format!("  The last attempt spent: {}.\n", spent.join(", "));
    }
    text + &format!(
        "  To try it again: minilab dead redrive --config {} --class {class} --lane {lane} --prefix '{key}'\n",
        config.display()
    )
}

/// What an operator has to know of a class.
fn meaning(class: &str) -> &'static str {
    match class {
        "input" => "The original itself is at fault: it is looked at anew when it is uploaded again",
        "poison" => "It took down whoever tried; its lane is recorded as failed until it is put back",
        "exhausted" => "It failed at every attempt for a reason that could have passed",
        "denied" => "This object alone is refused to minilab: mend its permissions, then put it back",
        "unreadable" => {
            "A worker could not read its job: its release may be too old, or the message was damaged"
        }
        _ => "It was given up",
    }
}

fn of_message(message: &UnreadableRecord) -> String {
    let cut = if message.bytes > message.begins.len() as u64 {
        ", which begins"
    } else {
        ""
    };
    format!(
        "{}: a message that was no job\n  {}\n  Recorded {}. It had {} bytes{cut}:\n\n{}\n\n  It cannot be put back: mend \
         whoever sends it; what it told of is found by reconcile.\n",
        message.sha256,
        message.reason,
        message.at,
        message.bytes,
        message.begins.escape_debug()
    )
}
