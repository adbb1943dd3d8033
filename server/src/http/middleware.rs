//! What surrounds every request: a name, a line in the log, a count and a duration, headers that every answer has,
//! and a 500 should a handler panic. One function instead of a layer for each: every request would pay for each
//! layer's clone of all that is within it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{self, Entry},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tokio::time::Instant;

use super::{error::Error, log, measure::RouteMeters};

/// What is no page needs nothing of a browser, whatever that may be talked into taking it for.
const NO_PAGE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Whose pages may hold what is answered.
pub(super) const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What an answer says unless it says otherwise.
static HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, NO_PAGE_POLICY),
    (RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // What an answer holds may be different next time, or for the next person.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Passes the request on, and gives its answer what every answer has.
pub(super) async fn surround(
    State(meters): State<Arc<RouteMeters>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();

    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Error::Internal.into_response());

    let path = path.as_ref().map(MatchedPath::as_str);
    let took = began.elapsed();
    add_headers(response.headers_mut());
    meters.of(&method, path).answered(response.status().as_u16(), took);
    log::request(&method, path, &mut response, took);
    response
}

fn add_headers(headers: &mut HeaderMap) {
    // These, and the request's name.
    headers.reserve(HEADERS.len() + 1);
    for (name, value) in &HEADERS {
        if let Entry::Vacant(vacant) = headers.entry(name) {
            vacant.insert(value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::StatusCode, middleware, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::meters::Meters;

    #[tokio::test]
    async fn a_panic_is_answered_and_what_an_answer_says_itself_stands() {
        let meters = Arc::new(RouteMeters::new(&Meters::new(), &[]));
        let router = Router::new()
            .route("/panic", get(async || -> &'static str { panic!("of a test") }))
            .route("/cached", get(async || [(header::CACHE_CONTROL, "public")]))
            .layer(middleware::from_fn_with_state(meters, surround));
        let ask = async |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap()
        };
        let panicked = ask("/panic").await;
        assert_eq!(panicked.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(panicked.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(panicked.headers()[log::REQUEST_ID].len(), 16);
        assert_eq!(ask("/cached").await.headers()[header::CACHE_CONTROL], "public");
    }
}
