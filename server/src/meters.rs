//! What the server measures of itself, for Prometheus. Holds counters and histograms that are found once and
//! then only added to; knows no route, no HTTP and no database. Labels have few values, all known to this
//! program: never a name, key or path that a caller chose.

use std::{collections::HashMap, time::Duration};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use pharos_model::{Timestamp, pii::Kind, wire::Verdict};
use tokio::time::Instant;

use crate::{clock, outcome::Outcome};

const REQUEST_SECONDS: &str = "pharos_http_request_duration_seconds";
const FLUSH_SECONDS: &str = "pharos_flush_duration_seconds";
const FLUSH_ROWS: &str = "pharos_flush_rows";

/// Bounds of the histograms' buckets: from well below what a request or a flush takes when all is well to
/// well above what is borne.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const ROWS: [f64; 8] = [1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2000.0];

const METADATA: Metadata<'static> = Metadata::new("pharos", Level::INFO, None);

/// The classes of a status, in the order of its first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Name, unit and meaning of all there is.
const MEANINGS: &[(&str, Option<Unit>, &str)] = &[
    ("pharos_http_requests_total", None, "Requests answered, by route and class of status"),
    (REQUEST_SECONDS, Some(Unit::Seconds), "Time from a request's headers to its answer's headers, by route"),
    (
        "pharos_events_total",
        None,
        "Events by what became of them, as in GET /v1/outcomes; dropped ones were given up by an SDK",
    ),
    (FLUSH_ROWS, None, "Rows of a transaction of the writer"),
    (FLUSH_SECONDS, Some(Unit::Seconds), "Time of a transaction of the writer, failed ones included"),
    ("pharos_flush_failures_total", None, "Transactions of the writer that failed"),
    ("pharos_queue_bytes", Some(Unit::Bytes), "Memory held by requests from their body to their commit"),
    ("pharos_spool_batches", None, "Flushes that wait on the local disk for the database"),
    ("pharos_spool_bytes", Some(Unit::Bytes), "Bytes of those"),
    ("pharos_store_up", None, "1 while the database takes what is written, 0 while it is away"),
    ("pharos_compaction_behind_seconds", Some(Unit::Seconds), "Time since all counts were last added up"),
    ("pharos_redactions_total", None, "Personal data stripped, by kind, since the process started"),
    (
        "pharos_forward_events_total",
        None,
        "Events sent on, by destination: sent, failed (given up), uncertain (sent again although they may have arrived)",
    ),
    ("pharos_forward_pending", None, "Events that wait to be sent on, by destination; all nodes together"),
    ("pharos_forward_lag_seconds", Some(Unit::Seconds), "How long the first of those has waited"),
    ("pharos_live_listeners", None, "Readers of GET /v1/live"),
    ("pharos_build_info", None, "1, with the version as a label"),
    ("process_resident_memory_bytes", Some(Unit::Bytes), "Memory of the process (Linux only)"),
    ("process_start_time_seconds", Some(Unit::Seconds), "When the process started, since 1970"),
];

/// The measurements.
pub struct Meters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Of each outcome, by its name.
    events: HashMap<&'static str, Counter>,
    flush_rows: Histogram,
    flush_seconds: Histogram,
    flush_failures: Counter,
    compacted_at: std::sync::Mutex<Instant>,
    started: Instant,
    started_at: Timestamp,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

/// What is measured of one route.
pub struct RouteMeter {
    classes: [Counter; CLASSES.len()],
    seconds: Histogram,
}

impl RouteMeter {
    /// Counts a request answered with `status` after `took`.
    pub fn answered(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.classes[class].increment(1);
        self.seconds.record(took);
    }
}

/// What is not counted as it happens but looked at when asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Levels {
    /// Memory held by waiting requests.
    pub queue_bytes: usize,
    /// Flushes in the spool.
    pub spool_batches: u64,
    /// Bytes of those.
    pub spool_bytes: u64,
    /// Whether the database takes what is written.
    pub store_up: bool,
    /// Readers of `/v1/live`.
    pub live_listeners: usize,
}

