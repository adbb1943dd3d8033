//! The only door to a database. Two backends stand behind one contract: PostgreSQL for production,
//! SQLite when nothing is set up; `server/tests/store.rs` runs the contract on both. Nothing outside
//! this module knows SQL, and nothing in here knows HTTP.
//!
//! Asking for the events of a session or a user: compare the column with one value, `session_id = $1`,
//! and bound the time where it is known. On PostgreSQL Bloom filters and, on days that are over, B-trees
//! find the rows; a bound on `id` ([`EventId::v7`] of a moment, a day before and after) leaves out whole
//! partitions. On SQLite write `rowid IN (SELECT rowid FROM telemetry_events WHERE session_id = $1 AND
//! created_at >= $2)`: that reads the index on the time of receipt alone, which holds both columns.

mod accounts;
pub mod alerts;
pub mod checks;
mod counted;
mod counts;
pub mod delivery;
mod erasures;
pub mod export;
pub mod given_up;
mod leases;
mod migrations;
pub mod outbox;
mod postgres;
mod projects;
pub mod quarantine;
pub mod questions;
pub mod rebuild;
pub mod rollup;
pub mod spool;
mod sql;
mod sqlite;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pharos_model::{EventId, Source, Timestamp};
use uuid::Uuid;

pub use accounts::{ApiKey, KeyKind, NewKey};
pub use erasures::Erasure;
pub use projects::Project;
pub use quarantine::{QuarantineRow, Quarantined};

use self::rollup::{BucketSketches, Names, Numbers, Span};

use crate::{
    clock,
    config::{Config, Database},
    identity::random_bytes,
    outcome::OutcomeCount,
};

/// One event as it is stored: valid, stripped and enriched.
#[derive(Debug, Clone)]
pub struct Row {
    /// Identity: an event is stored once for each id.
    pub id: EventId,
    /// The project whose key sent it.
    pub project_id: i32,
    /// Name.
    pub event: String,
    /// When it happened, corrected for the sender's clock.
    pub timestamp: Timestamp,
    /// JSON object text.
    pub properties: String,
    /// The user's keyed id.
    pub user_id: Option<Uuid>,
    /// The sender's session.
    pub session_id: Option<String>,
    /// Which kind of key sent it.
    pub source: Source,
    /// Number of the event in its session.
    pub seq: Option<i32>,
    /// JSON object text: what is known about the page and the sender. Shared by a batch.
    pub context: Arc<str>,
    /// When the server received it.
    pub created_at: Timestamp,
}

/// What an allocator adds to the three texts of a row.
const ALLOCATIONS_BYTES: usize = 48;

impl Row {
    /// Bytes this row holds in memory, roughly: what the queue's bound counts.
    pub fn bytes(&self) -> usize {
        let session_bytes = self.session_id.as_ref().map_or(0, String::len);
        size_of::<Self>() + self.event.len() + self.properties.len() + session_bytes + ALLOCATIONS_BYTES
    }
}

/// What one transaction writes. The outcomes of the rows themselves (accepted, or duplicate where the id
/// is known) and the rollups are counted by the store, which alone knows which ids were new.
#[derive(Debug, Clone, Copy)]
pub struct Flush<'a> {
    /// By which the store knows this flush again: written twice, it takes effect once, counts included.
    pub mark: Mark,
    /// New events, in the order received; ids may repeat.
    pub rows: &'a [Row],
    /// Outcomes that were decided before: of events that made no row.
    pub outcomes: &'a [OutcomeCount],
    /// Refused events to be kept, as [`QuarantineRow::merge`] leaves them. Where the quarantine is full,
    /// those that are new to it are not kept.
    pub quarantine: &'a [QuarantineRow],
}

/// The name of a flush. A writer's flushes follow one another, and the store remembers the last one of
/// each writer: a writer that is not sure of a flush gives it away, mark and all, and goes on under a
/// new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Who writes.
    pub writer: Uuid,
    /// What is written.
    pub flush: Uuid,
}

