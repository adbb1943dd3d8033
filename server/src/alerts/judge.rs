//! Measures what a rule watches, and says whether it fires. It changes nothing.

use pharos_model::Timestamp;

use super::rule::{Comparison, Definition, Kind};
use crate::{
    query::{health, usual},
    store::{Store, StoreResult, spool::Holds},
};

const MINUTE_MS: i64 = 60_000;
/// Fewer than so many expected events say nothing when they stay away.
const EXPECTED_MIN: f64 = 20.0;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// `None`: there is nothing to tell by yet.
    pub(super) fires: Option<bool>,
    pub(super) value: Option<f64>,
    pub(super) detail: String,
}

impl Finding {
    fn new(fires: bool, value: f64, detail: String) -> Self {
        Self { fires: Some(fires), value: Some(value), detail }
    }

    fn unknown(detail: &str) -> Self {
        Self { fires: None, value: None, detail: detail.to_owned() }
    }

    pub(super) const fn state(&self) -> &'static str {
        match self.fires {
            None => "unknown",
            Some(true) => "firing",
            Some(false) => "ok",
        }
    }
}

/// Looks at a rule of a project.
#[allow(clippy::cast_precision_loss, reason = "rates and shares")]
pub(super) async fn judge(
    store: &dyn Store,
    project_id: i32,
    rule: &Definition,
    spool: Option<&Holds>,
    now: Timestamp,
) -> StoreResult<Finding> {
    if !rule.enabled {
        return Ok(Finding::unknown("turned off"));
    }
    let minutes = rule.window_minutes;
    // Counts are by the minute: whole ones, up to this moment.
    let since = Timestamp::from_unix_ms((now.unix_ms() / MINUTE_MS - minutes) * MINUTE_MS);
    let threshold = rule.threshold.unwrap_or_default();
    let count = async |event| Ok(store.count_events(project_id, event, since, now).await? as f64);
    Ok(match rule.kind {
        Kind::SpoolGrowing => spool_growing(rule, spool, now),
        Kind::HighErrorRate => match health::error_rate(store, project_id, now).await? {
            None => Finding::unknown("no events in this hour and the one before"),
            Some(rate) => Finding::new(
                rate > threshold,
                rate,
                format!("{:.1}% of the events could not be taken or stored", rate * 100.0),
            ),
        },
        Kind::Threshold => {
            let count = count(rule.event.as_deref()).await?;
            let fires = match rule.comparison {
                Some(Comparison::Above) => count > threshold,
                _ => count < threshold,
            };
            let event = rule.event.as_deref().unwrap_or("events");
            Finding::new(fires, count, format!("{count} {event} in {minutes} minutes"))
        }
        Kind::NoData | Kind::LowEventRate => {
            // The hour in which most of the window lies.
            let middle = Timestamp::from_unix_ms(now.unix_ms() - minutes * MINUTE_MS / 2);
            let Some(usual) = usual::events_per_hour(store, project_id, middle).await? else {
                return Ok(Finding::unknown("less than an hour of events to learn from"));
            };
            let (count, expected) = (count(None).await?, usual * minutes as f64 / 60.0);
            let detail = format!("{count} events in {minutes} minutes; {expected:.0} are usual at this hour");
            let fires = match rule.kind {
                Kind::NoData => count == 0.0 && expected >= 1.0,
                _ => expected >= EXPECTED_MIN && count < expected * threshold,
            };
            Finding::new(fires, count, detail)
        }
    })
}

/// Whether events have been waiting on this node's disk for the whole window.
#[allow(clippy::cast_precision_loss, reason = "a level, not an account")]
pub(super) fn spool_growing(rule: &Definition, spool: Option<&Holds>, now: Timestamp) -> Finding {
    let Some(spool) = spool else { return Finding::unknown("the spool cannot be read") };
    let waited_ms = spool.oldest.map_or(0, |oldest| now.unix_ms() - oldest.unix_ms());
    let is_old = spool.oldest.is_some() && waited_ms >= rule.window_minutes * MINUTE_MS;
    let fires = is_old && spool.bytes as f64 > rule.threshold.unwrap_or_default();
    let detail = format!("{} events wait, the first for {} s", spool.events, waited_ms / 1000);
    Finding::new(fires, spool.bytes as f64, detail)
}
