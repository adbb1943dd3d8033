//! Refused events: kept stripped, counted, repaired, replayed once, dropped, expired.

use std::time::Duration;

use futures_util::future::join_all;
use pharos_model::{EventId, Source, Timestamp};
use pharos_server::{
    clock,
    config::Database,
    setup,
    store::{
        Flush, Mark, QuarantineRow, Store,
        quarantine::{BYTES_MAX, Origin, ROWS_MAX},
    },
};
use serde_json::{Value, json};

use crate::{
    command_line,
    support::{
        Backend, Place, Reply, TestServer, event, eventually, on_both,
        proxy::{Line, behind_proxy},
        rfc3339_now,
    },
};

const DAY_MS: i64 = 24 * 3600 * 1000;

async fn ask(server: &TestServer, method: &str, path: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {}", server.secret_key());
    let path = format!("/v1/quarantine{path}");
    server.send(method, &path, &[("authorization", &bearer)], body.to_owned()).await
}

async fn kept(server: &TestServer, query: &str) -> Vec<Value> {
    let reply = ask(server, "GET", query, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["quarantine"].as_array().unwrap().clone()
}

/// Replays an entry with these changes, and says what the server answers.
async fn replay(server: &TestServer, entry: &Value, changes: &str) -> Value {
    let reply = ask(server, "POST", &format!("/{}/replay", entry["id"].as_str().unwrap()), changes).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["id"], entry["id"]);
    reply.json()
}

