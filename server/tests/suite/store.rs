//! The contract of the store: what both databases must do alike.

use futures_util::future::join_all;
use pharos_model::{EventId, Source, Timestamp};
use pharos_server::{
    clock,
    identity::random_bytes,
    outcome::{Outcome, Tally, hour_of},
    setup,
    store::{Compacted, Flush, Mark, OutcomeRange, Recent, Row, Store, StoreError},
};

use crate::support::{Backend, Place, on_both};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A row whose id and times lie `ago_ms` back.
fn row(ago_ms: i64) -> Row {
    let moment = Timestamp::from_unix_ms(clock::now().unix_ms() - ago_ms);
    Row {
        id: EventId::v7(moment.unix_ms(), random_bytes()),
        project_id: 1,
        event: "contract".to_owned(),
        timestamp: moment,
        properties: r#"{"price":3.50,"note":"naïve \" \\ é"}"#.to_owned(),
        user_id: Some(EventId::v7(1, [7; 10]).as_uuid()),
        session_id: Some("session".to_owned()),
        source: Source::Server,
        seq: Some(i32::MAX),
        context: r#"{"os":"Linux"}"#.into(),
        created_at: moment,
    }
}

/// A flush of rows alone.
fn flush(rows: &[Row]) -> Flush<'_> {
    Flush { mark: Mark::new(), rows, outcomes: &[], quarantine: &[] }
}

async fn recent(store: &dyn Store) -> Vec<String> {
    let recent = Recent { project_id: 1, event: None, session_id: None, user_ids: Vec::new(), limit: 1000 };
    store.recent(&recent).await.unwrap().iter().map(|event| event.id.to_string()).collect()
}

