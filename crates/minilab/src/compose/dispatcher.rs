//! The dispatcher, as the document wants it.
use std::sync::Arc;

use minilab_dispatcher::{
    Config, Dispatcher, Folder, Jobs, Names, ReconcileConfig, Sharing, Stores, SweepConfig,
};
use minilab_recipe::Intake;

use super::Backing;

/// A dispatcher that sends jobs of this revision of the configuration, and receives from the backing's brokers of events;
/// `sharing` says whether others do, too.
pub fn dispatcher(backing: &Backing, revision: u64, sharing: Sharing) -> Dispatcher {
    let jobs = Jobs::new(
        Arc::clone(&backing.document),
        revision,
        Arc::clone(&backing.queue),
        Arc::clone(&backing.clock),
        Arc::clone(&backing.metrics),
    )
    .traced(backing.tracer.clone());
    let stores = Stores {
        originals: Arc::clone(&backing.stores.from),
        outputs: Arc::clone(&backing.stores.to),
        state: Arc::clone(&backing.stores.state),
    };
    let config = Config {
        sharing,
        ..config(backing)
    };
    let mut dispatcher = Dispatcher::new(config, stores, Arc::new(jobs), Arc::clone(&backing.metrics));
    for events in &backing.events {
        dispatcher.receive_from(Arc::clone(events));
    }
    dispatcher
}

fn config(backing: &Backing) -> Config {
    let intakes = &backing.document.intake;
    let folder = backing.folder.as_ref().map(Folder::new);
    let mut config = Config {
        sweep: SweepConfig {
            retain: backing.document.retain,
        },
        ..Config::default()
    };
    if let Some(folder) = &folder {
        config.reconcile = ReconcileConfig {
            quiet: folder.quiet,
            names: Names::Folder,
            ..config.reconcile
        };
    }
    let every = intakes.iter().find_map(|intake| match intake {
        Intake::Poll { every } => Some(*every),
        _ => None,
    });
    if let Some(every) = every {
        config.reconcile_every = every;
        // Uploads are noticed by these passes alone, however many come between two of them.
        config.brake = config.brake.allowing_creations();
    }
    // A folder is watched unless something else is asked for.
    let is_watched = intakes.is_empty() || intakes.contains(&Intake::Watch);
    Config {
        folder: folder.filter(|_| is_watched),
        ..config
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use minilab_telemetry::Metrics;

    use super::*;
    use crate::config;

    async fn composed(intake: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        let text = format!("version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\n{intake}");
        let config = config::Config {
            document: minilab_recipe::Document::parse("minilab.yaml", &text, &|_| None).unwrap(),
            folder: folder.path().to_owned(),
        };
        let backing = Backing::connect(&config, &Arc::new(Metrics::new("test"))).await;
        super::config(&backing.unwrap())
    }

    #[tokio::test]
    async fn folder_is_watched_unless_something_else_is_asked_for() {
        assert!(composed("").await.folder.is_some());
        let polled = composed("intake: [{ poll: { every: 7s } }]\n").await;
        assert_eq!(polled.folder, None);
        assert_eq!(polled.reconcile_every, Duration::from_secs(7));
        assert_eq!(
            polled.reconcile.names,
            Names::Folder,
            "its names are a folder's all the same"
        );
        let both = composed("intake: [watch, { poll: { every: 7s } }]\n").await;
        assert!(both.folder.is_some());
    }
}
