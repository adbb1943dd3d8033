//! `/v1/quarantine`: refused events that were kept, to look at, replay and drop.

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use pharos_model::EventId;

use super::{Shared, auth, body, error::Error, params::Params};
use crate::{
    ingest::replay::Changes,
    query::quarantine::{self, Replayed},
    store::Quarantined,
};

pub(super) async fn list(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let project_id = auth::reader(&headers, &app.keys, &*app.store).await?;
    let mut params = Params::parse(query.as_deref());
    let limit = params.whole("limit", 1..=1000, "a whole number from 1 to 1000")?.unwrap_or(100);
    let code = params.take("code");
    params.finish()?;
    let kept = app.store.quarantine(project_id, code.as_deref(), limit).await?;
    Ok(Json(quarantine::list(kept)?).into_response())
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let (_, kept) = find(&app, &id, &headers).await?;
    Ok(Json(quarantine::entry(kept)?).into_response())
}

pub(super) async fn drop_one(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Error> {
    let project_id = auth::reader(&headers, &app.keys, &*app.store).await?;
    let id = EventId::parse(&id).ok_or(Error::NotFound)?;
    let dropped = app.store.drop_quarantined(project_id, id).await?;
    if dropped { Ok(StatusCode::NO_CONTENT) } else { Err(Error::NotFound) }
}

/// The body, if there is one, holds the fields to change.
pub(super) async fn replay(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Error> {
    let (project_id, kept) = find(&app, &id, &headers).await?;
    let mut held = app.budget.hold();
    let changes = Changes::read(&body::read(&mut body, &headers, &app.limits, &mut held).await?)?;
    let replay = app.ingest.replay(&*app.store, project_id, &kept, &changes, held).await?;
    Ok(Json(Replayed::new(kept.id, &replay)).into_response())
}

async fn find(app: &Shared, id: &str, headers: &HeaderMap) -> Result<(i32, Quarantined), Error> {
    let project_id = auth::reader(headers, &app.keys, &*app.store).await?;
    let id = EventId::parse(id).ok_or(Error::NotFound)?;
    let kept = app.store.quarantined(project_id, id).await?.ok_or(Error::NotFound)?;
    Ok((project_id, kept))
}
