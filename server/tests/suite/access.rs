//! Who may do what.

use serde_json::{Value, json};

use crate::support::{Backend, Place, TestServer, event, eventually, on_both};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn sign_in(server: &TestServer, token: &str) -> crate::support::Reply {
    server.send("POST", "/v1/session", &[JSON], json!({ "token": token }).to_string()).await
}

/// A signed-in person's `Cookie` header.
async fn cookie(server: &TestServer) -> String {
    let token = server.welcome.login_token.clone().expect("this is the first start");
    let reply = sign_in(server, &token).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let cookie = reply.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

on_both! {
    async fn the_table_of_rules(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let ingest = format!("Bearer {}", server.ingest_key);
        let secret = format!("Bearer {}", server.secret_key());
        let cookie = cookie(&server).await;
        let nobody = None;
        let ingest = Some(("authorization", ingest.as_str()));
        let secret = Some(("authorization", secret.as_str()));
        let wrong = Some(("authorization", "Bearer sk_0123456789abcdef0123456789abcdef"));
        let basic = Some(("authorization", "Basic YTpi"));
        let person = Some(("cookie", cookie.as_str()));
        let stranger = Some(("cookie", "pharos_session=0123456789abcdef"));
        let batch = json!({ "events": [event("rule")] }).to_string();

        for (method, path, who, expected) in [
            ("POST", "/v1/events", nobody, "401 missing_key"),
            ("POST", "/v1/events", ingest, "200"),
            ("POST", "/v1/events", secret, "200"),
            ("POST", "/v1/events", wrong, "401 unknown_key"),
            ("POST", "/v1/events", basic, "401 missing_key"),
            // A cookie is sent along by browsers, also for other sites' pages: it must not write.
            ("POST", "/v1/events", person, "401 missing_key"),
            ("GET", "/v1/events", nobody, "401 missing_key"),
            ("GET", "/v1/events", ingest, "403 forbidden_key"),
            ("GET", "/v1/events", secret, "200"),
            ("GET", "/v1/events", wrong, "401 unknown_key"),
            ("GET", "/v1/events", person, "200"),
            ("GET", "/v1/events", stranger, "401 missing_key"),
            ("GET", "/v1/delivery", nobody, "401 missing_key"),
            ("GET", "/v1/delivery", ingest, "403 forbidden_key"),
            ("GET", "/v1/delivery", secret, "200"),
            ("GET", "/v1/delivery", person, "200"),
            ("GET", "/v1/health", nobody, "401 missing_key"),
            ("GET", "/v1/health", ingest, "403 forbidden_key"),
            ("GET", "/v1/health", secret, "200"),
            ("GET", "/v1/health", person, "200"),
            ("GET", "/metrics", nobody, "401 missing_key"),
            ("GET", "/metrics", ingest, "403 forbidden_key"),
            ("GET", "/metrics", secret, "200"),
            ("GET", "/openapi.json", nobody, "200"),
            ("GET", "/v1/report", nobody, "401 missing_key"),
            ("GET", "/v1/report", ingest, "403 forbidden_key"),
            ("GET", "/v1/report", secret, "200"),
            ("GET", "/v1/metrics", person, "200"),
            ("GET", "/v1/metrics", ingest, "403 forbidden_key"),
            ("GET", "/v1/dashboard", person, "200"),
            ("GET", "/v1/dashboard", stranger, "401 missing_key"),
            ("GET", "/v1/events/stats", secret, "200"),
            ("GET", "/v1/events/stats", ingest, "403 forbidden_key"),
            ("GET", "/v1/session", nobody, "401 not_signed_in"),
            ("GET", "/v1/session", secret, "401 not_signed_in"),
            ("GET", "/v1/session", person, "200"),
            ("GET", "/demo/config.json", nobody, "200"),
            ("GET", "/demo/received?session_id=s", nobody, "200"),
            ("GET", "/health/live", nobody, "200"),
            ("GET", "/health/ready", nobody, "200"),
            ("DELETE", "/v1/session", nobody, "204"),
            ("DELETE", "/v1/session", person, "204"),
            ("GET", "/v1/session", person, "401 not_signed_in"),
            ("GET", "/v1/events", person, "401 missing_key"),
        ] {
            let headers: Vec<(&str, &str)> = who.into_iter().collect();
            let body = if method == "POST" { batch.clone() } else { String::new() };
            let reply = server.send(method, path, &headers, body).await;
            let got = match reply.status {
                status @ 200..300 => status.to_string(),
                _ => format!("{} {}", reply.problem().0, reply.problem().1),
            };
            assert_eq!(got, expected, "{method} {path} by {who:?}");
        }
    }

    async fn a_login_link_works_once(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let token = server.welcome.login_token.clone().unwrap();
        let attempts = (0..8).map(|_| sign_in(&server, &token));
        let replies = futures_util::future::join_all(attempts).await;
        let won = replies.iter().filter(|reply| reply.status == 204).count();
        assert_eq!(won, 1, "of eight at once");
        assert_eq!(sign_in(&server, &token).await.problem(), (401, "invalid_login_link".to_owned()));
        for body in ["", "{}", r#"{"token":7}"#, r#"{"token":""}"#] {
            let reply = server.send("POST", "/v1/session", &[JSON], body).await;
            assert_eq!(reply.problem(), (401, "invalid_login_link".to_owned()), "{body}");
        }
        // A form of another site can send text, not JSON.
        let body = json!({ "token": token }).to_string();
        let reply = server.send("POST", "/v1/session", &[("content-type", "text/plain")], body).await;
        assert_eq!(reply.status, 401);
    }

    async fn secrets_are_stored_as_hashes(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let cookie = cookie(&server).await;
        let session = cookie.split('=').nth(1).unwrap().to_owned();
        let stored = match backend {
            Backend::Sqlite => [
                "SELECT hex(key_hash) || shown FROM api_keys",
                "SELECT hex(token_hash) FROM dashboard_sessions",
            ],
            Backend::Postgres => [
                "SELECT encode(key_hash, 'hex') || shown FROM api_keys",
                "SELECT encode(token_hash, 'hex') FROM dashboard_sessions",
            ],
        };
        let keys = place.column(stored[0]).await.concat();
        assert!(keys.contains(&server.ingest_key) && !keys.contains(server.secret_key()), "{keys}");
        let sessions = place.column(stored[1]).await;
        assert!(sessions.len() == 1 && !sessions[0].eq_ignore_ascii_case(&session), "{sessions:?}");
    }

    async fn a_new_key_works_at_once_and_a_revoked_one_no_longer(backend: Backend) {
        use pharos_server::{identity::new_ingest_key, setup::{self, new_key}, store::KeyKind};
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let key = new_ingest_key();
        let now = pharos_server::clock::now();
        let batch = || json!({ "key": key, "events": [event("keyed")] }).to_string();

        assert_eq!(server.post(batch()).await.problem(), (401, "unknown_key".to_owned()));
        store.create_key(1, &new_key(KeyKind::Ingest, &key), now).await.unwrap();
        assert_eq!(server.post(batch()).await.verdicts(), ["accepted"]);

        let id = store.keys().await.unwrap().iter().find(|known| known.shown == key).unwrap().id;
        assert!(store.revoke_key(id, now).await.unwrap());
        assert!(!store.revoke_key(id, now).await.unwrap(), "once");
        // An unknown key makes the server read the keys again, sooner than its ten seconds.
        eventually("the key is refused", async || {
            server.post(json!({ "key": "pk_unknown_unknown", "events": [] }).to_string()).await;
            server.post(batch()).await.status == 401
        }).await;
        store.close().await;
    }

    async fn parameters_are_checked(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        for (query, field) in [
            ("?limit=0", "limit"), ("?limit=1001", "limit"), ("?limit=ten", "limit"), ("?limit=-1", "limit"),
            ("?limt=5", "limt"), ("?limit=5&limit=6", "limit"), ("?key=sk_x", "key"),
        ] {
            let reply = server.get(&format!("/v1/events{query}"), &[("authorization", &bearer)]).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{query}");
            assert_eq!(reply.json()["field"], field, "{query}");
        }
        for query in ["", "?session_id=", "?session_id=a&limit=3"] {
            let reply = server.get(&format!("/demo/received{query}"), &[]).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{query}");
        }
    }

    async fn recent_events_are_the_newest_first(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        for n in 0..3 {
            let mut events: Vec<Value> = (0..50).map(|_| event(if n == 1 { "middle" } else { "outer" })).collect();
            for event in &mut events {
                event["session_id"] = json!(format!("session {n}"));
            }
            assert_eq!(server.post_events(&events).await.count("accepted"), 50);
        }
        let ids = |events: &[Value]| events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>();
        let all = server.recent("?limit=1000").await;
        assert_eq!(all.len(), 150);
        let order = |event: &Value| (event["created_at"].to_string(), event["id"].to_string());
        assert!(all.is_sorted_by(|newer, older| order(newer) > order(older)));
        assert_eq!(ids(&server.recent("").await), ids(&all[..100]), "a hundred by default");
        let middle = server.recent("?event=middle&limit=7").await;
        assert_eq!(ids(&middle), ids(&all[50..57]));
        assert_eq!(ids(&server.recent("?session_id=session+0&limit=60").await), ids(&all[100..]));
        assert!(server.recent("?event=none").await.is_empty());

        let reply = server.get("/demo/received?session_id=session%202", &[]).await.json();
        assert_eq!(ids(reply["events"].as_array().unwrap()), ids(&all[..50]));
    }

    async fn without_the_demo_there_is_no_demo(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.demo = None;
        let server = TestServer::start(config).await;
        for path in ["/demo", "/demo/", "/demo/config.json", "/demo/received?session_id=s"] {
            assert_eq!(server.get(path, &[]).await.problem(), (404, "not_found".to_owned()), "{path}");
        }
    }
}
