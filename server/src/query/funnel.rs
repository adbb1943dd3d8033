//! A funnel: of those who did the first step, how many did the next ones, in order and in time.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    TimeRange,
    heavy::{Heavy, HeavyError, ROWS_MAX},
};
use crate::{
    ingest::heavy,
    store::{
        Store,
        questions::{By, Deed},
    },
};

/// What is asked.
pub(crate) struct Question {
    pub(crate) project_id: i32,
    /// Event names, two to eight.
    pub(crate) steps: Vec<String>,
    /// The time from the first step to the last, at most.
    pub(crate) window_seconds: i64,
    pub(crate) by: By,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Funnel {
    start: String,
    end: String,
    by: &'static str,
    window_seconds: i64,
    #[schema(inline)]
    steps: Vec<Step>,
}

#[derive(Serialize, ToSchema)]
struct Step {
    event: String,
    /// Those who came this far.
    count: u64,
    /// Of those who did the first step.
    rate: Option<f64>,
    /// Of those who did the step before.
    step_rate: Option<f64>,
    /// From the step before to this one, of those who did both.
    median_seconds: Option<f64>,
}

/// What one user or session did: when, in milliseconds, and which step.
type Deeds = Vec<(i64, usize)>;

/// How far one of them came: the moments of the steps done.
type Way = Vec<i64>;

/// The funnel of `range`.
pub(crate) async fn funnel(
    store: &dyn Store,
    turns: &Heavy,
    question: Question,
    range: &TimeRange,
) -> Result<Funnel, HeavyError> {
    let Question { project_id, steps, window_seconds, by } = question;
    let _turn = turns.turn().await?;
    let found = store.steps(project_id, &steps, by, (range.start, range.end), ROWS_MAX + 1).await?;
    if found.len() > ROWS_MAX {
        return Err(HeavyError::TooMany);
    }
    let ways: Vec<Way> = heavy(size_of_val(&found[..]), || {
        let mut deeds: HashMap<u64, Deeds> = HashMap::new();
        for Deed { who, at_ms, step } in found {
            deeds.entry(who).or_default().push((at_ms, step));
        }
        deeds.into_values().map(|deeds| furthest(deeds, &steps, window_seconds * 1000)).collect()
    });
    Ok(Funnel {
        start: range.start.to_string(),
        end: range.end.to_string(),
        by: if by == By::User { "user" } else { "session" },
        window_seconds,
        steps: steps.iter().enumerate().map(|(step, event)| answer(step, event, &ways)).collect(),
    })
}

fn answer(step: usize, event: &str, ways: &[Way]) -> Step {
    let reached = |step: usize| ways.iter().filter(|way| way.len() > step).count() as u64;
    let of = |before: u64| (before > 0).then(|| rounded(reached(step) as f64 / before as f64));
    let mut waits: Vec<i64> = match step {
        0 => Vec::new(),
        step => ways.iter().filter_map(|way| Some(way.get(step)? - way[step - 1])).collect(),
    };
    waits.sort_unstable();
    Step {
        event: event.to_owned(),
        count: reached(step),
        rate: of(reached(0)),
        step_rate: of(reached(step.saturating_sub(1))),
        median_seconds: waits.get(waits.len() / 2).map(|&wait_ms| wait_ms as f64 / 1000.0),
    }
}

fn rounded(rate: f64) -> f64 {
    (rate * 10_000.0).round() / 10_000.0
}

/// The longest way through the steps that fits into the window: from each first step the earliest next
/// ones are taken, and a later start that comes further wins. A step may be named twice; one event then
/// does one of them.
fn furthest(mut deeds: Deeds, steps: &[String], window_ms: i64) -> Way {
    deeds.sort_unstable();
    // Of every step, the latest way that reaches it: a later start leaves more of the window.
    let mut ways: Vec<Option<Way>> = vec![None; steps.len()];
    let mut best: Way = Vec::new();
    for (at_ms, named) in deeds {
        // From the last step down, so that one event does not take two.
        for step in (0..steps.len()).rev().filter(|&step| steps[step] == steps[named]) {
            let way = match step {
                0 => Some(vec![at_ms]),
                step => ways[step - 1].as_ref().filter(|way| at_ms - way[0] <= window_ms).map(|way| {
                    let mut way = way.clone();
                    way.push(at_ms);
                    way
                }),
            };
            let Some(way) = way else { continue };
            if way.len() > best.len() {
                best = way.clone();
            }
            // The same start is not taken again by a repeated step: its first time counts.
            if ways[step].as_ref().is_none_or(|known| known[0] < way[0]) {
                ways[step] = Some(way);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(deeds: &[(i64, usize)], steps: &[&str], window_ms: i64) -> Way {
        let steps: Vec<String> = steps.iter().map(|&step| step.to_owned()).collect();
        furthest(deeds.to_vec(), &steps, window_ms)
    }

    #[test]
    fn steps_count_in_order_and_within_the_window() {
        let steps = ["view", "cart", "buy"];
        assert_eq!(way(&[(1, 0), (2, 1), (3, 2)], &steps, 10), [1, 2, 3]);
        assert_eq!(way(&[(1, 1), (2, 0), (3, 2)], &steps, 10), [2], "the cart came first");
        assert_eq!(way(&[(1, 0), (2, 1), (20, 2)], &steps, 10), [1, 2], "too late");
        assert_eq!(way(&[(1, 1), (2, 2)], &steps, 10), [0; 0], "without the first step");
    }

    #[test]
    fn a_later_start_may_come_further() {
        let steps = ["view", "cart", "buy"];
        assert_eq!(way(&[(0, 0), (5, 0), (8, 1), (14, 2)], &steps, 10), [5, 8, 14]);
    }

    #[test]
    fn a_step_named_twice_takes_two_events() {
        let steps = ["view", "view"];
        assert_eq!(way(&[(1, 0)], &steps, 10), [1]);
        assert_eq!(way(&[(1, 0), (4, 0)], &steps, 10), [1, 4]);
    }
}
