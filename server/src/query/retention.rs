//! Retention: of the users who were first there in one period, how many were there in each one after.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    calendar::Period,
    heavy::{Heavy, HeavyError, ROWS_MAX},
    rollups::Minutes,
};
use crate::store::{Store, rollup::moment_of};

/// The answer. "First" means first in the range: who came before it is new in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Retention {
    period: &'static str,
    start: String,
    end: String,
    #[schema(inline)]
    cohorts: Vec<Cohort>,
}

#[derive(Serialize, ToSchema)]
struct Cohort {
    start: String,
    /// Users first there in this period.
    size: u64,
    /// Of these, how many were there in this period, the next one, and so on to the end of the range.
    returned: Vec<u64>,
}

/// The retention over `intervals`, by all events or those of one name.
pub(crate) async fn retention(
    store: &dyn Store,
    turns: &Heavy,
    project_id: i32,
    period: Period,
    intervals: &[Minutes],
    event: Option<&str>,
) -> Result<Retention, HeavyError> {
    let _turn = turns.turn().await?;
    let (start, end) = (
        moment_of(intervals.first().map_or(0, |interval| interval.start)),
        moment_of(intervals.last().map_or(0, |interval| interval.end)),
    );
    let mut active: HashMap<Box<str>, Vec<usize>> = HashMap::new();
    let mut rows = 0;
    let mut add = |user: &str, minute: i64, _count: i64| {
        rows += 1;
        let interval = intervals.partition_point(|interval| interval.end <= minute);
        match active.get_mut(user) {
            Some(known) if known.contains(&interval) => {}
            Some(known) => known.push(interval),
            None => drop(active.insert(user.into(), vec![interval])),
        }
        rows <= ROWS_MAX
    };
    store.active_quarters(project_id, event, (start, end), &mut add).await?;
    if rows > ROWS_MAX {
        return Err(HeavyError::TooMany);
    }
    let mut returned: Vec<Vec<u64>> =
        (0..intervals.len()).map(|from| vec![0; intervals.len() - from]).collect();
    for known in active.into_values() {
        let Some(&first) = known.iter().min() else { continue };
        for interval in known.into_iter().filter(|&interval| interval < intervals.len()) {
            returned[first][interval - first] += 1;
        }
    }
    let cohort = |(interval, returned): (&Minutes, Vec<u64>)| Cohort {
        start: moment_of(interval.start).to_string(),
        size: returned.first().copied().unwrap_or_default(),
        returned,
    };
    Ok(Retention {
        period: period.as_str(),
        start: start.to_string(),
        end: end.to_string(),
        cohorts: intervals.iter().zip(returned).map(cohort).collect(),
    })
}
