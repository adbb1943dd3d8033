//! What a client and the task that sends for it share.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pharos_model::pii::KindCounts;
use tokio::{
    sync::{Notify, oneshot, watch},
    time::Instant,
};

use crate::{
    builder::{Problem, Settings},
    journal::Journal,
    layer::quietly,
    queue::Queue,
};

/// The same problem is said by `tracing` once in so long.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// How a client is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Events that wait, those on their way included.
    pub waiting: usize,
    /// Bytes of them.
    pub waiting_bytes: usize,
    /// Events that got their verdict.
    pub delivered: u64,
    /// Events that were lost, by reason, since the client began; they are told to the server, too.
    pub dropped: BTreeMap<String, u64>,
    /// What went wrong last, if it still does.
    pub last_error: Option<String>,
}

/// What the client and its task share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    state: Mutex<State>,
    /// There is something to do.
    pub(crate) wake: Notify,
    /// The task has ended.
    pub(crate) ended: watch::Sender<bool>,
}

pub(crate) struct State {
    pub(crate) queue: Queue,
    pub(crate) journal: Option<Journal>,
    /// Not yet reported.
    pub(crate) losses: BTreeMap<String, u64>,
    pub(crate) redacted: KindCounts,
    /// Who waits for nothing to wait any more.
    pub(crate) flushes: Vec<oneshot::Sender<bool>>,
    /// Not before this is anything sent, unless somebody asks.
    pub(crate) retry_at: Option<Instant>,
    /// The server said so.
    pub(crate) is_told: bool,
    /// A request is being made.
    pub(crate) is_sending: bool,
    /// The client is gone or was shut down: what is left is sent, then the task ends.
    pub(crate) is_closed: bool,
    pub(crate) stats: Stats,
    said: BTreeMap<String, Instant>,
}

impl Shared {
    /// For a client that has nothing yet.
    pub(crate) fn new(settings: Settings, journal: Option<Journal>) -> Self {
        let state = State {
            queue: Queue::new(settings.queue_events, settings.queue_bytes),
            journal,
            losses: BTreeMap::new(),
            redacted: KindCounts::default(),
            flushes: Vec::new(),
            retry_at: None,
            is_told: false,
            is_sending: false,
            is_closed: false,
            stats: Stats::default(),
            said: BTreeMap::new(),
        };
        Self { settings, state: Mutex::new(state), wake: Notify::new(), ended: watch::Sender::new(false) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, but a program's allocator may.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn flush(&self) -> bool {
        let told = {
            let mut state = self.state();
            if state.is_idle() {
                return true;
            }
            if state.is_told && state.retry_at.is_some_and(|at| at > Instant::now()) {
                return false;
            }
            let (tell, told) = oneshot::channel();
            state.flushes.push(tell);
            told
        };
        self.wake.notify_one();
        told.await.unwrap_or(false)
    }

    /// Tells of a problem: the program, or its log.
    pub(crate) fn problem(&self, code: &str, message: String, events: usize, is_lost: bool) {
        let problem = Problem { code: code.to_owned(), message, events, is_lost };
        if let Some(tell) = &self.settings.on_problem {
            // What the program logs of it must not become an event that has the same problem.
            return quietly(|| tell(&problem));
        }
        let now = Instant::now();
        let mut state = self.state();
        let said = state.said.insert(code.to_owned(), now);
        if said.is_some_and(|at| now.duration_since(at) < SAY_EVERY) {
            state.said.extend(said.map(|at| (code.to_owned(), at)));
            return;
        }
        drop(state);
        quietly(|| tracing::warn!(target: "pharos_client", code, events, is_lost, "{}", problem.message));
    }
}

impl State {
    /// Counts lost events, to be reported with the next batch.
    pub(crate) fn lose(&mut self, reason: &str, events: usize) {
        if events > 0 {
            *self.losses.entry(reason.to_owned()).or_default() += events as u64;
            *self.stats.dropped.entry(reason.to_owned()).or_default() += events as u64;
        }
    }

    /// Whether there is nothing to send and nothing to report.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.events() == 0 && self.losses.is_empty() && !self.is_sending
    }
}
