//! `get` and `head`.
use std::{collections::BTreeMap, io};

use aws_sdk_s3::{
    error::DisplayErrorContext,
    operation::{get_object::GetObjectOutput, head_object::HeadObjectOutput},
    primitives,
};

use super::{
    S3,
    attributes::Facts,
    failure::{Failure, Request, printable},
};
use crate::{ByteStream, Error, GetOptions, Head, Key, Object};

pub(super) async fn head(store: &S3, key: &Key) -> Result<Head, Failure> {
    let answer = store
        .clients
        .head
        .head_object()
        .bucket(&store.config.bucket)
        .key(store.full(key)?)
        .set_expected_bucket_owner(store.config.expected_owner.clone())
        .send()
        .await;
    match answer {
        Ok(found) => Facts::from(found).head(),
        Err(error) => match Failure::of(Request::Head, &error) {
            Failure::Absent => {
                must_exist(store).await?;
                Err(Failure::Absent)
            }
            failure => Err(failure),
        },
    }
}

pub(super) async fn tags(store: &S3, key: &Key) -> Result<BTreeMap<String, String>, Failure> {
    let answer = store
        .clients
        .head
        .get_object_tagging()
        .bucket(&store.config.bucket)
        .key(store.full(key)?)
        .set_expected_bucket_owner(store.config.expected_owner.clone())
        .send()
        .await
        .map_err(|error| Failure::of(Request::Tags, &error))?;
    let tags = answer.tag_set.into_iter();
    Ok(tags.map(|tag| (tag.key, tag.value)).collect())
}

/// The bucket, or a 404 would not be said of the key.
async fn must_exist(store: &S3) -> Result<(), Failure> {
    let answer = store
        .clients
        .head
        .head_bucket()
        .bucket(&store.config.bucket)
        .set_expected_bucket_owner(store.config.expected_owner.clone())
        .send()
        .await;
    match answer.map_err(|error| Failure::of(Request::Head, &error)) {
        Ok(_) => Ok(()),
        Err(Failure::Absent) => Err(Failure::Unusable(
            io::ErrorKind::InvalidInput,
            "there is no such bucket; create it, or correct `bucket`".to_owned(),
        )),
        Err(failure) => Err(failure),
    }
}

pub(super) async fn get(store: &S3, key: &Key, options: GetOptions) -> Result<Object, Failure> {
    let mut found = store
        .clients
        .get
        .get_object()
        .bucket(&store.config.bucket)
        .key(store.full(key)?)
        .set_if_match(options.if_match.map(|etag| etag.0))
        .set_expected_bucket_owner(store.config.expected_owner.clone())
        .send()
        .await
        .map_err(|error| Failure::of(Request::Get, &error))?;
    let arriving = std::mem::take(&mut found.body);
    let head = Facts::from(found).head()?;
    let body = Body {
        arriving,
        left: head.size_bytes,
        store: store.name.clone(),
        key: key.clone(),
    };
    Ok(Object {
        head,
        body: body.stream(),
    })
}

/// A body on its way, which must bring exactly as many bytes as were announced.
struct Body {
    arriving: primitives::ByteStream,
    left: u64,
    store: String,
    key: Key,
}

impl Body {
    fn stream(self) -> ByteStream {
        Box::pin(futures::stream::try_unfold(self, |mut body| async move {
            match body.arriving.next().await {
                Some(Ok(chunk)) => match body.left.checked_sub(chunk.len() as u64) {
                    Some(left) => {
                        body.left = left;
                        Ok(Some((chunk, body)))
                    }
                    None => Err(body.error(
                        io::ErrorKind::InvalidData,
                        "more bytes arrived than were announced",
                    )),
                },
                Some(Err(error)) => {
                    let told = printable(&DisplayErrorContext(&error).to_string());
                    Err(body.error(io::ErrorKind::ConnectionReset, &told))
                }
                None if body.left > 0 => Err(body.error(io::ErrorKind::UnexpectedEof, "the server ended it")),
                None => Ok(None),
            }
        }))
    }

    fn error(self, kind: io::ErrorKind, reason: &str) -> Error {
        let sentence = format!("the body broke off {} bytes before its end: {reason}", self.left);
        Error::Io {
            store: self.store,
            operation: Request::Get.name(),
            key: self.key,
            cause: io::Error::new(kind, sentence),
        }
    }
}

impl From<HeadObjectOutput> for Facts {
    fn from(found: HeadObjectOutput) -> Self {
        Self {
            etag: found.e_tag,
            size_bytes: found.content_length,
            modified: found.last_modified,
            version_id: found.version_id,
            content_type: found.content_type,
            cache_control: found.cache_control,
            metadata: found.metadata,
        }
    }
}

impl From<GetObjectOutput> for Facts {
    fn from(found: GetObjectOutput) -> Self {
        Self {
            etag: found.e_tag,
            size_bytes: found.content_length,
            modified: found.last_modified,
            version_id: found.version_id,
            content_type: found.content_type,
            cache_control: found.cache_control,
            metadata: found.metadata,
        }
    }
}
