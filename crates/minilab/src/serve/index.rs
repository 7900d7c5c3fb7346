//! The page at `/`: the contact sheet of what is there.
use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::Response,
};

use super::{Site, answer};
use crate::{gallery, sheet};

/// More would be a page that no browser likes; a folder of that size has pages of its own.
const ENTRIES_MAX: usize = 500;

pub async fn index(State(site): State<Arc<Site>>) -> Response {
    match gallery::load(&site.records, &site.failures, ENTRIES_MAX).await {
        Ok(entries) => {
            let mut response = Response::new(Body::from(sheet::page(&entries, &sheet::Places::default())));
            answer::set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
            answer::set(&mut response, header::CACHE_CONTROL, "no-store");
            answer::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
            let policy = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
            answer::set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
            response
        }
        Err(error) => {
            tracing::warn!(%error, "the index cannot be shown");
            answer::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the records cannot be read now\n",
            )
        }
    }
}
