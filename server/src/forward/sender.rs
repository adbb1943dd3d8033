//! Works off one destination's outbox: takes events, has them formed into requests, makes the requests, a
//! few at a time, and writes down what became of each. What must survive the process is written before it
//! happens: that a request is on its way, before it is made.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use pharos_model::Timestamp;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Destination, Formed, Kind, Request, ga4, webhook::Webhook};
use crate::{
    clock,
    identity::random_bytes,
    meters::Meters,
    outbound::{self, Answer, Client, NoAnswer},
    store::{
        self, Store, StoreResult,
        outbox::{Due, Outbox},
    },
};

/// Events taken at a time.
const EVENTS_AT_ONCE: usize = 500;

/// Requests made at a time. As many are uncertain when the process is killed.
const REQUESTS_AT_ONCE: usize = 8;

/// For how long what was taken is nobody else's: more than twice what the longest timeout lets a wave of
/// requests take.
const LEASE: Duration = Duration::from_secs(60);

/// How long a new event waits at most before it is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often what waits is counted, for `/metrics`.
const MEASURE_EVERY: Duration = Duration::from_secs(10);

/// Waits between tries double from the first to the last of these.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(300);

/// One destination's sender.
pub(crate) struct Sender {
    store: Arc<dyn Store>,
    meters: Arc<Meters>,
    client: Client,
    kind: Kind,
    stop: CancellationToken,
    /// How often in a row a request found nobody able to take it.
    failures: u32,
    paused_until: Option<Instant>,
}

/// What became of a request.
enum Fate {
    Sent,
    /// To be tried again.
    Again {
        error: String,
        uncertain: bool,
        after: Option<Duration>,
    },
    /// It will never be taken.
    Refused {
        reason: String,
    },
}

impl Sender {
    /// A sender for `destination`, which has `timeout` to answer. It ends at `stop`, after the requests that are
    /// on their way.
    pub(crate) fn new(
        destination: &Destination,
        store: Arc<dyn Store>,
        meters: Arc<Meters>,
        timeout: Duration,
        stop: CancellationToken,
    ) -> Self {
        let client = Client::new(timeout);
        let kind = destination.kind.clone();
        Self { store, meters, client, kind, stop, failures: 0, paused_until: None }
    }

