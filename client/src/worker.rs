//! The task that sends: when batches leave, and what becomes of the events in them. One request at a time: what
//! comes meanwhile makes the next batch, so batches grow as the load does.

use std::{collections::BTreeMap, mem::take, sync::Arc, time::Duration};

use pharos_model::{
    pii::KindCounts,
    retry::{Backoff, Fate},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    error::{Error, Verdict},
    event::{self, judge_line},
    journal::Line,
    queue::Entry,
    shared::{Shared, State},
    transport::{Answer, Transport},
    wire::{self, Batch, Said},
};

/// What the server takes: 500 events, and 1 MiB even where it does not shrink.
const BATCH_EVENTS_MAX: usize = 500;
const BATCH_BYTES_MAX: usize = 900 * 1024;

/// How often what other processes left on the disk is looked for.
const ADOPT_EVERY: Duration = Duration::from_secs(60);

/// What the task alone knows.
struct Worker {
    shared: Arc<Shared>,
    transport: Transport,
    backoff: Backoff,
    /// Less than the most after the server found a batch too large.
    events_max: usize,
    /// Since when something waits that nobody is waiting for.
    waits_since: Option<Instant>,
    adopt_at: Instant,
}

/// Sends until the client is gone and nothing is left to be tried.
pub(crate) async fn run(shared: Arc<Shared>, transport: Transport) {
    let (backoff, adopt_at) = (Backoff::default(), Instant::now());
    let mut worker =
        Worker { shared, transport, backoff, events_max: BATCH_EVENTS_MAX, waits_since: None, adopt_at };
    let mut end = None;
    loop {
        let now = Instant::now();
        let (is_closed, is_idle) = {
            let state = worker.shared.state();
            (state.is_closed, state.is_idle())
        };
        if is_closed {
            let end = *end.get_or_insert(now + worker.shared.settings.drain_timeout);
            if is_idle || now >= end {
                return worker.finish();
            }
        } else if worker.adopt_at <= now {
            worker.adopt();
        }
        let (is_due, wake_at) = worker.due(now);
        if is_due {
            worker.send().await;
            continue;
        }
        let wake_at = end.map_or(wake_at, |end: Instant| wake_at.min(end));
        tokio::select! {
            () = worker.shared.wake.notified() => {}
            () = sleep_until(wake_at) => {}
        }
    }
}

impl Worker {
    /// Whether a batch is to leave now, and when to look again.
    fn due(&mut self, now: Instant) -> (bool, Instant) {
        let mut state = self.shared.state();
        let waiting = state.queue.waiting();
        if waiting == 0 && state.losses.is_empty() {
            for flush in take(&mut state.flushes) {
                let _ = flush.send(true);
            }
            self.waits_since = None;
            return (false, self.adopt_at);
        }
        let since = *self.waits_since.get_or_insert(now);
        let settings = &self.shared.settings;
        let is_complete = state.queue.is_awaited() || waiting >= settings.batch_events || state.is_closed;
        let mut at = if is_complete { now } else { since + settings.flush_interval };
        if let Some(retry_at) = state.retry_at {
            at = at.max(retry_at);
        }
        // Whoever asks for a flush does not wait for a time that only we chose.
        if !state.flushes.is_empty() {
            at = now;
        }
        (at <= now, at.min(self.adopt_at))
    }

    async fn send(&mut self) {
        self.waits_since = None;
        let batch = {
            let mut state = self.shared.state();
            state.is_sending = true;
            Batch {
                entries: state.queue.take(self.events_max, BATCH_BYTES_MAX),
                losses: take(&mut state.losses),
                redacted: take(&mut state.redacted),
            }
        };
        let answer = self.transport.post(batch.body()).await;
        let is_taken = self.read(&batch.losses, &batch.redacted, batch.entries, answer);
        let mut state = self.shared.state();
        state.is_sending = false;
        let is_delivered = state.is_idle();
        if is_delivered || state.retry_at.is_some() || !is_taken {
            for flush in take(&mut state.flushes) {
                let _ = flush.send(is_delivered);
            }
        }
    }

