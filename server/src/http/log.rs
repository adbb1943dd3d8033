//! One line a request. The route's pattern stands for the path: a real one, or a query, may hold
//! anything a caller put there.

use axum::{
    extract::{MatchedPath, Request},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use tokio::time::Instant;

use crate::identity::random_bytes;

/// What became of the events of a request, put into its response for the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) events: usize,
    pub(super) accepted: usize,
    pub(super) duplicate: usize,
    pub(super) invalid: usize,
}

/// The header that names a request in its response and in the log.
pub(super) const REQUEST_ID: &str = "x-request-id";

pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    // Our own, never the caller's: theirs may be anything, and it would stand in the log.
    let request_id = format!("{:016x}", u64::from_be_bytes(random_bytes()));

    let mut response = next.run(request).await;

    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let path = path.as_ref().map_or("(none)", |path| path.as_str());
    let (status, ms) = (response.status().as_u16(), began.elapsed().as_secs_f64() * 1000.0);
    let ms = (ms * 10.0).round() / 10.0;
    match response.extensions().get::<Counts>() {
        Some(Counts { events, accepted, duplicate, invalid }) => {
            tracing::info!(%method, path, status, ms, request_id, events, accepted, duplicate, invalid, "request");
        }
        None => tracing::info!(%method, path, status, ms, request_id, "request"),
    }
    response
}
