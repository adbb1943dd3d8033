//! The write-ahead log's way to the disk.
//!
//! SQLite can sync the log itself with each commit, and then its only writer waits for the disk. Here a commit
//! leaves its pages in the log and the writer goes on; who wants an acknowledgement waits for a sync that began
//! after its commit, and one sync does for all that were committed by then. SQLite reads the log after a crash up
//! to the last commit that is whole, so what is synced later never spoils what was synced before.
//!
//! Copying the log's pages to the table is done beside the writer, too. It alone can start the log anew, when all
//! is copied: so it copies by itself what the other left, once the log has become long.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::store_error;
use crate::store::{StoreError, StoreResult};

/// Rows after which the log is copied to the table: each changes one to three pages, of 8 KiB.
const CHECKPOINT_ROWS: u64 = 4_000;

/// Pages in the log from which on the writer copies what is left.
pub(super) const CHECKPOINT_PAGES: i64 = 20_000;

/// The log beside a database's file.
pub(super) struct Log {
    path: PathBuf,
    writer: SqlitePool,
    copier: SqlitePool,
    /// At most one copies.
    copying: TaskTracker,
    /// Since the last copy began.
    rows: AtomicU64,
    commits: AtomicU64,
    synced: Mutex<Synced>,
}

#[derive(Default)]
struct Synced {
    /// Commits that are on the disk for certain.
    commits: u64,
    /// A sync failed. The next one may succeed without having written anything, as the kernel gives pages up that
    /// it could not write, so it takes more to trust the log again.
    failed: bool,
}

impl Log {
    /// Of the database at `path`, opened by `options`, to which `writer` commits without a sync.
    pub(super) fn of(path: &Path, options: SqliteConnectOptions, writer: SqlitePool) -> io::Result<Self> {
        let copier = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options.pragma("wal_autocheckpoint", "0"));
        // Where the file is a link, the log lies beside what it links to.
        let mut path = path.canonicalize()?.into_os_string();
        path.push("-wal");
        Ok(Self {
            path: path.into(),
            writer,
            copier,
            copying: TaskTracker::new(),
            rows: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            synced: Mutex::default(),
        })
    }

    /// Takes note that so many rows were committed: now and then it is time to copy the log to the table.
    pub(super) fn grew(&self, rows: usize) {
        let rows = self.rows.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64;
        if rows < CHECKPOINT_ROWS || !self.copying.is_empty() {
            return;
        }
        self.rows.store(0, Ordering::Relaxed);
        let copier = self.copier.clone();
        self.copying.spawn(async move {
            // As much as no reader and no writer is in the way of.
            let done = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&copier).await;
            if let Err(error) = done {
                // The writer will do it.
                tracing::debug!(%error, "SQLite's log was not copied");
            }
        });
    }

    /// Copies no more.
    pub(super) async fn close(&self) {
        self.copying.close();
        self.copying.wait().await;
        self.copier.close().await;
    }

    /// Waits until what was committed before is on the disk.
    pub(super) async fn sync(&self) -> StoreResult<()> {
        let commit = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        let mut synced = self.synced.lock().await;
        if synced.commits >= commit {
            return Ok(());
        }
        let commits = self.commits.load(Ordering::SeqCst);
        if !synced.failed {
            let path = self.path.clone();
            // Opened each time: SQLite makes another file after its last connection was closed.
            let sync = tokio::task::spawn_blocking(move || File::open(path)?.sync_data());
            if let Err(error) = sync.await.map_err(io::Error::other).flatten() {
                tracing::error!(%error, "SQLite's log cannot be synced; its pages are written to the table instead");
                synced.failed = true;
            }
        }
        if synced.failed {
            self.write_back().await?;
            synced.failed = false;
        }
        synced.commits = commits;
        Ok(())
    }

    /// Copies all of the log to the table, which SQLite syncs.
    async fn write_back(&self) -> StoreResult<()> {
        let (busy, pages, copied): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(FULL)")
            .fetch_one(&self.writer)
            .await
            .map_err(store_error)?;
        if busy != 0 || pages != copied {
            return Err(StoreError::Unavailable(format!("{copied} of {pages} pages of SQLite's log copied")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::{Connection as _, SqliteConnection};

    use super::*;
    use crate::{
        config::Config,
        forward::Rules,
        settings::Values,
        store::{Store as _, sql::Sql as _, sqlite::SqliteStore},
    };

    async fn store(directory: &Path) -> SqliteStore {
        let mut limits = Config::from_values(&Values::default()).unwrap().limits;
        limits.store_timeout = Duration::from_millis(200);
        let store = SqliteStore::open(&directory.join("pharos.db"), &limits, Rules::default()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    const FACT: &str = "INSERT INTO facts (name, value) VALUES ('kept', 'yes')";

    #[tokio::test]
    async fn what_no_sync_keeps_is_written_to_the_table_before_it_is_acknowledged() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = store(directory.path()).await;
        store.log.path = directory.path().join("pharos.db/nothing-lies-in-a-file");
        store.execute(&[(FACT, &[])]).await.unwrap();

        let copy = directory.path().join("copy.db");
        std::fs::copy(directory.path().join("pharos.db"), &copy).unwrap();
        let mut copied = SqliteConnection::connect(&format!("sqlite:{}", copy.display())).await.unwrap();
        let kept: String = sqlx::query_scalar("SELECT value FROM facts WHERE name = 'kept'")
            .fetch_one(&mut copied)
            .await
            .unwrap();
        assert_eq!(kept, "yes", "without the log beside it");
    }

    #[tokio::test]
    async fn what_neither_a_sync_nor_the_table_keeps_is_not_acknowledged() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = store(directory.path()).await;
        store.log.path = directory.path().join("pharos.db/nothing-lies-in-a-file");
        // A reader of what was there before keeps the log from being copied.
        let mut reader = store.readers.begin().await.unwrap();
        sqlx::query("SELECT count(*) FROM facts").execute(&mut *reader).await.unwrap();
        let refused = store.execute(&[(FACT, &[])]).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn sqlite_is_one_in_which_two_may_copy_the_log() {
        // Up to 3.51.2 a copy could lose pages when the log was started anew meanwhile: sqlite.org/wal.html#walresetbug
        let directory = tempfile::tempdir().unwrap();
        let version: String = sqlx::query_scalar("SELECT sqlite_version()")
            .fetch_one(&store(directory.path()).await.readers)
            .await
            .unwrap();
        let version: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
        assert!(version >= vec![3, 51, 3], "{version:?}");
    }
}
