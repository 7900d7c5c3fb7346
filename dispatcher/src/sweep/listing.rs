//! What lies in the store of files: under one original, and under one after the other.
use std::time::SystemTime;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use minilab_recipe::is_file_key;
use minilab_store::{ListRequest, Listed, StoreExt as _};

use super::Sweep;
use crate::Error;

/// Files of one original that are looked at together; bounds memory where a folder holds very many.
const TOGETHER_MAX: usize = 1000;

/// Old files that lie side by side under one original's prefix.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) original: String,
    pub(super) files: Vec<Listed>,
}

impl Sweep {
    /// Lists everything there is after a key, and groups what is old by original.
    ///
    /// Not a merge with the listing of records: `a.jpg-b` comes between `a.jpg` and `a.jpg/`. Each record is read anyway, at
    /// the moment it decides.
    pub(super) fn sides(
        &self,
        after: Option<&str>,
        now: Timestamp,
    ) -> impl Stream<Item = Result<Side, Error>> + Send + use<'_> {
        let old = self
            .outputs
            .list_after("", after)
            .map_err(Error::from)
            .try_filter(move |found| {
                let original = found.key.as_str().rsplit_once('/').map(|(original, _)| original);
                std::future::ready(original.is_some_and(|original| self.is_old_file(original, found, now)))
            })
            .boxed();
        let first = (old, None::<Side>);
        futures::stream::try_unfold(first, |(mut old, mut side)| async move {
            loop {
                let Some(found) = old.try_next().await? else {
                    return Ok(side.map(|side| (side, (old, None))));
                };
                let (original, _) = found.key.as_str().rsplit_once('/').expect("filtered by it");
                match &mut side {
                    Some(side) if side.original == original && side.files.len() < TOGETHER_MAX => {
                        side.files.push(found);
                    }
                    _ => {
                        let next = Side {
                            original: original.to_owned(),
                            files: vec![found],
                        };
                        if let Some(whole) = side.replace(next) {
                            return Ok(Some((whole, (old, side))));
                        }
                    }
                }
            }
        })
    }

    /// All files directly under one original's prefix: `x.jpg/` may also hold the original `x.jpg/y.jpg`.
    pub(super) async fn files_of(&self, original: &str) -> Result<Vec<Listed>, Error> {
        let (mut after, mut files) = (None, Vec::new());
        loop {
            let request = ListRequest {
                prefix: format!("{original}/"),
                delimiter: Some('/'),
                after,
                ..ListRequest::default()
            };
            let page = self.outputs.list(request).await?;
            let direct = page.objects.into_iter();
            files.extend(direct.filter(|found| is_file_key(original, found.key.as_str())));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(files),
            }
        }
    }

    /// Does it lie where files of the original lie, and is its time of grace over, if no record ever named it?
    pub(super) fn is_old_file(&self, original: &str, found: &Listed, now: Timestamp) -> bool {
        let oldest = SystemTime::from(now).checked_sub(self.config.retain);
        oldest.is_some_and(|oldest| found.modified <= oldest) && is_file_key(original, found.key.as_str())
    }
}
