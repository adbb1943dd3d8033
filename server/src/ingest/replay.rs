//! Replaying what is in quarantine: the event kept, with what a person has changed of it, is judged and
//! written like any other. Its id follows from what is kept, so that it is stored once however often
//! it is replayed.

use std::collections::BTreeMap;

use pharos_model::{EventId, Judge, RawEvent, Refusal, Timestamp, pii::Rules, wire::Verdict};
use serde_json::value::RawValue;

use super::{
    Ingest, IngestError,
    budget::{Full, Held},
    writer::{Stored, Unavailable},
};
use crate::{
    clock,
    outcome::Tally,
    store::{Quarantined, Row, Store, StoreError},
};

/// Fields of an event that can be changed. Its id cannot: two replays with two ids would be two events.
pub const FIELDS: [&str; 6] = ["event", "timestamp", "properties", "user_id", "session_id", "seq"];

type Fields = BTreeMap<String, Box<RawValue>>;

/// What a person has changed of an event: each field given takes the place of the one kept, and `null`
/// removes it.
#[derive(Debug, Default)]
pub struct Changes(Fields);

/// Why changes were not understood.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// They are not a JSON object.
    #[error("expected a JSON object with the fields to change")]
    NotAnObject,
    /// This field is not one that can be changed.
    #[error("{0} cannot be changed; expected only event, timestamp, properties, user_id, session_id or seq")]
    Field(String),
}

impl Changes {
    /// Reads a JSON object with the fields to change; nothing at all changes nothing.
    ///
    /// # Errors
    /// When it is not an object, or names a field that cannot be changed.
    pub fn read(text: &[u8]) -> Result<Self, ChangesError> {
        if text.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let fields: Fields = serde_json::from_slice(text).map_err(|_| ChangesError::NotAnObject)?;
        match fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            Some(field) => Err(ChangesError::Field(field.clone())),
            None => Ok(Self(fields)),
        }
    }
}

/// What became of a replay.
#[derive(Debug)]
pub enum Replay {
    /// It was judged now, with this verdict; an event that is stored has an id.
    Now(Verdict, Option<EventId>),
    /// It was replayed before.
    Before {
        /// When.
        at: Timestamp,
        /// The id of the event it became.
        event_id: String,
    },
}

/// Why there is no telling what became of a replay. Trying again is safe.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It was not taken.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The quarantine could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Full> for ReplayError {
    fn from(full: Full) -> Self {
        Self::Ingest(full.into())
    }
}

impl From<Unavailable> for ReplayError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Ingest(unavailable.into())
    }
}

impl Ingest {
    /// Replays `kept`. What was received in time is not refused for its age now; it is counted, and
    /// stored, as received at the time of the replay.
    ///
    /// # Errors
    /// When it cannot be said what became of it.
    pub async fn replay(
        &self,
        store: &dyn Store,
        project_id: i32,
        rules: &Rules,
        kept: &Quarantined,
        changes: &Changes,
        mut held: Held,
    ) -> Result<Replay, ReplayError> {
        if let Some((at, event_id)) = &kept.replayed {
            return Ok(Replay::Before { at: *at, event_id: event_id.clone() });
        }
        let now = clock::now();
        let row = match self.judge_again(project_id, rules, kept, changes, now)? {
            Err(refusal) => return Ok(Replay::Now(Verdict::Invalid(refusal), None)),
            Ok(_) if !self.enabled => return Ok(Replay::Now(Verdict::Filtered("disabled"), None)),
            Ok(row) => row,
        };
        let event_id = row.id;
        held.grow(row.bytes())?;
        let stored = self.writer.submit(vec![row], Tally::default(), Vec::new(), held).await?;
        let verdict = match stored.first() {
            Some(Stored::New | Stored::Spooled) => Verdict::Accepted,
            Some(Stored::Known) => Verdict::Duplicate,
            // It is in quarantine again, or still.
            Some(Stored::Refused) | None => return Ok(Replay::Now(Verdict::Quarantined, None)),
        };
        // Another replay that comes first has stored the same event.
        store.mark_replayed(project_id, kept.id, event_id, now).await?;
        Ok(Replay::Now(verdict, Some(event_id)))
    }

    /// The row that `kept` becomes, or why it is refused again.
    fn judge_again(
        &self,
        project_id: i32,
        rules: &Rules,
        kept: &Quarantined,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<Result<Row, Refusal>, StoreError> {
        let damaged = |_| StoreError::BadData(format!("{} in quarantine is not JSON", kept.id));
        let event = if changes.0.is_empty() {
            kept.event.clone()
        } else {
            let mut fields: Fields = serde_json::from_str(&kept.event).map_err(damaged)?;
            fields.extend(changes.0.iter().map(|(field, value)| (field.clone(), value.clone())));
            fields.retain(|_, value| value.get() != "null");
            serde_json::to_string(&fields).map_err(damaged)?
        };
        let mut context: Fields = serde_json::from_str(&kept.context).map_err(damaged)?;
        let id = serde_json::value::to_raw_value(&kept.id.to_string()).map_err(damaged)?;
        context.insert("replayed_from".to_owned(), id);
        let context = serde_json::to_string(&context).map_err(damaged)?;

        let judge = Judge {
            received_at: kept.first_seen,
            // The time kept is corrected already.
            sent_at: None,
            rules,
            fallback_id: kept.id,
        };
        let judged = RawEvent::read(event.as_bytes()).and_then(|raw| raw.judge(&judge));
        Ok(judged.map(|event| {
            let user_id = if changes.0.contains_key("user_id") {
                event.user.map(|user| self.pepper.user_id(&user))
            } else {
                kept.user_id
            };
            let origin = (project_id, kept.source, now);
            super::decode::row(event, user_id, context.into(), origin)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_of_an_event_can_be_changed() {
        let read = |text: &str| Changes::read(text.as_bytes());
        assert!(read("").unwrap().0.is_empty());
        assert!(read(" \n").unwrap().0.is_empty());
        assert_eq!(read(r#"{"event":"a","user_id":null}"#).unwrap().0.len(), 2);
        for text in ["null", "[]", "\"event\"", "{", r#"{"event":1e}"#] {
            assert!(matches!(read(text), Err(ChangesError::NotAnObject)), "{text}");
        }
        for field in ["id", "evnt", "source"] {
            let text = format!(r#"{{"event":"a","{field}":"x"}}"#);
            assert!(matches!(read(&text), Err(ChangesError::Field(named)) if named == field));
        }
    }
}
