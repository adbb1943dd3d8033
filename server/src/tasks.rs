//! Work that is nobody's request: all of it is started here and stopped by one token.

use std::{sync::Arc, time::Duration};

use pharos_model::Timestamp;
use tokio::{
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    alerts::Alerts,
    clock,
    erasure::Eraser,
    forward::{Destinations, sender::Sender},
    http::Keys,
    ingest::{
        backlog::{Backlog, Drained},
        budget::Budget,
        refused::Refused,
        writer::WriterHandle,
    },
    meeting::Meeting,
    meters::Meters,
    query::delivery::{self, Turn},
    store::{self, Compacted, Store, StoreResult},
};

/// A revoked key works no longer than this on a node that did not hear of it.
const REFRESH_KEYS_EVERY: Duration = Duration::from_secs(10);
/// How soon after its return the database is noticed.
const TRY_DATABASE_EVERY: Duration = Duration::from_millis(500);
const LOOK_AT_SPOOL_EVERY: Duration = Duration::from_secs(10);
/// How soon an erasure goes on whose node has died.
const LOOK_FOR_ERASURES_EVERY: Duration = Duration::from_secs(10);
const MAKE_ROOM_EVERY: Duration = Duration::from_secs(3600);
/// Until then a search reads the newest rows one by one.
const TEND_INDEXES_EVERY: Duration = Duration::from_secs(60);
const EXPIRE_EVERY: Duration = Duration::from_secs(3600);
/// The most that a server which is killed forgets of what it refused.
const WRITE_REFUSED_EVERY: Duration = Duration::from_secs(1);
/// Questions read deltas and sums together, so this bounds only how many deltas they read.
const COMPACT_EVERY: Duration = Duration::from_secs(2);
/// Every request leaves a sample or two in memory until then.
const TIDY_METERS_EVERY: Duration = Duration::from_secs(5);
/// How soon a rule that would fire does.
const WATCH_EVERY: Duration = Duration::from_secs(30);
/// How far behind the delivery rate may be.
const DERIVE_EVERY: Duration = Duration::from_secs(60);
/// Most late events are a few hours late at most; the others are found now and then.
const LOOK_BACK_MS: i64 = 3 * 3_600_000;
const LOOK_FAR_BACK_EVERY: Duration = Duration::from_secs(1800);
/// Between two steps of removing old events, for the writers' sake.
const EXPIRE_PAUSE: Duration = Duration::from_millis(50);

/// Longer than any flush waits in a spool.
const KEEP_MARKS_DAYS: i64 = 90;

/// Time to see why events were given up.
const KEEP_OUTBOX_DAYS: i64 = 30;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the tasks work on.
pub(crate) struct Work {
    pub(crate) meeting: Meeting,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) eraser: Eraser,
    pub(crate) keys: Arc<Keys>,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) refused: Refused,
    pub(crate) writer: WriterHandle,
    pub(crate) budget: Budget,
    pub(crate) meters: Arc<Meters>,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) retention_days: Option<u32>,
    pub(crate) quarantine_days: Option<u32>,
    pub(crate) destinations: Destinations,
    pub(crate) forward_timeout: Duration,
}

/// Starts every background task. They end when `stop` is cancelled, in the middle of their work if need be;
/// only those that send events on wait for the answers they are owed.
pub(crate) fn start(work: Work, stop: &CancellationToken) -> JoinSet<()> {
    let Work { store, eraser, keys, backlog, refused, writer, budget, meters, alerts, .. } = work;
    let (retention_days, quarantine_days) = (work.retention_days, work.quarantine_days);
    let mut tasks = JoinSet::new();
    for destination in work.destinations.iter() {
        let sender =
            Sender::new(destination, store.clone(), meters.clone(), work.forward_timeout, stop.clone());
        tasks.spawn(sender.run());
    }
    tasks.spawn(until(stop.clone(), expire_outbox(store.clone())));
    tasks.spawn(until(stop.clone(), write_refused(refused, writer, budget)));
    tasks.spawn(until(stop.clone(), meet(work.meeting, backlog.clone())));
    tasks.spawn(until(stop.clone(), drain_spool(store.clone(), backlog)));
    tasks.spawn(until(stop.clone(), compact(store.clone(), meters.clone())));
    tasks.spawn(until(stop.clone(), tidy_meters(meters)));
    tasks.spawn(until(stop.clone(), derive_delivery(store.clone())));
    tasks.spawn(until(stop.clone(), watch(alerts)));
    tasks.spawn(until(stop.clone(), refresh_keys(keys)));
    tasks.spawn(until(stop.clone(), erase(eraser)));
    tasks.spawn(until(stop.clone(), make_room(store.clone())));
    tasks.spawn(until(stop.clone(), tend_indexes(store.clone())));
    tasks.spawn(until(stop.clone(), expire(store.clone(), retention_days)));
    tasks.spawn(until(stop.clone(), expire_quarantine(store, quarantine_days)));
    tasks
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    stop.run_until_cancelled(work).await;
}

