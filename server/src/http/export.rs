//! `GET /v1/export`: stored events as a download of any size.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{Shared, access::Caller, error::Error, params::Params, range};
use crate::query::export::{Export, Format, Selection};

/// Exports at a time on this node: each keeps a database connection busy.
pub(super) const EXPORTS_MAX: usize = 4;

/// Stored events as CSV or NDJSON, in the order of their time.
///
/// Streamed, so that any number of them takes the same memory. Where the server fails on the way, the
/// connection breaks off instead of ending: a download that ends well is whole. In CSV, cells that a spreadsheet
/// would take for a formula begin with an apostrophe; NDJSON has everything as it is stored. Compressed with
/// gzip if `Accept-Encoding` says so.
#[utoipa::path(get, path = "/v1/export", tag = "events", operation_id = "export",
    security(("secret_key" = []), ("session" = [])),
    params(("format" = Option<String>, Query, description = "csv or ndjson. Default: csv"),
        range::RangeParams,
        ("event" = Option<String>, Query, description = "Only events of this name")),
    responses((status = 200, description = "A download", content(
        (String = "text/csv", example = "id,event,timestamp,properties,user_id,session_id,source,seq,context,created_at\r\n"),
        (String = "application/x-ndjson", example = "{\"id\":\"019ab2c3-d4e5-7f60-8123-456789abcdef\"}\n")))))]
pub(super) async fn export(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?;
    let (format, kind, name) = match params.take("format").as_deref() {
        None | Some("csv") => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        Some("ndjson") => (Format::Ndjson, "application/x-ndjson", "ndjson"),
        Some(_) => {
            let expected = "csv or ndjson";
            return Err(Error::InvalidParameter { field: "format".to_owned(), expected });
        }
    };
    let event = params.take("event");
    params.finish()?;
    let place = app.exports.clone().try_acquire_owned().map_err(|_| Error::Overloaded)?;
    let (start, end) = (range.start, range.end);
    let day = |text: String| text[..10].to_owned();
    let file = format!("pharos-{}-{}.{name}", day(start.to_string()), day(end.to_string()));
    let export = Export::new(app.store.clone(), Selection { project_id, event, start, end }, format);
    let disposition = format!("attachment; filename=\"{file}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, body(export, app.stop.clone(), place)).into_response())
}

/// An error ends the stream as one, and with it the connection.
fn body(export: Export, stop: CancellationToken, place: OwnedSemaphorePermit) -> Body {
    let place = Arc::new(place);
    Body::from_stream(stream::try_unfold((export, stop, place), |(mut export, stop, place)| async move {
        let stopped = || std::io::Error::other("the server stops");
        let part = stop.run_until_cancelled(export.next()).await.ok_or_else(stopped)?;
        let part = part.map_err(|error| {
            tracing::error!(%error, "an export was broken off");
            std::io::Error::other(error)
        })?;
        Ok::<_, std::io::Error>(part.map(|part| (Bytes::from(part.bytes), (export, stop, place))))
    }))
}
