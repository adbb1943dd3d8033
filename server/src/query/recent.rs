//! Recent events as JSON.

use axum::Json;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::store::{Recent, Store, StoreError, StoreResult, StoredEvent};

/// Events, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecentEvents {
    events: Vec<RecentEvent>,
}

/// An event as it is stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecentEvent {
    id: String,
    event: String,
    timestamp: String,
    /// Stripped of personal data.
    // As stored: JSON text, passed on as it is.
    #[schema(value_type = Object)]
    properties: Box<RawValue>,
    /// HMAC of the hashed user id: the same person, no name.
    user_id: Option<String>,
    session_id: Option<String>,
    source: String,
    seq: Option<i32>,
    #[schema(value_type = Object)]
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
