//! Believable events of a shop, for demonstrations, tests and benchmarks: days with mornings and nights,
//! weeks with weekends, visitors who come back, and a funnel in which many are lost.
//!
//! The same seed and end give the same events, ids included. Nothing here is stored: see [`Demo::next_hour`].

mod visit;

use pharos_model::Timestamp;

use crate::{identity::Pepper, store::Row};

use self::visit::Visitors;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How busy each hour of a day is, in UTC.
const HOURS: [f64; 24] = [
    1.6, 1.1, 0.8, 0.7, 0.8, 1.3, 2.4, 3.9, 5.2, 6.0, 6.4, 6.6, 6.3, 6.2, 6.4, 6.5, 6.6, 6.8, 7.4, 8.1, 8.0,
    6.5, 4.4, 2.7,
];

/// How busy each day of a week is, from Thursday on, which 1970-01-01 was.
const DAYS: [f64; 7] = [1.04, 0.97, 0.78, 0.84, 1.05, 1.1, 1.08];

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Events in all.
    pub events: u64,
    /// Over so many days.
    pub days: u32,
    /// What makes one demonstration differ from another.
    pub seed: u64,
    /// No event is later.
    pub end: Timestamp,
    /// Whose events they are.
    pub project_id: i32,
}

/// Makes the events, hour after hour.
pub struct Demo {
    plan: Plan,
    visitors: Visitors,
    hour_ms: i64,
    /// Made, but of a later hour.
    ahead: Vec<Row>,
    made: u64,
    weight: f64,
    weight_done: f64,
}

impl Demo {
    /// Events as planned, of users keyed with `pepper`.
    pub fn new(plan: Plan, pepper: &Pepper) -> Self {
        let start_ms = plan.end.unix_ms() - i64::from(plan.days) * DAY_MS;
        let mut demo = Self {
            plan,
            visitors: Visitors::new(plan, pepper.clone()),
            hour_ms: start_ms.div_euclid(HOUR_MS) * HOUR_MS,
            ahead: Vec::new(),
            made: 0,
            weight: 0.0,
            weight_done: 0.0,
        };
        let mut hour_ms = demo.hour_ms;
        while hour_ms < plan.end.unix_ms() {
            demo.weight += demo.weight_of(hour_ms);
            hour_ms += HOUR_MS;
        }
        demo
    }

    /// The events of the next hour, in the order of time; `None` when the end is reached.
    pub fn next_hour(&mut self) -> Option<Vec<Row>> {
        let end_ms = self.plan.end.unix_ms();
        if self.hour_ms >= end_ms {
            return None;
        }
        let hour_end_ms = (self.hour_ms + HOUR_MS).min(end_ms);
        self.weight_done += self.weight_of(self.hour_ms);
        let share = self.weight_done / self.weight;
        let due =
            if hour_end_ms == end_ms { self.plan.events } else { (self.plan.events as f64 * share) as u64 };
        while self.made < due {
            let mut visit = self.visitors.visit(self.hour_ms, hour_end_ms);
            // What would come after the end does not come at all.
            visit.retain(|row| row.timestamp.unix_ms() < end_ms);
            visit.truncate(usize::try_from(self.plan.events - self.made).unwrap_or(usize::MAX));
            self.made += visit.len() as u64;
            self.ahead.append(&mut visit);
        }
        self.ahead.sort_by_key(|row| (row.timestamp, row.id));
        let now = self.ahead.partition_point(|row| row.timestamp.unix_ms() < hour_end_ms);
        let later = self.ahead.split_off(now);
        self.hour_ms = hour_end_ms;
        Some(std::mem::replace(&mut self.ahead, later))
    }

    fn weight_of(&self, hour_ms: i64) -> f64 {
        let end_ms = self.plan.end.unix_ms();
        let hour = usize::try_from(hour_ms.div_euclid(HOUR_MS).rem_euclid(24)).unwrap_or(0);
        let day = usize::try_from(hour_ms.div_euclid(DAY_MS).rem_euclid(7)).unwrap_or(0);
        // A shop that grows, and an hour that has only begun.
        let growth =
            1.0 - 0.25 * (end_ms - hour_ms) as f64 / (f64::from(self.plan.days.max(1)) * DAY_MS as f64);
        let begun = ((end_ms - hour_ms) as f64 / HOUR_MS as f64).min(1.0);
        HOURS[hour] * DAYS[day] * growth * begun
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn rows(seed: u64, events: u64) -> Vec<Row> {
        let end = Timestamp::parse_rfc3339("2026-11-23T12:30:00Z").unwrap();
        let plan = Plan { events, days: 30, seed, end, project_id: 1 };
        let mut demo = Demo::new(plan, &Pepper::new("a pepper"));
        std::iter::from_fn(|| demo.next_hour()).flatten().collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_events_and_as_many_as_asked_for() {
        let (one, again, other) = (rows(1, 5000), rows(1, 5000), rows(2, 5000));
        assert_eq!((one.len(), other.len()), (5000, 5000));
        let ids = |rows: &[Row]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(&one), ids(&again));
        assert_ne!(ids(&one), ids(&other));
        assert_eq!(ids(&one).into_iter().collect::<HashSet<_>>().len(), 5000);
        assert!(one.is_sorted_by_key(|row| row.timestamp));
    }

    #[test]
    fn days_have_nights_weeks_have_weekends_and_the_funnel_narrows() {
        let rows = rows(1, 50_000);
        let count = |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
        let hour = |row: &Row| row.timestamp.unix_ms().div_euclid(HOUR_MS).rem_euclid(24);
        let day = |row: &Row| row.timestamp.unix_ms().div_euclid(DAY_MS).rem_euclid(7);
        assert!(count(&|row| hour(row) == 19) > 4 * count(&|row| hour(row) == 3));
        // 2 and 3 are Saturday and Sunday.
        assert!(count(&|row| day(row) == 5) > count(&|row| day(row) == 2));
        let of = |name: &'static str| count(&move |row: &Row| row.event == name);
        let funnel = ["product_view", "add_to_cart", "checkout_started", "purchase"].map(of);
        assert!(funnel.is_sorted_by(|a, b| a > b) && funnel[3] > 100, "{funnel:?}");
    }

    #[test]
    fn visitors_come_back_and_their_sessions_are_numbered() {
        let rows = rows(1, 20_000);
        let mut days_of: HashMap<_, HashSet<i64>> = HashMap::new();
        let mut numbers: HashMap<&str, Vec<i32>> = HashMap::new();
        for row in &rows {
            let day = row.timestamp.unix_ms().div_euclid(DAY_MS);
            days_of.entry(row.user_id).or_default().insert(day);
            numbers.entry(row.session_id.as_deref().unwrap()).or_default().push(row.seq.unwrap());
        }
        days_of.remove(&None);
        assert!(days_of.values().filter(|days| days.len() > 1).count() * 5 > days_of.len());
        let in_order =
            |seqs: &&Vec<i32>| seqs.iter().enumerate().all(|(at, &seq)| seq == i32::try_from(at).unwrap());
        assert!(numbers.values().all(|seqs| in_order(&seqs)));
    }
}
