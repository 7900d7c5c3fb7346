//! `minilab reconcile` and `minilab sweep`: one pass now, from any machine, taking turns with the dispatchers.
pub mod reconcile;
mod status;
pub mod sweep;
mod turn;

use minilab_dispatcher::{Brake, Ended};
use minilab_telemetry::PassMode;

use crate::{
    cli::Pass,
    exit::{Exit, Refusal},
};

fn mode(args: &Pass) -> PassMode {
    if args.full {
        PassMode::Full
    } else {
        PassMode::Incremental
    }
}

fn brake(args: &Pass) -> Brake {
    if args.allow {
        Brake::default().allowing_all()
    } else {
        Brake::default()
    }
}

/// How the command ends.
fn exit(ended: Ended, command: &str, dry_run: bool) -> anyhow::Result<Exit> {
    let (what, fix) = match ended {
        Ended::Complete => return Ok(Exit::Ok),
        Ended::Braked if dry_run => return Ok(Exit::Ok),
        Ended::Braked => {
            let sentence = format!("the brake stopped the pass: {command} would change too much at once");
            let fix = format!(
                "look with `minilab {command} --dry-run`; if it is meant, run `minilab {command} --allow`"
            );
            return Err(Refusal::new(Exit::SomeFailed, sentence, fix).into());
        }
        Ended::Stopped => ("stopped before the end", "the next pass goes on from here"),
        Ended::Overtaken => (
            "another process goes on with this pass",
            "it ends without this command",
        ),
    };
    Err(Refusal::new(Exit::Temporary, what, fix).into())
}
