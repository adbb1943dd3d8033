//! The quarantine: refused events, kept for a person to look at, repair and replay. What is the same
//! for both databases is here; adding to it, in the transaction of a flush, is each backend's own.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use pharos_model::{EventId, Source, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Row, Store, StoreError, StoreResult, random_id,
    sql::{Cell, Value},
};

/// Rows a project may have here: more than a person will ever read, few enough to list and count.
pub const ROWS_MAX: i64 = 10_000;

/// Bytes a project may have here: a flood of refused events must not fill the disk of those accepted.
pub const BYTES_MAX: i64 = 64 * 1024 * 1024;

/// The code of an event that is valid and that the database refuses all the same.
pub const NOT_STORABLE: &str = "not_storable";

/// Rows removed by one step of expiry.
const EXPIRE_ROWS: i64 = 1000;

/// Between two log lines that say the quarantine is full.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// A refused event about to be kept. Stripped of personal data.
#[derive(Debug, Clone)]
pub struct QuarantineRow {
    /// Its name here, and that of the event it may become if that has none of its own.
    pub id: Uuid,
    /// The project whose key sent it.
    pub project_id: i32,
    /// The same for refusals that differ in nothing but id, time and number in the session.
    pub hash: [u8; 16],
    /// Why it was refused.
    pub code: Cow<'static, str>,
    /// Where; no value.
    pub field: String,
    /// Which kind of key sent it.
    pub source: Source,
    /// JSON object text, as [`pharos_model::Salvaged::event`].
    pub event: String,
    /// JSON object text: what is known about the page and the sender.
    pub context: Arc<str>,
    /// The user's keyed id, which stands in no text.
    pub user_id: Option<Uuid>,
    /// When the server received the first like it.
    pub first_seen: Timestamp,
    /// When it received the last.
    pub last_seen: Timestamp,
    /// How many like it.
    pub count: u64,
}

/// Where a refused event comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// As [`QuarantineRow::project_id`].
    pub project_id: i32,
    /// As [`QuarantineRow::source`].
    pub source: Source,
    /// As [`QuarantineRow::context`].
    pub context: Arc<str>,
    /// As [`QuarantineRow::user_id`].
    pub user_id: Option<Uuid>,
    /// When the server received it.
    pub received_at: Timestamp,
}

impl QuarantineRow {
    /// One refused event. `content` is what of `event` makes it the same as another.
    pub fn new(code: &'static str, field: String, event: String, content: &str, origin: Origin) -> Self {
        let Origin { project_id, source, context, user_id, received_at } = origin;
        let mut digest = Sha256::new();
        for part in [code, &field, source.as_str(), content] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.update(user_id.map_or([0; 16], Uuid::into_bytes));
        let digest: [u8; 32] = digest.finalize().into();
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        Self {
            id: random_id(),
            project_id,
            hash,
            code: code.into(),
            field,
            source,
            event,
            context,
            user_id,
            first_seen: received_at,
            last_seen: received_at,
            count: 1,
        }
    }

