//! The questions that rollups answer, held against plain SQL on the table.

use std::collections::{BTreeMap, HashSet};

use pharos_model::{EventId, Source, Timestamp};
use pharos_server::{
    clock,
    identity::random_bytes,
    setup,
    store::{Compacted, Flush, Mark, Row, Store},
};
use serde_json::Value;

use crate::support::{Backend, Place, TestServer, on_both};

const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
const NAMES: [&str; 4] = ["page_view", "search", "add_to_cart", "purchase"];

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

pub(crate) fn row(event: &str, ms: i64, user: Option<u64>, session: Option<u64>) -> Row {
    Row {
        id: EventId::v7(ms, random_bytes()),
        project_id: 1,
        event: event.to_owned(),
        timestamp: at(ms),
        properties: "{}".to_owned(),
        user_id: user.map(|user| {
            uuid::Builder::from_custom_bytes(
                u128::from(user).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes(),
            )
            .into_uuid()
        }),
        session_id: session.map(|session| format!("s{session}")),
        source: Source::Client,
        seq: None,
        context: "{}".into(),
        created_at: clock::now(),
    }
}

/// Events spread over the days before `end_ms`, a third of them without a user.
pub(crate) fn random_rows(count: usize, days: i64, end_ms: i64) -> Vec<Row> {
    let mut numbers = Numbers(5);
    (0..count)
        .map(|_| {
            let ms =
                end_ms - 1 - i64::try_from(numbers.below(u64::try_from(days * DAY_MS).unwrap())).unwrap();
            let user = numbers.below(3000);
            let name = NAMES[usize::try_from(numbers.below(10)).unwrap().min(3)];
            row(name, ms, (!user.is_multiple_of(3)).then_some(user), Some(user * 4 + numbers.below(4)))
        })
        .collect()
}

pub(crate) async fn write(store: &dyn Store, rows: &[Row]) {
    for rows in rows.chunks(500) {
        store.write(Flush { mark: Mark::new(), rows, outcomes: &[], quarantine: &[] }).await.unwrap();
    }
}

pub(crate) async fn compact(store: &dyn Store) {
    while store.compact().await.unwrap() == Compacted::More {}
}

/// A server on a place with these rows, folded into buckets or not.
async fn serve(place: &Place, rows: &[Row], folded: bool) -> TestServer {
    let store = setup::open_store(&place.config()).await.unwrap();
    write(&*store, rows).await;
    if folded {
        compact(&*store).await;
    }
    store.close().await;
    place.start().await
}

pub(crate) async fn ask(server: &TestServer, path: &str) -> Value {
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.get(path, &[("authorization", &bearer)]).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

/// What plain SQL would say of rows: events, users, sessions.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Truth {
    count: i64,
    users: i64,
    sessions: i64,
}

pub(crate) fn truth<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Truth {
    let (mut users, mut sessions, mut count) = (HashSet::new(), HashSet::new(), 0);
    for row in rows {
        count += 1;
        users.extend(row.user_id);
        sessions.extend(row.session_id.clone());
    }
    Truth {
        count,
        users: i64::try_from(users.len()).unwrap(),
        sessions: i64::try_from(sessions.len()).unwrap(),
    }
}

fn within(rows: &[Row], start: &str, end: &str) -> Vec<Row> {
    let (start, end) = (Timestamp::parse_rfc3339(start).unwrap(), Timestamp::parse_rfc3339(end).unwrap());
    rows.iter().filter(|row| start <= row.timestamp && row.timestamp < end).cloned().collect()
}