impl Mark {
    /// The first mark of a new writer.
    pub fn new() -> Self {
        Self { writer: random_id(), flush: random_id() }
    }

    /// The mark of the same writer's next flush.
    #[must_use]
    pub fn next(self) -> Self {
        Self { flush: random_id(), ..self }
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn random_id() -> Uuid {
    EventId::v7(clock::now().unix_ms(), random_bytes()).as_uuid()
}

/// Which outcomes are asked for.
#[derive(Debug, Clone, Copy)]
pub struct OutcomeRange {
    /// Only this project's.
    pub project_id: i32,
    /// From this hour on.
    pub start: Timestamp,
    /// Up to, and without, this moment.
    pub end: Timestamp,
}

/// A sum read back from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeSum {
    /// Start of the hour of receipt.
    pub hour: Timestamp,
    /// See [`Outcome::as_str`](crate::outcome::Outcome::as_str).
    pub outcome: String,
    /// See [`Outcome::reason`](crate::outcome::Outcome::reason).
    pub reason: String,
    /// How many events.
    pub count: i64,
}

/// How much of one kind of personal data was stripped in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactionSum {
    /// Start of the hour of receipt.
    pub hour: Timestamp,
    /// `page` or `server`: where.
    pub side: String,
    /// See [`Kind::as_str`](pharos_model::pii::Kind::as_str).
    pub kind: String,
    /// How often.
    pub count: i64,
}

/// An event read back.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// As [`Row::id`].
    pub id: Uuid,
    /// As [`Row::event`].
    pub event: String,
    /// As [`Row::timestamp`].
    pub timestamp: Timestamp,
    /// As [`Row::properties`].
    pub properties: String,
    /// As [`Row::user_id`].
    pub user_id: Option<Uuid>,
    /// As [`Row::session_id`].
    pub session_id: Option<String>,
    /// `client` or `server`.
    pub source: String,
    /// As [`Row::seq`].
    pub seq: Option<i32>,
    /// As [`Row::context`].
    pub context: String,
    /// As [`Row::created_at`].
    pub created_at: Timestamp,
}

impl From<&Row> for StoredEvent {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id.as_uuid(),
            event: row.event.clone(),
            timestamp: row.timestamp,
            properties: row.properties.clone(),
            user_id: row.user_id,
            session_id: row.session_id.clone(),
            source: row.source.as_str().to_owned(),
            seq: row.seq,
            context: row.context.to_string(),
            created_at: row.created_at,
        }
    }
}

/// Which recent events are asked for.
#[derive(Debug, Clone)]
pub struct Recent {
    /// Only this project's.
    pub project_id: i32,
    /// Only events of this name.
    pub event: Option<String>,
    /// Only events of this session.
    pub session_id: Option<String>,
    /// Only events of a user with one of these keyed ids; of anybody if there are none.
    pub user_ids: Vec<Uuid>,
    /// At most this many.
    pub limit: u32,
}

/// What a step of adding up left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compacted {
    /// Nothing but what was appended while it worked. However little that is, another step writes as many
    /// buckets as this one did, so it is better left to gather.
    Done,
    /// It took all that a step may: there may be more.
    More,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is too slow, or fails in a way that is not the data's fault.
    /// Trying again later is right.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database does not let us in, or does not exist. Trying again is useless until a person helps.
    #[error("the database does not let us in: {0}")]
    Forbidden(String),
    /// The database refuses a value it was given. Trying again is useless.
    #[error("the database refuses the data: {0}")]
    BadData(String),
}

impl StoreError {
    /// The database was away a moment ago and was not asked again.
    pub fn away() -> Self {
        Self::Unavailable("it was away a moment ago".to_owned())
    }
}

/// A result of the store.
pub type StoreResult<T> = Result<T, StoreError>;

/// What every backend does. All of it gives up after the configured store timeout.
#[async_trait]
pub trait Store: sql::Sql + Send + Sync {
    /// Transactions it is worth running side by side.
    fn writers(&self) -> usize;