    /// Sends until told to stop.
    pub(crate) async fn run(mut self) {
        let mut measured: Option<Instant> = None;
        while !self.stop.is_cancelled() {
            if measured.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
                measured = Some(Instant::now());
                self.measure().await;
            }
            let pause = match self.round().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, destination = self.kind.name(), "nothing is sent on for now");
                    BACKOFF_MIN
                }
            };
            let pause = self
                .paused_until
                .take()
                .map_or(pause, |until| pause.max(until.saturating_duration_since(Instant::now())));
            let _ = tokio::time::timeout(pause, self.stop.cancelled()).await;
        }
    }

    async fn measure(&self) {
        let name = self.kind.name();
        let Ok(states) = self.store.forwarders(None).await else { return };
        let state = states.into_iter().find(|state| state.destination == name).unwrap_or_default();
        let lag_ms = state.oldest_pending_at.map_or(0, |at| clock::now().unix_ms() - at.unix_ms());
        self.meters.forwarder(name, state.pending, Duration::from_millis(u64::try_from(lag_ms).unwrap_or(0)));
    }

    /// One round of work; whether there was any.
    async fn round(&mut self) -> StoreResult<bool> {
        let store = self.store.clone();
        let outbox = Outbox::new(&*store, self.kind.name());
        let began = Instant::now();
        let (now, lease_end) = (clock::now(), after(clock::now(), LEASE));

        let mut requests = Vec::new();
        let due = outbox.due(now, i64::try_from(REQUESTS_AT_ONCE).unwrap_or(i64::MAX)).await?;
        for due in &due {
            requests.extend(self.retake(&outbox, due, now, lease_end).await?);
        }
        if !due.is_empty() {
            self.send(&outbox, requests, began).await?;
            return Ok(true);
        }
        let claim = store::random_id().to_string();
        if outbox.take(&claim, now, lease_end, EVENTS_AT_ONCE).await? == 0 {
            return Ok(false);
        }
        let formed = self.kind.form(&outbox.read(&claim).await?, now);
        let requests = self.refuse(&outbox, formed).await?;
        self.send(&outbox, requests, began).await?;
        outbox.release(&claim, clock::now()).await?;
        Ok(true)
    }

    /// The requests of a batch that was tried before, if no other node has them.
    async fn retake(
        &self,
        outbox: &Outbox<'_>,
        due: &Due,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> StoreResult<Vec<Request>> {
        if !outbox.retake(due, now, lease_end).await? {
            return Ok(Vec::new());
        }
        if due.uncertain {
            let (destination, events) = (self.kind.name(), due.events);
            tracing::warn!(destination, events, "a batch that may have arrived before is sent again");
            self.meters.forwarded(destination, "uncertain", u64::try_from(due.events).unwrap_or(0));
        }
        let mut formed = self.kind.form(&outbox.read(&due.batch).await?, now);
        for request in &mut formed.requests {
            request.attempts = due.attempts;
        }
        self.refuse(outbox, formed).await
    }

    /// Writes down which events will never be sent, and leaves the requests.
    async fn refuse(&self, outbox: &Outbox<'_>, formed: Formed) -> StoreResult<Vec<Request>> {
        for refused in &formed.refused {
            outbox.give_up(&refused.event_id, refused.project_id, refused.reason).await?;
            self.meters.forwarded(self.kind.name(), "failed", 1);
        }
        Ok(formed.requests)
    }

    /// Makes the requests, as long as the destination takes them, the lease holds and nobody says stop.
    async fn send(&mut self, outbox: &Outbox<'_>, requests: Vec<Request>, began: Instant) -> StoreResult<()> {
        for wave in requests.chunks(REQUESTS_AT_ONCE) {
            if self.stop.is_cancelled() || began.elapsed() > LEASE / 3 {
                break;
            }
            let batches: Vec<String> = wave.iter().map(batch_name).collect();
            let events: Vec<(&str, &str)> = wave
                .iter()
                .zip(&batches)
                .flat_map(|(request, batch)| request.event_ids.iter().map(|id| (&**id, &**batch)))
                .collect();
            outbox.sending(&events, after(clock::now(), LEASE)).await?;
            let fates = join_all(wave.iter().zip(&batches).map(|(request, batch)| self.make(request, batch)));
            let fates = fates.await;
            let mut pause = None;
            for ((request, batch), fate) in wave.iter().zip(&batches).zip(fates) {
                pause = pause.max(self.settle(outbox, request, batch, fate).await?);
            }
            match pause {
                Some(pause) => {
                    self.failures = self.failures.saturating_add(1);
                    self.paused_until = Some(Instant::now() + pause);
                    break;
                }
                None => self.failures = 0,
            }
        }
        Ok(())
    }

    async fn make(&self, request: &Request, batch: &str) -> Fate {
        if let Some((url, body)) = &request.check {
            match self.client.post(url, &[], body.clone()).await {
                // Validation takes events nowhere, so no answer leaves no doubt.
                Err(error) => return again(error.to_string(), false, None),
                Ok(answer) if answer.status / 100 != 2 => return fate(&answer),
                Ok(answer) => {
                    if let Some(reason) = ga4::validation_code(&answer.body) {
                        return Fate::Refused { reason };
                    }
                }
            }
        }
        let headers = match &self.kind {
            Kind::Ga4(_) => Vec::new(),
            Kind::Webhook(Webhook { secret, .. }) => {
                let unix_seconds = clock::now().unix_ms() / 1000;
                let mut headers = outbound::signature(secret, unix_seconds, &request.body).to_vec();
                headers.push(("idempotency-key", batch.to_owned()));
                headers
            }
        };
        match self.client.post(&request.url, &headers, request.body.clone()).await {
            Ok(answer) => fate(&answer),
            Err(error @ NoAnswer::NotSent) => again(error.to_string(), false, None),
            Err(error @ NoAnswer::Uncertain(_)) => again(error.to_string(), true, None),
        }
    }

    /// Writes down what became of a request. Returns how long to leave the destination alone, if at all.
    async fn settle(
        &self,
        outbox: &Outbox<'_>,
        request: &Request,
        batch: &str,
        fate: Fate,
    ) -> StoreResult<Option<Duration>> {
        let (name, project_id, events) = (self.kind.name(), request.project_id, request.event_ids.len());
        match fate {
            Fate::Sent => {
                outbox.sent(batch, project_id, events, clock::now()).await?;
                self.meters.forwarded(name, "sent", events as u64);
                Ok(None)
            }
            Fate::Again { error, uncertain, after: asked } => {
                let asked = asked.unwrap_or_default();
                let wait = backoff(request.attempts, random()).max(asked);
                let uncertain_events = if uncertain { events } else { 0 };
                let due_at = after(clock::now(), wait);
                outbox.wait(batch, project_id, due_at, &error, uncertain_events).await?;
                self.meters.forwarded(name, "uncertain", uncertain_events as u64);
                tracing::warn!(destination = name, error, events, "not sent on; to be tried again");
                // A batch that is never taken waits longer and longer without keeping others waiting.
                Ok(Some(backoff(self.failures, random()).max(asked)))
            }
            Fate::Refused { reason } => {
                outbox.give_up_batch(batch, project_id, events, &reason).await?;
                self.meters.forwarded(name, "failed", events as u64);
                tracing::warn!(destination = name, reason, events, "given up; see GET /v1/forwarders");
                Ok(None)
            }
        }
    }
}

