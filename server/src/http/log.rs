//! One line a request. The route's pattern stands for the path: a real one, or a query, may hold
//! anything a caller put there.

use std::time::Duration;

use axum::{
    http::{HeaderName, HeaderValue, Method},
    response::Response,
};

/// What became of the events of a request, put into its response for the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) events: usize,
    pub(super) accepted: usize,
    pub(super) duplicate: usize,
    pub(super) invalid: usize,
}

/// The header that names a request in its response and in the log.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Writes the line of a request that took so long, and names it in its `response`.
pub(super) fn request(method: &Method, path: Option<&str>, response: &mut Response, took: Duration) {
    // Our own, never the caller's: theirs may be anything, and it would stand in the log. It is a name and no secret.
    let request_id = format!("{:016x}", fastrand::u64(..));
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let path = path.unwrap_or("(none)");
    let status = response.status().as_u16();
    let ms = (took.as_secs_f64() * 10_000.0).round() / 10.0;
    match response.extensions().get::<Counts>() {
        Some(Counts { events, accepted, duplicate, invalid }) => {
            tracing::info!(%method, path, status, ms, request_id, events, accepted, duplicate, invalid, "request");
        }
        None => tracing::info!(%method, path, status, ms, request_id, "request"),
    }
}
