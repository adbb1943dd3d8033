//! The grouped writer: many waiting requests, one transaction. A request is answered only after the
//! commit that holds its rows. Knows rows and requests; neither HTTP nor SQL.
//!
//! Nothing waits without need. While a transaction is on its way to the disk, the next requests gather, and
//! that is what makes the groups. Senders that were just answered are about to come back, and are waited for a
//! moment: written without them, the first of them would make a group of its own, and all others the next.

use std::{collections::HashSet, ops::Range, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{backlog::Backlog, budget::Held, live::Live};
use crate::{
    meters::Meters,
    outcome::{Outcome, Tally},
    store::{Flush, Mark, QuarantineRow, Row, Store, StoreError, quarantine::NOT_STORABLE},
};

/// Rows of one transaction, about: past it the cost a row no longer falls, while the wait grows.
const GROUP_ROWS: usize = 1000;

/// Bytes of one transaction, about, for rows that are unusually large.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Longest wait for more requests while another transaction is on its way.
const GATHER: Duration = Duration::from_millis(2);

/// Longest wait for the senders that were just answered.
const RETURN: Duration = Duration::from_millis(1);

/// How often other tasks get their turn before the queue is taken to stay empty: they may be reading a request.
const TURNS: usize = 2;

/// Time for writing to the spool.
const SPOOL_ALLOWANCE: Duration = Duration::from_secs(3);

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was new.
    New,
    /// Its id was stored already.
    Known,
    /// It waits on the local disk for the database.
    Spooled,
    /// The database refuses it; it will always do so.
    Refused,
}

/// The store did not commit in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the store did not commit")]
pub struct Unavailable;

type Answer = Result<Vec<Stored>, Unavailable>;

/// One request's rows and outcomes, waiting.
struct Job {
    rows: Vec<Row>,
    outcomes: Tally,
    quarantine: Vec<QuarantineRow>,
    answer: oneshot::Sender<Answer>,
    /// When its sender is told to come back: writing it later would be for nothing.
    expires_at: Instant,
    /// Its share of memory, given back with the answer.
    _held: Held,
}

impl Job {
    fn bytes(&self) -> usize {
        let quarantine_bytes = self.quarantine.iter().map(QuarantineRow::bytes).sum::<usize>();
        self.rows.iter().map(Row::bytes).sum::<usize>() + quarantine_bytes
    }
}

/// The way to the writer. Clones share it.
#[derive(Clone)]
pub struct WriterHandle {
    queue: mpsc::UnboundedSender<Job>,
    timeout: Duration,
}