fn again(error: String, uncertain: bool, after: Option<Duration>) -> Fate {
    Fate::Again { error, uncertain, after }
}

fn fate(answer: &Answer) -> Fate {
    match answer.status {
        200..=299 => Fate::Sent,
        status @ (408 | 429 | 500..=599) => again(format!("status {status}"), false, answer.retry_after),
        status => Fate::Refused { reason: format!("status_{status}") },
    }
}

/// The name of a batch follows from what is in it, so that a receiver knows one that it has seen.
fn batch_name(request: &Request) -> String {
    let mut digest = Sha256::new();
    for id in &request.event_ids {
        digest.update(id);
    }
    let digest: [u8; 32] = digest.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(half).into_uuid().to_string()
}

/// The wait after so many failures before this one: between a half and the whole of a doubling time.
fn backoff(failures: u32, random: u8) -> Duration {
    let whole = (BACKOFF_MIN * (1 << failures.min(16))).min(BACKOFF_MAX);
    whole / 2 + whole / 2 * u32::from(random) / 255
}

fn random() -> u8 {
    let [byte] = random_bytes();
    byte
}

fn after(moment: Timestamp, wait: Duration) -> Timestamp {
    let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_ms(moment.unix_ms().saturating_add(wait_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        assert_eq!(backoff(0, 255), BACKOFF_MIN);
        assert_eq!(backoff(0, 0), BACKOFF_MIN / 2);
        assert_eq!(backoff(3, 255), BACKOFF_MIN * 8);
        assert_eq!(backoff(u32::MAX, 255), BACKOFF_MAX);
    }

    #[test]
    fn statuses_decide() {
        let fate = |status| {
            fate(&Answer { status, retry_after: Some(Duration::from_secs(7)), body: bytes::Bytes::new() })
        };
        for status in [200, 204, 299] {
            assert!(matches!(fate(status), Fate::Sent), "{status}");
        }
        for status in [408, 429, 500, 503] {
            let Fate::Again { uncertain, after, .. } = fate(status) else { panic!("{status}") };
            assert_eq!((uncertain, after), (false, Some(Duration::from_secs(7))), "{status}");
        }
        for status in [301, 400, 401, 413] {
            assert!(matches!(fate(status), Fate::Refused { .. }), "{status}");
        }
    }
}
