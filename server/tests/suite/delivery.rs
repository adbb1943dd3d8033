//! The delivery rate, and how telemetry is doing.

use pharos_model::Timestamp;
use pharos_server::{
    clock,
    query::delivery::{Turn, refresh},
    setup,
};
use serde_json::{Value, json};

use crate::support::{Backend, Place, TestServer, event, on_both};

const HOUR_MS: i64 = 3_600_000;

/// The start of the hour that is `hours` hours before this one.
fn hour(hours: i64) -> Timestamp {
    Timestamp::from_unix_ms((clock::now().unix_ms() / HOUR_MS - hours) * HOUR_MS)
}

/// Event number `seq` of a session, `minutes` after the start of the hour that is `hours` before this one.
fn numbered(session: &str, seq: i64, hours: i64, minutes: i64) -> Value {
    let mut event = event("step");
    event["session_id"] = json!(session);
    event["seq"] = json!(seq);
    event["timestamp"] = json!(Timestamp::from_unix_ms(hour(hours).unix_ms() + minutes * 60_000).to_string());
    event
}

async fn delivery(server: &TestServer) -> Value {
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.get("/v1/delivery", &[("authorization", &bearer)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Each hour's expected and arrived events, oldest first.
fn hours(delivery: &Value) -> Vec<(i64, i64)> {
    let number = |hour: &Value, name: &str| hour[name].as_i64().unwrap();
    let hours = delivery["hours"].as_array().unwrap().iter();
    hours.map(|hour| (number(hour, "expected"), number(hour, "arrived"))).collect()
}

on_both! {
    async fn gaps_in_the_numbering_are_losses(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let derive =
            async || refresh(&*store, 1, hour(100), clock::now(), &mut Turn::alone(1_000)).await.unwrap();

        // Session a: 0 to 9 without 4, then 10 to 14 two hours later without 11 and 12. Session b: 0 and 1.
        let mut events: Vec<Value> =
            (0..10).filter(|&seq| seq != 4).map(|seq| numbered("a", seq, 5, seq * 5)).collect();
        events.extend([10, 13, 14].map(|seq| numbered("a", seq, 3, 7)));
        events.extend([0, 1].map(|seq| numbered("b", seq, 5, 30)));
        // No session, no number: no part of it.
        events.push(event("unnumbered"));
        let reply = server.post_events(&events).await;
        assert_eq!(reply.count("accepted"), 15);
        assert!(derive().await > 0);
        let told = delivery(&server).await;
        assert_eq!(hours(&told), [(12, 11), (5, 3)]);
        assert_eq!((&told["expected"], &told["arrived"]), (&json!(17), &json!(14)));
        assert!((told["rate"].as_f64().unwrap() - 14.0 / 17.0).abs() < 1e-9);
        assert_eq!(told["hours"][0]["hour"], hour(5).to_string());

        // Late ones count in their own hour; the same event twice counts once.
        let late = [numbered("a", 4, 5, 20), numbered("a", 11, 3, 8)];
        server.post_events(&late).await;
        server.post_events(&late).await;
        assert_eq!(derive().await, 2, "only the ten minutes that changed are read again");
        assert_eq!(hours(&delivery(&server).await), [(12, 12), (5, 4)]);
        assert_eq!(derive().await, 0, "nothing changed");

        // A session goes on before what was thought to be its end: the later hour lost nothing more.
        server.post_events(&[numbered("b", 5, 2, 0)]).await;
        derive().await;
        assert_eq!(hours(&delivery(&server).await), [(12, 12), (5, 4), (4, 1)]);
        server.post_events(&[numbered("b", 2, 5, 50), numbered("b", 3, 5, 50)]).await;
        derive().await;
        assert_eq!(hours(&delivery(&server).await), [(14, 14), (5, 4), (2, 1)]);
        store.close().await;
    }

    async fn ten_minutes_read_in_parts_add_up_to_the_same(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        // Session a makes an event a minute, of which one is lost; b comes and goes within a minute.
        let mut events: Vec<Value> =
            (0..10).filter(|&seq| seq != 4).map(|seq| numbered("a", seq, 5, seq)).collect();
        events.extend([0, 1, 3].map(|seq| numbered("b", seq, 5, 8)));
        server.post_events(&events).await;
        let derive = async |part_events| {
            let derived = refresh(&*store, 1, hour(100), clock::now(), &mut Turn::alone(part_events)).await;
            assert_eq!(derived.unwrap(), 1);
            hours(&delivery(&server).await)
        };
        assert_eq!(derive(3).await, [(14, 12)]);
        // Anew, in other parts: what was counted before is not added to.
        server.post_events(&[numbered("a", 4, 5, 4)]).await;
        assert_eq!(derive(5).await, [(14, 13)]);
        server.post_events(&[numbered("b", 2, 5, 8)]).await;
        assert_eq!(derive(1_000).await, [(14, 14)]);
        store.close().await;
    }

    async fn what_sdks_gave_up_is_told(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        for _ in 0..2 {
            let batch = json!({ "key": server.ingest_key, "events": [event("a")],
                "dropped": { "queue_full": 3, "made_up_by_a_stranger": 1, "nobody_knows": 2 } });
            assert_eq!(server.post(batch.to_string()).await.verdicts(), ["accepted"]);
        }
        let alone = json!({ "key": server.ingest_key, "events": [], "dropped": { "shut_down": 4 } });
        assert_eq!(server.post(alone.to_string()).await.status, 200);
        let told = delivery(&server).await;
        assert_eq!(told["dropped"], json!([
            { "reason": "other", "count": 6 }, { "reason": "queue_full", "count": 6 },
            { "reason": "shut_down", "count": 4 }]));
        assert_eq!((&told["expected"], &told["rate"]), (&json!(0), &Value::Null));
        // They are no events received.
        let bearer = format!("Bearer {}", server.secret_key());
        let outcomes = server.get("/v1/outcomes", &[("authorization", &bearer)]).await.json();
        assert_eq!(outcomes["received"], 2);
        assert_eq!(outcomes["outcomes"].as_array().unwrap().len(), 1, "{outcomes}");
    }

    async fn one_holds_a_lease_until_it_expires(backend: Backend) {
        use std::time::Duration;
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let (one, other) = (uuid(), uuid());
        let take = async |who, at_ms| {
            let (now, length) = (Timestamp::from_unix_ms(at_ms), Duration::from_millis(100));
            store.take_lease("work", who, now, length).await.unwrap()
        };
        assert!(take(one, 1000).await);
        assert!(!take(other, 1050).await);
        assert!(take(one, 1080).await, "renewed");
        assert!(!take(other, 1179).await);
        assert!(take(other, 1180).await, "expired");
        assert!(!take(one, 1181).await);
        store.close().await;
    }

    async fn health_says_what_is_wrong(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let health = async || server.get("/v1/health", &[("authorization", &bearer)]).await.json();
        let empty = health().await;
        assert_eq!((&empty["healthy"], &empty["last_event_at"]), (&json!(true), &Value::Null), "{empty}");

        server.post_events(&[event("a"), event("b")]).await;
        let told = health().await;
        assert_eq!((&told["healthy"], &told["reasons"]), (&json!(true), &json!([])), "{told}");
        assert!(told["events_per_minute"].as_f64().unwrap() > 0.0, "{told}");
        assert!(told["last_event_at"].is_string());
        assert_eq!((&told["store"], &told["error_rate"]), (&json!("ok"), &json!(0.0)));
    }

    async fn silence_is_wrong_where_events_are_usual(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let health = async || server.get("/v1/health", &[("authorization", &bearer)]).await.json();
        // Two hundred events an hour for the five hours before this one, and none since.
        for hours in 1..=5 {
            let events: Vec<_> = (0..200).map(|n| numbered("s", n + 1000 * hours, hours, n % 50)).collect();
            server.post_events(&events).await;
        }
        // They were received just now, which is what counts: move that back.
        place.execute("UPDATE telemetry_events SET created_at = timestamp").await;
        let told = health().await;
        assert_eq!(told["healthy"], json!(false), "{told}");
        assert!(told["reasons"][0].as_str().unwrap().starts_with("no event in the last 5 minutes"), "{told}");
    }
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::from_bytes(pharos_server::identity::random_bytes())
}