impl Default for Meters {
    fn default() -> Self {
        Self::new()
    }
}

impl Meters {
    /// Meters at zero. They are this server's own: several may run in one process.
    pub fn new() -> Self {
        let buckets = |builder: PrometheusBuilder, name: &str, bounds: &[f64]| {
            let named = Matcher::Full(name.to_owned());
            builder.set_buckets_for_metric(named, bounds).expect("there are bounds")
        };
        let builder = buckets(PrometheusBuilder::new(), REQUEST_SECONDS, &SECONDS);
        let builder = buckets(builder, FLUSH_SECONDS, &SECONDS);
        let recorder = buckets(builder, FLUSH_ROWS, &ROWS).build_recorder();
        for (name, unit, meaning) in MEANINGS {
            // The description is by name, whatever the type.
            recorder.describe_counter((*name).into(), *unit, (*meaning).into());
        }
        let counter = |key: Key| recorder.register_counter(&key, &METADATA);
        let histogram = |name| recorder.register_histogram(&Key::from_static_name(name), &METADATA);
        let outcome =
            |name| (name, counter(Key::from_parts("pharos_events_total", vec![Label::new("outcome", name)])));
        let version =
            Key::from_parts("pharos_build_info", vec![Label::new("version", env!("CARGO_PKG_VERSION"))]);
        recorder.register_gauge(&version, &METADATA).set(1.0);
        Self {
            events: Outcome::NAMES.into_iter().map(outcome).collect(),
            flush_rows: histogram(FLUSH_ROWS),
            flush_seconds: histogram(FLUSH_SECONDS),
            flush_failures: counter(Key::from_static_name("pharos_flush_failures_total")),
            compacted_at: std::sync::Mutex::new(Instant::now()),
            started: Instant::now(),
            started_at: clock::now(),
            handle: recorder.handle(),
            recorder,
        }
    }

    /// The meter of a route, made once: `route` is its pattern.
    pub fn route(&self, method: &str, route: &'static str) -> RouteMeter {
        let labels = vec![Label::new("method", method.to_owned()), Label::new("route", route)];
        let class = |class| {
            let labels = labels.iter().cloned().chain([Label::new("status", class)]).collect::<Vec<_>>();
            self.recorder.register_counter(&Key::from_parts("pharos_http_requests_total", labels), &METADATA)
        };
        let seconds = Key::from_parts(REQUEST_SECONDS, labels.clone());
        RouteMeter {
            classes: CLASSES.map(class),
            seconds: self.recorder.register_histogram(&seconds, &METADATA),
        }
    }

    /// Counts `count` events that had one outcome.
    pub fn events(&self, outcome: Outcome, count: u64) {
        if let Some(counter) = self.events.get(outcome.as_str()) {
            counter.increment(count);
        }
    }

