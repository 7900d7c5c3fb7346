//! `minilab health`: asks processes on this machine how they are, for probes that run a program and for people.
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use futures::future::join_all;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

use crate::{
    cli,
    exit::{Exit, Refusal},
    speech::{self, Form},
};

/// Where a standalone, a dispatcher and a worker listen unless they are told otherwise.
const USUAL: [u16; 3] = [8080, 9090, 9091];
/// More than any number of reasons takes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What one process said.
struct Answer {
    at: SocketAddr,
    is_well: bool,
    reasons: Vec<(String, String)>,
}

pub async fn run(args: &cli::Health, form: Form) -> Result<Exit> {
    let usual = || USUAL.map(|port| (Ipv4Addr::LOCALHOST, port).into()).to_vec();
    let asked = if args.at.is_empty() {
        usual()
    } else {
        args.at.clone()
    };
    let answers = join_all(asked.iter().map(|at| ask(*at, args.live, args.within))).await;
    let (mut well, mut answered) = (true, 0);
    for answer in answers {
        match answer {
            Ok(answer) => {
                answered += 1;
                well &= answer.is_well;
                tell(&answer, args.live, form)?;
            }
            // Of the usual places only one is in use as a rule.
            Err(_) if args.at.is_empty() => {}
            Err(error) => return Err(unanswered(&format!("{error:#}"))),
        }
    }
    match (answered, well) {
        (0, _) => Err(unanswered(
            "nothing answers at 127.0.0.1:8080, 127.0.0.1:9090 or 127.0.0.1:9091",
        )),
        (_, true) => Ok(Exit::Ok),
        (_, false) => Ok(Exit::SomeFailed),
    }
}

fn unanswered(what: &str) -> anyhow::Error {
    let fix = "is it running? name the address that it printed at its start by --at";
    Refusal::new(Exit::Temporary, what, fix).into()
}

fn tell(answer: &Answer, live: bool, form: Form) -> Result<()> {
    let word = match (live, answer.is_well) {
        (true, _) => "alive",
        (false, true) => "ready",
        (false, false) => "not ready",
    };
    let text = || {
        let reasons = answer
            .reasons
            .iter()
            .map(|(part, reason)| format!("  {part}: {reason}\n"));
        format!("{}: {word}\n{}", answer.at, reasons.collect::<String>())
    };
    let reason = |(part, reason): &(String, String)| json!({ "part": part, "reason": reason });
    let value = || {
        let reasons: Vec<_> = answer.reasons.iter().map(reason).collect();
        json!({ "at": answer.at, "health": word, "reasons": reasons })
    };
    speech::result(form, text, value)?;
    Ok(())
}

async fn ask(at: SocketAddr, live: bool, within: Duration) -> Result<Answer> {
    let answer = tokio::time::timeout(within, answer(at, live)).await;
    answer
        .with_context(|| format!("{at} gives no answer within {within:?}"))?
        .with_context(|| format!("{at} gives no answer"))
}

async fn answer(at: SocketAddr, live: bool) -> Result<Answer> {
    let path = if live { "livez" } else { "readyz" };
    let request = Request::get(format!("http://{at}/{path}")).header(header::ACCEPT, "application/json");
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Empty::new())?).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await;
    let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
    if live {
        anyhow::ensure!(status.is_success(), "it answers /{path} with {status}");
        return Ok(Answer {
            at,
            is_well: true,
            reasons: Vec::new(),
        });
    }
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_ready = said["ready"]
        .as_bool()
        .filter(|ready| *ready == (status == StatusCode::OK));
    let is_well = is_ready.with_context(|| format!("its /{path} ({status}) is not that of minilab"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reasons = said["reasons"].as_array().into_iter().flatten();
    let reasons = reasons
        .map(|said| (text(&said["part"]), text(&said["reason"])))
        .collect();
    Ok(Answer { at, is_well, reasons })
}
