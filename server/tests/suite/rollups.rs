//! `pharos rollup rebuild` and `pharos doctor`: rollups that were spoilt are found, and made again from the events,
//! while writers write.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use pharos_server::{
    clock,
    config::Database,
    doctor::{State, examine},
    rebuild::Plan,
    setup,
    store::{Store, checks::Difference},
};
use tempfile::TempDir;

use crate::{
    command_line::run,
    questions::{
        DAY_MS, HOUR_MS, ask, assert_agree, assert_intervals_agree, at, compact, random_rows, row, truth,
        write,
    },
    support::{Backend, Place, on_both},
};

/// Everything that rollups hold of the first project.
const SPOIL: [&str; 6] = [
    // A fold that was lost, one that was done twice, a day that never was, and a sketch that nobody can read.
    "DELETE FROM rollup_buckets WHERE minutes = 15 AND event = 'search'",
    "UPDATE rollup_buckets SET count = count * 2, users = 1 WHERE minutes = 60",
    "UPDATE rollup_sums SET count = count + 1 WHERE event = 'purchase'",
    "INSERT INTO rollup_buckets SELECT project_id, minutes, 'never', start_minute, 5, last_minute, 1, 1, user_sketch, \
     session_sketch FROM rollup_buckets WHERE minutes = 1440 AND event = ''",
    "DELETE FROM rollup_sums WHERE event = 'add_to_cart'",
    "UPDATE rollup_buckets SET user_sketch = session_sketch, users = 77 WHERE minutes = 1440",
];

async fn differences(store: &dyn Store) -> Vec<Difference> {
    store.differences(1, store.whole_since().await.unwrap()).await.unwrap()
}

/// A place with a project, and nothing else that a test did not put there.
async fn with_project(backend: Backend) -> (Place, Arc<dyn Store>) {
    let place = Place::new(backend).await;
    place.start().await.stop().await;
    let store = setup::open_store(&place.config()).await.unwrap();
    (place, store)
}

async fn rebuild(store: &dyn Store) -> u64 {
    let plan = Plan::make(store).await.unwrap();
    let mut told = 0;
    let events = plan.run(store, |events| told += events).await.unwrap();
    assert_eq!((told, plan.events), (events, events));
    events
}