/// Counts must be exact, distinct counts within 2%.
pub(crate) fn assert_agree(answer: &Value, count: &str, truth: &Truth, what: &str) {
    assert_eq!(answer[count], truth.count, "{what}");
    for (name, truth) in [("unique_users", truth.users), ("unique_sessions", truth.sessions)] {
        let said = answer[name].as_i64().unwrap();
        assert!((said - truth).abs() * 50 <= truth, "{what}: {name} {said}, in truth {truth}");
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

pub(crate) fn assert_intervals_agree(metrics: &Value, rows: &[Row]) {
    for interval in metrics["intervals"].as_array().unwrap() {
        let rows = within(rows, text(interval, "start"), text(interval, "end"));
        assert_agree(interval, "count", &truth(&rows), &interval.to_string());
        let mut by_name: BTreeMap<&str, i64> = BTreeMap::new();
        rows.iter().for_each(|row| *by_name.entry(&row.event).or_default() += 1);
        let mut top: Vec<(i64, &str)> = by_name.into_iter().map(|(name, count)| (-count, name)).collect();
        top.sort_unstable();
        let said = interval["top_events"].as_array().unwrap().iter();
        let said: Vec<(i64, &str)> =
            said.map(|top| (-top["count"].as_i64().unwrap(), text(top, "event"))).collect();
        assert_eq!(said, top[..top.len().min(5)], "{interval}");
    }
}

on_both! {
    async fn numbers_agree_with_the_table(backend: Backend) {
        let now = clock::now().unix_ms();
        let rows = random_rows(20_000, 20, now);
        let place = Place::new(backend).await;
        let server = serve(&place, &rows, true).await;
        let (start, end) = (at(now - 9 * DAY_MS - 7 * HOUR_MS), at(now - 3 * HOUR_MS));
        let report = ask(&server, &format!("/v1/report?start={start}&end={end}")).await;
        let current = within(&rows, text(&report, "start"), text(&report, "end"));
        assert_agree(&report, "total_events", &truth(&current), "now");
        let previous = &report["previous"];
        let before = within(&rows, text(previous, "start"), text(previous, "end"));
        assert_eq!(previous["end"], report["start"]);
        assert_agree(previous, "total_events", &truth(&before), "before");
        for event in report["events"].as_array().unwrap() {
            let truth = truth(current.iter().filter(|row| row.event == text(event, "event")));
            assert_eq!(event["count"], truth.count);
            let users = event["unique_users"].as_i64().unwrap();
            assert!((users - truth.users).abs() * 50 <= truth.users, "{event}: {}", truth.users);
        }
        let trend = current.len() as f64 / before.len() as f64 - 1.0;
        assert!((report["trends"]["total_events"].as_f64().unwrap() - trend).abs() < 0.001);

        for (query, intervals) in [
            ("period=hour&time_zone=Asia/Kathmandu", 9 * 24 + 5),
            ("period=day&time_zone=America/New_York", 10),
            ("period=day", 10),
            ("period=week&week_start=sunday", 2),
        ] {
            let metrics = ask(&server, &format!("/v1/metrics?{query}&start={start}&end={end}")).await;
            let said = metrics["intervals"].as_array().unwrap().len();
            assert!(said.abs_diff(intervals) <= 1, "{query}: {said}");
            assert_intervals_agree(&metrics, &rows);
        }
        let searches: Vec<Row> = rows.iter().filter(|row| row.event == "search").cloned().collect();
        let metrics = ask(&server, "/v1/metrics?period=day&event=search&time_zone=Asia/Kolkata").await;
        assert_eq!(metrics["event"], "search");
        assert_intervals_agree(&metrics, &searches);

        let dashboard = ask(&server, "/v1/dashboard").await;
        let hour = within(&rows, text(&dashboard, "start"), "9999-01-01T00:00:00Z");
        assert_agree(&dashboard, "total_events", &truth(&hour), "the last hour");
        let activity = dashboard["activity"].as_array().unwrap();
        assert_eq!(activity.len(), 60);
        for minute in activity {
            let start = Timestamp::parse_rfc3339(text(minute, "minute")).unwrap();
            let rows = within(&rows, text(minute, "minute"), &at(start.unix_ms() + MINUTE_MS).to_string());
            let truth = truth(&rows);
            assert_eq!((&minute["count"], &minute["users"]), (&Value::from(truth.count), &Value::from(truth.users)));
        }
        let stats = ask(&server, &format!("/v1/events/stats?start={start}")).await;
        let since = within(&rows, text(&stats, "start"), "9999-01-01T00:00:00Z");
        assert_eq!(stats["total"], since.len());
        for event in stats["events"].as_array().unwrap() {
            let last = since.iter().filter(|row| row.event == text(event, "event")).map(|row| row.timestamp).max().unwrap();
            assert_eq!(text(event, "last_seen")[..16], last.to_string()[..16]);
        }
    }

    async fn what_is_not_folded_yet_counts_as_well(backend: Backend) {
        let now = clock::now().unix_ms();
        let rows = random_rows(3000, 3, now);
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        write(&*store, &rows[..1500]).await;
        compact(&*store).await;
        write(&*store, &rows[1500..]).await;
        // Taking them again changes nothing: an id counts once, and who was there is there once.
        write(&*store, &rows[1000..2000]).await;
        store.close().await;
        let server = place.start().await;
        for _ in 0..2 {
            let report = ask(&server, "/v1/report").await;
            assert_agree(&report, "total_events", &truth(&rows), "");
            let metrics = ask(&server, &format!("/v1/metrics?period=hour&start={}", at(now - 3 * DAY_MS))).await;
            assert_intervals_agree(&metrics, &rows);
            let store = setup::open_store(&place.config()).await.unwrap();
            compact(&*store).await;
            store.close().await;
        }
    }

    async fn late_events_land_in_their_own_time(backend: Backend) {
        let now = clock::now().unix_ms();
        let place = Place::new(backend).await;
        let server = serve(&place, &random_rows(500, 1, now), true).await;
        let days_ago = |days: i64| at((now - days * DAY_MS).div_euclid(DAY_MS) * DAY_MS);
        let day = format!("/v1/metrics?period=day&start={}&end={}", days_ago(200), days_ago(199));
        let empty = ask(&server, &day).await;
        let interval = &empty["intervals"][0];
        assert_eq!((interval["count"].as_i64(), interval["unique_users"].as_i64()), (Some(0), Some(0)));
        assert_eq!(interval["top_events"], serde_json::json!([]));

        let store = setup::open_store(&place.config()).await.unwrap();
        let late = [row("late", days_ago(200).unix_ms() + 1, Some(1), Some(1)), row("late", days_ago(199).unix_ms() - 1, Some(2), Some(1))];
        write(&*store, &late).await;
        store.close().await;
        let full = ask(&server, &day).await;
        assert_agree(&full["intervals"][0], "count", &Truth { count: 2, users: 2, sessions: 1 }, "late");
    }

    async fn days_are_whole_when_clocks_change(backend: Backend) {
        let place = Place::new(backend).await;
        // Berlin's clocks went back in the night to 2026-10-25, and forth in the one to 2026-03-29.
        let moment = |text: &str| Timestamp::parse_rfc3339(text).unwrap().unix_ms();
        let times = ["2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"];
        let rows: Vec<Row> = times.iter().map(|text| row("tick", moment(text), Some(7), None)).collect();
        let server = serve(&place, &rows, true).await;
        for (start, end, counts) in [("2026-10-25", "2026-10-27", [2, 1]), ("2026-03-29", "2026-03-31", [2, 1])] {
            let metrics = ask(&server, &format!("/v1/metrics?period=day&time_zone=Europe/Berlin&start={start}&end={end}")).await;
            let intervals = metrics["intervals"].as_array().unwrap();
            let said: Vec<i64> = intervals.iter().map(|interval| interval["count"].as_i64().unwrap()).collect();
            assert_eq!(said, counts);
            assert_eq!(intervals[0]["unique_users"], 1);
        }
    }

    async fn wrong_parameters_are_named(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        for (path, field) in [
            ("/v1/report?nonsense=1", "nonsense"),
            ("/v1/report?start=yesterday", "start"),
            ("/v1/report?end=2026-13-01", "end"),
            ("/v1/report?start=2026-11-02&end=2026-11-01", "start"),
            ("/v1/report?start=2026-11-02&end=2026-11-02", "start"),
            ("/v1/report?start=2024-01-01&end=2026-01-01", "start"),
            ("/v1/report?time_zone=Mars/Olympus", "time_zone"),
            ("/v1/report?week_start=friday", "week_start"),
            ("/v1/metrics?period=decade", "period"),
            ("/v1/metrics?period=hour&start=2026-01-01&end=2026-06-01", "period"),
            ("/v1/dashboard?start=2026-01-01", "start"),
            ("/v1/events/stats?event=x", "event"),
        ] {
            let reply = server.get(path, &[("authorization", &bearer)]).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{path}");
            assert_eq!(reply.json()["field"], field, "{path}");
        }
    }
}