on_both! {
    async fn a_flush_written_twice_takes_effect_once(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let rows = [row(0), row(0)];
        let mut tally = Tally::default();
        tally.add(1, clock::now(), Outcome::Invalid("wrong_type"), 3);
        let outcomes = tally.counts();
        let first = Flush { mark: Mark::new(), rows: &rows, outcomes: &outcomes, quarantine: &[] };
        assert_eq!(store.write(first).await.unwrap().len(), 2);
        assert!(store.write(first).await.unwrap().is_empty());
        let next = Flush { mark: first.mark.next(), ..first };
        assert!(store.write(next).await.unwrap().is_empty());

        let now = clock::now();
        let end = Timestamp::from_unix_ms(now.unix_ms() + 1);
        let range = OutcomeRange { project_id: 1, start: hour_of(rows[0].created_at), end };
        while store.compact().await.unwrap() == Compacted::More {}
        let sums = store.outcomes(&range).await.unwrap();
        let sum = |outcome: &str| sums.iter().filter(|sum| sum.outcome == outcome).map(|sum| sum.count).sum::<i64>();
        assert_eq!((sum("accepted"), sum("duplicate"), sum("invalid")), (2, 2, 6));
        let rolled_up = place.column("SELECT CAST(sum(count) AS text) FROM rollups WHERE event = 'contract'").await;
        assert_eq!(rolled_up, ["2"]);
        store.forget_marks(end).await.unwrap();
        assert!(place.column("SELECT CAST(writer AS text) FROM flush_marks").await.is_empty());
    }

    async fn writing_returns_what_was_new(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let rows: Vec<Row> = (0..300).map(|_| row(0)).collect();
        let ids: Vec<_> = rows.iter().map(|row| row.id.as_uuid()).collect();
        let write = async |rows: &[Row]| {
            let mut new = store.write(flush(rows)).await.unwrap();
            new.sort();
            new
        };
        let sorted = |ids: &[uuid::Uuid]| {
            let mut ids = ids.to_vec();
            ids.sort();
            ids
        };
        assert_eq!(write(&rows[..200]).await, sorted(&ids[..200]));
        assert_eq!(write(&rows[100..]).await, sorted(&ids[200..]));
        assert!(write(&rows).await.is_empty());
        assert!(write(&[]).await.is_empty());
        let twice = row(0);
        assert_eq!(write(&[twice.clone(), twice.clone()]).await, [twice.id.as_uuid()]);
        assert_eq!(place.ids().await.len(), 301);
        store.close().await;
    }

    async fn events_written_by_several_at_once_are_new_once(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let rows: Vec<Row> = (0..600).map(|_| row(0)).collect();
        // Large and small flushes, which overlap.
        let parts = [0..400, 200..600, 100..180, 0..200, 300..600, 390..410];
        let writes = parts.iter().map(|part| store.write(flush(&rows[part.clone()])));
        let mut new: Vec<_> = join_all(writes).await.into_iter().flat_map(Result::unwrap).collect();
        new.sort();
        let mut ids: Vec<_> = rows.iter().map(|row| row.id.as_uuid()).collect();
        ids.sort();
        assert_eq!(new, ids);
        assert_eq!(place.ids().await.len(), rows.len());
        let end = Timestamp::from_unix_ms(clock::now().unix_ms() + 1);
        let range = OutcomeRange { project_id: 1, start: hour_of(rows[0].created_at), end };
        let sums = store.outcomes(&range).await.unwrap();
        let sum = |outcome: &str| sums.iter().filter(|sum| sum.outcome == outcome).map(|sum| sum.count).sum::<i64>();
        let written: usize = parts.iter().map(|part| part.len()).sum();
        assert_eq!((sum("accepted"), sum("duplicate")), (600, written as i64 - 600));
        let rolled_up = place.column("SELECT CAST(sum(count) AS text) FROM rollups WHERE event = 'contract'").await;
        assert_eq!(rolled_up, ["600"]);
        store.close().await;
    }

    async fn what_is_written_is_read_back(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let written = row(1);
        let bare = Row { user_id: None, session_id: None, seq: None, source: Source::Client, ..row(0) };
        store.write(flush(&[written.clone(), bare.clone()])).await.unwrap();
        let recent = Recent { project_id: 1, event: Some("contract".into()), session_id: None, user_ids: Vec::new(), limit: 10 };
        let read = store.recent(&recent).await.unwrap();
        assert_eq!((read[0].user_id, &read[0].session_id, read[0].seq), (None, &None, None));
        let read = &read[1];
        assert_eq!(read.id, written.id.as_uuid());
        assert_eq!((read.timestamp, read.created_at), (written.timestamp, written.created_at));
        assert_eq!((read.user_id, read.session_id.as_deref()), (written.user_id, Some("session")));
        assert_eq!((read.source.as_str(), read.seq), ("server", Some(i32::MAX)));
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(json(&read.properties), json(&written.properties));
        assert_eq!(json(&read.context), json(&written.context));
        let other = Recent { project_id: 2, ..recent };
        assert!(store.recent(&other).await.unwrap().is_empty(), "projects are apart");
        store.close().await;
    }

    async fn ids_of_any_time_and_kind_have_a_place(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let mut rows = vec![row(400 * DAY_MS), row(-30 * DAY_MS), row(-8 * DAY_MS), row(2 * DAY_MS), row(0)];
        for id in [0, u128::MAX, 0x1234_5678_1234_4abc_8def_0123_4567_89ab] {
            rows.push(Row { id: EventId::from_uuid(uuid::Uuid::from_u128(id)), ..row(0) });
        }
        assert_eq!(store.write(flush(&rows)).await.unwrap().len(), rows.len());
        assert!(store.write(flush(&rows)).await.unwrap().is_empty());
        // The day of an id that came too early arrives: its partition takes it over.
        let in_a_week = Timestamp::from_unix_ms(clock::now().unix_ms() + 7 * DAY_MS);
        store.make_room(in_a_week).await.unwrap();
        assert_eq!(store.make_room(in_a_week).await.unwrap(), 0, "made once");
        assert!(store.write(flush(&rows)).await.unwrap().is_empty(), "and is still known");
        assert_eq!(place.ids().await.len(), rows.len());
        store.close().await;
    }

    async fn old_events_expire_and_new_ones_stay(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        // Days long gone, as if the server had been running then.
        store.make_room(Timestamp::from_unix_ms(clock::now().unix_ms() - 100 * DAY_MS)).await.unwrap();
        let old: Vec<Row> = (0..3000).map(|n| row((99 + n % 3) * DAY_MS)).collect();
        let new = [row(0), row(2 * DAY_MS)];
        // An old id received just now: an event that was long on its way.
        let late = Row { created_at: clock::now(), ..row(50 * DAY_MS) };
        for rows in [&old, &new[..], std::slice::from_ref(&late)] {
            store.write(flush(rows)).await.unwrap();
        }
        let cutoff = Timestamp::from_unix_ms(clock::now().unix_ms() - 90 * DAY_MS);
        let mut steps = 0;
        while store.expire(cutoff).await.unwrap() > 0 {
            steps += 1;
        }
        assert!(steps >= 3, "in small steps: {steps}");
        let mut left = recent(&*store).await;
        left.sort();
        let mut expected: Vec<String> = new.iter().chain([&late]).map(|row| row.id.to_string()).collect();
        expected.sort();
        assert_eq!(left, expected);
        store.close().await;
    }

    async fn a_pepper_is_remembered(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        assert_eq!(store.remember("pepper_fingerprint", "first").await.unwrap(), "first");
        assert_eq!(store.remember("pepper_fingerprint", "second").await.unwrap(), "first");
        store.close().await;
    }

    async fn links_and_sessions_expire(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let at = Timestamp::from_unix_ms;
        let (link, session) = ([1; 32], [2; 32]);
        store.create_login_link(&link, at(1000)).await.unwrap();
        assert!(!store.redeem_login_link(&link, &session, at(1000), at(9000)).await.unwrap(), "too late");
        assert!(store.redeem_login_link(&link, &session, at(999), at(9000)).await.unwrap());
        assert!(!store.redeem_login_link(&link, &[3; 32], at(999), at(9000)).await.unwrap(), "once");
        assert!(store.session_is_valid(&session, at(8999)).await.unwrap());
        assert!(!store.session_is_valid(&session, at(9000)).await.unwrap());
        store.expire_sessions(at(9000)).await.unwrap();
        assert!(!store.session_is_valid(&session, at(0)).await.unwrap());
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_partitions_by_day() {
    let place = Place::new(Backend::Postgres).await;
    let store = setup::open_store(&place.config()).await.unwrap();
    store.write(flush(&[row(0), row(DAY_MS), row(20 * DAY_MS)])).await.unwrap();
    let count = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'telemetry_events'::regclass";
    assert_eq!(place.column(count).await, ["10"], "yesterday to a week ahead, and the rest");
    let other = "SELECT count(*)::text FROM telemetry_events_other";
    assert_eq!(place.column(other).await, ["1"]);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_indexes_days_that_are_over() {
    let place = Place::new(Backend::Postgres).await;
    let store = setup::open_store(&place.config()).await.unwrap();
    let today = clock::now().unix_ms().div_euclid(DAY_MS) * DAY_MS;
    // Partitions from ten days ago to two days ago; those from yesterday on are there.
    store.make_room(Timestamp::from_unix_ms(today - 9 * DAY_MS)).await.unwrap();
    let session = |ago: i64| Row { session_id: Some("searched".into()), ..row(ago) };
    store.write(flush(&[session(9 * DAY_MS), session(0), row(9 * DAY_MS), row(0)])).await.unwrap();
    let build_all = async |minutes: i64| {
        let now = Timestamp::from_unix_ms(today + minutes * 60_000);
        let mut built = 0;
        while store.tend_indexes(now).await.unwrap() > 0 {
            built += 1;
        }
        built
    };
    assert_eq!(build_all(59).await, 9 * 2, "events of yesterday may still come");
    assert_eq!(build_all(60).await, 2);
    let valid = "SELECT count(*)::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid \
                 WHERE relname ~ '^telemetry_events_\\d{8}_by_' AND indisvalid";
    assert_eq!(place.column(valid).await, ["20"]);
    // As a build that was interrupted leaves it.
    let broken = "UPDATE pg_index SET indisvalid = false FROM pg_class WHERE pg_class.oid = indexrelid \
                  AND relname = (SELECT min(relname) FROM pg_class WHERE relname ~ '^telemetry_events_\\d{8}_by_') \
                  RETURNING relname::text";
    assert_eq!(place.column(broken).await.len(), 1);
    assert_eq!(build_all(60).await, 1, "that one again");
    assert_eq!(place.column(valid).await, ["20"]);
    let searched = Recent {
        project_id: 1,
        event: None,
        session_id: Some("searched".into()),
        user_ids: Vec::new(),
        limit: 10,
    };
    assert_eq!(store.recent(&searched).await.unwrap().len(), 2, "in both kinds of days");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_refuses_bad_data_in_a_flush_of_any_size() {
    let place = Place::new(Backend::Postgres).await;
    let store = setup::open_store(&place.config()).await.unwrap();
    for size in [3, 400] {
        let mut rows: Vec<Row> = (0..size).map(|_| row(0)).collect();
        // No jsonb; the model lets none through.
        rows[1].properties = r#"{"note":"\u0000"}"#.to_owned();
        let refused = store.write(flush(&rows)).await;
        assert!(matches!(refused, Err(StoreError::BadData(_))), "{size}: {refused:?}");
        rows.remove(1);
        assert_eq!(store.write(flush(&rows)).await.unwrap().len(), size - 1, "nothing of it was written");
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_commits_are_on_disk() {
    let place = Place::new(Backend::Sqlite).await;
    let store = setup::open_store(&place.config()).await.unwrap();
    store.write(flush(&[row(0)])).await.unwrap();
    assert_eq!(place.column("PRAGMA journal_mode").await, ["wal"]);
    store.close().await;
}
