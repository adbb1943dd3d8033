//! The ledger as JSON: what became of every event received.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{OutcomeRange, OutcomeSum, Store, StoreResult};

/// The answer. All numbers are of events; `received` is the sum of all outcomes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Outcomes {
    start: String,
    end: String,
    received: i64,
    #[schema(inline)]
    outcomes: Vec<Sum>,
    #[schema(inline)]
    hours: Vec<Hour>,
}

#[derive(Serialize, ToSchema)]
struct Sum {
    /// accepted, duplicate, invalid, filtered, quarantined or refused.
    outcome: String,
    /// `null` where the outcome has none.
    reason: Option<String>,
    count: i64,
}

#[derive(Serialize, ToSchema)]
struct Hour {
    hour: String,
    #[serde(flatten)]
    sum: Sum,
}

impl Sum {
    fn new(sum: &OutcomeSum, count: i64) -> Self {
        let reason = Some(sum.reason.clone()).filter(|reason| !reason.is_empty());
        Self { outcome: sum.outcome.clone(), reason, count }
    }
}

/// The outcomes asked for, in all and by hour of receipt.
pub(crate) async fn as_json(store: &dyn Store, range: &OutcomeRange) -> StoreResult<Json<Outcomes>> {
    let mut by_hour = store.outcomes(range).await?;
    let hours = by_hour
        .iter()
        .map(|sum| Hour { hour: sum.hour.to_string(), sum: Sum::new(sum, sum.count) })
        .collect();
    by_hour.sort_by(|a, b| (&a.outcome, &a.reason).cmp(&(&b.outcome, &b.reason)));
    let same = |a: &OutcomeSum, b: &OutcomeSum| (&a.outcome, &a.reason) == (&b.outcome, &b.reason);
    let outcomes = by_hour
        .chunk_by(same)
        .map(|sums| Sum::new(&sums[0], sums.iter().map(|sum| sum.count).sum()))
        .collect();
    Ok(Json(Outcomes {
        start: range.start.to_string(),
        end: range.end.to_string(),
        received: by_hour.iter().map(|sum| sum.count).sum(),
        outcomes,
        hours,
    }))
}
