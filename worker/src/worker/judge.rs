//! What an attempt came to, seen beside everything else: did this job fail, or something that every job needs?
use super::{canary, delivery::Courier};
use crate::{Error, dependency::Blame, outcome::Class};

impl Courier {
    /// Of which class an attempt's end is; what it tells of a dependency is taken to heart.
    pub(super) async fn judge(&self, key: &str, ended: &Result<Class, Error>) -> Class {
        match ended {
            Ok(class) => {
                self.health.proven(*class);
                *class
            }
            Err(error) => self.judge_failure(key, error).await,
        }
    }

    /// As [`Class::of`], but whether a call failed alone or its dependency is away is told by a canary, and by the other
    /// jobs: a job is not charged for what befalls them all.
    async fn judge_failure(&self, key: &str, error: &Error) -> Class {
        let class = Class::of(error);
        let dependency = match Blame::of(error) {
            Blame::Nobody => return class,
            Blame::Surely(_) => {
                self.health.failed(error);
                return Class::Dependency;
            }
            Blame::Maybe(dependency) => dependency,
        };
        if !self.health.is_ready() || self.is_something_away().await {
            return Class::Dependency;
        }
        match class {
            // Of refused objects there may be a whole folder.
            Class::Denied => Class::Denied,
            _ if self.health.is_tripped_by(dependency, key) => {
                self.health.failed(error);
                Class::Dependency
            }
            _ => Class::Transient,
        }
    }

    async fn is_something_away(&self) -> bool {
        let mut is_away = false;
        for (_, answer) in canary::check(&self.world).await {
            if let Err(error) = answer {
                self.health.failed(&error);
                is_away = true;
            }
        }
        is_away
    }

    /// Waits, where something that every job needs is missing, until a canary says that it is back.
    pub(super) async fn until_ready(&self) {
        while !self.health.is_ready() {
            tokio::time::sleep(self.health.next_pause()).await;
            for (dependency, answer) in canary::check(&self.world).await {
                match answer {
                    Ok(()) => self.health.half_open(dependency),
                    Err(error) => self.health.failed(&error),
                }
            }
        }
    }
}
