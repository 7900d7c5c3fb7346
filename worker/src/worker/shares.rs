//! How many of a worker's jobs may be of one tenant, so that one that sends very much leaves slots to the others.
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts the jobs at work, by tenant. Clones count the same.
#[derive(Debug, Clone)]
pub(super) struct Shares {
    most: Option<NonZeroU32>,
    at_work: Arc<Mutex<HashMap<String, u32>>>,
}

/// A job at work, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    /// `None`: a job that nobody counts.
    of: Option<(Shares, String)>,
}

impl Shares {
    /// At most so many of one tenant; `None`: any number.
    pub fn new(most: Option<NonZeroU32>) -> Self {
        Self {
            most,
            at_work: Arc::default(),
        }
    }

    /// A share for a job of the tenant; `None`: it has all that it may have. Jobs of no tenant always get one.
    pub fn take(&self, tenant: &str) -> Option<Share> {
        let Some(most) = self.most.filter(|_| !tenant.is_empty()) else {
            return Some(Share { of: None });
        };
        let mut at_work = self.at_work();
        let count = at_work.entry(tenant.to_owned()).or_default();
        if *count >= most.get() {
            return None;
        }
        *count += 1;
        Some(Share {
            of: Some((self.clone(), tenant.to_owned())),
        })
    }

    fn at_work(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((shares, tenant)) = &self.of else { return };
        let mut at_work = shares.at_work();
        if let Some(count) = at_work.get_mut(tenant) {
            *count -= 1;
            // Tenants come and go; the map must not grow with all that there ever were.
            if *count == 0 {
                at_work.remove(tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_gets_its_share_and_others_theirs() {
        let shares = Shares::new(NonZeroU32::new(2));
        let (first, _second) = (shares.take("a").unwrap(), shares.take("a").unwrap());
        assert!(shares.take("a").is_none());
        assert!(shares.take("b").is_some());
        drop(first);
        assert!(shares.take("a").is_some());
    }

    #[test]
    fn jobs_of_no_tenant_are_not_counted_and_nobody_is_without_a_limit() {
        let shares = Shares::new(NonZeroU32::new(1));
        let all: Vec<_> = (0..3).map(|_| shares.take("")).collect();
        assert!(all.iter().all(Option::is_some));
        let shares = Shares::new(None);
        let all: Vec<_> = (0..3).map(|_| shares.take("a")).collect();
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn tenants_without_jobs_are_forgotten() {
        let shares = Shares::new(NonZeroU32::new(1));
        drop(shares.take("a"));
        assert!(shares.at_work().is_empty());
    }
}
