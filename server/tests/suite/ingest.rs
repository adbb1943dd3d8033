//! `POST /v1/events`: what becomes of events and of requests.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use futures_util::future::join_all;
use pharos_model::Timestamp;
use serde_json::{Value, json};

use crate::support::{Backend, Place, TestServer, event, new_id, on_both, rfc3339_now};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `event` with one field set.
fn with(field: &str, value: Value) -> Value {
    let mut event = event("add_to_cart");
    event[field] = value;
    event
}

/// `{"a":{"a":...}}`, `depth` objects deep.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
}

on_both! {
    async fn every_event_gets_its_own_verdict(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let long = "x".repeat(3000);
        let cases: Vec<(Value, &str)> = vec![
            (event("add_to_cart"), "accepted"),
            (event("Invalid-Event-Name"), "invalid invalid_event_name"),
            (event(""), "invalid invalid_event_name"),
            (event(&"a".repeat(101)), "invalid event_name_too_long"),
            (with("event", json!(7)), "invalid wrong_type"),
            (with("properties", json!([])), "invalid wrong_type"),
            (with("user_id", json!(42)), "invalid wrong_type"),
            (with("timestamp", json!("1970-01-01T00:00:00Z")), "invalid timestamp_out_of_range"),
            (with("timestamp", json!("2100-01-01T00:00:00Z")), "invalid timestamp_out_of_range"),
            (with("timestamp", json!("yesterday")), "invalid invalid_timestamp"),
            (with("id", json!("1 or 1=1")), "invalid invalid_id"),
            (with("seq", json!(-1)), "invalid invalid_seq"),
            (with("session_id", json!("s".repeat(101))), "invalid session_id_too_long"),
            (with("properties", json!({ "note": long })), "invalid string_too_long"),
            (with("properties", json!({ "note": "a\u{0}b" })), "invalid nul_character"),
            (with("properties", nested(6)), "invalid too_deep"),
            (with("properties", nested(5)), "accepted"),
            (json!("not an object"), "invalid invalid_json"),
            (json!({}), "invalid missing_field"),
            (event("sign_up"), "accepted"),
        ];
        let events: Vec<Value> = cases.iter().map(|(event, _)| event.clone()).collect();
        let reply = server.post_events(&events).await;
        let expected: Vec<&str> = cases.iter().map(|(_, verdict)| *verdict).collect();
        assert_eq!(reply.verdicts(), expected);
        assert_eq!((reply.count("accepted"), reply.count("invalid")), (3, 17));
        let ids: Vec<Value> =
            reply.json()["verdicts"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids[0], events[0]["id"], "ids are echoed");
        assert_eq!(ids[10], "1 or 1=1", "as they were sent");
        assert_eq!(ids[17], Value::Null);
        assert_eq!(place.ids().await.len(), 3);
    }

    async fn one_event_that_is_not_even_json_costs_only_itself(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let deep = |levels| [b"[".repeat(levels), b"]".repeat(levels)].concat();
        let properties = |text: &[u8]| {
            let head = format!(r#"{{"event":"x","timestamp":"{}","properties":{{"a":"#, rfc3339_now());
            [head.as_bytes(), text, b"}}"].concat()
        };
        for (broken, verdict) in [
            (properties(b"1,"), "invalid invalid_json"),
            (properties(b"01"), "invalid invalid_json"),
            (properties(b"nul"), "invalid invalid_json"),
            (br#"{"event":"x" "timestamp":1}"#.to_vec(), "invalid invalid_json"),
            (properties(b"\"caf\xe9\""), "invalid invalid_utf8"),
            (properties(br#""\ud800""#), "accepted"),
            (properties(&deep(10_000)), "invalid too_deep"),
            (properties(&deep(100_000)), "invalid event_too_large"),
            (b"1e999".to_vec(), "invalid invalid_json"),
        ] {
            let good = [event("before").to_string(), event("after").to_string()];
            let mut body = format!(r#"{{"key":"{}","events":[{},"#, server.ingest_key, good[0]).into_bytes();
            body.extend_from_slice(&broken);
            body.extend_from_slice(format!(",{}]}}", good[1]).as_bytes());
            let reply = server.post(body).await;
            let start = String::from_utf8_lossy(&broken[..broken.len().min(60)]).into_owned();
            assert_eq!(reply.verdicts(), ["accepted", verdict, "accepted"], "{start}");
        }
        assert_eq!(place.ids().await.len(), 19);
    }

    async fn duplicates_are_stored_once_and_told_so(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let (one, two) = (event("one"), event("two"));
        let reply = server.post_events(&[one.clone(), two.clone(), one.clone()]).await;
        assert_eq!(reply.verdicts(), ["accepted", "accepted", "duplicate"]);
        // A retry may carry another time: the id alone decides.
        let mut late = one.clone();
        late["timestamp"] = json!("2026-01-01T00:00:00Z");
        let reply = server.post_events(&[late, event("three"), two]).await;
        assert_eq!(reply.verdicts(), ["duplicate", "accepted", "duplicate"]);
        assert_eq!(place.ids().await.len(), 3);
    }

    async fn identical_batches_at_once_are_stored_once(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        for _ in 0..5 {
            let before = place.ids().await.len();
            let events: Vec<Value> = (0..50).map(|_| event("same")).collect();
            // The same events in another order: locks taken in the order sent would deadlock.
            let reversed: Vec<Value> = events.iter().rev().cloned().collect();
            let (batch, reversed) = (server.batch(&events), server.batch(&reversed));
            let posts = (0..8).map(|n| server.post(if n % 2 == 0 { batch.clone() } else { reversed.clone() }));
            let replies = join_all(posts).await;
            let sum = |verdict| replies.iter().map(|reply| reply.count(verdict)).sum::<u64>();
            assert_eq!((sum("accepted"), sum("duplicate")), (50, 350));
            assert_eq!(place.ids().await.len(), before + 50);
        }
    }

    async fn a_row_the_database_refuses_is_refused_alone(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        place.execute(match backend {
            Backend::Sqlite => "CREATE TRIGGER poison BEFORE INSERT ON telemetry_events \
                WHEN new.event = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END",
            Backend::Postgres => "ALTER TABLE telemetry_events ADD CONSTRAINT poison CHECK (event <> 'poison')",
        }).await;
        let events: Vec<Value> =
            (0..60).map(|n| event(if n == 17 || n == 41 { "poison" } else { "fine" })).collect();
        let neighbours = [event("fine"), event("fine")];
        let mut replies = join_all([server.post_events(&events), server.post_events(&neighbours)]).await;
        let neighbour = replies.pop().unwrap();
        assert_eq!(neighbour.verdicts(), ["accepted", "accepted"]);
        for (n, verdict) in replies[0].verdicts().iter().enumerate() {
            let expected = if n == 17 || n == 41 { "quarantined" } else { "accepted" };
            assert_eq!(verdict, expected, "event {n}");
        }
        assert_eq!(place.ids().await.len(), 60);
    }

    async fn an_event_without_an_id_gets_one(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let mut nameless = event("no_id");
        nameless.as_object_mut().unwrap().remove("id");
        let reply = server.post_events(&[nameless.clone(), nameless]).await;
        assert_eq!(reply.verdicts(), ["accepted", "accepted"]);
        let mut given: Vec<String> = reply.json()["verdicts"].as_array().unwrap()
            .iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        given.sort();
        assert_eq!(place.ids().await, given);
    }

    async fn what_is_stored_is_stripped_enriched_and_keyed(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let now = pharos_server::clock::now().unix_ms();
        let shifted = |ms| Timestamp::from_unix_ms(now + ms).to_string();
        let body = json!({
            "key": server.ingest_key,
            // The sender's clock is an hour slow; the event happened two seconds before sending.
            "sent_at": shifted(-3_600_000),
            "sdk": { "name": "pharos-telemetry", "version": "0.1.0" },
            "context": { "page_url": "https://shop.example/?email=ada%40example.org", "password": "hunter2" },
            "events": [{
                "id": new_id(), "event": "sign_up", "timestamp": shifted(-3_602_000),
                "properties": { "email": "ada@example.org", "note": "write to ada@example.org", "plan": "pro" },
                "user_id": "ada@example.org", "session_id": "s1", "seq": 7,
            }],
        });
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let headers = [("content-type", "text/plain;charset=UTF-8"), ("user-agent", agent)];
        let reply = server.send("POST", "/v1/events", &headers, body.to_string()).await;
        assert_eq!(reply.verdicts(), ["accepted"]);

        let stored = &server.recent("").await[0];
        assert_eq!(stored["properties"], json!({ "note": "write to [email]", "plan": "pro" }));
        assert_eq!((stored["session_id"].as_str(), stored["seq"].as_i64()), (Some("s1"), Some(7)));
        assert_eq!(stored["source"], "client");
        let context = &stored["context"];
        assert_eq!(context["page_url"], "https://shop.example/?email=[email]");
        assert_eq!((context["browser"].as_str(), context["os"].as_str()), (Some("Firefox"), Some("Linux")));
        assert_eq!((context["ip"].as_str(), context["sdk"].as_str()), (Some("127.0.0.0"), Some("pharos-telemetry")));
        let late_ms = unix_ms(&stored["created_at"]) - unix_ms(&stored["timestamp"]);
        assert!((2000..12_000).contains(&late_ms), "the clock is corrected: {late_ms} ms");
        let user_id = stored["user_id"].as_str().unwrap();
        assert_eq!(user_id.as_bytes()[14], b'8', "a UUID of version 8: {user_id}");
        let text = stored.to_string();
        for personal in ["ada", "hunter2", "127.0.0.1"] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }

    async fn the_key_says_where_events_come_from(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let body = |name| json!({ "events": [event(name)], "source": "server" }).to_string();
        let secret = format!("Bearer {}", server.secret_key());
        let public = format!("Bearer {}", server.ingest_key);
        server.send("POST", "/v1/events", &[("authorization", &secret)], body("from_server")).await.verdicts();
        server.send("POST", "/v1/events", &[("authorization", &public)], body("from_page")).await.verdicts();
        let by_query = format!("/v1/events?key={}", server.ingest_key);
        server.send("POST", &by_query, &[], body("by_query")).await.verdicts();
        for (name, source) in [("from_server", "server"), ("from_page", "client"), ("by_query", "client")] {
            let events = server.recent(&format!("?event={name}")).await;
            assert_eq!((events.len(), events[0]["source"].as_str()), (1, Some(source)), "{name}");
        }
    }

    async fn gzip_is_read_by_header_and_by_magic_bytes(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let send = async |headers: &[(&str, &str)], body: Vec<u8>| {
            server.send("POST", "/v1/events", headers, body).await
        };
        let batch = || server.batch(&[event("zipped")]).into_bytes();
        for headers in [&[("content-encoding", "gzip")][..], &[("content-type", "text/plain")], &[]] {
            assert_eq!(send(headers, gzip(&batch())).await.verdicts(), ["accepted"], "{headers:?}");
        }
        let batch = batch();
        let (front, back) = batch.split_at(40);
        let members = [gzip(front), gzip(back)].concat();
        assert_eq!(send(&[], members).await.verdicts(), ["accepted"], "two members");

        let zipped = gzip(&batch);
        let encoded = |encoding| [("content-encoding", encoding)];
        for (headers, body, problem) in [
            (encoded("gzip"), batch.clone(), (400, "invalid_gzip")),
            (encoded("gzip"), zipped[..zipped.len() - 9].to_vec(), (400, "invalid_gzip")),
            (encoded("gzip"), [zipped.clone(), b"more".to_vec()].concat(), (400, "invalid_gzip")),
            (encoded("br"), batch.clone(), (415, "unsupported_encoding")),
            (encoded("gzip"), gzip(&vec![b' '; 64 << 20]), (413, "decompressed_too_large")),
        ] {
            let (status, code) = send(&headers, body).await.problem();
            assert_eq!((status, code.as_str()), problem);
        }
        assert_eq!(place.ids().await.len(), 4);
    }

    async fn requests_that_cannot_be_read_are_refused_as_a_whole(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let key = &server.ingest_key;
        let many: Vec<Value> = (0..501).map(|_| json!({})).collect();
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for (body, problem, field) in [
            (String::new(), (400, "invalid_json"), None),
            ("nonsense".to_owned(), (400, "invalid_json"), None),
            (r#"{"key":"#.to_owned(), (400, "invalid_json"), None),
            (deep, (400, "invalid_json"), None),
            (json!({ "key": key }).to_string(), (400, "invalid_envelope"), Some("events")),
            (json!({ "key": key, "events": {} }).to_string(), (400, "invalid_envelope"), Some("events")),
            (json!({ "key": 7, "events": [] }).to_string(), (400, "invalid_envelope"), Some("key")),
            (json!({ "key": key, "sent_at": "now", "events": [] }).to_string(), (400, "invalid_envelope"), Some("sent_at")),
            (json!({ "key": key, "events": many }).to_string(), (413, "too_many_events"), None),
            (json!({ "key": key, "pad": "x".repeat(1 << 20), "events": [] }).to_string(), (413, "batch_too_large"), None),
            (json!({ "events": [event("x")] }).to_string(), (401, "missing_key"), None),
            (json!({ "key": "pk_0123456789abcdef", "events": [event("x")] }).to_string(), (401, "unknown_key"), None),
            (json!({ "key": "", "events": [event("x")] }).to_string(), (401, "unknown_key"), None),
        ] {
            let reply = server.post(body.clone()).await;
            let (status, code) = reply.problem();
            let start: String = body.chars().take(60).collect();
            assert_eq!((status, code.as_str()), problem, "{start}");
            assert_eq!(reply.json()["field"].as_str(), field, "{start}");
            assert_eq!(reply.header("access-control-allow-origin"), "*", "pages must be able to read it");
        }
        for kind in ["application/xml", "multipart/form-data; boundary=x", "text/html"] {
            let reply = server.send("POST", "/v1/events", &[("content-type", kind)], "{}").await;
            assert_eq!(reply.problem(), (415, "unsupported_media_type".to_owned()), "{kind}");
        }
        for kind in ["application/json; charset=utf-8", "TEXT/PLAIN", "text/plain;charset=UTF-8"] {
            let batch = server.batch(&[event("typed")]);
            let reply = server.send("POST", "/v1/events", &[("content-type", kind)], batch).await;
            assert_eq!(reply.verdicts(), ["accepted"], "{kind}");
        }
        assert_eq!(server.post_events(&[]).await.verdicts(), [""; 0], "an empty batch is a batch");
        assert_eq!(place.ids().await.len(), 3);
    }

    async fn a_server_turned_off_filters_everything(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.enabled = false;
        let server = TestServer::start(config).await;
        let reply = server.post_events(&[event("one"), event("Bad-Name")]).await;
        assert_eq!(reply.verdicts(), ["filtered disabled", "invalid invalid_event_name"]);
        assert!(place.ids().await.is_empty());
    }
}

fn unix_ms(time: &Value) -> i64 {
    Timestamp::parse_rfc3339(time.as_str().unwrap()).unwrap().unix_ms()
}