impl WriterHandle {
    /// Waits until `rows` are committed, and with them the `outcomes` of events that made no row and what
    /// is kept of those in `quarantine`; says of each row what became of it.
    ///
    /// # Errors
    /// When they are not, or not for certain, in time.
    pub async fn submit(
        &self,
        rows: Vec<Row>,
        outcomes: Tally,
        quarantine: Vec<QuarantineRow>,
        held: Held,
    ) -> Answer {
        let expires_at = Instant::now() + self.timeout;
        let (answer, answered) = oneshot::channel();
        // Unbounded in number, bounded in bytes by what `held` had to acquire.
        let job = Job { rows, outcomes, quarantine, answer, expires_at, _held: held };
        self.queue.send(job).map_err(|_| Unavailable)?;
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
    /// Starts as many writing tasks as the store has use for. A request waits longer than the
    /// `store_timeout` of one attempt: what that attempt could not write must still reach the spool.
    pub fn start(
        store: Arc<dyn Store>,
        backlog: Arc<Backlog>,
        meters: Arc<Meters>,
        live: Live,
        store_timeout: Duration,
    ) -> (Self, WriterHandle) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let queue = Arc::new(Mutex::new(receiver));
        let (tasks, drain) = (TaskTracker::new(), CancellationToken::new());
        let writing = watch::Sender::new(Writing::default());
        for _ in 0..store.writers() {
            let (store, backlog, meters, live) =
                (store.clone(), backlog.clone(), meters.clone(), live.clone());
            let (queue, drain, writing) = (queue.clone(), drain.clone(), writing.clone());
            tasks.spawn(async move {
                let mut mark = Mark::new();
                while let Some(group) = next_group(&queue, &drain, &writing).await {
                    let requests = group.len();
                    write_group(&*store, &backlog, &meters, &live, &mut mark, group).await;
                    writing.send_modify(|writing| {
                        writing.transactions -= 1;
                        writing.answered = requests;
                    });
                }
            });
        }
        tasks.close();
        let timeout = store_timeout * 2 + SPOOL_ALLOWANCE;
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

/// What the writing tasks know of one another.
#[derive(Debug, Default)]
struct Writing {
    /// Transactions on their way.
    transactions: usize,
    /// Requests in the one that began last.
    begun: usize,
    /// Requests in the one that was done last.
    answered: usize,
}

impl Writing {
    /// Whether a group of so many requests waits for more.
    fn gathers(&self, requests: usize) -> bool {
        if self.transactions > 0 { requests < self.begun } else { requests * 2 < self.answered }
    }
}

/// The next requests to write together, counted as being written; `None` when draining is done. One task
/// at a time gathers, while another may be writing.
async fn next_group(
    queue: &Mutex<mpsc::UnboundedReceiver<Job>>,
    drain: &CancellationToken,
    writing: &watch::Sender<Writing>,
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
    let mut others_done = writing.subscribe();
    let began = Instant::now();
    let mut turns = 0;
    while rows < GROUP_ROWS && bytes < GROUP_BYTES {
        let job = match queue.try_recv() {
            Ok(job) => job,
            Err(_) if turns < TURNS => {
                turns += 1;
                tokio::task::yield_now().await;
                continue;
            }
            Err(_) if rows >= GROUP_ROWS / 2 || drain.is_cancelled() => break,
            Err(_) => {
                let (is_writing, gathers) = {
                    let writing = writing.borrow();
                    (writing.transactions > 0, writing.gathers(group.len()))
                };
                if !gathers {
                    break;
                }
                tokio::select! {
                    Some(job) = queue.recv() => job,
                    _ = others_done.wait_for(|writing| writing.transactions == 0), if is_writing => {
                        turns = 0;
                        continue;
                    }
                    () = tokio::time::sleep_until(began + if is_writing { GATHER } else { RETURN }) => break,
                }
            }
        };
        rows += job.rows.len();
        bytes += job.bytes();
        group.push(job);
        turns = 0;
    }
    writing.send_modify(|writing| {
        writing.transactions += 1;
        writing.begun = group.len();
    });
    Some(group)
}

async fn write_group(
    store: &dyn Store,
    backlog: &Backlog,
    meters: &Meters,
    live: &Live,
    mark: &mut Mark,
    group: Vec<Job>,
) {
    let now = Instant::now();
    let mut rows = Vec::with_capacity(GROUP_ROWS);
    let mut outcomes = Tally::default();
    let mut quarantine = Vec::new();
    let mut waiting = Vec::with_capacity(group.len());
    for mut job in group {
        if job.expires_at <= now {
            continue;
        }
        let first = rows.len();
        rows.append(&mut job.rows);
        outcomes.merge(&job.outcomes);
        quarantine.append(&mut job.quarantine);
        waiting.push((job, first..rows.len()));
    }
    let (stored, outcomes_written) =
        write_rows(store, backlog, meters, mark, &rows, outcomes, quarantine).await;
    live.tell(&rows, &stored);
    for (job, range) in waiting {
        let answer = stored[range].iter().copied().collect::<Option<Vec<_>>>();
        let answer = answer.filter(|_| outcomes_written).ok_or(Unavailable);
        // A sender that has gone needs no answer; its rows are stored all the same.
        let _ = job.answer.send(answer);
    }
}

/// Writes the rows, if need be in smaller and smaller parts until those the database refuses are
/// alone; what it cannot take now goes to the backlog. The outcomes and what is kept of refused events go with the first
/// part. Answers
/// `None` for each row that may or may not be stored, and whether every outcome was written.
async fn write_rows(
    store: &dyn Store,
    backlog: &Backlog,
    meters: &Meters,
    mark: &mut Mark,
    rows: &[Row],
    mut outcomes: Tally,
    quarantine: Vec<QuarantineRow>,
) -> (Vec<Option<Stored>>, bool) {
    let mut stored = vec![None; rows.len()];
    let mut quarantine = QuarantineRow::merge(quarantine);
    let mut parts = Vec::new();
    parts.push(0..rows.len());
    loop {
        let part = match parts.pop() {
            Some(part) => part,
            // The last row was refused: its outcome is still to be written.
            None if !outcomes.is_empty() => rows.len()..rows.len(),
            None => return (stored, true),
        };
        *mark = mark.next();
        let flush = Flush {
            mark: *mark,
            rows: &rows[part.clone()],
            outcomes: &outcomes.counts(),
            quarantine: &quarantine,
        };
        let written = if backlog.goes_first() {
            Err(StoreError::away())
        } else {
            let began = Instant::now();
            let written = store.write(flush).await;
            meters.flush(part.len(), began.elapsed(), written.is_ok());
            written
        };
        match written {
            Ok(new) => {
                backlog.wrote();
                outcomes = Tally::default();
                quarantine = Vec::new();
                if new.len() == part.len() {
                    stored[part].fill(Some(Stored::New));
                    continue;
                }
                let mut new: HashSet<Uuid> = new.into_iter().collect();
                for (row, stored) in rows[part.clone()].iter().zip(&mut stored[part]) {
                    // Removing it makes the second of two equal ids a known one.
                    let is_new = new.remove(&row.id.as_uuid());
                    *stored = Some(if is_new { Stored::New } else { Stored::Known });
                }
            }
            // So that no event is blamed for what is kept of another, that is written by itself.
            Err(StoreError::BadData(reason)) if !quarantine.is_empty() => {
                if part.is_empty() {
                    tracing::error!(reason, "the database refuses what is kept of refused events");
                    quarantine = Vec::new();
                } else {
                    parts.push(part);
                }
                parts.push(rows.len()..rows.len());
            }
            Err(StoreError::BadData(reason)) if part.len() == 1 => {
                tracing::warn!(reason, "the database refuses an event that passed validation");
                let row = &rows[part.start];
                stored[part.start] = Some(Stored::Refused);
                outcomes.add(row.project_id, row.created_at, Outcome::Quarantined(NOT_STORABLE), 1);
                quarantine.push(QuarantineRow::of_row(row));
            }
            Err(StoreError::BadData(_)) if part.len() > 1 => {
                let middle = part.start + part.len() / 2;
                // The first half is written first, so that the first of two equal ids stays the new one.
                parts.push(middle..part.end);
                parts.push(part.start..middle);
            }
            Err(error) => {
                // Whether this part was written is not certain: its mark goes with it.
                let mut flushes = vec![flush];
                let rest = |part: &Range<usize>| Flush {
                    mark: Mark::new(),
                    rows: &rows[part.clone()],
                    outcomes: &[],
                    quarantine: &[],
                };
                flushes.extend(parts.iter().rev().map(rest));
                let kept = backlog.keep(&flushes).await;
                *mark = Mark::new();
                match kept {
                    Ok(()) => {
                        for part in parts.into_iter().chain([part]) {
                            stored[part].fill(Some(Stored::Spooled));
                        }
                        outcomes = Tally::default();
                    }
                    Err(spool_error) => {
                        let rows = flushes.iter().map(|flush| flush.rows.len()).sum::<usize>();
                        tracing::error!(%error, %spool_error, rows, "not stored; the senders will try again");
                    }
                }
                return (stored, outcomes.is_empty());
            }
        }
    }
}
