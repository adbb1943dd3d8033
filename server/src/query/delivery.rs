//! Which share of the events made has arrived: derived from the sessions' numbering, and read back.
//!
//! # How it is counted
//!
//! An SDK numbers the events of a session from 0. Of the numbers of a session that fall into ten minutes (by
//! the events' own time), the highest tells how many were made by then; what was made before those minutes is
//! told by the highest number of the session before them. The difference is what is *expected* of the ten
//! minutes, the different numbers stored are what *arrived*. Ten minutes are derived anew whenever the rollups
//! count another number of events for them than when they were last derived, so that an event that comes late
//! is counted in its own hour.
//!
//! # What it cannot see
//!
//! - Events lost after the last one of a session that arrived: a session counts up to what was seen of it.
//!   Sessions of which nothing arrived are not seen at all.
//! - A lost event counts in the ten minutes of the next one of its session that arrived.
//! - How far a session had come is remembered for [`REMEMBER_DAYS`]; one that goes on after that counts as
//!   if all before had been lost. Events later than [`LATE_DAYS`] do not change what was derived.
//! - Events without a session and a number, as servers send them, are not part of it.

use std::time::Duration;

use pharos_model::Timestamp;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    clock,
    store::{
        Store, StoreResult,
        delivery::{Part, SLICE_MS, Slice},
        random_id,
    },
};

/// How late an event may be and still be counted: longer than an SDK keeps what it could not send.
pub(crate) const LATE_DAYS: i64 = 8;
/// How long is remembered how far a session had come: a tab may be left open for long.
pub(crate) const REMEMBER_DAYS: i64 = 30;

/// Events that are read at once, about: a tenth of a second's work.
const PART_EVENTS: i64 = 50_000;
/// However much there is to derive, it takes a small share of the database's time: after each piece of work, so many
/// times as long is rested.
pub(crate) const RESTS: u32 = 20;
/// The longest rest between two parts.
const REST_MAX: Duration = Duration::from_secs(60);
/// Several times that: a node that dies is followed by another.
const LEASE: Duration = Duration::from_secs(300);

/// Slices after a changed one whose sums may have changed with it.
const AFTERWARDS_MS: i64 = 24 * 3_600_000;

/// Which share of the events made has arrived, as far as the sessions' numbers tell.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    start: String,
    end: String,
    #[serde(flatten)]
    #[schema(inline)]
    pub(crate) share: Share,
    /// By hour of the events' own time; hours without numbered events are left out.
    hours: Vec<HourOfDelivery>,
    /// What SDKs said they had given up, by the hour in which they said so.
    dropped: Vec<Dropped>,
}

/// Numbered events: how many were made, and how many of them are stored.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Share {
    pub(crate) expected: i64,
    pub(crate) arrived: i64,
    /// `null` where nothing was expected.
    pub(crate) rate: Option<f64>,
}

/// An hour's part.
#[derive(Serialize, ToSchema)]
struct HourOfDelivery {
    hour: String,
    #[serde(flatten)]
    #[schema(inline)]
    share: Share,
}

/// Events given up for one reason.
#[derive(Serialize, ToSchema)]
struct Dropped {
    /// `invalid`, `queue_full`, `refused` (by the server, for good), `shut_down` or `other`.
    reason: String,
    count: i64,
}

impl Share {
    #[allow(clippy::cast_precision_loss, reason = "a share, not an account")]
    fn new(expected: i64, arrived: i64) -> Self {
        let rate = (expected > 0).then(|| (arrived as f64 / expected as f64).min(1.0));
        Self { expected, arrived, rate }
    }
}

/// The delivery of a range.
pub(crate) async fn of(
    store: &dyn Store,
    project_id: i32,
    start: Timestamp,
    end: Timestamp,
) -> StoreResult<Delivery> {
    let hours = store.delivery(project_id, start, end).await?;
    let dropped = store.dropped(project_id, start, end).await?;
    let sum = |number: fn(&crate::store::delivery::HourOfDelivery) -> i64| hours.iter().map(number).sum();
    Ok(Delivery {
        start: start.to_string(),
        end: end.to_string(),
        share: Share::new(sum(|hour| hour.expected), sum(|hour| hour.arrived)),
        hours: hours
            .iter()
            .map(|hour| HourOfDelivery {
                hour: hour.hour.to_string(),
                share: Share::new(hour.expected, hour.arrived),
            })
            .collect(),
        dropped: dropped.into_iter().map(|(reason, count)| Dropped { reason, count }).collect(),
    })
}

