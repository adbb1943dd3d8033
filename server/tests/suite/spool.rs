//! While the database is away: what is acknowledged waits on the local disk, and is written once.

use std::time::Duration;

use futures_util::future::join_all;
use pharos_server::{
    config::Config,
    ingest::backlog::SPOOL_FILE,
    store::spool::{Holds, Spool},
};
use serde_json::Value;

use crate::support::{
    Backend, Place, TestServer, event, eventually,
    proxy::{Line, Proxy, behind_proxy},
};

/// A server on PostgreSQL behind a proxy, with short timeouts.
async fn start(place: &Place, change: impl FnOnce(&mut Config)) -> (TestServer, Proxy) {
    let (mut config, proxy) = behind_proxy(place).await;
    config.limits.store_timeout = Duration::from_millis(500);
    change(&mut config);
    (TestServer::start(config).await, proxy)
}

async fn outcomes(server: &TestServer, secret_key: &str) -> Vec<(String, i64)> {
    let reply = server.get("/v1/outcomes", &[("authorization", &format!("Bearer {secret_key}"))]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let json = reply.json();
    let outcomes = json["outcomes"].as_array().unwrap().iter();
    outcomes
        .map(|sum| (sum["outcome"].as_str().unwrap().to_owned(), sum["count"].as_i64().unwrap()))
        .collect()
}

async fn ready(server: &TestServer) -> (u16, Value) {
    let reply = server.get("/health/ready", &[]).await;
    (reply.status, reply.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_acknowledged_and_written_when_the_database_is_back() {
    for away in [Line::Cut, Line::Stalled] {
        let place = Place::new(Backend::Postgres).await;
        let (server, proxy) = start(&place, |_| ()).await;
        assert_eq!(server.post_events(&[event("before")]).await.verdicts(), ["accepted"]);

        proxy.set(away);
        let mut bad = event("Bad");
        bad["id"] = Value::Null;
        let events: Vec<_> = (0..20).map(|_| event("during")).collect();
        let during =
            join_all(events.iter().map(|event| server.post_events(std::slice::from_ref(event)))).await;
        for reply in during {
            assert_eq!(reply.verdicts(), ["accepted"], "{away:?}");
        }
        let mixed = server.post_events(&[bad, event("during")]).await;
        assert_eq!(mixed.verdicts(), ["invalid invalid_event_name", "accepted"], "{away:?}");
        let (status, said) = ready(&server).await;
        assert_eq!((status, &said["database"], &said["spooled_events"]), (200, &"away".into(), &21.into()));

        proxy.set(Line::Open);
        eventually("the spool is drained", async || ready(&server).await.1["spooled_events"] == 0).await;
        assert_eq!(place.ids().await.len(), 22, "{away:?}");
        let again = server.post_events(&events).await;
        assert!(again.verdicts().iter().all(|verdict| verdict == "duplicate"), "{away:?}");
        // One event may have been on its way when the line went dead; it is counted once all the same.
        let wanted = [("accepted".to_owned(), 22), ("duplicate".to_owned(), 20), ("invalid".to_owned(), 1)];
        assert_eq!(outcomes(&server, server.secret_key()).await, wanted, "{away:?}");
        assert_eq!(server.stop().await.requests, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spooled_survives_a_restart() {
    let place = Place::new(Backend::Postgres).await;
    let (server, proxy) = start(&place, |_| ()).await;
    let secret_key = server.secret_key().to_owned();
    proxy.set(Line::Cut);
    assert_eq!(server.post_events(&[event("kept"), event("kept")]).await.verdicts(), ["accepted"; 2]);
    server.stop().await;
    assert_eq!(place.ids().await.len(), 0);

    proxy.set(Line::Open);
    let server = place.start().await;
    eventually("the spool is drained", async || ready(&server).await.1["spooled_events"] == 0).await;
    assert_eq!(place.ids().await.len(), 2);
    assert_eq!(outcomes(&server, &secret_key).await, [("accepted".to_owned(), 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_while_its_database_is_away() {
    let place = Place::new(Backend::Postgres).await;
    let (mut config, proxy) = behind_proxy(&place).await;
    config.limits.store_timeout = Duration::from_millis(500);
    let server = TestServer::start(config.clone()).await;
    let (ingest_key, secret_key) = (server.ingest_key.clone(), server.secret_key().to_owned());
    server.stop().await;

    proxy.set(Line::Cut);
    let server = TestServer::start(config.clone()).await;
    assert_eq!(server.ingest_key, ingest_key);
    assert_eq!(server.post_events(&[event("early"), event("early")]).await.verdicts(), ["accepted"; 2]);
    assert_eq!(ready(&server).await.1["database"], "away");
    let unknown = serde_json::json!({ "key": "pk_0123456789abcdef0123", "events": [event("early")] });
    let refused = server.send("POST", "/v1/events", &[], unknown.to_string()).await;
    assert_eq!(refused.problem(), (503, "store_unavailable".to_owned()), "it may be a key made since");

    // The schema is brought up to date before anything is written.
    place.execute("DROP TABLE erasures").await;
    place.execute("DELETE FROM _sqlx_migrations WHERE version = 52").await;
    proxy.set(Line::Open);
    eventually("the spool is drained", async || ready(&server).await.1["spooled_events"] == 0).await;
    assert_eq!(place.ids().await.len(), 2);
    assert_eq!(outcomes(&server, &secret_key).await, [("accepted".to_owned(), 2)]);
    assert_eq!(place.column("SELECT count(*)::text FROM erasures").await, ["0"]);
    server.stop().await;

    // A schema that another version has changed is no outage.
    place.execute("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1").await;
    let Err(error) = TestServer::try_start(config).await else { panic!("it started") };
    assert!(error.to_string().contains("migration 1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_refuses_and_what_was_refused_is_counted() {
    let place = Place::new(Backend::Postgres).await;
    let (server, proxy) = start(&place, |config| config.limits.spool_bytes = 4000).await;
    proxy.set(Line::Cut);
    let mut kept = 0;
    let mut refused = 0;
    for _ in 0..30 {
        let reply = server.post_events(&[event("filler")]).await;
        if reply.status == 200 {
            kept += 1;
            continue;
        }
        assert_eq!(reply.problem(), (503, "store_unavailable".to_owned()));
        assert_eq!(reply.header("retry-after"), "5");
        refused += 1;
    }
    assert!(kept > 0 && refused > 0, "{kept} kept, {refused} refused");

    proxy.set(Line::Open);
    let wanted = [("accepted".to_owned(), kept), ("refused".to_owned(), refused)];
    eventually("everything is counted", async || outcomes_if_any(&server).await == wanted).await;
    assert_eq!(place.ids().await.len() as i64, kept);
}

/// Empty while the database does not answer yet.
async fn outcomes_if_any(server: &TestServer) -> Vec<(String, i64)> {
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.get("/v1/outcomes", &[("authorization", &bearer)]).await;
    if reply.status == 200 { outcomes(server, server.secret_key()).await } else { Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_turns_red_when_events_arrive_and_none_is_written() {
    let place = Place::new(Backend::Postgres).await;
    let (server, proxy) =
        start(&place, |config| config.limits.ready_timeout = Duration::from_millis(300)).await;
    proxy.set(Line::Cut);
    assert_eq!(server.post_events(&[event("kept")]).await.verdicts(), ["accepted"]);
    eventually("it is red", async || ready(&server).await.0 == 503).await;
    assert_eq!(server.get("/health/live", &[]).await.status, 200);
    assert_eq!(server.post_events(&[event("kept")]).await.verdicts(), ["accepted"], "and still takes events");
    proxy.set(Line::Open);
    eventually("it is green", async || ready(&server).await.0 == 200).await;
    eventually("everything is written", async || place.ids().await.len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_the_database_refuses_does_not_block_the_spool() {
    let place = Place::new(Backend::Postgres).await;
    let (server, proxy) = start(&place, |_| ()).await;
    proxy.set(Line::Cut);
    let events: Vec<_> = (0..9).map(|n| event(if n == 4 { "poison" } else { "fine" })).collect();
    assert_eq!(server.post_events(&events).await.verdicts(), ["accepted"; 9]);
    place.execute("ALTER TABLE telemetry_events ADD CONSTRAINT poison CHECK (event <> 'poison')").await;
    proxy.set(Line::Open);
    let wanted = [("accepted".to_owned(), 8), ("quarantined".to_owned(), 1)];
    eventually("the rest is written", async || outcomes_if_any(&server).await == wanted).await;
    assert_eq!(place.ids().await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_spool_is_said_and_does_not_stop_the_server() {
    let place = Place::new(Backend::Sqlite).await;
    std::fs::write(
        place.dir.path().join(SPOOL_FILE),
        "this is no spool, and longer than a header. ".repeat(100),
    )
    .unwrap();
    let server = place.start().await;
    assert_eq!(server.post_events(&[event("fine")]).await.verdicts(), ["accepted"]);
    server.stop().await;
    let error = Spool::open(&place.dir.path().join(SPOOL_FILE), 1 << 20).await.unwrap_err().to_string();
    assert!(error.contains("spool.db cannot be used"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_spool_holds_nothing() {
    let place = Place::new(Backend::Sqlite).await;
    let spool = Spool::open(&place.dir.path().join(SPOOL_FILE), 1 << 20).await.unwrap();
    assert!(spool.is_empty());
    assert_eq!(spool.check().await.unwrap(), Holds { flushes: 0, events: 0, bytes: 0, oldest: None });
    assert!(spool.first().await.unwrap().is_none());
}
