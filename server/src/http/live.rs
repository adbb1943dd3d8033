//! `GET /v1/live`: what arrives on this node, as it arrives, as server-sent events.

use std::{collections::BTreeMap, collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior};

use super::{
    Shared,
    access::{self, Caller},
    error::Error,
    params::Params,
};
use crate::{
    clock,
    ingest::live::{Committed, Listener},
    query::recent::RecentEvent,
    store::StoredEvent,
};

const COUNTS_EVERY: Duration = Duration::from_secs(1);
/// Counts between two looks at whether the reader may still read.
const COUNTS_BETWEEN_CHECKS: u32 = 5;
/// For proxies, which close what is silent. Counts come more often than this; it is for when they stall.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Events shown whole a second: more than a person can read.
const SAMPLE_A_SECOND: usize = 20;
/// Names counted by themselves a second; the sum has all.
const NAMES_MAX: usize = 100;

/// A second of what arrived.
#[derive(Serialize)]
struct Counts {
    at: String,
    count: u64,
    events: BTreeMap<String, u64>,
}

/// What arrives on this node, as it arrives (server-sent events).
///
/// `counts` once a second: `{"at", "count", "events": {name: count}}`. `sample`: an event as `GET /v1/events`
/// shows it, at most 20 a second. A reader that is too slow misses some. The stream ends when the server stops
/// and within seconds of a key being revoked or a session ending.
#[utoipa::path(get, path = "/v1/live", tag = "events", operation_id = "live",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "A stream of events", body = String, content_type = "text/event-stream",
        example = "event: counts\ndata: {\"at\":\"2026-11-23T12:00:00.000Z\",\"count\":3,\"events\":{\"page_view\":3}}\n\n")))]
pub(super) async fn live(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
    headers: HeaderMap,
) -> Result<Response, Error> {
    Params::parse(query.as_deref()).finish()?;
    let listener = app.live.listen().ok_or(Error::Overloaded)?;
    let mut ticks = tokio::time::interval(COUNTS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reader = Reader {
        app,
        headers,
        project_id,
        listener,
        ticks,
        counts: BTreeMap::new(),
        sampled: 0,
        ticked: 0,
        ready: VecDeque::new(),
    };
    let events = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(PING_EVERY)).into_response())
}

struct Reader {
    app: Shared,
    headers: HeaderMap,
    project_id: i32,
    listener: Listener,
    ticks: Interval,
    counts: BTreeMap<String, u64>,
    sampled: usize,
    ticked: u32,
    ready: VecDeque<Event>,
}

impl Reader {
    /// The next event to send; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                committed = self.listener.next() => self.take(&committed),
                _ = self.ticks.tick() => {
                    self.ticked += 1;
                    if self.ticked.is_multiple_of(COUNTS_BETWEEN_CHECKS) && !self.may_still_read().await {
                        return None;
                    }
                    self.count();
                }
            }
        }
    }

    /// While the database is away, nobody's session can be seen to have ended.
    async fn may_still_read(&self) -> bool {
        match access::may_still_read(&self.app, &self.headers).await {
            Ok(()) | Err(Error::StoreUnavailable) => true,
            Err(_) => false,
        }
    }

    fn take(&mut self, committed: &Committed) {
        if committed.project_id != self.project_id {
            return;
        }
        for (name, count) in &committed.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
        let room = SAMPLE_A_SECOND - self.sampled;
        for row in committed.sample.iter().take(room) {
            // Rows hold JSON text that was written by the model.
            let Ok(event) = RecentEvent::try_from(StoredEvent::from(row)) else { continue };
            self.sampled += 1;
            self.ready.extend(Event::default().event("sample").json_data(event).ok());
        }
    }

    fn count(&mut self) {
        let events = std::mem::take(&mut self.counts);
        let count = events.values().sum();
        let events = events.into_iter().take(NAMES_MAX).collect();
        self.sampled = 0;
        let counts = Counts { at: clock::now().to_string(), count, events };
        self.ready.extend(Event::default().event("counts").json_data(counts).ok());
    }
}
