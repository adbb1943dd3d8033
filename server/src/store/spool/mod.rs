//! The spool: flushes that the database could not take, on the local disk, in order. An SQLite file of
//! its own with full sync, so that what was acknowledged survives the process and the power; bounded in
//! bytes, because a disk is. It knows nothing of the database the flushes are meant for.

mod content;

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use pharos_model::Timestamp;
use sqlx::{
    ConnectOptions, Row as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Flush, Mark, QuarantineRow, Row, sqlite::one_writer};
use crate::{clock, outcome::OutcomeCount};

/// `pharos spool` may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A flush that waits for the database.
#[derive(Debug, Clone)]
pub struct Spooled {
    /// Place in the order; grows.
    pub position: i64,
    /// The flush's name, kept from the first attempt to write it.
    pub mark: Mark,
    /// Its events.
    pub rows: Vec<Row>,
    /// Its outcomes of events that made no row.
    pub outcomes: Vec<OutcomeCount>,
    /// What is kept of refused events.
    pub quarantine: Vec<QuarantineRow>,
}

impl Spooled {
    /// The flush, to be written.
    pub fn flush(&self) -> Flush<'_> {
        Flush { mark: self.mark, rows: &self.rows, outcomes: &self.outcomes, quarantine: &self.quarantine }
    }
}

/// What the spool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// Flushes.
    pub flushes: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// When the first of them was spooled.
    pub oldest: Option<Timestamp>,
}

/// Why the spool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// It would grow past its bound.
    #[error("the spool is full")]
    Full,
    /// The file cannot be used: the disk is full or failing, or the file is damaged.
    #[error("the spool {path} cannot be used: {reason}")]
    Failed {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

type SpoolResult<T> = Result<T, SpoolError>;

/// A spool file.
#[derive(Debug)]
pub struct Spool {
    pool: SqlitePool,
    path: PathBuf,
    bytes_max: u64,
    /// Bytes it holds. Another process may be draining it, so this can be too high, never too low.
    bytes: AtomicU64,
    /// Held while the file and `bytes` change together.
    changing: Mutex<()>,
}

const SCHEMA: &str = "\
    CREATE TABLE IF NOT EXISTS spooled ( \
        position      INTEGER PRIMARY KEY AUTOINCREMENT, \
        writer        TEXT    NOT NULL, \
        flush         TEXT    NOT NULL, \
        spooled_at_ms INTEGER NOT NULL, \
        events        INTEGER NOT NULL, \
        bytes         INTEGER NOT NULL, \
        content       TEXT    NOT NULL \
    )";

impl Spool {
    /// Opens the file at `path`, or makes it, and checks it. It takes at most `bytes_max` bytes of events.
    ///
    /// # Errors
    /// When it cannot be opened or is damaged.
    pub async fn open(path: &Path, bytes_max: u64) -> SpoolResult<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is in the spool has been acknowledged: it is on the disk, not on its way there.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let failed = |error: sqlx::Error| failed(path, error.to_string());
        let pool = one_writer().connect_with(options).await.map_err(failed)?;
        let spool = Self {
            pool,
            path: path.to_owned(),
            bytes_max,
            bytes: AtomicU64::new(0),
            changing: Mutex::default(),
        };
        spool.pragma_check("PRAGMA quick_check(1)").await?;
        sqlx::query(SCHEMA).execute(&spool.pool).await.map_err(failed)?;
        spool.recount().await?;
        Ok(spool)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) == 0
    }

    /// Adds `flushes` at the end, all or none. On `Ok` they are on the disk.
    ///
    /// # Errors
    /// When they do not fit or cannot be written.
    pub async fn append(&self, flushes: &[Flush<'_>]) -> SpoolResult<()> {
        let flushes: Vec<_> =
            flushes.iter().map(|flush| (flush.mark, flush.rows.len(), content::write(flush))).collect();
        let bytes = flushes.iter().map(|(_, _, content)| content.len() as u64).sum::<u64>();
        let _changing = self.changing.lock().await;
        if self.bytes.load(Ordering::Relaxed) + bytes > self.bytes_max {
            return Err(SpoolError::Full);
        }
        let done = async {
            let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            for (mark, events, content) in &flushes {
                insert(&mut transaction, *mark, *events, content).await?;
            }
            transaction.commit().await
        };
        done.await.map_err(|error| self.failed(&error))?;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// The flush that waits longest.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn first(&self) -> SpoolResult<Option<Spooled>> {
        let row =
            sqlx::query("SELECT position, writer, flush, content FROM spooled ORDER BY position LIMIT 1")
                .fetch_optional(&self.pool)
                .await
                .map_err(|error| self.failed(&error))?;
        let Some(row) = row else { return Ok(None) };
        let text = |index: usize| row.try_get::<&str, _>(index).map_err(|error| self.failed(&error));
        let damaged = || failed(&self.path, "a flush in it is damaged".to_owned());
        let uuid = |text: &str| Uuid::parse_str(text).map_err(|_| damaged());
        let (rows, outcomes, quarantine) = content::read(text(3)?).ok_or_else(damaged)?;
        Ok(Some(Spooled {
            position: row.try_get(0).map_err(|error| self.failed(&error))?,
            mark: Mark { writer: uuid(text(1)?)?, flush: uuid(text(2)?)? },
            rows,
            outcomes,
            quarantine,
        }))
    }

    /// Removes a flush that is in the database, or puts others in its stead, at the end.
    ///
    /// # Errors
    /// When the file cannot be written; the flush is then still there.
    pub async fn replace(&self, position: i64, instead: &[Flush<'_>]) -> SpoolResult<()> {
        let _changing = self.changing.lock().await;
        let done = async {
            let mut change: i64 = 0;
            let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            let removed: Option<i64> =
                sqlx::query_scalar("DELETE FROM spooled WHERE position = $1 RETURNING bytes")
                    .bind(position)
                    .fetch_optional(&mut *transaction)
                    .await?;
            // If another process has drained it meanwhile, it has also put the others in its stead.
            if let Some(bytes) = removed {
                change -= bytes;
                for flush in instead {
                    let content = content::write(flush);
                    change += number(content.len());
                    insert(&mut transaction, flush.mark, flush.rows.len(), &content).await?;
                }
            }
            transaction.commit().await?;
            Ok(change)
        };
        let change = done.await.map_err(|error| self.failed(&error))?;
        let changed = |bytes: u64| Some(bytes.saturating_add_signed(change));
        // The closure always gives a value.
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed);
        Ok(())
    }

    /// Notices what another process has drained.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn recount(&self) -> SpoolResult<()> {
        let _changing = self.changing.lock().await;
        self.bytes.store(self.holds().await?.bytes, Ordering::Relaxed);
        Ok(())
    }

    /// What it holds now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn holds(&self) -> SpoolResult<Holds> {
        let read = async {
            let row = sqlx::query(
                "SELECT count(*), coalesce(sum(events), 0), coalesce(sum(bytes), 0), min(spooled_at_ms) \
                 FROM spooled",
            )
            .fetch_one(&self.pool)
            .await?;
            let number = |index: usize| row.try_get::<i64, _>(index).map(i64::unsigned_abs);
            let oldest = row.try_get::<Option<i64>, _>(3)?.map(Timestamp::from_unix_ms);
            Ok(Holds { flushes: number(0)?, events: number(1)?, bytes: number(2)?, oldest })
        };
        let holds = read.await.map_err(|error| self.failed(&error))?;
        Ok(holds)
    }

    /// Looks at every page of the file and reads every flush in it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn check(&self) -> SpoolResult<Holds> {
        self.pragma_check("PRAGMA integrity_check(1)").await?;
        let mut after = 0;
        loop {
            let next: Option<(i64, String)> = sqlx::query_as(
                "SELECT position, content FROM spooled WHERE position > $1 ORDER BY position LIMIT 1",
            )
            .bind(after)
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.failed(&error))?;
            let Some((position, text)) = next else { return self.holds().await };
            if content::read(&text).is_none() {
                return Err(failed(&self.path, format!("flush {position} in it is damaged")));
            }
            after = position;
        }
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn pragma_check(&self, pragma: &'static str) -> SpoolResult<()> {
        let verdict = sqlx::query_scalar(pragma).fetch_one(&self.pool).await;
        let verdict: String = verdict.map_err(|error| self.failed(&error))?;
        if verdict == "ok" { Ok(()) } else { Err(failed(&self.path, format!("it is damaged: {verdict}"))) }
    }

    fn failed(&self, error: &sqlx::Error) -> SpoolError {
        failed(&self.path, error.to_string())
    }
}

