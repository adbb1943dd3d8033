//! `GET /metrics`: what the server measures of itself, as Prometheus reads it. `TELEMETRY_METRICS` says who
//! may: numbers of events and of errors tell a stranger how a business is doing.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::Shared;
use crate::meters::Levels;

/// The exposition format that is written.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the server measures of itself, for Prometheus.
///
/// Who may read it is set by `TELEMETRY_METRICS`: with a secret key (the default), from the same machine
/// without one, anyone, or nobody.
#[utoipa::path(get, path = "/metrics", tag = "operations", security(("secret_key" = []), ()),
    responses((status = 200, description = "The Prometheus text format", body = String,
        content_type = "text/plain",
        example = "# TYPE pharos_events_total counter\npharos_events_total{outcome=\"accepted\"} 102\n")))]
pub(super) async fn metrics(State(app): State<Shared>) -> Response {
    let node = app.node().await;
    let levels = Levels {
        queue_bytes: app.limits.queue_bytes.saturating_sub(app.budget.available()),
        spool_batches: node.spool_batches,
        spool_bytes: node.spool_bytes,
        store_up: !node.store_is_away,
        live_listeners: app.live.listeners(),
    };
    let text = app.meters.render(&levels, app.ingest.redactions().iter());
    ([(header::CONTENT_TYPE, FORMAT)], text).into_response()
}
