//! A funnel: of those who did the first step, how many did the next ones, in order and in time.

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
    let reached = heavy(size_of_val(&found[..]), || reached(found, &steps, window_seconds * 1000));
    Ok(Funnel {
        start: range.start.to_string(),
        end: range.end.to_string(),
        by: if by == By::User { "user" } else { "session" },
        window_seconds,
        steps: answer(steps, reached),
    })
}

fn answer(steps: Vec<String>, reached: Vec<Reached>) -> Vec<Step> {
    let first = reached.first().map_or(0, |step| step.count);
    let mut before = first;
    let mut answer = |(event, Reached { count, mut waits_ms }): (String, Reached)| {
        let of = |others: u64| (others > 0).then(|| rounded(count as f64 / others as f64));
        let (rate, step_rate) = (of(first), of(before));
        before = count;
        waits_ms.sort_unstable();
        let median_seconds = waits_ms.get(waits_ms.len() / 2).map(|&wait_ms| wait_ms as f64 / 1000.0);
        Step { event, count, rate, step_rate, median_seconds }
    };
    steps.into_iter().zip(reached).map(&mut answer).collect()
}

fn rounded(rate: f64) -> f64 {
    (rate * 10_000.0).round() / 10_000.0
}

/// How many came to a step, and how long each was on the way from the one before.
#[derive(Debug, Clone, Default)]
struct Reached {
    count: u64,
    waits_ms: Vec<i64>,
}

/// How far those came who did `found`.
fn reached(mut found: Vec<Deed>, steps: &[String], window_ms: i64) -> Vec<Reached> {
    found.sort_unstable_by_key(|deed| (deed.who, deed.at_ms, deed.step));
    let mut reached = vec![Reached::default(); steps.len()];
    let mut ways = Ways::new(steps, window_ms);
    for deeds in found.chunk_by(|deed, next| deed.who == next.who) {
        let way = ways.furthest(deeds);
        for (step, at_ms) in way.iter().enumerate() {
            reached[step].count += 1;
            reached[step].waits_ms.extend(step.checked_sub(1).map(|before| at_ms - way[before]));
        }
    }
    reached
}

/// Finds the longest way of one after the other, in the same memory.
struct Ways {
    /// For each step, the first of the same name: a step may be named twice.
    names: Vec<usize>,
    window_ms: i64,
    /// Of every step, the latest way that reaches it, as the moments of the steps done: a later start leaves
    /// more of the window. Empty if none does.
    latest: Vec<Vec<i64>>,
    best: Vec<i64>,
}

impl Ways {
    fn new(steps: &[String], window_ms: i64) -> Self {
        let names =
            steps.iter().map(|name| steps.iter().position(|other| other == name).unwrap_or(0)).collect();
        Self { names, window_ms, latest: vec![Vec::new(); steps.len()], best: Vec::new() }
    }

    /// The longest way through the steps that fits into the window, of what one did in the order of time: from
    /// each first step the earliest next ones are taken, and a later start that comes further wins. One event
    /// does one step only.
    fn furthest(&mut self, deeds: &[Deed]) -> &[i64] {
        self.latest.iter_mut().for_each(Vec::clear);
        self.best.clear();
        for deed in deeds {
            // From the last step down, so that one event does not take two.
            for step in (0..self.names.len()).rev() {
                if self.names[step] != self.names[deed.step] {
                    continue;
                }
                let (before, from) = self.latest.split_at_mut(step);
                let way = before.last().map_or(&[][..], Vec::as_slice);
                let goes_on = way.first().is_some_and(|start| deed.at_ms - start <= self.window_ms);
                if step > 0 && !goes_on {
                    continue;
                }
                let start = way.first().copied().unwrap_or(deed.at_ms);
                if step == self.best.len() {
                    self.best.clear();
                    self.best.extend_from_slice(way);
                    self.best.push(deed.at_ms);
                }
                // The same start is not taken again by a repeated step: its first time counts.
                if from[0].first().is_none_or(|known| *known < start) {
                    from[0].clear();
                    from[0].extend_from_slice(way);
                    from[0].push(deed.at_ms);
                }
            }
        }
        &self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(deeds: &[(i64, usize)], steps: &[&str], window_ms: i64) -> Vec<i64> {
        let steps: Vec<String> = steps.iter().map(|&step| step.to_owned()).collect();
        let deeds: Vec<Deed> = deeds.iter().map(|&(at_ms, step)| Deed { who: 1, at_ms, step }).collect();
        Ways::new(&steps, window_ms).furthest(&deeds).to_vec()
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