    /// Does with a batch's events what the answer says. Whether the server took it.
    fn read(
        &mut self,
        losses: &BTreeMap<String, u64>,
        redacted: &KindCounts,
        entries: Vec<Entry>,
        answer: Answer,
    ) -> bool {
        let verdicts = Said::in_answer(&answer, entries.len());
        let fate = Fate::of(answer.status, verdicts.is_some());
        let shared = self.shared.clone();
        let mut state = shared.state();
        state.retry_at = None;
        state.is_told = answer.retry_after_s > 0;
        state.stats.last_error = match fate {
            Fate::Verdicts => None,
            _ if answer.error.is_empty() => Some(format!("status {}", answer.status)),
            _ => Some(answer.error.clone()),
        };
        if let (Fate::Verdicts, Some(verdicts)) = (fate, verdicts) {
            drop(state);
            self.tell_all(entries, verdicts, answer.retry_after_s);
            return true;
        }
        for (reason, count) in losses {
            *state.losses.entry(reason.clone()).or_default() += count;
        }
        state.redacted.add(redacted);
        match fate {
            Fate::TooLarge if entries.len() > 1 => {
                self.events_max = entries.len().div_ceil(2);
                put_back(&mut state, entries);
                // At once: it is another batch.
                return true;
            }
            Fate::BadKey | Fate::Refused | Fate::TooLarge => {
                state.retry_at = Some(self.wait(answer.retry_after_s));
                drop(state);
                self.refuse(entries, &answer, fate == Fate::BadKey);
            }
            Fate::Again | Fate::Verdicts => {
                state.retry_at = Some(self.wait(answer.retry_after_s));
                put_back(&mut state, entries);
            }
        }
        false
    }

    fn wait(&mut self, retry_after_s: u32) -> Instant {
        let wait_ms = self.backoff.failed(retry_after_s, fastrand::f64());
        Instant::now() + Duration::from_millis(wait_ms.into())
    }

    /// Each event has a verdict.
    fn tell_all(&mut self, entries: Vec<Entry>, verdicts: Vec<Said>, retry_after_s: u32) {
        self.events_max = (self.events_max * 2).min(BATCH_EVENTS_MAX);
        let mut again = Vec::new();
        let mut problems = Vec::new();
        let shared = self.shared.clone();
        let mut state = shared.state();
        for (entry, said) in entries.into_iter().zip(verdicts) {
            let Some(result) = said.result() else {
                again.push(entry);
                continue;
            };
            state.stats.delivered += u64::from(result.is_ok());
            if let (None, Err(error)) = (&entry.waiter, &result) {
                problems.push((error.code().to_owned(), error.to_string()));
            }
            settle(&mut state, entry, Some(result));
        }
        if again.is_empty() {
            self.backoff.succeeded();
        } else {
            state.retry_at = Some(self.wait(retry_after_s));
            put_back(&mut state, again);
        }
        drop(state);
        for (code, message) in problems {
            self.shared.problem(&code, message, 1, true);
        }
    }

