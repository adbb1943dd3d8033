//! The grouped writer: many waiting requests, one transaction. A request is answered only after the
//! commit that holds its rows. Knows rows and requests; neither HTTP nor SQL.

mod gather;
mod write;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    gather::{Writing, next_group},
    write::write_group,
};
use super::{backlog::Backlog, budget::Held, live::Live};
use crate::{
    meters::Meters,
    outcome::Tally,
    store::{Mark, QuarantineRow, Row, Store},
};

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
                    writing.send_modify(|writing| writing.done(requests));
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
