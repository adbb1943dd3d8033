//! Recent events as JSON.

use axum::Json;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::store::{Recent, Store, StoreError, StoreResult, StoredEvent};

/// The answer: events, newest first.
#[derive(Serialize)]
pub(crate) struct RecentEvents {
    events: Vec<RecentEvent>,
}

#[derive(Serialize)]
struct RecentEvent {
    id: String,
    event: String,
    timestamp: String,
    /// As stored: JSON text, passed on as it is.
    properties: Box<RawValue>,
    user_id: Option<String>,
    session_id: Option<String>,
    source: String,
    seq: Option<i32>,
    context: Box<RawValue>,
    created_at: String,
}

/// The recent events asked for.
pub(crate) async fn as_json(store: &dyn Store, recent: &Recent) -> StoreResult<Json<RecentEvents>> {
    let events = store.recent(recent).await?.into_iter().map(RecentEvent::try_from);
    Ok(Json(RecentEvents { events: events.collect::<StoreResult<_>>()? }))
}

impl TryFrom<StoredEvent> for RecentEvent {
    type Error = StoreError;

    fn try_from(event: StoredEvent) -> StoreResult<Self> {
        let json = |text, column| {
            RawValue::from_string(text).map_err(|_| {
                StoreError::BadData(format!("column {column} of event {} is not JSON", event.id))
            })
        };
        Ok(Self {
            id: event.id.to_string(),
            event: event.event,
            timestamp: event.timestamp.to_string(),
            properties: json(event.properties, "properties")?,
            user_id: event.user_id.map(|id| id.to_string()),
            session_id: event.session_id,
            source: event.source,
            seq: event.seq,
            context: json(event.context, "context")?,
            created_at: event.created_at.to_string(),
        })
    }
}
