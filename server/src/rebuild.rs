//! `pharos rollup rebuild`: every rollup of the time of which the table holds all events is made again from
//! them. What is older stays as it is: rollups outlive the events.
//!
//! Hours are made again one by one, each in a transaction, and each day from its hours. So it may be broken off
//! and run again, and servers may write, fold and answer meanwhile.

use crate::store::{
    Store, StoreResult,
    rebuild::StoredHour,
    rollup::{Size, moment_of},
};
use pharos_model::Timestamp;

/// What there is to do.
#[derive(Debug)]
pub struct Plan {
    /// From this moment on; `None`: from the beginning.
    pub since: Option<Timestamp>,
    /// Events to be read, about.
    pub events: u64,
    hours: Vec<(i32, StoredHour)>,
}

impl Plan {
    /// Looks at every event once: this takes some seconds for ten millions.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn make(store: &dyn Store) -> StoreResult<Self> {
        let since = store.whole_since().await?;
        let mut hours = Vec::new();
        for project in store.projects().await? {
            let of_project = store.hours_to_rebuild(project.id, since).await?;
            hours.extend(of_project.into_iter().map(|hour| (project.id, hour)));
        }
        let events = hours.iter().map(|(_, hour)| hour.events.unsigned_abs()).sum();
        Ok(Self { since: (since > 0).then(|| moment_of(since)), events, hours })
    }

    /// Hours to be made again.
    pub fn hours(&self) -> usize {
        self.hours.len()
    }

    /// Does it; tells `progress` of the events read.
    ///
    /// # Errors
    /// When the store fails; what was made so far is right and stays.
    pub async fn run(&self, store: &dyn Store, mut progress: impl FnMut(u64)) -> StoreResult<u64> {
        let mut events = 0;
        for day in self.hours.chunk_by(|a, b| day_of(a) == day_of(b)) {
            for &(project_id, hour) in day {
                let read = store.rebuild_hour(project_id, hour.start).await?;
                events += read;
                progress(read);
            }
            if let Some((project_id, start)) = day.first().map(day_of) {
                store.rebuild_day(project_id, start).await?;
            }
        }
        Ok(events)
    }
}

fn day_of(&(project_id, hour): &(i32, StoredHour)) -> (i32, i64) {
    (project_id, Size::Day.floor(hour.start))
}