/// Whose turn it is to derive, and how that goes on.
pub struct Turn {
    /// Nobody, where there are no others.
    node: Option<Uuid>,
    part_events: i64,
    /// For how long it did nothing.
    pub(crate) rested: Duration,
}

impl Turn {
    /// That of a node, while it has the lease.
    pub(crate) fn of(node: Uuid) -> Self {
        Self { node: Some(node), part_events: PART_EVENTS, rested: Duration::ZERO }
    }

    /// That of the only one there is, which reads so many events at once.
    pub fn alone(part_events: i64) -> Self {
        Self { node: None, part_events, rested: Duration::ZERO }
    }

    /// Takes the lease, or renews it; `false` while another node has it.
    pub(crate) async fn take(&self, store: &dyn Store) -> StoreResult<bool> {
        let Some(node) = self.node else { return Ok(true) };
        store.take_lease("delivery", node, clock::now(), LEASE).await
    }

    /// Rests after a part that took `worked`.
    async fn rest(&mut self, store: &dyn Store, worked: Duration) -> StoreResult<bool> {
        let rest = (worked * RESTS).min(REST_MAX);
        tokio::time::sleep(rest).await;
        self.rested += rest;
        self.take(store).await
    }
}

/// Derives what has changed in the slices from the one that holds `since` to the one that holds `now`.
/// Returns how many slices it read events for. Between the parts of one with many events it rests, and stops when it
/// is another's turn.
///
/// # Errors
/// When the store fails; what was derived so far stays.
pub async fn refresh(
    store: &dyn Store,
    project_id: i32,
    since: Timestamp,
    now: Timestamp,
    turn: &mut Turn,
) -> StoreResult<usize> {
    let since = slice_of(since);
    // Clocks differ: events may be of a time that is still to come here.
    let until = Timestamp::from_unix_ms(now.unix_ms() + AFTERWARDS_MS);
    let known = store.delivery_slices(project_id, since, until).await?;
    let counted = store.count_by_slice(project_id, since, until, SLICE_MS).await?;
    let is_known = |start, counted| {
        let at = known.binary_search_by_key(&start, |slice| slice.start);
        at.is_ok_and(|at| known[at].counted == counted)
    };
    let changed: Vec<Slice> = counted
        .into_iter()
        .filter(|&(start, counted)| !is_known(start, counted))
        .map(|(start, counted)| Slice { start, counted })
        .collect();
    for &slice in &changed {
        let mut began = Instant::now();
        for (number, part) in parts(slice, turn.part_events).enumerate() {
            if number > 0 {
                if !turn.rest(store, began.elapsed()).await? {
                    return Ok(changed.len());
                }
                began = Instant::now();
            }
            store.derive_delivery(project_id, part).await?;
        }
        store.add_up_delivery(project_id, slice).await?;
    }
    let Some(first) = changed.first() else { return Ok(0) };
    let afterwards = |slice: &&Slice| {
        slice.start > first.start && slice.start.unix_ms() - first.start.unix_ms() <= AFTERWARDS_MS
    };
    for &slice in known.iter().filter(afterwards) {
        if !changed.iter().any(|changed| changed.start == slice.start) {
            store.add_up_delivery(project_id, slice).await?;
        }
    }
    Ok(changed.len())
}

/// What of a slice is read at once, in order. A number that a session has twice, which none should, counts once in
/// each.
fn parts(slice: Slice, part_events: i64) -> impl Iterator<Item = Part> {
    let derivation = random_id().as_u64_pair().1.cast_signed();
    // No shorter than a second: more events in one are not a server's.
    let count = (slice.counted / part_events + 1).min(SLICE_MS / 1000);
    let at = move |number| Timestamp::from_unix_ms(slice.start.unix_ms() + SLICE_MS * number / count);
    (0..count).map(move |number| Part {
        slice: slice.start,
        start: at(number),
        end: at(number + 1),
        derivation,
    })
}

fn slice_of(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(moment.unix_ms().div_euclid(SLICE_MS) * SLICE_MS)
}
