//! Work that is nobody's request: all of it is started here and stopped by one token.

use std::{sync::Arc, time::Duration};

use pharos_model::Timestamp;
use tokio::{
    task::JoinSet,
    time::{Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    http::Keys,
    store::{Store, StoreResult},
};

/// A revoked key works no longer than this on a node that did not hear of it.
const REFRESH_KEYS_EVERY: Duration = Duration::from_secs(10);
const MAKE_ROOM_EVERY: Duration = Duration::from_secs(3600);
const EXPIRE_EVERY: Duration = Duration::from_secs(3600);
/// Between two steps of removing old events, for the writers' sake.
const EXPIRE_PAUSE: Duration = Duration::from_millis(50);

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Starts every background task. They end when `stop` is cancelled, in the middle of their work if need be.
pub(crate) fn start(
    store: &Arc<dyn Store>,
    keys: &Arc<Keys>,
    retention_days: Option<u32>,
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(until(stop.clone(), refresh_keys(keys.clone())));
    tasks.spawn(until(stop.clone(), make_room(store.clone())));
    tasks.spawn(until(stop.clone(), expire(store.clone(), retention_days)));
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

/// What is older than it may be: sign-in links, sessions, events.
async fn expire(store: Arc<dyn Store>, retention_days: Option<u32>) {
    let mut ticks = ticks(EXPIRE_EVERY);
    loop {
        ticks.tick().await;
        let now = clock::now();
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

async fn expire_events(store: &dyn Store, cutoff: Timestamp) -> StoreResult<()> {
    loop {
        match store.expire(cutoff).await? {
            0 => return Ok(()),
            removed => tracing::info!(removed, "old events or partitions removed"),
        }
        tokio::time::sleep(EXPIRE_PAUSE).await;
    }
}
