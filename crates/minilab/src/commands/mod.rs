//! What each command does.
mod canary;
mod check;
mod config;
mod dead;
mod dispatcher;
mod doctor;
#[cfg(feature = "s3")]
mod events;
mod explain;
mod health;
mod loose;
mod manifest;
mod notify;
mod passes;
mod policy;
mod render;
mod report;
mod schema;
mod simulate;
mod slots;
mod standalone;
mod topology;
mod version;
mod worker;

use anyhow::Result;

use crate::{cli::Command, exit::Exit, speech::Form};

/// Does it, and says how the program ends.
pub async fn run(command: Command, form: Form) -> Result<Exit> {
    match command {
        Command::Standalone(args) => standalone::run(args, form).await,
        Command::Dispatcher(args) => Box::pin(dispatcher::run(args, form)).await,
        Command::Worker(args) => Box::pin(worker::run(args, form)).await,
        Command::Config(of) => config::run(&of, form).await,
        Command::Topology(of) => topology::run(&of, form).await,
        Command::Dead(what) => dead::run(&what, form).await,
        Command::Notify(what) => Box::pin(notify::run(&what, form)).await,
        Command::Reconcile(args) => Box::pin(passes::reconcile::run(&args, form)).await,
        Command::Sweep(args) => Box::pin(passes::sweep::run(&args, form)).await,
        Command::Render(args) => render::run(&args, form).await,
        Command::Explain(args) => explain::run(&args, form).await,
        Command::Check(args) => check::run(&args, form),
        Command::Doctor(args) => Box::pin(doctor::run(&args, form)).await,
        Command::Canary(args) => canary::run(&args, form).await,
        Command::Health(args) => health::run(&args, form).await,
        #[cfg(feature = "s3")]
        Command::Events(what) => events::run(&what, form).await,
        Command::IamPolicy(args) => policy::run(&args, form),
        Command::Simulate(args) => simulate::run(&args, form),
        Command::Manifest(args) => manifest::run(&args, form).await,
        Command::Report(args) => report::run(&args, form).await,
        Command::Schema(args) => schema::run(&args),
        Command::Version(args) => version::run(&args, form).await,
    }
}
