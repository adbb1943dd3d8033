//! The grouped writer: many waiting requests, one transaction. A request is answered only after the
//! commit that holds its rows. Knows rows and requests; neither HTTP nor SQL.
//!
//! Nothing waits without need: a lone request is written at once. While a transaction is on its way
//! to the disk, the next requests gather, and that is what makes the groups.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::budget::Held;
use crate::store::{Flush, Row, Store, StoreError};

/// Rows of one transaction, about: past it the cost a row no longer falls, while the wait grows.
const GROUP_ROWS: usize = 1000;

/// Bytes of one transaction, about, for rows that are unusually large.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Longest wait for requests that are likely to come.
const LINGER: Duration = Duration::from_millis(2);

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was new.
    New,
    /// Its id was stored already.
    Known,
    /// The database refuses it; it will always do so.
    Refused,
}

/// The store did not commit in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the store did not commit")]
pub struct Unavailable;

type Answer = Result<Vec<Stored>, Unavailable>;

/// One request's rows, waiting.
struct Job {
    rows: Vec<Row>,
    answer: oneshot::Sender<Answer>,
    /// When its sender is told to come back: writing it later would be for nothing.
    expires_at: Instant,
    /// Its share of memory, given back with the answer.
    _held: Held,
}

impl Job {
    fn bytes(&self) -> usize {
        self.rows.iter().map(Row::bytes).sum()
    }
}

/// The way to the writer. Clones share it.
#[derive(Clone)]
pub struct WriterHandle {
    queue: mpsc::UnboundedSender<Job>,
    timeout: Duration,
}

impl WriterHandle {
    /// Waits until `rows` are committed; says of each what became of it.
    ///
    /// # Errors
    /// When they are not, or not for certain, after the store timeout.
    pub async fn submit(&self, rows: Vec<Row>, held: Held) -> Answer {
        let expires_at = Instant::now() + self.timeout;
        let (answer, answered) = oneshot::channel();
        // Unbounded in number, bounded in bytes by what `held` had to acquire.
        self.queue.send(Job { rows, answer, expires_at, _held: held }).map_err(|_| Unavailable)?;
        match tokio::time::timeout_at(expires_at, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(Unavailable),
        }
    }
}

/// The running writer.
pub struct Writer {
    tasks: TaskTracker,
    drain: CancellationToken,
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Job>>>,
}

impl Writer {
    /// Starts as many writing tasks as the store has use for. `timeout` is the longest a request waits.
    pub fn start(store: Arc<dyn Store>, timeout: Duration) -> (Self, WriterHandle) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let queue = Arc::new(Mutex::new(receiver));
        let (tasks, drain) = (TaskTracker::new(), CancellationToken::new());
        for _ in 0..store.writers() {
            let (store, queue, drain) = (store.clone(), queue.clone(), drain.clone());
            tasks.spawn(async move {
                let mut expected_jobs = 1;
                while let Some(group) = next_group(&queue, &drain, &mut expected_jobs).await {
                    write_group(&*store, group).await;
                }
            });
        }
        tasks.close();
        (Self { tasks, drain, queue }, WriterHandle { queue: sender, timeout })
    }

    /// Takes no more requests, writes those that wait, and returns how many were left when `budget`
    /// had passed. They were not acknowledged.
    pub async fn drain(self, budget: Duration) -> usize {
        self.drain.cancel();
        match tokio::time::timeout(budget, self.tasks.wait()).await {
            Ok(()) => 0,
            Err(_) => self.queue.try_lock().map_or(0, |queue| queue.len()),
        }
    }
}

/// The next requests to write together; `None` when draining is done. One task at a time gathers,
/// while another may be writing.
async fn next_group(
    queue: &Mutex<mpsc::UnboundedReceiver<Job>>,
    drain: &CancellationToken,
    expected_jobs: &mut usize,
) -> Option<Vec<Job>> {
    let mut queue = queue.lock().await;
    let first = tokio::select! {
        job = queue.recv() => job?,
        () = drain.cancelled() => {
            queue.close();
            queue.recv().await?
        }
    };
    let (mut rows, mut bytes) = (first.rows.len(), first.bytes());
    let mut group = vec![first];
    // As many senders as last time are likely to be about to send again; when there was only one,
    // there is nobody to wait for.
    let linger_until = Instant::now() + LINGER;
    while rows < GROUP_ROWS && bytes < GROUP_BYTES {
        let job = match queue.try_recv() {
            Ok(job) => job,
            Err(_) if group.len() >= *expected_jobs => break,
            Err(_) => match tokio::time::timeout_at(linger_until, queue.recv()).await {
                Ok(Some(job)) => job,
                Ok(None) | Err(_) => break,
            },
        };
        rows += job.rows.len();
        bytes += job.bytes();
        group.push(job);
    }
    *expected_jobs = group.len();
    Some(group)
}

async fn write_group(store: &dyn Store, group: Vec<Job>) {
    let now = Instant::now();
    let mut rows = Vec::with_capacity(GROUP_ROWS);
    let mut waiting = Vec::with_capacity(group.len());
    for mut job in group {
        if job.expires_at <= now {
            continue;
        }
        let first = rows.len();
        rows.append(&mut job.rows);
        waiting.push((job, first..rows.len()));
    }
    let stored = write_rows(store, &rows).await;
    for (job, range) in waiting {
        let answer = stored[range].iter().copied().collect::<Option<Vec<_>>>().ok_or(Unavailable);
        // A sender that has gone needs no answer; its rows are stored all the same.
        let _ = job.answer.send(answer);
    }
}

/// Writes the rows, if need be in smaller and smaller parts until those the database refuses are
/// alone. `None` for a row that may or may not be stored.
async fn write_rows(store: &dyn Store, rows: &[Row]) -> Vec<Option<Stored>> {
    let mut stored = vec![None; rows.len()];
    let mut parts = vec![(0, rows.len())];
    while let Some((start, end)) = parts.pop() {
        let part = start..end;
        if part.is_empty() {
            continue;
        }
        match store.write(Flush { rows: &rows[part.clone()] }).await {
            Ok(new) => {
                let mut new: HashSet<Uuid> = new.into_iter().collect();
                for (row, stored) in rows[part.clone()].iter().zip(&mut stored[part]) {
                    // Removing it makes the second of two equal ids a known one.
                    let is_new = new.remove(&row.id.as_uuid());
                    *stored = Some(if is_new { Stored::New } else { Stored::Known });
                }
            }
            Err(StoreError::BadData(reason)) if part.len() == 1 => {
                tracing::warn!(reason, "the database refuses an event that passed validation");
                stored[start] = Some(Stored::Refused);
            }
            Err(StoreError::BadData(_)) => {
                let middle = start + part.len() / 2;
                // The first half is written first, so that the first of two equal ids stays the new one.
                parts.push((middle, end));
                parts.push((start, middle));
            }
            Err(StoreError::Unavailable(reason) | StoreError::Forbidden(reason)) => {
                tracing::error!(reason, rows = part.len(), "events not stored; their senders will try again");
                break;
            }
        }
    }
    stored
}