    /// Brings the schema up to date, under a lock that keeps other processes waiting. May take longer
    /// than the store timeout.
    async fn migrate(&self) -> StoreResult<()>;

    /// Answers when the database does.
    async fn ping(&self) -> StoreResult<()>;

    /// Writes a flush in one transaction and returns the ids that were new, each once; none if a flush
    /// of this mark was written before. On `Ok` it is on disk; on `Err` it may be there all the same, if
    /// the connection broke at the wrong moment.
    async fn write(&self, flush: Flush<'_>) -> StoreResult<Vec<Uuid>>;

    /// Recent events, newest first by time of receipt, then id.
    async fn recent(&self, recent: &Recent) -> StoreResult<Vec<StoredEvent>>;

    /// The ledger's sums for each hour, outcome and reason, in that order.
    async fn outcomes(&self, range: &OutcomeRange) -> StoreResult<Vec<OutcomeSum>>;

    /// What was stripped, for each hour, side and kind, in that order.
    async fn redactions(&self, range: &OutcomeRange) -> StoreResult<Vec<RedactionSum>>;

    /// Adds up some of the counts that writers have appended, and folds who was there into sketches, in
    /// a step short enough not to hold them up.
    async fn compact(&self) -> StoreResult<Compacted>;

    /// Reads buckets of rollups, what is not folded into them yet, and the versions of days newer than
    /// `version`, all as of one moment.
    async fn rollup_numbers(
        &self,
        project_id: i32,
        parts: &[(Span, Names)],
        version: i64,
    ) -> StoreResult<Numbers>;

    /// Reads the sketches of buckets; those of sessions if `sessions` asks for them.
    async fn rollup_sketches(
        &self,
        project_id: i32,
        spans: &[Span],
        names: &Names,
        sessions: bool,
    ) -> StoreResult<Vec<BucketSketches>>;

    /// Makes the rollups of an hour, which begins at minute `start` since 1970, again from the events. Writers may
    /// write meanwhile, of the same hour too. Returns how many events it has. May take longer than the store
    /// timeout.
    async fn rebuild_hour(&self, project_id: i32, start: i64) -> StoreResult<u64>;

    /// Makes the rollups of a day again from those of its hours.
    async fn rebuild_day(&self, project_id: i32, start: i64) -> StoreResult<()>;

    /// Forgets the marks of writers that wrote nothing since `cutoff`.
    async fn forget_marks(&self, cutoff: Timestamp) -> StoreResult<()>;

    /// Makes room for the events of the coming days. Returns how many places were made.
    async fn make_room(&self, now: Timestamp) -> StoreResult<usize>;

    /// Brings indexes up to date that writers do not keep so, and builds at most one that a day which is
    /// over lacks. May take longer than the store timeout. Returns how many it built.
    async fn tend_indexes(&self, now: Timestamp) -> StoreResult<u64>;

    /// Removes some of what was received before `cutoff`, in a step short enough not to hold up
    /// writers. Returns how much it removed; 0 means that there is no more.
    async fn expire(&self, cutoff: Timestamp) -> StoreResult<u64>;

    /// Closes every connection, those in use when they are done.
    async fn close(&self);
}

/// Opens the configured store. The database need not be there yet: see [`Store::ping`].
///
/// # Errors
/// When the SQLite file cannot be opened or the address cannot be used.
pub async fn open(config: &Config) -> StoreResult<Arc<dyn Store>> {
    Ok(match &config.database {
        Database::Sqlite(path) => {
            Arc::new(sqlite::SqliteStore::open(path, &config.limits, config.destinations.rules()).await?)
        }
        Database::Postgres(url) => {
            Arc::new(postgres::PostgresStore::open(url, &config.limits, config.destinations.rules())?)
        }
    })
}

/// Gives `work` at most `timeout`.
async fn within<T>(timeout: Duration, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    let late = || StoreError::Unavailable(format!("no answer within {} ms", timeout.as_millis()));
    tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(late()))
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
