//! One file: found, not modified, still being made, or not there.
use axum::{
    body::Body,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use minilab_store::{Error, GetOptions, Head, Key, RESERVED_FOLDER};

use super::{
    Site,
    answer::{set, text},
    awaited::Outcome,
};
use crate::url::decode_path;

/// What a client wants.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// GET or HEAD; anything else is refused.
    pub method: &'a Method,
    /// For conditions.
    pub headers: &'a HeaderMap,
    /// As it came, encoded.
    pub path: &'a str,
}

/// The file of a path, decoded exactly once.
pub async fn answer(site: &Site, asked: Asked<'_>) -> Response {
    if asked.method != Method::GET && asked.method != Method::HEAD {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        set(&mut response, header::ALLOW, "GET, HEAD");
        return response;
    }
    let Some(key) = key(asked.path) else {
        return absent();
    };
    match found(site, asked, &key).await {
        Err(error) if error.is_not_found() => {}
        Err(error) => return failed(&error),
        Ok(response) => return response,
    }
    if asked.method == Method::HEAD {
        return absent();
    }
    match site.awaited.wait(&key).await {
        Ok(Outcome::Made) => found(site, asked, &key)
            .await
            .unwrap_or_else(|error| failed(&error)),
        Ok(Outcome::StillBeingMade(original)) => {
            let mut response = Response::new(Body::from_stream(original.object.body));
            describe(&mut response, &original.object.head);
            set(&mut response, header::CONTENT_TYPE, original.media_type);
            set(&mut response, header::CACHE_CONTROL, "no-store");
            response.headers_mut().remove(header::ETAG);
            response
        }
        Ok(Outcome::NotExpected) => absent(),
        Err(error) => failed(&error),
    }
}

/// The reserved folder is the store's; its keys do not exist whatever the adapter.
fn key(path: &str) -> Option<Key> {
    let key = decode_path(path.strip_prefix('/')?)?;
    let first = key.split('/').next()?;
    if first.eq_ignore_ascii_case(RESERVED_FOLDER) {
        return None;
    }
    Key::new(key).ok()
}

async fn found(site: &Site, asked: Asked<'_>, key: &Key) -> Result<Response, Error> {
    let head = site.files.head(key).await?;
    let mut response = if is_known(asked.headers, &head) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(&mut response, &head);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        return Ok(response);
    } else if asked.method == Method::HEAD {
        let mut response = Response::new(Body::empty());
        describe(&mut response, &head);
        response
    } else {
        let object = site.files.get(key, GetOptions::default()).await?;
        let mut response = Response::new(Body::from_stream(object.body));
        describe(&mut response, &object.head);
        response
    };
    set(&mut response, header::ACCEPT_RANGES, "none");
    Ok(response)
}

/// What was stored beside the body, and what keeps a browser from making more of it.
fn describe(response: &mut Response, head: &Head) {
    set(
        response,
        header::CONTENT_TYPE,
        head.content_type.as_deref().unwrap_or("application/octet-stream"),
    );
    set(
        response,
        header::CACHE_CONTROL,
        head.cache_control.as_deref().unwrap_or("no-cache"),
    );
    set(response, header::CONTENT_LENGTH, &head.size_bytes.to_string());
    set(response, header::ETAG, &validator(head));
    set(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        response,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox",
    );
}

/// The digest where it is known: the same bytes then have the same tag after a restart or a copy.
fn validator(head: &Head) -> String {
    match head.sha256 {
        Some(digest) => format!("\"{digest}\""),
        None => format!("\"{}\"", head.etag.to_string().replace(['"', '\\'], "")),
    }
}

fn is_known(headers: &HeaderMap, head: &Head) -> bool {
    let ours = validator(head);
    let values = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == ours)
}

fn absent() -> Response {
    text(StatusCode::NOT_FOUND, "not found\n")
}

/// What went wrong is for the operator's log; a client learns what it can do.
fn failed(error: &Error) -> Response {
    match error {
        Error::NotFound { .. } | Error::KeyRefused { .. } => absent(),
        Error::Denied { .. } => {
            tracing::warn!(%error, "a file cannot be served");
            text(StatusCode::FORBIDDEN, "the file cannot be read\n")
        }
        _ => {
            tracing::warn!(%error, "a file cannot be served");
            let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "the store cannot answer now\n");
            set(&mut response, header::RETRY_AFTER, "5");
            response
        }
    }
}