on_both! {
    async fn spoilt_rollups_are_found_and_made_again(backend: Backend) {
        let now = clock::now().unix_ms();
        let rows = random_rows(6000, 5, now);
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        write(&*store, &rows).await;
        compact(&*store).await;
        assert_eq!(differences(&*store).await, []);
        let start = at(now - 6 * DAY_MS);
        let daily = format!("/v1/metrics?period=day&start={start}");
        let (report, hourly) = (format!("/v1/report?start={start}"), format!("/v1/metrics?period=hour&start={start}"));
        // The server has it in memory from before.
        assert_intervals_agree(&ask(&server, &hourly).await, &rows);

        for sql in SPOIL {
            place.execute(sql).await;
        }
        let found = differences(&*store).await;
        for (rollup, event) in [("quarters of an hour", "search"), ("hours", "page_view"), ("minutes", "add_to_cart"), ("days", "never"), ("days", "page_view")] {
            assert!(found.iter().any(|found| (found.rollup, found.event.as_str()) == (rollup, event)), "{rollup} {event}");
        }
        assert_eq!(rebuild(&*store).await, 6000);
        assert_eq!(differences(&*store).await, []);
        assert_agree(&ask(&server, &report).await, "total_events", &truth(&rows), "made again");
        for metrics in [&hourly, &daily] {
            assert_intervals_agree(&ask(&server, metrics).await, &rows);
        }
        // Once more, from nothing at all.
        for table in ["rollup_buckets", "rollup_sums"] {
            place.execute(&format!("DELETE FROM {table}")).await;
        }
        assert_eq!(rebuild(&*store).await, 6000);
        assert_eq!(differences(&*store).await, []);
        assert_intervals_agree(&ask(&server, &daily).await, &rows);
        store.close().await;
    }

    async fn what_comes_while_rollups_are_made_again_counts_once(backend: Backend) {
        let (_place, store) = with_project(backend).await;
        let now = clock::now().unix_ms();
        write(&*store, &random_rows(1500, 1, now)).await;
        let stop = Arc::new(AtomicBool::new(false));
        let others = [true, false].map(|writes| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut written = 0;
                while !stop.load(Ordering::Relaxed) {
                    if writes {
                        // Of hours that are being made again, have been, and will be.
                        let rows: Vec<_> = (0..48).map(|half_hours| row("late", now - half_hours * HOUR_MS / 2, Some(1), None)).collect();
                        write(&*store, &rows).await;
                        written += rows.len();
                    } else {
                        compact(&*store).await;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                written
            })
        });
        for _ in 0..2 {
            Plan::make(&*store).await.unwrap().run(&*store, |_| {}).await.unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        let [writer, folder] = others;
        assert!(writer.await.unwrap() > 48);
        folder.await.unwrap();
        assert_eq!(differences(&*store).await, [], "as it is");
        compact(&*store).await;
        assert_eq!(differences(&*store).await, [], "and folded");
        store.close().await;
    }

    async fn rollups_outlive_the_events(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let now = clock::now().unix_ms();
        let mut rows = random_rows(3000, 20, now);
        for row in &mut rows {
            row.created_at = row.timestamp;
        }
        write(&*store, &rows).await;
        compact(&*store).await;
        let cutoff = at(now - 10 * DAY_MS);
        store.note_removed_before(cutoff).await.unwrap();
        while store.expire(cutoff).await.unwrap() > 0 {}
        // On PostgreSQL days of which there never was a partition are in the default one, and go row by row too.
        let left = place.ids().await.len();
        assert!(left > 1000 && left < 2000, "{left}");

        assert_eq!(differences(&*store).await, [], "of what is gone nothing is expected");
        assert!(rebuild(&*store).await < left as u64);
        store.close().await;
        let metrics = ask(&server, &format!("/v1/metrics?period=day&start={}", at(now - 21 * DAY_MS))).await;
        assert_intervals_agree(&metrics, &rows);
    }

    async fn the_doctor_says_what_is_wrong_and_what_to_do(backend: Backend) {
        let (place, store) = with_project(backend).await;
        write(&*store, &random_rows(500, 3, clock::now().unix_ms())).await;
        compact(&*store).await;
        assert_eq!(wrong(&place).await, [""; 0]);

        place.execute("UPDATE rollup_sums SET count = count + 1").await;
        place.execute("UPDATE facts SET value = 'another' WHERE name = 'pepper_fingerprint'").await;
        place.execute("UPDATE api_keys SET revoked_at_ms = 1").await;
        std::fs::write(place.dir.path().join("spool.db"), "not a spool").unwrap();
        let found = wrong(&place).await;
        for advice in ["pharos rollup rebuild", "TELEMETRY_PEPPER", "pharos keys create ingest", "pharos spool check"] {
            assert!(found.iter().any(|found| found.contains(advice)), "{advice} in {found:?}");
        }
        assert_eq!(found.len(), 4, "{found:?}");

        std::fs::remove_file(place.dir.path().join("spool.db")).unwrap();
        place.execute("DELETE FROM _sqlx_migrations WHERE version = 83").await;
        let found = wrong(&place).await;
        assert!(found.len() == 1 && found[0].contains("pharos migrate"), "{found:?}");
        store.close().await;
    }
}

/// What the doctor finds wrong, with its advice.
async fn wrong(place: &Place) -> Vec<String> {
    // As the server would have made it.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(place.dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let mut found = Vec::new();
    examine(&place.config(), false, &mut |finding| {
        if finding.state == State::Wrong {
            found.push(format!("{}: {} -> {}", finding.about, finding.what, finding.advice));
        }
    })
    .await;
    found
}

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be() {
    let mut place = Place::new(Backend::Sqlite).await;
    place.database = Database::Postgres("postgres://nobody@127.0.0.1:1/nothing".to_owned());
    let found = wrong(&place).await;
    assert!(found.len() == 1 && found[0].starts_with("database: "), "{found:?}");
}

#[test]
fn doctor_and_rebuild_speak_to_people() {
    let dir = TempDir::new().unwrap();
    let (code, said, _) = run(&dir, &["doctor"], &[]);
    assert!(code == Some(0) && said.contains("nothing is wrong; notes: "), "{said}");
    assert!(!dir.path().join(".pharos").exists(), "looking leaves nothing behind");

    let seed = ["seed-demo", "--events", "2000", "--days", "2"];
    assert_eq!(run(&dir, &seed, &[]).0, Some(0));
    let (code, said, error) = run(&dir, &["rollup", "rebuild"], &[]);
    assert!(code == Some(0) && said.contains("rollups made again from 2000 events"), "{said}{error}");
    let (code, said, _) = run(&dir, &["doctor"], &[]);
    assert!(code == Some(0) && said.contains("agree with the table, all of them"), "{said}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let pepper = dir.path().join(".pharos/pepper");
        std::fs::set_permissions(&pepper, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (code, said, _) = run(&dir, &["doctor", "--quick"], &[]);
        assert!(code == Some(1) && said.contains("-> chmod 600 ") && said.contains("wrong: 1"), "{said}");
    }
}