/// How many events had an outcome, by outcome and reason.
async fn outcomes(server: &TestServer) -> Vec<String> {
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.get("/v1/outcomes", &[("authorization", &bearer)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = reply.json();
    let sum = |sum: &Value| {
        format!(
            "{} {} {}",
            sum["outcome"].as_str().unwrap(),
            sum["reason"].as_str().unwrap_or("-"),
            sum["count"]
        )
    };
    reply["outcomes"].as_array().unwrap().iter().map(sum).collect()
}

/// Makes the table refuse events called `poison`.
async fn poison(place: &Place, backend: Backend) {
    place
        .execute(match backend {
            Backend::Sqlite => {
                "CREATE TRIGGER poison BEFORE INSERT ON telemetry_events \
                 WHEN new.event = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END"
            }
            Backend::Postgres => {
                "ALTER TABLE telemetry_events ADD CONSTRAINT poison CHECK (event <> 'poison')"
            }
        })
        .await;
}

async fn heal(place: &Place, backend: Backend) {
    place
        .execute(match backend {
            Backend::Sqlite => "DROP TRIGGER poison",
            Backend::Postgres => "ALTER TABLE telemetry_events DROP CONSTRAINT poison",
        })
        .await;
}

fn refusal(code: &'static str, content: &str, received_at: Timestamp) -> QuarantineRow {
    let origin =
        Origin { project_id: 1, source: Source::Client, context: "{}".into(), user_id: None, received_at };
    let event = format!(r#"{{"event":"{content}"}}"#);
    QuarantineRow::new(code, "event".to_owned(), event, content, origin)
}

async fn write(store: &dyn Store, refused: Vec<QuarantineRow>) {
    let quarantine = &QuarantineRow::merge(refused);
    store.write(Flush { mark: Mark::new(), rows: &[], outcomes: &[], quarantine }).await.unwrap();
}

on_both! {
    async fn refused_events_are_kept_stripped_and_equal_ones_once(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bad = || {
            let mut bad = event("Sign-Up of ada@example.org");
            bad["user_id"] = json!("ada");
            bad["session_id"] = json!("s");
            bad["properties"] = json!({ "email": "ada@example.org", "plan": "pro", "note": "+49 30 1234567" });
            bad
        };
        let mut long = event("fine");
        long["properties"]["s"] = json!("x".repeat(3000));
        let mut unreadable = bad();
        unreadable["properties"] = json!("x".repeat(40_000));
        let reply = server.post_events(&[bad(), long, unreadable, bad(), event("fine")]).await;
        let name = "invalid invalid_event_name";
        assert_eq!(
            reply.verdicts(),
            [name, "invalid string_too_long", "invalid event_too_large", name, "accepted"]
        );
        server.post_events(&[bad()]).await;

        let all = kept(&server, "").await;
        assert_eq!(all.len(), 2, "{all:?}");
        let entry = &all[0];
        assert_eq!((&entry["code"], &entry["field"], &entry["count"]), (&name[8..].into(), &"event".into(), &3.into()));
        assert_eq!((&entry["source"], &entry["replayed_at"]), (&"client".into(), &Value::Null));
        assert_eq!(entry["event"]["event"], "Sign-Up of [email]");
        assert_eq!(entry["event"]["properties"], json!({ "plan": "pro", "note": "[phone]" }));
        assert!(entry["first_seen"].as_str() <= entry["last_seen"].as_str());
        assert!(entry["user_id"].as_str().unwrap().len() == 36 && entry["event"]["user_id"].is_null());
        assert_eq!(all[1]["field"], "properties.s");
        assert_eq!(all[1]["event"]["properties"]["s"].as_str().unwrap().chars().count(), 2048);
        let database = place.column("SELECT event || context || field || coalesce(user_id, '') FROM quarantine").await;
        assert!(!database.concat().contains("ada"), "{database:?}");

        let by_id = ask(&server, "GET", &format!("/{}", entry["id"].as_str().unwrap()), "").await;
        assert_eq!(&by_id.json(), entry);
        assert_eq!(kept(&server, "?code=string_too_long").await, all[1..]);
        assert_eq!(kept(&server, "?limit=1").await, all[..1]);
        assert_eq!(
            outcomes(&server).await,
            ["accepted - 1", "invalid event_too_large 1", "invalid invalid_event_name 3", "invalid string_too_long 1"]
        );
    }

    async fn a_repaired_event_is_stored_once_and_says_where_it_comes_from(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let mut bad = event("Sign-Up");
        bad["user_id"] = json!("ada");
        bad["session_id"] = json!("the-session");
        let mut good = event("before");
        good["user_id"] = json!("ada");
        server.post_events(&[bad.clone(), good]).await;
        let entry = &kept(&server, "").await[0];

        let said = replay(&server, entry, "").await;
        assert_eq!((&said["verdict"], &said["code"]), (&"invalid".into(), &"invalid_event_name".into()));
        assert_eq!(&kept(&server, "").await[0], entry, "it is kept as it was");

        let changes = r#"{"event":"sign_up","properties":{"n":1.50,"email":"x@y.org"},"seq":null}"#;
        let all = join_all((0..5).map(|_| replay(&server, entry, changes))).await;
        assert_eq!(all.iter().filter(|said| said["verdict"] == "accepted").count(), 1, "{all:?}");
        assert!(all.iter().all(|said| said["event_id"] == bad["id"]), "{all:?}");
        let again = replay(&server, entry, r#"{"event":"another"}"#).await;
        assert_eq!((&again["verdict"], &again["event_id"]), (&"duplicate".into(), &bad["id"]));
        assert!(again["replayed_at"].is_string());

        let stored = server.recent("?event=sign_up").await;
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0]["id"], bad["id"]);
        assert_eq!(stored[0]["properties"], json!({ "n": 1.5 }));
        assert_eq!(stored[0]["session_id"], "the-session");
        assert_eq!(stored[0]["source"], "client");
        assert_eq!(stored[0]["context"]["replayed_from"], entry["id"]);
        assert_eq!(stored[0]["user_id"], server.recent("?event=before").await[0]["user_id"]);
        let marked = &kept(&server, "").await[0];
        assert_eq!(marked["replayed_as"], bad["id"]);
        assert!(outcomes(&server).await.contains(&"accepted - 2".to_owned()));

        // What is refused after a replay is not hidden behind it.
        server.post_events(&[bad]).await;
        let all = kept(&server, "").await;
        assert_eq!((all.len(), &all[0]["replayed_at"], &all[0]["count"]), (2, &Value::Null, &1.into()));
    }

    async fn what_came_in_time_is_not_refused_for_its_age(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        server.post_events(&[event("Bad")]).await;
        place.execute(&format!("UPDATE quarantine SET first_seen_ms = first_seen_ms - {}", 10 * DAY_MS)).await;
        let entry = &kept(&server, "").await[0];
        let at = |days: i64| Timestamp::from_unix_ms(clock::now().unix_ms() - days * DAY_MS).to_string();
        let changes = |days| json!({ "event": "old", "timestamp": at(days) }).to_string();
        assert_eq!(replay(&server, entry, &changes(411)).await["code"], "timestamp_out_of_range");
        assert_eq!(replay(&server, entry, &changes(0)).await["code"], "timestamp_out_of_range");
        assert_eq!(replay(&server, entry, &changes(405)).await["verdict"], "accepted");
    }

    async fn an_event_the_database_refuses_is_kept_and_can_be_replayed(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        poison(&place, backend).await;
        let mut refused = event("poison");
        refused["session_id"] = json!("the \"session\"");
        refused["seq"] = json!(7);
        let events = [event("fine"), refused.clone(), event("Bad"), event("fine")];
        let reply = server.post_events(&events).await;
        assert_eq!(reply.verdicts(), ["accepted", "quarantined", "invalid invalid_event_name", "accepted"]);
        assert_eq!(
            outcomes(&server).await,
            ["accepted - 2", "invalid invalid_event_name 1", "quarantined not_storable 1"]
        );
        let entry = &kept(&server, "?code=not_storable").await[0];
        assert_eq!(kept(&server, "").await.len(), 2);
        for field in ["id", "event", "timestamp", "session_id", "seq", "properties"] {
            assert_eq!(entry["event"][field], refused[field], "{field}");
        }

        assert_eq!(replay(&server, entry, "").await["verdict"], "quarantined");
        let entry = &kept(&server, "?code=not_storable").await[0];
        assert_eq!((&entry["count"], &entry["replayed_at"]), (&2.into(), &Value::Null));
        heal(&place, backend).await;
        assert_eq!(replay(&server, entry, "").await["verdict"], "accepted");
        assert_eq!(server.recent("?event=poison").await[0]["id"], refused["id"]);
    }

    async fn requests_are_checked(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        server.post_events(&[event("Bad")]).await;
        let id = kept(&server, "").await[0]["id"].as_str().unwrap().to_owned();
        let problem = async |method, path: &str, body| ask(&server, method, path, body).await.problem();
        let invalid = (400, "invalid_parameter".to_owned());
        assert_eq!(problem("GET", "?limit=0", "").await, invalid);
        assert_eq!(problem("GET", "?limti=1", "").await, invalid);
        for body in ["[]", "nonsense", r#"{"id":"x"}"#, r#"{"evnt":"x"}"#] {
            assert_eq!(problem("POST", &format!("/{id}/replay"), body).await, invalid, "{body}");
        }
        let not_found = (404, "not_found".to_owned());
        for nowhere in ["/x".to_owned(), format!("/{}", EventId::v7(1, [1; 10]))] {
            assert_eq!(problem("GET", &nowhere, "").await, not_found);
            assert_eq!(problem("DELETE", &nowhere, "").await, not_found);
            assert_eq!(problem("POST", &format!("{nowhere}/replay"), "").await, not_found);
        }
        let public = format!("Bearer {}", server.ingest_key);
        for (method, path) in
            [("GET", String::new()), ("GET", format!("/{id}")), ("DELETE", format!("/{id}")), ("POST", format!("/{id}/replay"))]
        {
            let path = format!("/v1/quarantine{path}");
            assert_eq!(server.send(method, &path, &[], "").await.problem().1, "missing_key", "{path}");
            let headers = [("authorization", public.as_str())];
            assert_eq!(server.send(method, &path, &headers, "").await.problem().1, "forbidden_key", "{path}");
        }

        assert_eq!(ask(&server, "DELETE", &format!("/{id}"), "").await.status, 204);
        assert_eq!(ask(&server, "DELETE", &format!("/{id}"), "").await.status, 404);
        assert!(kept(&server, "").await.is_empty());
    }

    async fn a_disabled_server_keeps_and_replays_nothing(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.enabled = false;
        config.secrets.secret_key = Some("sk_0123456789abcdef0123456789abcdef".to_owned());
        let server = TestServer::start(config).await;
        assert_eq!(server.post_events(&[event("Bad")]).await.verdicts(), ["invalid invalid_event_name"]);
        assert!(place.column("SELECT id FROM quarantine").await.is_empty());
    }

    async fn a_full_quarantine_counts_what_it_knows_and_keeps_nothing_new(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let now = clock::now();
        let numbered = |from: i64, to: i64| (from..to).map(|n| refusal("wrong_type", &n.to_string(), now)).collect();
        let count = async || {
            let sums = place.column("SELECT CAST(count(*) AS text) || ' ' || CAST(sum(count) AS text) FROM quarantine");
            sums.await.remove(0)
        };
        write(&*store, numbered(0, ROWS_MAX - 3)).await;
        write(&*store, numbered(0, ROWS_MAX + 10)).await;
        assert_eq!(count().await, format!("{ROWS_MAX} {}", 2 * ROWS_MAX - 3));
        write(&*store, numbered(0, 1)).await;
        assert_eq!(count().await, format!("{ROWS_MAX} {}", 2 * ROWS_MAX - 2));
        let elsewhere = QuarantineRow { project_id: 2, ..refusal("wrong_type", "x", now) };
        write(&*store, vec![elsewhere]).await;
        assert_eq!(store.quarantine(2, None, 10).await.unwrap().len(), 1, "another project's is its own");

        assert_eq!(store.drop_quarantine(1, None).await.unwrap(), ROWS_MAX as u64);
        let large = |n: usize| QuarantineRow { event: "x".repeat(1 << 20), ..refusal("wrong_type", &n.to_string(), now) };
        for from in (0..70).step_by(10) {
            write(&*store, (from..from + 10).map(large).collect()).await;
        }
        let kept = store.quarantine(1, None, 100).await.unwrap().len();
        assert_eq!(kept as i64, BYTES_MAX / (1 << 20) - 1, "as many as fit with what else is in a row");
        store.close().await;
    }

    async fn the_same_flush_counts_once_and_writers_side_by_side_add_up(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let now = clock::now();
        let quarantine = &QuarantineRow::merge(vec![refusal("wrong_type", "a", now)]);
        let flush = Flush { mark: Mark::new(), rows: &[], outcomes: &[], quarantine };
        for _ in 0..3 {
            store.write(flush).await.unwrap();
        }
        let count = async |content: &str| {
            let kept = store.quarantine(1, None, 1000).await.unwrap();
            kept.iter().find(|kept| kept.event.contains(content)).unwrap().count
        };
        assert_eq!(count("\"a\"").await, 1);

        let names: Vec<String> = (0..50).map(|n| format!("n{n}")).collect();
        join_all((0..20).map(|turn| {
            let mut refused: Vec<_> = names.iter().map(|name| refusal("wrong_type", name, now)).collect();
            refused.rotate_left(turn);
            write(&*store, refused)
        }))
        .await;
        for name in ["\"n0\"", "\"n49\""] {
            assert_eq!(count(name).await, 20);
        }
        store.close().await;
    }

    async fn what_was_not_seen_for_long_expires(backend: Backend) {
        let place = Place::new(backend).await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let at = Timestamp::from_unix_ms;
        let old = (0..2500).map(|n| refusal("wrong_type", &n.to_string(), at(1000))).collect();
        write(&*store, old).await;
        write(&*store, vec![refusal("wrong_type", "7", at(9000)), refusal("wrong_type", "new", at(5000))]).await;
        let mut steps = 0;
        while store.expire_quarantine(at(5000)).await.unwrap() > 0 {
            steps += 1;
        }
        assert!(steps >= 3, "in small steps: {steps}");
        let left = store.quarantine(1, None, 100).await.unwrap();
        let seen: Vec<_> = left.iter().map(|kept| (kept.first_seen.unix_ms(), kept.last_seen.unix_ms())).collect();
        assert_eq!(seen, [(1000, 9000), (5000, 5000)]);
        store.close().await;
    }

    async fn the_terminal_shows_replays_and_drops(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let mut strange = event("strange");
        strange["seq"] = json!(-1);
        server.post_events(&[event("Sign-Up"), strange, event("Sign-Off")]).await;
        let id_of = |entries: &[Value], name: &str| {
            let entry = entries.iter().find(|entry| entry["event"]["event"] == name).unwrap();
            entry["id"].as_str().unwrap().to_owned()
        };
        let entries = kept(&server, "").await;
        let (sign_up, sign_off) = (id_of(&entries, "Sign-Up"), id_of(&entries, "Sign-Off"));

        let data_dir = place.dir.path().to_str().unwrap().to_owned();
        let url = match &place.database {
            Database::Postgres(url) => url.clone(),
            Database::Sqlite(_) => String::new(),
        };
        let pharos = |args: &[&str]| {
            let settings = [
                ("TELEMETRY_DATA_DIR", data_dir.as_str()),
                ("DATABASE_URL", &url),
                ("TELEMETRY_PEPPER", "a pepper for tests, long enough to pass"),
            ];
            let args: Vec<_> = ["quarantine"].into_iter().chain(args.iter().copied()).collect();
            tokio::task::block_in_place(|| command_line::run(&place.dir, &args, &settings))
        };
        let (code, list, stderr) = pharos(&["list"]);
        assert_eq!((code, list.lines().count()), (Some(0), 4), "{list}{stderr}");
        let (_, list, _) = pharos(&["list", "--code", "invalid_seq"]);
        assert_eq!(list.lines().count(), 2, "{list}");
        assert!(list.contains("invalid_seq") && list.contains("seq"), "{list}");
        let (_, list, _) = pharos(&["list", "--code", "too_deep"]);
        assert_eq!(list, "nothing is in quarantine for too_deep\n");

        let (code, shown, _) = pharos(&["show", &sign_up]);
        assert_eq!(code, Some(0));
        for part in ["invalid_event_name in event", "expected", "lower-case", "\"Sign-Up\"", &sign_up] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        for args in [&["show", "nonsense"][..], &["show", "019ab2c3-d4e5-7f60-8123-456789abcdef"]] {
            let (code, _, stderr) = pharos(args);
            assert_eq!((code, stderr.contains("pharos quarantine list")), (Some(1), true), "{stderr}");
        }

        let (code, _, stderr) = pharos(&["replay", &sign_up]);
        assert_eq!((code, stderr.contains("still refused: invalid_event_name")), (Some(1), true), "{stderr}");
        let (code, _, stderr) = pharos(&["replay", &sign_up, "--set", r#"{"id":"x"}"#]);
        assert_eq!((code, stderr.contains("id cannot be changed")), (Some(1), true), "{stderr}");
        let (code, said, stderr) = pharos(&["replay", &sign_up, "--set", r#"{"event":"sign_up"}"#]);
        assert_eq!((code, said.contains("stored as")), (Some(0), true), "{said}{stderr}");
        let (code, said, _) = pharos(&["replay", &sign_up]);
        assert_eq!((code, said.contains("was replayed at")), (Some(0), true), "{said}");
        assert_eq!(server.recent("?event=sign_up").await[0]["context"]["replayed_from"], sign_up.as_str());
        let (code, said, stderr) = pharos(&["replay", "--all"]);
        assert_eq!((code, said.contains("0 stored, 2 still refused")), (Some(1), true), "{said}{stderr}");

        for args in [&["replay"][..], &["drop"], &["drop", "--all", "--code", "x"], &["replay", "--all", "--set", "{}"]] {
            assert_eq!(pharos(args).0, Some(2), "{args:?}");
        }
        assert_eq!(pharos(&["drop", &sign_off]), (Some(0), "1 dropped\n".to_owned(), String::new()));
        assert_eq!(pharos(&["drop", &sign_off]).0, Some(1));
        assert_eq!(pharos(&["drop", "--code", "invalid_seq"]).1, "1 dropped\n");
        assert_eq!(pharos(&["drop", "--all"]).1, "1 dropped\n");
        assert!(kept(&server, "").await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_events_wait_in_the_spool_as_accepted_ones_do() {
    let place = Place::new(Backend::Postgres).await;
    let (mut config, proxy) = behind_proxy(&place).await;
    config.limits.store_timeout = Duration::from_millis(500);
    let server = TestServer::start(config).await;
    assert_eq!(server.post_events(&[event("before")]).await.verdicts(), ["accepted"]);
    poison(&place, Backend::Postgres).await;
    proxy.set(Line::Cut);
    let events = [event("Bad"), event("fine"), event("poison"), event("fine")];
    let reply = server.post_events(&events).await;
    let accepted = "accepted";
    assert_eq!(reply.verdicts(), ["invalid invalid_event_name", accepted, accepted, accepted]);
    proxy.set(Line::Open);
    eventually("both are in quarantine", async || {
        place.column("SELECT code FROM quarantine ORDER BY code").await
            == ["invalid_event_name", "not_storable"]
    })
    .await;
    eventually("the others are stored", async || place.ids().await.len() == 3).await;
    // A connection for reading that was cut is noticed when it is used.
    eventually("the server reads", async || {
        let reads = join_all((0..9).map(|_| ask(&server, "GET", "", ""))).await;
        reads.iter().all(|reply| reply.status == 200)
    })
    .await;
    let counts = outcomes(&server).await;
    assert_eq!(counts, ["accepted - 3", "invalid invalid_event_name 1", "quarantined not_storable 1"]);
    assert!(kept(&server, "").await.iter().all(|entry| entry["last_seen"].as_str() < Some(&rfc3339_now())));
}