    /// A valid event that the database refuses.
    pub fn of_row(row: &Row) -> Self {
        // Serialising a string cannot fail, and a name needs no escapes.
        let session_id = row.session_id.as_ref().and_then(|id| serde_json::to_string(id).ok());
        let session_id = session_id.map_or(String::new(), |id| format!(r#","session_id":{id}"#));
        let seq = row.seq.map_or(String::new(), |seq| format!(r#","seq":{seq}"#));
        let content = format!(r#","event":"{}"{session_id},"properties":{}}}"#, row.event, row.properties);
        let event = format!(r#"{{"id":"{}","timestamp":"{}"{seq}{content}"#, row.id, row.timestamp);
        let origin = Origin {
            project_id: row.project_id,
            source: row.source,
            context: row.context.clone(),
            user_id: row.user_id,
            received_at: row.created_at,
        };
        Self::new(NOT_STORABLE, String::new(), event, &content, origin)
    }

    /// Bytes of its texts: what [`BYTES_MAX`] and the queue's bound count.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.event.len() + self.field.len() + self.context.len()
    }

    /// Adds up those that are the same, and puts them in an order in which two writers that add the
    /// same ones cannot wait for one another.
    pub fn merge(mut rows: Vec<Self>) -> Vec<Self> {
        rows.sort_by_key(|row| (row.project_id, row.hash, row.first_seen));
        rows.dedup_by(|row, first| {
            let same = (row.project_id, row.hash) == (first.project_id, first.hash);
            if same {
                first.count += row.count;
                first.last_seen = first.last_seen.max(row.last_seen);
            }
            same
        });
        rows
    }
}

/// A refused event read back.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// As [`QuarantineRow::id`].
    pub id: EventId,
    /// As [`QuarantineRow::code`].
    pub code: String,
    /// As [`QuarantineRow::field`].
    pub field: String,
    /// As [`QuarantineRow::source`].
    pub source: Source,
    /// As [`QuarantineRow::event`].
    pub event: String,
    /// As [`QuarantineRow::context`].
    pub context: String,
    /// As [`QuarantineRow::user_id`].
    pub user_id: Option<Uuid>,
    /// As [`QuarantineRow::first_seen`].
    pub first_seen: Timestamp,
    /// As [`QuarantineRow::last_seen`].
    pub last_seen: Timestamp,
    /// As [`QuarantineRow::count`].
    pub count: i64,
    /// When it was replayed, and the id of the event it became.
    pub replayed: Option<(Timestamp, String)>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, field, source, event, context, user_id, first_seen_ms, last_seen_ms, count, \
             replayed_at_ms, replayed_as FROM quarantine ",
            $rest
        )
    };
}

impl dyn Store + '_ {
    /// What a project has in quarantine, the last seen first; of one `code` or of all.
    pub async fn quarantine(
        &self,
        project_id: i32,
        code: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<Quarantined>> {
        let sql = select!(
            "WHERE project_id = $1 AND ($2 = '' OR code = $2) ORDER BY last_seen_ms DESC, id DESC LIMIT $3"
        );
        let values =
            [Value::Int(project_id.into()), Value::Text(code.unwrap_or("")), Value::Int(limit.into())];
        self.select(sql, &values).await?.iter().map(|row| read(row)).collect()
    }

    /// One of them.
    pub async fn quarantined(&self, project_id: i32, id: EventId) -> StoreResult<Option<Quarantined>> {
        let id = id.to_string();
        let rows = self
            .select(
                select!("WHERE project_id = $1 AND id = $2"),
                &[Value::Int(project_id.into()), Value::Text(&id)],
            )
            .await?;
        rows.first().map(|row| read(row)).transpose()
    }

    /// The ids of those that were not replayed yet, the first seen first; of one `code` or of all.
    pub async fn quarantine_open(&self, project_id: i32, code: Option<&str>) -> StoreResult<Vec<EventId>> {
        let sql = "SELECT id FROM quarantine \
             WHERE project_id = $1 AND ($2 = '' OR code = $2) AND replayed_at_ms IS NULL \
             ORDER BY first_seen_ms, id";
        let values = [Value::Int(project_id.into()), Value::Text(code.unwrap_or(""))];
        let rows = self.select(sql, &values).await?;
        rows.iter()
            .map(|row| row.first().and_then(|id| EventId::parse(id.text())).ok_or_else(damaged))
            .collect()
    }

    /// Notes that one was replayed; `false` if it is gone or was replayed before.
    pub async fn mark_replayed(
        &self,
        project_id: i32,
        id: EventId,
        replayed_as: EventId,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let sql = "UPDATE quarantine SET replayed_at_ms = $4, replayed_as = $3 \
             WHERE project_id = $1 AND id = $2 AND replayed_at_ms IS NULL";
        let (id, replayed_as) = (id.to_string(), replayed_as.to_string());
        let values = [
            Value::Int(project_id.into()),
            Value::Text(&id),
            Value::Text(&replayed_as),
            Value::Int(now.unix_ms()),
        ];
        Ok(self.execute(&[(sql, &values)]).await? == 1)
    }

    /// Removes one; `false` if there is none of this id.
    pub async fn drop_quarantined(&self, project_id: i32, id: EventId) -> StoreResult<bool> {
        let id = id.to_string();
        let sql = "DELETE FROM quarantine WHERE project_id = $1 AND id = $2";
        Ok(self.execute(&[(sql, &[Value::Int(project_id.into()), Value::Text(&id)])]).await? == 1)
    }

    /// Removes all of a project, or all of one `code`. Returns how many.
    pub async fn drop_quarantine(&self, project_id: i32, code: Option<&str>) -> StoreResult<u64> {
        let sql = "DELETE FROM quarantine WHERE project_id = $1 AND ($2 = '' OR code = $2)";
        self.execute(&[(sql, &[Value::Int(project_id.into()), Value::Text(code.unwrap_or(""))])]).await
    }

    /// Removes some of what was last seen before `cutoff`, in a short step. Returns how many; 0 means
    /// that there are no more.
    pub async fn expire_quarantine(&self, cutoff: Timestamp) -> StoreResult<u64> {
        let sql = "DELETE FROM quarantine WHERE id IN \
             (SELECT id FROM quarantine WHERE last_seen_ms < $1 LIMIT $2)";
        self.execute(&[(sql, &[Value::Int(cutoff.unix_ms()), Value::Int(EXPIRE_ROWS)])]).await
    }
}

fn damaged() -> StoreError {
    StoreError::BadData("table quarantine holds a row that is damaged".to_owned())
}

fn read(row: &[Cell]) -> StoreResult<Quarantined> {
    let read = |row: &[Cell]| {
        let [
            id,
            code,
            field,
            source,
            event,
            context,
            user_id,
            first_seen,
            last_seen,
            count,
            replayed_at,
            as_id,
        ] = row
        else {
            return None;
        };
        let moment = |cell: &Cell| Timestamp::from_unix_ms(cell.int());
        let user_id = match user_id {
            Cell::Null => None,
            cell => Some(Uuid::parse_str(cell.text()).ok()?),
        };
        Some(Quarantined {
            id: EventId::parse(id.text())?,
            code: code.text().to_owned(),
            field: field.text().to_owned(),
            source: [Source::Client, Source::Server].into_iter().find(|s| s.as_str() == source.text())?,
            event: event.text().to_owned(),
            context: context.text().to_owned(),
            user_id,
            first_seen: moment(first_seen),
            last_seen: moment(last_seen),
            count: count.int(),
            replayed: (*replayed_at != Cell::Null).then(|| (moment(replayed_at), as_id.text().to_owned())),
        })
    };
    read(row).ok_or_else(damaged)
}

/// Says now and then how many refused events were counted but not kept.
#[derive(Debug, Default)]
pub(super) struct NotKept {
    count: AtomicU64,
    warned_at: Mutex<Option<Instant>>,
}

impl NotKept {
    pub(super) fn add(&self, count: u64) {
        if count == 0 {
            return;
        }
        self.count.fetch_add(count, Ordering::Relaxed);
        let mut warned_at = self.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            *warned_at = Some(Instant::now());
            let kinds = self.count.swap(0, Ordering::Relaxed);
            tracing::warn!(
                kinds,
                "the quarantine of a project is full: refused events are counted, not kept"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(project_id: i32, content: &str, user_id: Option<Uuid>, at_ms: i64) -> QuarantineRow {
        let origin = Origin {
            project_id,
            source: Source::Client,
            context: "{}".into(),
            user_id,
            received_at: Timestamp::from_unix_ms(at_ms),
        };
        QuarantineRow::new("wrong_type", "event".to_owned(), content.to_owned(), content, origin)
    }

    #[test]
    fn the_same_refusals_add_up_and_others_stay_apart() {
        let user = Some(Uuid::from_u128(7));
        let rows = vec![
            row(1, "a", None, 30),
            row(2, "a", None, 10),
            row(1, "a", None, 20),
            row(1, "b", None, 5),
            row(1, "a", user, 40),
            row(1, "a", None, 25),
        ];
        let merged = QuarantineRow::merge(rows);
        assert_eq!(merged.len(), 4);
        assert!(merged.is_sorted_by_key(|row| (row.project_id, row.hash)));
        let three = merged.iter().find(|row| row.count == 3).unwrap();
        assert_eq!((three.first_seen.unix_ms(), three.last_seen.unix_ms()), (20, 30));
    }
}
