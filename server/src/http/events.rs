//! `POST /v1/events`: a batch in, verdicts out. `GET /v1/events`: recent events.

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use pharos_model::wire::{RawBatch, Verdict, write_reply};

use super::{
    App, Shared,
    auth::{self, bearer},
    body::{self, Encoding},
    error::Error,
    log::Counts,
    params::Params,
    peer::Peer,
};
use crate::{
    clock,
    ingest::{enrich::Sender, heavy},
    query::recent,
    store::Recent,
};

pub(super) async fn receive(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Error> {
    let received = take(&app, peer, query.as_deref(), &headers, &mut body).await;
    // Whoever was too slow already had its time.
    if !matches!(received, Ok(_) | Err(Error::RequestTimeout | Error::Interrupted)) {
        body::discard(&mut body, &app.limits).await;
    }
    received
}

async fn take(
    app: &App,
    peer: Peer,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Response, Error> {
    let received_at = clock::now();
    check_media_type(headers)?;
    let encoding = Encoding::of(headers)?;
    // A key outside the body is checked before the body is read.
    let query_key = Params::parse(query).take("key");
    let access = match bearer(headers).or(query_key.as_deref()) {
        Some(key) => Some(app.keys.find(key).await?),
        None => None,
    };

    let mut held = app.budget.hold();
    let body = body::read(body, headers, &app.limits, &mut held).await?;
    let text = body::decode(body, encoding, &mut held)?;
    let batch = heavy(text.len(), || RawBatch::read(&text))?;
    let access = match (access, &batch.key) {
        (Some(access), _) => access,
        (None, Some(key)) => app.keys.find(key).await?,
        (None, None) => return Err(Error::MissingKey),
    };

    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let sender = Sender { ip: peer.client_ip(headers, &app.trusted_proxies), user_agent };
    let verdicts =
        app.ingest.take(&batch, access.project_id, access.source(), &sender, received_at, held).await?;

    let mut reply = String::new();
    write_reply(&verdicts, &mut reply);
    let count = |wanted: fn(&Verdict) -> bool| verdicts.iter().filter(|(_, verdict)| wanted(verdict)).count();
    let counts = Counts {
        events: verdicts.len(),
        accepted: count(|verdict| matches!(verdict, Verdict::Accepted)),
        duplicate: count(|verdict| matches!(verdict, Verdict::Duplicate)),
        invalid: count(|verdict| matches!(verdict, Verdict::Invalid(_))),
    };
    Ok((Extension(counts), [(header::CONTENT_TYPE, "application/json")], reply).into_response())
}

/// JSON, or plain text, which a page may send to another site without asking first; some senders name
/// no type at all.
fn check_media_type(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().unwrap_or("?");
    match value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "application/json" | "text/plain" => Ok(()),
        _ => Err(Error::UnsupportedMediaType),
    }
}

pub(super) async fn recent(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let project_id = auth::reader(&headers, &app.keys, &*app.store).await?;
    let mut params = Params::parse(query.as_deref());
    let recent = Recent {
        project_id,
        limit: params.whole("limit", 1..=1000, "a whole number from 1 to 1000")?.unwrap_or(100),
        event: params.take("event"),
        session_id: params.take("session_id"),
    };
    params.finish()?;
    Ok(recent::as_json(&*app.store, &recent).await?.into_response())
}
