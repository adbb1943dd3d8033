//! One client: takes events, has them judged, and sees to it that they wait until they are sent.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pharos_model::{EventId, wire::Consent};
use serde_json::value::RawValue;
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    builder::{Builder, Settings},
    error::{BuildError, Error, Verdict},
    event::{self, Event},
    journal::{Journal, Line},
    queue::{Entry, Waiter},
    shared::{Shared, State, Stats},
    transport::Transport,
    worker,
};

/// Sends events. Clones are the same client. When the last one is dropped, what waits is sent as long as the
/// runtime lives; [`shutdown`](Self::shutdown) waits for that.
#[derive(Clone)]
pub struct TelemetryClient {
    shared: Arc<Shared>,
    _alive: Arc<Alive>,
}

/// Ends the task when the last client is dropped.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.wake.notify_one();
    }
}

impl TelemetryClient {
    /// A client for the server at `endpoint` (its origin, to which `/v1/events` is added, or a full address), with
    /// a secret key of scope `ingest`.
    pub fn builder(endpoint: impl Into<String>, key: impl Into<String>) -> Builder {
        Builder::new(endpoint.into(), key.into())
    }

    /// One from the environment: `TELEMETRY_ENDPOINT` and `TELEMETRY_SECRET_KEY`, and where they are set
    /// `TELEMETRY_ENABLED`, `TELEMETRY_BATCH_SIZE`, `TELEMETRY_FLUSH_INTERVAL` (milliseconds) and
    /// `TELEMETRY_QUEUE_DIR`.
    pub fn from_env() -> Builder {
        Builder::from_env()
    }

    pub(crate) fn start(
        settings: Settings,
        transport: Option<Transport>,
        runtime: &Handle,
    ) -> Result<Self, BuildError> {
        let bytes_max = settings.queue_bytes as u64;
        let folder = settings.queue_folder.as_deref().filter(|_| transport.is_some());
        let journal = folder.map(|folder| Journal::open(folder, bytes_max)).transpose()?;
        let shared = Arc::new(Shared::new(settings, journal));
        if let Some(transport) = transport {
            runtime.spawn(worker::run(shared.clone(), transport));
        }
        Ok(Self { _alive: Arc::new(Alive(shared.clone())), shared })
    }

