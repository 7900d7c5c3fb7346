//! `minilab dispatcher`: uploads in, jobs out; reconcile and sweep.
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use minilab_dispatcher::{Dispatcher, Ready, Sharing, Token};
use minilab_recipe::{Document, Intake};

use crate::{
    cli, compose,
    config::Config,
    exit::Exit,
    readiness::Part,
    role::{self, Around, Needs, Terms},
    serve,
    speech::Form,
};

/// What it makes no jobs with: it goes on to send jobs while files cannot be written, and to take events while another
/// configuration replaces its own.
const TOLERATES: &[Part] = &[Part::Files, Part::Configuration];

pub async fn run(args: cli::Dispatcher, form: Form) -> Result<Exit> {
    let terms = Terms {
        name: "dispatcher",
        config: Config::read(&args.role.config)?,
        listen: args.listen,
        grace: args.role.grace,
        start_timeout: args.role.start_timeout,
        tolerates: TOLERATES,
        needs: Needs::JobsAndEvents,
        form,
    };
    role::live(terms, async |backing, revision, around| {
        let mut dispatcher = compose::dispatcher(backing, revision, Sharing::Fleet);
        listen_for_events(&mut dispatcher, &backing.document, around).await?;
        around.follow(dispatcher.ready(), unready);
        around.probes.tells_waiting(dispatcher.waiting());
        let sender = compose::sender(backing)?;
        let stop = around.stop.clone();
        Ok(async move {
            let dispatching = async {
                let ended = dispatcher.run(stop.drain.clone(), stop.abort.clone()).await;
                stop.drain.cancel();
                ended.context("the dispatcher has stopped")
            };
            let (dispatched, ()) = tokio::join!(dispatching, compose::telling(sender, &stop));
            dispatched
        })
    })
    .await
}

/// Takes events over HTTP where the document asks for it, until told to stop: then senders find another dispatcher.
pub async fn listen_for_events(
    dispatcher: &mut Dispatcher,
    document: &Document,
    around: &Around,
) -> Result<()> {
    let asked = document.intake.iter().find_map(|intake| match intake {
        Intake::Webhook(asked) => Some(asked),
        _ => None,
    });
    let Some(asked) = asked else { return Ok(()) };
    let mut routes = Router::new();
    if let Some(token) = &asked.token {
        let webhook = dispatcher.webhook(Token::new(token.expose())?);
        routes = routes.merge(serve::webhook(Arc::new(webhook)));
    }
    if let Some(sns) = &asked.sns {
        let outside = compose::fetch::over_tls().context("no roots of trust to reach AWS with")?;
        let sns = dispatcher.sns(sns.topics.clone(), Arc::new(outside));
        routes = routes.merge(serve::sns(sns));
    }
    let listener = serve::listen(asked.listen).await?;
    let (events, sns) = (asked.token.is_some(), asked.sns.is_some());
    tracing::info!(address = %listener.local_addr()?, events, sns, "events are taken over HTTP");
    around.run(serve::serve(listener, routes, around.stop.drain.clone()));
    Ok(())
}

/// What it has not.
fn unready(ready: &Ready) -> Option<String> {
    match ready {
        Ready::Yes => None,
        Ready::No(reason) => Some(reason.clone()),
    }
}
