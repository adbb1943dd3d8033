//! `POST /v1/events`: a batch in, verdicts out. `GET /v1/events`: recent events.

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use pharos_model::wire::{RawBatch, Verdict, write_reply};

use super::{
    App, Shared,
    access::{self, Caller, bearer},
    body::{self, Encoding},
    error::{Error, Problem},
    keys::Access,
    log::Counts,
    openapi::wire::{self, Batch},
    params::Params,
    peer::Peer,
};
use crate::{
    clock,
    identity::SECRET_PREFIX,
    ingest::{enrich::Sender, heavy},
    outcome::Outcome,
    query::recent,
    rate_limit::Who,
    scope::Scope,
    store::{KeyKind, Recent},
};

/// Stores a batch of events and answers a verdict for each, after the commit.
///
/// The key stands in the body, in `?key=` or in `Authorization`. One bad event costs its neighbours nothing;
/// an id that is stored already is a `duplicate`. The body may be gzip, by header or by its first bytes.
#[utoipa::path(post, path = "/v1/events", tag = "events", operation_id = "send_events",
    security(("ingest_key" = []), ("secret_key" = [])),
    params(("key" = Option<String>, Query, description = "The project's key")),
    request_body(content = Batch, description = "`text/plain` will do too: a page may send it to another site unasked",
        example = json!({ "key": "pk_...", "sent_at": "2026-11-23T12:00:05.000Z",
            "sdk": { "name": "pharos-telemetry", "version": "0.1.0" },
            "context": { "page_url": "https://shop.example/cart" }, "dropped": { "queue_full": 2 },
            "events": [{ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "event": "add_to_cart",
                "timestamp": "2026-11-23T12:00:00.000Z", "properties": { "sku": "USB-C-7", "price": 39.9 },
                "user_id": "user-42", "session_id": "019ab2c3-0000-7000-8000-000000000000", "seq": 7 }] })),
    responses(
        (status = 200, description = "A verdict for each event, in the order sent", body = wire::Reply,
            example = json!({ "accepted": 1, "duplicate": 0, "invalid": 1, "filtered": 0, "quarantined": 0, "retry": 0,
                "verdicts": [{ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "verdict": "accepted" },
                    { "id": null, "verdict": "invalid", "code": "invalid_event_name", "field": "event",
                      "detail": "expected 1 to 100 characters of a-z and _" }] })),
        (status = 413, description = "The batch is too large", body = Problem<'static>,
            content_type = "application/problem+json",
            example = json!({ "type": "urn:pharos:problem:too_many_events", "title": "The batch has too many events",
                "status": 413, "code": "too_many_events", "detail": "expected at most 500 events" })),
        (status = 503, description = "Nothing was acknowledged; send it again after `Retry-After` seconds",
            body = Problem<'static>, content_type = "application/problem+json",
            example = json!({ "type": "urn:pharos:problem:overloaded", "title": "The server has too much to do",
                "status": 503, "code": "overloaded",
                "detail": "nothing was acknowledged; send it again after Retry-After seconds" }))))]
pub(super) async fn receive(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Result<Response, Error> {
    let (head, mut body) = request.into_parts();
    let received = take(&app, peer, head.uri.query(), &head.headers, &mut body).await;
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
    if query_key.as_ref().is_some_and(|key| key.starts_with(SECRET_PREFIX)) {
        return Err(Error::SecretKeyInUrl);
    }
    let access = match bearer(headers).or(query_key.as_deref()) {
        Some(key) => Some(writer(app, key, headers).await?),
        None => None,
    };

    let mut held = app.budget.hold();
    let body = body::read(body, headers, &app.limits, &mut held).await?;
    let text = body::decode(body, encoding, &mut held)?;
    let batch = heavy(text.len(), || RawBatch::read(&text))?;
    let access = match (access, &batch.key) {
        (Some(access), _) => access,
        (None, Some(key)) => writer(app, key, headers).await?,
        (None, None) => return Err(Error::MissingKey),
    };

    let ip = peer.client_ip(headers, &app.trusted_proxies);
    let events = u32::try_from(batch.events.len()).unwrap_or(u32::MAX);
    if let Err(refused) = access::take(app, Who::at(ip), Some(&access), Some(events)) {
        let outcome = Outcome::Refused("rate_limited");
        app.refused.add(access.project_id, received_at, outcome, events.into());
        return Err(refused);
    }
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let gpc = headers.get("sec-gpc").is_some_and(|value| value == "1");
    let sender = Sender {
        project_id: access.project_id,
        source: access.source(),
        rules: &access.policy.rules,
        ip,
        user_agent,
        gpc,
    };
    let judged = app.ingest.judge(&batch, &sender, received_at);
    // The largest part of the request's memory: it need not wait for the commit.
    drop(batch);
    drop(text);
    let verdicts = app.ingest.store(judged, held).await?;

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

/// What the owner of `key` may write: a server with the scope for it anything, a page only what it sends from
/// an origin of the project's list. Programs that are no pages name no origin.
async fn writer(app: &App, key: &str, headers: &HeaderMap) -> Result<Access, Error> {
    let access = app.keys.find(key).await?;
    if !access.may(Scope::Ingest) {
        return Err(Error::ForbiddenKey);
    }
    if access.kind == KeyKind::Ingest
        && let Some(origin) = headers.get(header::ORIGIN)
    {
        let origin = origin.to_str().unwrap_or("null");
        // This server's own pages are the project's; a browser says truly which host it asked.
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
        if !is_own && !access.policy.origins.allow(origin) {
            return Err(Error::ForbiddenOrigin);
        }
    }
    Ok(access)
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

/// Recent events, newest first by time of receipt.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "recent_events",
    security(("secret_key" = []), ("session" = [])),
    params(
        ("limit" = Option<u32>, Query, description = "At most so many", minimum = 1, maximum = 1000),
        ("event" = Option<String>, Query, description = "Only events of this name"),
        ("session_id" = Option<String>, Query, description = "Only events of this session"),
        ("user_id" = Option<String>, Query,
            description = "Only events of this user: the id as it was sent, hashed or not, or as it is stored")),
    responses((status = 200, description = "The events", body = recent::RecentEvents,
        example = json!({ "events": [{ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "event": "add_to_cart",
            "timestamp": "2026-11-23T12:00:00.000Z", "properties": { "sku": "USB-C-7", "price": 39.9 },
            "user_id": "5f0c6f0e-6f5e-8c1a-9d1b-0c4f6b1d2e3a", "session_id": "019ab2c3-0000-7000-8000-000000000000",
            "source": "client", "seq": 7, "context": { "page_url": "https://shop.example/cart", "browser": "Firefox" },
            "created_at": "2026-11-23T12:00:00.320Z" }] }))))]
pub(super) async fn recent(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    caller: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let recent = Recent {
        project_id: caller.project_id,
        limit: params.limit(100)?,
        event: params.take("event"),
        session_id: params.take("session_id"),
        user_ids: params.take("user_id").map_or(Vec::new(), |id| app.peppers.user_ids(&id)),
    };
    params.finish()?;
    Ok(recent::as_json(&*app.store, &recent).await?.into_response())
}