/// Ticks now and then every `period` after the work of the last tick was done.
fn ticks(period: Duration) -> Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn refresh_keys(keys: Arc<Keys>) {
    let mut ticks = ticks(REFRESH_KEYS_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = keys.refresh().await {
            tracing::warn!(%error, "keys not refreshed; those known stay in use");
        }
    }
}

/// Persons who are to be erased: what was asked for on this node at once, what another node has left soon.
async fn erase(eraser: Eraser) {
    loop {
        if let Err(error) = eraser.work().await {
            tracing::warn!(%error, "an erasure goes on later");
        }
        eraser.asked(LOOK_FOR_ERASURES_EVERY).await;
    }
}

/// What was refused, into the ledger.
async fn write_refused(refused: Refused, writer: WriterHandle, budget: Budget) {
    let mut ticks = ticks(WRITE_REFUSED_EVERY);
    loop {
        ticks.tick().await;
        refused.write(&writer, &budget).await;
    }
}

/// The database that was away when the server started.
async fn meet(meeting: Meeting, backlog: Arc<Backlog>) {
    while backlog.is_unmet() {
        tokio::time::sleep(TRY_DATABASE_EVERY).await;
        match meeting.meet(Duration::ZERO).await {
            Ok(_) => {
                tracing::info!("the database is there; its schema is up to date");
                backlog.met();
            }
            Err(error) => tracing::debug!(%error, "started without the database, which is still away"),
        }
    }
    // A task that ends is taken for one that failed.
    std::future::pending().await
}

/// What waits on the local disk, into the database, as soon as it is back.
async fn drain_spool(store: Arc<dyn Store>, backlog: Arc<Backlog>) {
    let mut drained = 0;
    loop {
        match backlog.drain_one(&*store).await {
            Ok(Drained::Events(events)) => drained += events,
            Ok(Drained::Nothing) => {
                if drained > 0 {
                    tracing::info!(events = drained, "the database is back; what was spooled is written");
                    drained = 0;
                }
                backlog.waited(LOOK_AT_SPOOL_EVERY).await;
            }
            Ok(Drained::Away) => tokio::time::sleep(TRY_DATABASE_EVERY).await,
            Err(error) => {
                tracing::error!(%error, "spooled events cannot be written to the database");
                tokio::time::sleep(LOOK_AT_SPOOL_EVERY).await;
            }
        }
    }
}

/// Counts that writers appended, into sums.
async fn compact(store: Arc<dyn Store>, meters: Arc<Meters>) {
    let mut ticks = ticks(COMPACT_EVERY);
    loop {
        ticks.tick().await;
        loop {
            match store.compact().await {
                Ok(Compacted::Done) => {
                    meters.compacted();
                    break;
                }
                Ok(Compacted::More) => {}
                Err(error) => {
                    tracing::warn!(%error, "counts not added up; answers stay right and get slower");
                    break;
                }
            }
        }
    }
}

/// What was measured, into less memory.
async fn tidy_meters(meters: Arc<Meters>) {
    let mut ticks = ticks(TIDY_METERS_EVERY);
    loop {
        ticks.tick().await;
        meters.tidy();
    }
}

/// Rules, and who is to be told.
async fn watch(alerts: Arc<Alerts>) {
    let mut ticks = ticks(WATCH_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = alerts.round(clock::now()).await {
            tracing::warn!(%error, "rules were not looked at, but for the spool's");
        }
    }
}

/// Which share of the events made has arrived; one node does it for all.
async fn derive_delivery(store: Arc<dyn Store>) {
    let node = store::random_id();
    let mut looked_far_back: Option<Instant> = None;
    loop {
        let began = Instant::now();
        let mut turn = Turn::of(node);
        let far_back = looked_far_back.is_none_or(|at| at.elapsed() >= LOOK_FAR_BACK_EVERY);
        let back_ms = if far_back { delivery::LATE_DAYS * DAY_MS } else { LOOK_BACK_MS };
        match derive_once(&*store, back_ms, &mut turn).await {
            Ok(true) if far_back => looked_far_back = Some(began),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the delivery rate is not up to date"),
        }
        let worked = began.elapsed().saturating_sub(turn.rested);
        tokio::time::sleep(DERIVE_EVERY.max(worked * delivery::RESTS)).await;
    }
}

