//! The quarantine as JSON.

use pharos_model::{EventId, wire::Verdict};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    ingest::replay::Replay,
    store::{Quarantined, StoreError, StoreResult},
};

/// What is in quarantine, the last seen first.
#[derive(Serialize, ToSchema)]
#[schema(as = Quarantine)]
pub(crate) struct List {
    quarantine: Vec<Entry>,
}

/// A refused event that was kept.
#[derive(Serialize, ToSchema)]
#[schema(as = QuarantinedEvent)]
pub(crate) struct Entry {
    id: String,
    code: String,
    field: String,
    source: &'static str,
    /// As kept: JSON text, passed on as it is.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    #[schema(value_type = Object)]
    context: Box<RawValue>,
    user_id: Option<String>,
    first_seen: String,
    last_seen: String,
    /// How many like it were refused. The event is the first of them.
    count: i64,
    replayed_at: Option<String>,
    replayed_as: Option<String>,
}

/// What became of a replay. A verdict `duplicate` says that the event was stored before.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    id: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(crate) fn list(kept: Vec<Quarantined>) -> StoreResult<List> {
    Ok(List { quarantine: kept.into_iter().map(entry).collect::<StoreResult<_>>()? })
}

pub(crate) fn entry(kept: Quarantined) -> StoreResult<Entry> {
    let json = |text| {
        RawValue::from_string(text)
            .map_err(|_| StoreError::BadData(format!("{} in quarantine is not JSON", kept.id)))
    };
    let (replayed_at, replayed_as) = kept.replayed.unzip();
    Ok(Entry {
        id: kept.id.to_string(),
        event: json(kept.event)?,
        context: json(kept.context)?,
        code: kept.code,
        field: kept.field,
        source: kept.source.as_str(),
        user_id: kept.user_id.map(|id| id.to_string()),
        first_seen: kept.first_seen.to_string(),
        last_seen: kept.last_seen.to_string(),
        count: kept.count,
        replayed_at: replayed_at.map(|at| at.to_string()),
        replayed_as,
    })
}

impl Replayed {
    pub(crate) fn new(id: EventId, replay: &Replay) -> Self {
        let mut said = Self {
            id: id.to_string(),
            verdict: Verdict::Duplicate.as_str(),
            event_id: None,
            replayed_at: None,
            code: None,
            field: None,
            detail: None,
            reason: None,
        };
        match replay {
            Replay::Before { at, event_id } => {
                said.event_id = Some(event_id.clone());
                said.replayed_at = Some(at.to_string());
            }
            Replay::Now(verdict, event_id) => {
                said.verdict = verdict.as_str();
                said.event_id = event_id.map(|id| id.to_string());
                match verdict {
                    Verdict::Invalid(refusal) => {
                        said.code = Some(refusal.code.as_str());
                        said.field = Some(refusal.field.clone());
                        said.detail = Some(format!("expected {}", refusal.code.expected()));
                    }
                    Verdict::Filtered(reason) => said.reason = Some(reason),
                    _ => {}
                }
            }
        }
        said
    }
}
