//! What callers do with any store, built from the port's own methods.
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream};

use crate::{Error, GetOptions, Head, Key, ListRequest, Listed, Store};

/// Entries asked for per page of [`StoreExt::list_all`]. A folder reads a whole directory for each page, so larger
/// pages make a flat million of files bearable; stores with a lower limit of their own (S3: 1,000) answer that.
const PAGE_ENTRIES: usize = 10_000;

/// Conveniences on every [`Store`], also on `dyn Store`.
pub trait StoreExt {
    /// Reads a whole object into memory, with the facts of the version read.
    ///
    /// More than `cap_bytes` is [`Error::TooLarge`], decided before the body is read.
    fn get_bytes<'a>(&'a self, key: &'a Key, cap_bytes: usize)
    -> BoxFuture<'a, Result<(Head, Bytes), Error>>;

    /// All objects whose key begins with `prefix`, in key order, page by page as the stream is read.
    ///
    /// The stream ends after the first error. Writes made meanwhile may or may not be seen.
    fn list_all(&self, prefix: &str) -> BoxStream<'_, Result<Listed, Error>> {
        self.list_after(prefix, None)
    }

    /// The same, from the first key after `after`.
    fn list_after(&self, prefix: &str, after: Option<&str>) -> BoxStream<'_, Result<Listed, Error>>;
}

impl<S: Store + ?Sized> StoreExt for S {
    fn get_bytes<'a>(
        &'a self,
        key: &'a Key,
        cap_bytes: usize,
    ) -> BoxFuture<'a, Result<(Head, Bytes), Error>> {
        Box::pin(async move {
            let mut object = self.get(key, GetOptions::default()).await?;
            let too_large = |size_bytes| Error::TooLarge {
                store: self.name().to_owned(),
                key: key.clone(),
                size_bytes,
                cap_bytes,
            };
            if object.head.size_bytes > cap_bytes as u64 {
                return Err(too_large(object.head.size_bytes));
            }
            let mut whole = BytesMut::with_capacity(object.head.size_bytes as usize);
            while let Some(chunk) = object.body.try_next().await? {
                // The size above is the store's word; memory is bounded by what really arrives.
                if whole.len() + chunk.len() > cap_bytes {
                    return Err(too_large((whole.len() + chunk.len()) as u64));
                }
                whole.extend_from_slice(&chunk);
            }
            Ok((object.head, whole.freeze()))
        })
    }

    fn list_after(&self, prefix: &str, after: Option<&str>) -> BoxStream<'_, Result<Listed, Error>> {
        let first = ListRequest {
            prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            limit: PAGE_ENTRIES,
            ..ListRequest::default()
        };
        futures::stream::try_unfold(Some(first), move |request| async move {
            let Some(request) = request else { return Ok(None) };
            let page = self.list(request.clone()).await?;
            let rest = page.next.map(|next| ListRequest {
                after: Some(next),
                ..request
            });
            Ok::<_, Error>(Some((
                futures::stream::iter(page.objects.into_iter().map(Ok)),
                rest,
            )))
        })
        .try_flatten()
        .boxed()
    }
}