/// False if another node does it.
async fn derive_once(store: &dyn Store, back_ms: i64, turn: &mut Turn) -> StoreResult<bool> {
    let now = clock::now();
    let since = Timestamp::from_unix_ms(now.unix_ms() - back_ms);
    for project in store.projects().await? {
        if !turn.take(store).await? {
            return Ok(false);
        }
        delivery::refresh(store, project.id, since, now, turn).await?;
    }
    let cutoff = Timestamp::from_unix_ms(now.unix_ms() - delivery::REMEMBER_DAYS * DAY_MS);
    store.forget_delivery_sessions(cutoff).await?;
    Ok(true)
}

/// Partitions for the days to come.
async fn make_room(store: Arc<dyn Store>) {
    let mut ticks = ticks(MAKE_ROOM_EVERY);
    loop {
        ticks.tick().await;
        match store.make_room(clock::now()).await {
            Ok(0) => {}
            Ok(partitions) => tracing::info!(partitions, "partitions made"),
            Err(error) => tracing::warn!(%error, "partitions not made; events go to the default one"),
        }
    }
}

/// Indexes that writers leave behind: one built at a time.
async fn tend_indexes(store: Arc<dyn Store>) {
    let mut ticks = ticks(TEND_INDEXES_EVERY);
    loop {
        ticks.tick().await;
        loop {
            match store.tend_indexes(clock::now()).await {
                Ok(0) => break,
                Ok(_) => tracing::info!("an index of a day that is over was built"),
                Err(error) => {
                    tracing::warn!(%error, "indexes not up to date; searches by session and user are slower");
                    break;
                }
            }
        }
    }
}

/// What is older than it may be: sign-in links, sessions, events.
async fn expire(store: Arc<dyn Store>, retention_days: Option<u32>) {
    let mut ticks = ticks(EXPIRE_EVERY);
    loop {
        ticks.tick().await;
        let now = clock::now();
        let marks_cutoff = Timestamp::from_unix_ms(now.unix_ms() - KEEP_MARKS_DAYS * DAY_MS);
        if let Err(error) = store.forget_marks(marks_cutoff).await {
            tracing::warn!(%error, "marks of writers long gone not removed");
        }
        if let Err(error) = store.forget_erased(marks_cutoff).await {
            tracing::warn!(%error, "whom erasures were of is not forgotten yet");
        }
        if let Err(error) = store.expire_sessions(now).await {
            tracing::warn!(%error, "expired sessions not removed");
        }
        let Some(days) = retention_days else { continue };
        let cutoff = Timestamp::from_unix_ms(now.unix_ms() - i64::from(days) * DAY_MS);
        if let Err(error) = expire_events(&*store, cutoff).await {
            tracing::warn!(%error, "old events not removed");
        }
    }
}

/// Refused events that nobody has repaired for long, and those replayed long ago.
async fn expire_quarantine(store: Arc<dyn Store>, days: Option<u32>) {
    let Some(days) = days else { return std::future::pending().await };
    let mut ticks = ticks(EXPIRE_EVERY);
    loop {
        ticks.tick().await;
        let cutoff = Timestamp::from_unix_ms(clock::now().unix_ms() - i64::from(days) * DAY_MS);
        loop {
            match store.expire_quarantine(cutoff).await {
                Ok(0) => break,
                Ok(removed) => tracing::info!(removed, "old refused events removed from the quarantine"),
                Err(error) => {
                    tracing::warn!(%error, "old refused events not removed");
                    break;
                }
            }
            tokio::time::sleep(EXPIRE_PAUSE).await;
        }
    }
}

/// What was given up to be sent on, and what waits for a destination that is there no more.
async fn expire_outbox(store: Arc<dyn Store>) {
    let mut ticks = ticks(EXPIRE_EVERY);
    loop {
        ticks.tick().await;
        let cutoff = Timestamp::from_unix_ms(clock::now().unix_ms() - KEEP_OUTBOX_DAYS * DAY_MS);
        loop {
            match store.expire_outbox(cutoff).await {
                Ok(0) => break,
                Ok(removed) => tracing::info!(removed, "events given up long ago forgotten"),
                Err(error) => {
                    tracing::warn!(%error, "events given up long ago not forgotten");
                    break;
                }
            }
            tokio::time::sleep(EXPIRE_PAUSE).await;
        }
    }
}

async fn expire_events(store: &dyn Store, cutoff: Timestamp) -> StoreResult<()> {
    store.note_removed_before(cutoff).await?;
    loop {
        match store.expire(cutoff).await? {
            0 => return Ok(()),
            removed => tracing::info!(removed, "old events or partitions removed"),
        }
        tokio::time::sleep(EXPIRE_PAUSE).await;
    }
}
