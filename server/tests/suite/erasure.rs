//! A person's events are erased, wherever they are, and nobody else's.

use std::time::Duration;

use pharos_model::UserHash;
use pharos_server::{clock, config::Database, erasure::Eraser, identity::Peppers, setup};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Backend, Place, TestServer, event, eventually, on_both,
    proxy::{Line, behind_proxy},
};

fn by(user: &str, name: &str) -> Value {
    let mut event = event(name);
    event["user_id"] = json!(user);
    event
}

async fn erase(server: &TestServer, id: &str, secret_key: &str) -> Value {
    let bearer = format!("Bearer {secret_key}");
    let headers = [("authorization", bearer.as_str())];
    let reply = server.send("DELETE", &format!("/v1/users/{id}"), &headers, "").await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let path = format!("/v1/erasures/{}", reply.json()["erasure_id"].as_str().unwrap());
    let mut receipt = reply.json();
    eventually("the erasure is done", async || {
        receipt = server.get(&path, &headers).await.json();
        receipt["state"] == "done"
    })
    .await;
    assert!(receipt["finished_at"].is_string());
    receipt
}

on_both! {
    async fn events_and_refused_events_of_a_person_go(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let mut events: Vec<Value> = (0..40).map(|_| by("ada", "visit")).collect();
        // Ids whose time is absurd are in partitions of their own.
        for (one, id) in events.iter_mut().zip([
            "00000000-0000-7000-8000-000000000001",
            "ffffffff-ffff-7fff-bfff-ffffffffffff",
            "3f2a1b4c-5d6e-4f70-8a9b-0c1d2e3f4a5b",
            "018f0000-0000-7000-8000-000000000001",
        ]) {
            one["id"] = json!(id);
        }
        events.extend((0..7).map(|_| by("grace", "visit")));
        events.extend((0..3).map(|_| event("visit")));
        events.push(by("ada", "Refused"));
        events.push(by("grace", "Refused"));
        assert_eq!(server.post_events(&events).await.count("accepted"), 50);

        let receipt = erase(&server, "ada", server.secret_key()).await;
        assert_eq!((&receipt["events"], &receipt["quarantined"], &receipt["spooled"]), (&json!(40), &json!(1), &json!(0)));
        let left = server.recent("?limit=1000").await;
        assert_eq!(left.len(), 10);
        assert_eq!(left.iter().filter(|event| event["user_id"].is_string()).count(), 7, "grace's");
        assert_eq!(place.column("SELECT user_id FROM quarantine").await.len(), 1);
        assert!(!receipt.to_string().contains("ada"));

        // What comes afterwards is new.
        assert_eq!(server.post_events(&[by("ada", "back")]).await.verdicts(), ["accepted"]);
        let again = erase(&server, "nobody", server.secret_key()).await;
        assert_eq!(again["events"], 0);
        assert_eq!(server.recent("?event=back").await.len(), 1);
    }

    async fn a_person_is_known_by_hash_and_by_stored_id_too(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let uuid = "3f2a1b4c-5d6e-4f70-8a9b-0c1d2e3f4a5b";
        let events = [by("ada@example.org", "one"), by("grace", "two"), by(uuid, "three")];
        assert_eq!(server.post_events(&events).await.count("accepted"), 3);
        assert_eq!(erase(&server, &UserHash::of("ada@example.org").to_string(), server.secret_key()).await["events"], 1);
        let stored = server.recent("?event=two").await[0]["user_id"].as_str().unwrap().to_owned();
        assert_eq!(erase(&server, &stored, server.secret_key()).await["events"], 1);
        assert_eq!(erase(&server, uuid, server.secret_key()).await["events"], 1);
        assert!(server.recent("").await.is_empty());
    }

    async fn an_erasure_goes_on_after_a_restart(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let events: Vec<Value> = (0..3).map(|_| by("ada", "visit")).collect();
        assert_eq!(server.post_events(&events).await.count("accepted"), 3);
        let secret_key = server.secret_key().to_owned();
        server.stop().await;
        // Asked for, and the node died at once.
        let store = setup::open_store(&place.config()).await.unwrap();
        let peppers = setup::peppers(&place.config()).unwrap();
        let id = Eraser::new(store.clone()).request(&peppers, 1, "ada").await.unwrap();
        let asked = store.erasure(1, &id).await.unwrap().unwrap();
        assert!(store.erase_some(&asked, clock::now()).await.unwrap(), "there is more to do");
        store.close().await;

        let server = place.start().await;
        let bearer = format!("Bearer {secret_key}");
        eventually("the erasure is done", async || {
            let reply = server.get(&format!("/v1/erasures/{id}"), &[("authorization", &bearer)]).await;
            reply.json()["state"] == "done"
        }).await;
        assert!(place.ids().await.is_empty());
    }

    async fn another_project_is_not_touched(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        assert_eq!(server.post_events(&[by("ada", "visit")]).await.count("accepted"), 1);
        let store = setup::open_store(&place.config()).await.unwrap();
        store.create_project(2, "other", &[], clock::now()).await.unwrap();
        let eraser = Eraser::new(store.clone());
        let peppers = setup::peppers(&place.config()).unwrap();
        let id = eraser.request(&peppers, 2, "ada").await.unwrap();
        eventually("the erasure is done", async || {
            eraser.work().await.unwrap();
            store.erasure(2, &id).await.unwrap().unwrap().finished_at.is_some()
        }).await;
        assert_eq!(place.ids().await.len(), 1);
        let bearer = format!("Bearer {}", server.secret_key());
        let reply = server.get(&format!("/v1/erasures/{id}"), &[("authorization", &bearer)]).await;
        assert_eq!(reply.problem(), (404, "not_found".to_owned()));
        store.close().await;
    }

    async fn after_a_rotation_events_of_before_are_found(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.secrets.pepper = None;
        let server = TestServer::start(config.clone()).await;
        let secret_key = server.secret_key().to_owned();
        assert_eq!(server.post_events(&[by("ada", "before")]).await.count("accepted"), 1);
        server.stop().await;
        Peppers::rotate(place.dir.path(), false).unwrap();
        let server = TestServer::start(config.clone()).await;
        assert_eq!(server.post_events(&[by("ada", "after")]).await.count("accepted"), 1);
        let ids = place.column("SELECT DISTINCT CAST(user_id AS text) FROM telemetry_events").await;
        assert_eq!(ids.len(), 2, "a new id from the rotation on");
        assert_eq!(erase(&server, "ada", &secret_key).await["events"], 2);

        assert_eq!(server.post_events(&[by("ada", "before")]).await.count("accepted"), 1);
        server.stop().await;
        Peppers::rotate(place.dir.path(), true).unwrap();
        let server = TestServer::start(config).await;
        assert_eq!(erase(&server, "ada", &secret_key).await["events"], 0, "forgotten");
        assert_eq!(place.ids().await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_spool_of_another_node_is_left_out() {
    let place = Place::new(Backend::Postgres).await;
    let (mut config, proxy) = behind_proxy(&place).await;
    config.limits.store_timeout = Duration::from_millis(500);
    let away = TestServer::start(config.clone()).await;
    let secret_key = away.secret_key().to_owned();
    proxy.set(Line::Cut);
    let spooled = [by("ada", "visit"), by("ada", "visit"), by("grace", "visit"), by("ada", "Refused")];
    assert_eq!(away.post_events(&spooled).await.count("accepted"), 3);
    away.stop().await;

    // Another node on the same database, with a data directory of its own.
    let dir = TempDir::new().unwrap();
    let mut other = place.config();
    other.data_dir = dir.path().to_owned();
    assert!(matches!(other.database, Database::Postgres(_)));
    let other = TestServer::start(other).await;
    let receipt = erase(&other, "ada", &secret_key).await;
    assert_eq!((&receipt["events"], &receipt["spooled"]), (&json!(0), &json!(0)));

    proxy.set(Line::Open);
    let back = TestServer::start(config).await;
    let bearer = format!("Bearer {secret_key}");
    let path = format!("/v1/erasures/{}", receipt["erasure_id"].as_str().unwrap());
    eventually("the receipt names them", async || {
        other.get(&path, &[("authorization", &bearer)]).await.json()["spooled"] == 2
    })
    .await;
    eventually("the rest is written", async || place.ids().await.len() == 1).await;
    assert!(place.column("SELECT id FROM quarantine").await.is_empty());
    let outcomes = back.get("/v1/outcomes", &[("authorization", &bearer)]).await.json();
    let erased = outcomes["outcomes"].as_array().unwrap().iter().find(|sum| sum["reason"] == "erased");
    assert_eq!(erased.unwrap()["count"], 2, "what became of them is known");
}
