//! Runs cases at the same time, because a server takes seconds to start and brokers take seconds to answer, and says which
//! of them failed.
use std::future::Future;

use tokio::task::JoinHandle;

#[derive(Default)]
pub struct Cases(Vec<(&'static str, JoinHandle<()>)>);

impl Cases {
    pub fn start(&mut self, name: &'static str, case: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(case)));
    }

    pub async fn finish(self) {
        let mut failed = Vec::new();
        for (name, case) in self.0 {
            let ended = case.await;
            println!("{name}: {}", if ended.is_ok() { "holds" } else { "FAILED" });
            failed.extend(ended.is_err().then_some(name));
        }
        assert!(failed.is_empty(), "failed: {}", failed.join(", "));
    }
}
