//! `put` and `delete`.
use aws_sdk_s3::types::{ServerSideEncryption, StorageClass};
use bytes::Bytes;

use super::{
    S3, attributes,
    failure::{Failure, Request},
    folders,
};
use crate::{Again, Condition, ETag, Key, PutOptions};

pub(super) async fn put(store: &S3, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Failure> {
    let (client, request) = match (&options.condition, options.again) {
        (Condition::None, _) => (&store.clients.write, Request::Put),
        (Condition::Absent | Condition::Match(_), Again::Always) => (&store.clients.write, Request::Swap),
        (Condition::Absent | Condition::Match(_), Again::Unconditional) => {
            (&store.clients.swap, Request::Swap)
        }
    };
    let must_be_absent = options.condition == Condition::Absent;
    let config = &store.config;
    let put = client
        .put_object()
        .bucket(&config.bucket)
        .key(store.full(key)?)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .set_metadata(Some(attributes::metadata(&options)))
        .set_checksum_sha256(options.sha256.map(attributes::checksum))
        .set_content_type(options.content_type)
        .set_cache_control(options.cache_control)
        .set_server_side_encryption(config.kms_key.is_some().then_some(ServerSideEncryption::AwsKms))
        .set_ssekms_key_id(config.kms_key.clone())
        .set_storage_class(config.storage_class.as_deref().map(StorageClass::from))
        .body(body.into());
    let put = match options.condition {
        Condition::None => put,
        Condition::Absent => put.if_none_match("*"),
        Condition::Match(ETag(version)) => put.if_match(version),
    };
    match put.send().await {
        Ok(answer) => attributes::etag(answer.e_tag),
        Err(error) => Err(match Failure::of(request, &error) {
            Failure::Precondition if must_be_absent && store.keeps_folders() => {
                // What cannot be found out is no reason to say anything but what the server said.
                folders::in_the_way(store, key)
                    .await
                    .unwrap_or(Failure::Precondition)
            }
            failure => failure,
        }),
    }
}

pub(super) async fn delete(store: &S3, key: &Key) -> Result<(), Failure> {
    store
        .clients
        .write
        .delete_object()
        .bucket(&store.config.bucket)
        .key(store.full(key)?)
        .set_expected_bucket_owner(store.config.expected_owner.clone())
        .send()
        .await
        .map_err(|error| Failure::of(Request::Delete, &error))?;
    Ok(())
}
