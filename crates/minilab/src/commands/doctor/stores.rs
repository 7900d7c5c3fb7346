//! The three stores: each is opened as a role opens it, and asked for what roles ask of it.
use std::{sync::Arc, time::SystemTime};

use anyhow::{Result, bail};
use bytes::Bytes;
use futures::TryStreamExt as _;
use minilab_recipe::Document;
use minilab_store::{GetOptions, Key, ListRequest, PutOptions, Store, StoreExt as _};

use super::report::{Finding, Report};
use crate::compose::{self, Named, Places};

/// Objects of this name are ours for a moment; the policy of operators knows it.
const PROBE: &str = "minilab-doctor-";
const PROBE_BYTES_MAX: usize = 64;
const FIX: &str = "correct the place in the configuration, or grant what `minilab iam-policy` prints";

/// What works.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Records.
    pub(super) state: Option<Arc<dyn Store>>,
}

pub(super) async fn look(report: &mut Report, document: &Document, places: &Places) -> Opened {
    let from = async { read(&*compose::originals(&places.from).await?).await };
    report.add(match from.await {
        Ok(told) => Finding::ok("originals", format!("{}: {told}", Named(&places.from))),
        Err(error) => Finding::fail("originals", &error, FIX),
    });
    if document.reads_tags() {
        let tags = async { tags(&*compose::originals(&places.from).await?).await };
        report.add(match tags.await {
            Ok(told) => Finding::ok("tags", told),
            Err(error) => Finding::fail("tags", &error, FIX),
        });
    }
    let to = async { write(&*compose::files(&places.to).await?).await };
    report.add(match to.await {
        Ok(()) => Finding::ok(
            "files",
            format!("{}: written, read and deleted", Named(&places.to)),
        ),
        Err(error) => Finding::fail("files", &error, FIX),
    });
    let mut opened = Opened::default();
    // It is opened only if it decides conditional writes.
    report.add(match compose::state(&places.state).await {
        Ok(state) => {
            opened.state = Some(state);
            Finding::ok("state", format!("{}: conditional writes are decided", Named(&places.state)))
        }
        Err(error) => {
            let fix = "take a store that decides If-Match and If-None-Match for `state` (docs/SEMANTICS.md), or grant what \
                       `minilab iam-policy` prints";
            Finding::fail("state", &error, fix)
        }
    });
    opened
}

/// A missing original is seen as missing, and one that is there can be read.
async fn read(from: &dyn Store) -> Result<String> {
    match from.head(&probe()).await {
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error.into()),
        Ok(_) => bail!("{}: an object that nobody has put is there", from.name()),
    }
    let first = ListRequest {
        limit: 1,
        ..ListRequest::default()
    };
    let page = from.list(first).await?;
    let Some(listed) = page.objects.first() else {
        return Ok("listed, and no original is there".to_owned());
    };
    let mut object = from.get(&listed.key, GetOptions::default()).await?;
    // A little of it proves the right to read it.
    object.body.try_next().await?;
    Ok("listed and read, and a missing original is seen as missing".to_owned())
}

/// Tags can only be read of an original that is there.
async fn tags(from: &dyn Store) -> Result<&'static str> {
    let first = ListRequest {
        limit: 1,
        ..ListRequest::default()
    };
    let page = from.list(first).await?;
    let Some(listed) = page.objects.first() else {
        return Ok("no original is there whose tags could be read");
    };
    from.tags(&listed.key).await?;
    Ok("read, as a recipe asks for (read_tags)")
}

async fn write(to: &dyn Store) -> Result<()> {
    let (key, body) = (probe(), Bytes::from_static(b"written by minilab doctor"));
    to.put(&key, body.clone(), PutOptions::default()).await?;
    let read = to.get_bytes(&key, PROBE_BYTES_MAX).await;
    to.delete(&key).await?;
    let (_, found) = read?;
    if found != body {
        bail!("{}: what was written is not what is read", to.name());
    }
    Ok(())
}

/// A name that nobody else has: of this process at this moment.
fn probe() -> Key {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Key::new(format!("{PROBE}{}-{}", std::process::id(), now.as_nanos())).expect("it is short")
}