    /// The server refused the batch. Where its key is at fault, a person can repair that, and what nobody waits
    /// for is kept until then.
    fn refuse(&mut self, entries: Vec<Entry>, answer: &Answer, is_key: bool) {
        let status = answer.status;
        let error = Error::Refused { status, code: wire::refused_for(answer) };
        let (kept, lost): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| is_key && entry.waiter.is_none());
        let unawaited = lost.iter().filter(|entry| entry.waiter.is_none()).count();
        let (kept_events, message) = (kept.len(), error.to_string());
        let mut state = self.shared.state();
        state.lose("refused", lost.len());
        for entry in lost {
            settle(&mut state, entry, Some(Err(error.clone())));
        }
        put_back(&mut state, kept);
        drop(state);
        if kept_events > 0 {
            self.shared.problem(error.code(), message, kept_events, false);
        } else if unawaited > 0 {
            self.shared.problem(error.code(), message, unawaited, true);
        }
    }

    /// Takes over what processes that are gone left on the disk, as far as there is room.
    fn adopt(&mut self) {
        self.adopt_at = Instant::now() + ADOPT_EVERY;
        let mut state = self.shared.state();
        loop {
            let State { queue, journal: Some(journal), .. } = &mut *state else { return };
            let Some(found) = journal.adopt(queue.room()) else { return };
            for line in &found.lines {
                if !restore(&self.shared, &mut state, line, found.segment)
                    && let Some(journal) = &mut state.journal
                {
                    journal.settle(found.segment);
                }
            }
        }
    }

    /// The time is over. What is left waits on the disk, or is lost.
    fn finish(self) {
        let mut state = self.shared.state();
        let dropped: std::collections::HashMap<String, u32> = take(&mut state.losses)
            .into_iter()
            .map(|(reason, count)| (reason, u32::try_from(count).unwrap_or(u32::MAX)))
            .collect();
        if let Some(journal) = state.journal.as_mut().filter(|_| !dropped.is_empty()) {
            // If it cannot be written either, nobody will know.
            let _ = journal.append(&Line::of_losses(dropped));
        }
        for entry in state.queue.take_awaited() {
            answer(entry, Err(Error::ShutDown));
        }
        for flush in take(&mut state.flushes) {
            let _ = flush.send(false);
        }
        let left = state.queue.events();
        // The locks go, so that another process may send what is left.
        let is_lost = state.journal.take().is_none();
        let last_error = state.stats.last_error.clone().unwrap_or_default();
        drop(state);
        if left > 0 {
            let message = format!("{left} events could not be sent before the end ({last_error})");
            self.shared.problem("unavailable", message, left, is_lost);
        }
        self.shared.ended.send_replace(true);
    }
}

/// Takes one line back. What stands in a file is judged anew: it may be anybody's. `false`: it is none, or done.
fn restore(shared: &Shared, state: &mut State, line: &str, segment: u64) -> bool {
    let Ok(line) = serde_json::from_str::<Line<'_>>(line) else {
        state.lose("unreadable", 1);
        return false;
    };
    let is_reason = |name: &str| {
        (1..=32).contains(&name.len()) && name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase())
    };
    for (reason, count) in line.dropped.iter().filter(|(reason, _)| is_reason(reason)) {
        state.lose(reason, *count as usize);
    }
    let Some(event) = line.event else { return false };
    let judged = judge_line(event.get().as_bytes(), &shared.settings.rules, event::new_id());
    let Ok(judged) = judged else {
        state.lose("unreadable", 1);
        return false;
    };
    let (id, text, consent) = (judged.id, judged.text, line.consent());
    let entry = Entry { id, text, consent, waiter: None, segment: Some(segment) };
    let is_added = state.queue.add(entry).is_ok();
    state.lose("queue_full", usize::from(!is_added));
    is_added
}

/// What nobody has given up meanwhile waits again.
fn put_back(state: &mut State, entries: Vec<Entry>) {
    let (given_up, again): (Vec<_>, Vec<_>) = entries.into_iter().partition(Entry::is_given_up);
    state.lose("gave_up", given_up.len());
    for entry in given_up {
        settle(state, entry, None);
    }
    state.queue.put_back(again);
}

/// An event is done with.
fn settle(state: &mut State, entry: Entry, result: Option<Result<Verdict, Error>>) {
    state.queue.settle(&entry);
    if let (Some(segment), Some(journal)) = (entry.segment, &mut state.journal) {
        journal.settle(segment);
    }
    if let Some(result) = result {
        answer(entry, result);
    }
}

fn answer(entry: Entry, result: Result<Verdict, Error>) {
    if let Some(waiter) = entry.waiter {
        // Whoever went away does not want to know.
        let _ = waiter.tell.send(result);
    }
}