    /// Logs an event and waits for its verdict. An event whose caller goes away (the future is dropped) is sent
    /// all the same.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it breaks a rule, [`Error::Unavailable`] if there was no verdict within
    /// [`delivery_timeout`](Builder::delivery_timeout), and what else [`Error`] names.
    pub async fn log(&self, event: Event) -> Result<Verdict, Error> {
        let Some(mut entry) = self.judge(&event)? else { return Ok(self.left_out(&event)) };
        let (tell, told) = oneshot::channel();
        let gave_up = Arc::new(AtomicBool::new(false));
        entry.waiter = Some(Waiter { tell, gave_up: gave_up.clone() });
        let id = entry.id;
        self.add(entry)?;

        let timeout = self.shared.settings.delivery_timeout;
        match tokio::time::timeout(timeout, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::ShutDown),
            Err(_) => {
                gave_up.store(true, Ordering::Relaxed);
                let mut state = self.shared.state();
                let removed = state.queue.remove_given_up();
                state.lose("gave_up", removed);
                let last_error = state.stats.last_error.clone().unwrap_or_else(|| "no answer".to_owned());
                drop(state);
                let waited_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                Err(Error::Unavailable { id, waited_ms, last_error })
            }
        }
    }

    /// Logs an event without waiting for its verdict: it is queued, and tried until it has one. Never blocks on
    /// the network; with a [`queue_folder`](Builder::queue_folder) the event is on disk when this returns.
    ///
    /// # Errors
    /// Why it is not queued. That is counted and told to [`on_problem`](Builder::on_problem) too, so the result
    /// may be ignored.
    pub fn log_safe(&self, event: Event) -> Result<EventId, Error> {
        let queued = self.judge(&event).and_then(|entry| {
            let Some(mut entry) = entry else { return Ok(event.id.unwrap_or_else(event::new_id)) };
            let id = entry.id;
            self.keep(&mut entry)?;
            self.add(entry)?;
            Ok(id)
        });
        if let Err(error) = &queued {
            self.shared.problem(error.code(), error.to_string(), 1, true);
        }
        queued
    }

    /// Sends what waits now: `true` once nothing waits any more, `false` if a try has failed, or if the server
    /// has said that it is too early for one.
    pub async fn flush(&self) -> bool {
        self.shared.flush().await
    }

    /// Sends what waits, for at most [`drain_timeout`](Builder::drain_timeout), and ends the client. `false`:
    /// something is left; with a [`queue_folder`](Builder::queue_folder) the next process sends it.
    pub async fn shutdown(&self) -> bool {
        self.shared.state().is_closed = true;
        if !self.shared.settings.is_enabled {
            return true;
        }
        self.shared.wake.notify_one();
        let mut ended = self.shared.ended.subscribe();
        // A request that is being made may take longer.
        let timeout = self.shared.settings.drain_timeout + Duration::from_millis(100);
        let _ = tokio::time::timeout(timeout, ended.wait_for(|ended| *ended)).await;
        self.shared.state().is_idle()
    }

    /// How it is doing.
    pub fn stats(&self) -> Stats {
        let state = self.shared.state();
        let (waiting, waiting_bytes) = (state.queue.events(), state.queue.bytes());
        Stats { waiting, waiting_bytes, ..state.stats.clone() }
    }

    /// The event as it waits; `None` if it is left out.
    fn judge(&self, event: &Event) -> Result<Option<Entry>, Error> {
        if !self.shared.settings.is_enabled {
            return Ok(None);
        }
        if self.shared.state().is_closed {
            return Err(Error::ShutDown);
        }
        match event.judge(&self.shared.settings.rules, event::new_id()) {
            Ok(judged) => {
                let mut state = self.shared.state();
                if event.consent == Some(Consent::Denied) {
                    state.lose("consent", 1);
                    return Ok(None);
                }
                state.redacted.add(&judged.redactions);
                let (id, text, consent) = (judged.id, judged.text, event.consent);
                Ok(Some(Entry { id, text, consent, waiter: None, segment: None }))
            }
            Err(refusal) => {
                self.shared.state().lose("invalid", 1);
                Err(Error::Invalid(refusal))
            }
        }
    }

    /// What is said of an event that is left out.
    fn left_out(&self, event: &Event) -> Verdict {
        let is_denied = event.consent == Some(Consent::Denied) && self.shared.settings.is_enabled;
        Verdict::Filtered { reason: if is_denied { "consent" } else { "disabled" }.to_owned() }
    }

    /// Writes an event to the disk, if there is a folder for it. One that fails is no reason to lose it.
    fn keep(&self, entry: &mut Entry) -> Result<(), Error> {
        let mut state = self.shared.state();
        let State { queue, journal: Some(journal), .. } = &mut *state else { return Ok(()) };
        if journal.is_full(entry.text.len()) || !queue.has_room(entry.text.len()) {
            state.lose("queue_full", 1);
            return Err(Error::QueueFull);
        }
        let written = RawValue::from_string(entry.text.clone())
            .map_err(std::io::Error::from)
            .and_then(|event| journal.append(&Line::of_event(&event, entry.consent)));
        drop(state);
        match written {
            Ok(segment) => entry.segment = Some(segment),
            Err(error) => {
                self.shared.problem("queue_folder", format!("events wait in memory: {error}"), 1, false);
            }
        }
        Ok(())
    }

    fn add(&self, entry: Entry) -> Result<(), Error> {
        let mut state = self.shared.state();
        if let Err(entry) = state.queue.add(entry) {
            if let (Some(segment), Some(journal)) = (entry.segment, &mut state.journal) {
                journal.settle(segment);
            }
            state.lose("queue_full", 1);
            return Err(Error::QueueFull);
        }
        let waiting = state.queue.waiting();
        let is_news = waiting == 1
            || state.queue.is_awaited()
            || waiting.is_multiple_of(self.shared.settings.batch_events);
        drop(state);
        if is_news {
            self.shared.wake.notify_one();
        }
        Ok(())
    }
}

impl fmt::Debug for TelemetryClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryClient").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
