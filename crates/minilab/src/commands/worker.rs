//! `minilab worker`: jobs in, derivatives out.
use std::sync::Arc;

use anyhow::Result;
use minilab_worker::Ready;
use tokio_util::sync::CancellationToken;

use super::slots::one_for_each_cpu;
use crate::{
    cli,
    compose::{self, Machine, locate_renderer},
    config::Config,
    exit::Exit,
    role::{self, Needs, Terms},
    speech::Form,
};

pub async fn run(args: cli::Worker, form: Form) -> Result<Exit> {
    let machine = Machine {
        renderer: locate_renderer(args.renderer.renderer.as_deref())?,
        lanes: args.lanes.unwrap_or_default(),
        slots: args.slots.unwrap_or_else(one_for_each_cpu),
        observer: Arc::new(|_| {}),
        budget: None,
    };
    let terms = Terms {
        name: "worker",
        config: Config::read(&args.role.config)?,
        listen: args.listen,
        grace: args.role.grace,
        start_timeout: args.role.start_timeout,
        tolerates: &[],
        needs: Needs::Jobs,
        form,
    };
    role::live(terms, async |backing, revision, around| {
        let compose::Working {
            worker,
            refresh,
            lessons,
        } = compose::worker(backing, revision, machine).await?;
        around.probes.refresh_by(refresh);
        around.follow(worker.ready(), unready);
        let (stop, state) = (around.stop.clone(), Arc::clone(&backing.stores.state));
        Ok(async move {
            let over = CancellationToken::new();
            let working = async {
                worker.run(stop.drain, stop.abort).await;
                over.cancel();
            };
            tokio::join!(working, lessons.run(&*state, over.clone()));
            Ok(())
        })
    })
    .await
}

/// Why it takes no jobs.
pub fn unready(ready: &Ready) -> Option<String> {
    match ready {
        Ready::Yes => None,
        Ready::No(reasons) => {
            let sentences: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            Some(sentences.join("; "))
        }
    }
}