fn failed(path: &Path, reason: String) -> SpoolError {
    SpoolError::Failed { path: path.display().to_string(), reason }
}

fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

async fn insert(
    connection: &mut SqliteConnection,
    mark: Mark,
    events: usize,
    content: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO spooled (writer, flush, spooled_at_ms, events, bytes, content) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(mark.writer.to_string())
    .bind(mark.flush.to_string())
    .bind(clock::now().unix_ms())
    .bind(number(events))
    .bind(number(content.len()))
    .bind(content)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Outcome, Tally};

    #[tokio::test]
    async fn a_spool_works_again_when_the_disk_has_room_again() {
        let dir = tempfile::TempDir::new().unwrap();
        let spool = Spool::open(&dir.path().join("spool.db"), 1 << 30).await.unwrap();
        let mut tally = Tally::default();
        tally.add(1, clock::now(), Outcome::Filtered("disabled"), 1);
        let outcomes = tally.counts();
        let flush = |outcomes| Flush { mark: Mark::new(), rows: &[], outcomes, quarantine: &[] };
        spool.append(&[flush(&outcomes)]).await.unwrap();

        // The file may not grow: what SQLite then says is what it says of a full disk.
        sqlx::query("PRAGMA max_page_count = 1").execute(&spool.pool).await.unwrap();
        let many = vec![outcomes[0].clone(); 1000];
        let error = spool.append(&[flush(&many)]).await.unwrap_err().to_string();
        assert!(error.contains("full"), "{error}");

        // The limit was that connection's. A disk with room again is met by any connection.
        spool.append(&[flush(&many)]).await.unwrap();
        assert_eq!(spool.check().await.unwrap().flushes, 2);
    }
}
