//! Which requests are written together.
//!
//! Nothing waits without need. While a transaction is on its way to the disk, the next requests gather, and
//! that is what makes the groups. Senders that were just answered are about to come back, and are waited for a
//! moment: written without them, the first of them would make a group of its own, and all others the next.

use std::time::Duration;

use tokio::{
    sync::{Mutex, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::Job;

/// Rows of one transaction, about: past it the cost a row no longer falls, while the wait grows.
const GROUP_ROWS: usize = 1000;

/// Rows of one transaction that are enough while there are no more requests behind it than in it: those are left
/// for another writer. Of 16 connections with 100 rows each, a tenth more is written a second than when one
/// transaction takes 1,000 of the 1,600 rows there can be. Of 64 it may be some percent less (docs/benchmarks.md).
const GROUP_ROWS_ENOUGH: usize = 500;

/// Bytes of one transaction, about, for rows that are unusually large.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Longest wait for more requests while another transaction is on its way.
const GATHER: Duration = Duration::from_millis(2);

/// Longest wait for the senders that were just answered.
const RETURN: Duration = Duration::from_millis(1);

/// How often other tasks get their turn before the queue is taken to stay empty: they may be reading a request.
const TURNS: usize = 2;

/// What the writing tasks know of one another.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// Transactions on their way.
    transactions: usize,
    /// Requests in the one that began last.
    begun: usize,
    /// Requests in the one that was done last.
    answered: usize,
}

impl Writing {
    /// A transaction of so many requests begins.
    fn begin(&mut self, requests: usize) {
        self.transactions += 1;
        self.begun = requests;
    }

    /// A transaction of so many requests was done, and they were answered.
    pub(super) fn done(&mut self, requests: usize) {
        self.transactions -= 1;
        self.answered = requests;
    }

    /// Whether a group of so many requests waits for more.
    fn gathers(&self, requests: usize) -> bool {
        if self.transactions > 0 { requests < self.begun } else { requests * 2 < self.answered }
    }
}

/// The next requests to write together, counted as being written; `None` when draining is done. One task
/// at a time gathers, while another may be writing.
pub(super) async fn next_group(
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
        if rows >= GROUP_ROWS_ENOUGH && queue.len() <= group.len() {
            break;
        }
        let job = match queue.try_recv() {
            Ok(job) => job,
            Err(_) if turns < TURNS => {
                turns += 1;
                tokio::task::yield_now().await;
                continue;
            }
            Err(_) if drain.is_cancelled() => break,
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
    writing.send_modify(|writing| writing.begin(group.len()));
    Some(group)
}
