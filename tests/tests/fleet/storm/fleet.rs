//! The processes of a fleet, as an orchestrator keeps them.
use std::time::Duration;

use crate::process::{Process, Role};

/// Nothing is left to do.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// The processes of a fleet; one that is away is `None`.
pub struct Fleet {
    pub workers: Vec<(Role, Option<Process>)>,
    pub dispatchers: Vec<(Role, Option<Process>)>,
}

impl Fleet {
    pub fn start(workers: Vec<Role>, dispatchers: Vec<Role>) -> Self {
        let start = |roles: Vec<Role>| {
            roles
                .into_iter()
                .map(|role| {
                    let process = role.start();
                    (role, Some(process))
                })
                .collect()
        };
        Self {
            workers: start(workers),
            dispatchers: start(dispatchers),
        }
    }

    /// Starts what is away or has ended, as an orchestrator does.
    pub fn restart_ended(&mut self) {
        for (role, process) in self.workers.iter_mut().chain(&mut self.dispatchers) {
            let is_running = process.as_mut().is_some_and(Process::is_running);
            if !is_running {
                *process = Some(role.start());
            }
        }
    }

    /// Starts what is away or has ended, and waits until all of it is ready.
    pub async fn whole(&mut self) {
        self.restart_ended();
        for (_, process) in self.workers.iter_mut().chain(&mut self.dispatchers) {
            process.as_mut().expect("started above").ready().await;
        }
    }

    /// Lets every process end in peace.
    pub async fn end(self) {
        for (_, process) in self.workers.into_iter().chain(self.dispatchers) {
            let process = process.expect("the fleet is whole");
            let (status, _) = process.terminate(ENDS_WITHIN).await.unwrap();
            assert!(status.success(), "{status}");
        }
    }
}