    /// Counts the events of a batch by what their sender is told.
    pub fn verdicts<'a>(&self, verdicts: impl Iterator<Item = &'a Verdict>) {
        let mut counts = [0; Outcome::NAMES.len()];
        for verdict in verdicts {
            counts[Outcome::of(verdict).index()] += 1;
        }
        for (name, count) in Outcome::NAMES.iter().zip(counts).filter(|(_, count)| *count > 0) {
            self.events[name].increment(count);
        }
    }

    /// Notes a transaction of `rows` rows that took `took`.
    pub fn flush(&self, rows: usize, took: Duration, succeeded: bool) {
        self.flush_rows.record(u32::try_from(rows).unwrap_or(u32::MAX));
        self.flush_seconds.record(took);
        if !succeeded {
            self.flush_failures.increment(1);
        }
    }

    /// Counts events sent on to `destination`, by what became of them.
    pub fn forwarded(&self, destination: &'static str, outcome: &'static str, events: u64) {
        let labels = vec![Label::new("destination", destination), Label::new("outcome", outcome)];
        let key = Key::from_parts("pharos_forward_events_total", labels);
        self.recorder.register_counter(&key, &METADATA).increment(events);
    }

    /// Notes how many events wait to be sent on, and since when.
    #[allow(clippy::cast_precision_loss, reason = "a level, not an account")]
    pub fn forwarder(&self, destination: &'static str, pending: i64, lag: Duration) {
        let levels =
            [("pharos_forward_pending", pending as f64), ("pharos_forward_lag_seconds", lag.as_secs_f64())];
        for (name, value) in levels {
            let key = Key::from_parts(name, vec![Label::new("destination", destination)]);
            self.recorder.register_gauge(&key, &METADATA).set(value);
        }
    }

    /// Notes that no count is left to be added up.
    pub fn compacted(&self) {
        *self.compacted_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
    }

    /// How long the server has been running.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Puts the samples of the histograms into their buckets. Not done for long, they take memory.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }

    /// Everything as Prometheus reads it.
    pub fn render(&self, levels: &Levels, redactions: impl Iterator<Item = (Kind, u64)>) -> String {
        let behind = self.compacted_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner).elapsed();
        #[allow(clippy::cast_precision_loss, reason = "a level, not an account")]
        for (name, value) in [
            ("pharos_queue_bytes", Some(levels.queue_bytes as f64)),
            ("pharos_spool_batches", Some(levels.spool_batches as f64)),
            ("pharos_spool_bytes", Some(levels.spool_bytes as f64)),
            ("pharos_store_up", Some(f64::from(u8::from(levels.store_up)))),
            ("pharos_live_listeners", Some(levels.live_listeners as f64)),
            ("pharos_compaction_behind_seconds", Some(behind.as_secs_f64())),
            ("process_resident_memory_bytes", resident_bytes().map(|bytes| bytes as f64)),
            ("process_start_time_seconds", Some(self.started_at.unix_ms() as f64 / 1000.0)),
        ] {
            if let Some(value) = value {
                self.gauge(name).set(value);
            }
        }
        for (kind, count) in redactions {
            let key = Key::from_parts("pharos_redactions_total", vec![Label::new("kind", kind.as_str())]);
            self.recorder.register_counter(&key, &METADATA).absolute(count);
        }
        self.handle.render()
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder.register_gauge(&Key::from_static_name(name), &METADATA)
    }
}

/// Memory of this process that is in use, where Linux tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_shown() {
        let meters = Meters::new();
        let route = meters.route("GET", "/v1/events");
        route.answered(200, Duration::from_millis(3));
        route.answered(503, Duration::from_millis(30));
        meters.verdicts([Verdict::Accepted, Verdict::Accepted, Verdict::Filtered("disabled")].iter());
        meters.events(Outcome::Refused("overloaded"), 7);
        meters.flush(100, Duration::from_millis(4), true);
        let levels = Levels { spool_batches: 2, store_up: true, ..Levels::default() };
        let text = meters.render(&levels, [(Kind::ALL[0], 5)].into_iter());
        for line in [
            "pharos_http_requests_total{method=\"GET\",route=\"/v1/events\",status=\"2xx\"} 1",
            "pharos_http_requests_total{method=\"GET\",route=\"/v1/events\",status=\"5xx\"} 1",
            "pharos_http_request_duration_seconds_bucket{method=\"GET\",route=\"/v1/events\",le=\"0.005\"} 1",
            "pharos_events_total{outcome=\"accepted\"} 2",
            "pharos_events_total{outcome=\"filtered\"} 1",
            "pharos_events_total{outcome=\"refused\"} 7",
            "pharos_flush_rows_bucket{le=\"100\"} 1",
            "pharos_spool_batches 2",
            "pharos_store_up 1",
            "# TYPE pharos_events_total counter",
            "# TYPE pharos_queue_bytes gauge",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let name = line.split(['{', ' ']).next().unwrap();
            let described = MEANINGS.iter().any(|(known, ..)| name.starts_with(known));
            assert!(described, "{name} has a meaning");
        }
    }
}
