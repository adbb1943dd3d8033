//! Who may do what.

use pharos_server::{
    clock,
    identity::{new_ingest_key, new_secret_key},
    setup::{self, create_login_link, new_key},
    store::{KeyKind, NewKey, Store},
};
use serde_json::{Value, json};

use crate::support::{Backend, Place, Reply, TestServer, event, eventually, on_both};

const JSON: (&str, &str) = ("content-type", "application/json");
const CSRF: (&str, &str) = ("x-pharos-csrf", "1");

async fn sign_in(server: &TestServer, token: &str) -> Reply {
    server.send("POST", "/v1/session", &[JSON], json!({ "token": token }).to_string()).await
}

/// A signed-in person's `Cookie` header.
async fn cookie(server: &TestServer) -> String {
    let token = server.welcome.login_token.clone().expect("this is the first start");
    cookie_for(server, &token).await
}

async fn cookie_for(server: &TestServer, token: &str) -> String {
    let reply = sign_in(server, token).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let cookie = reply.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

/// A key made in the store, as `pharos keys create` makes it.
async fn make_key(store: &dyn Store, project_id: i32, kind: KeyKind, scopes: &str) -> String {
    let key = if kind == KeyKind::Ingest { new_ingest_key() } else { new_secret_key() };
    let new = NewKey { scopes: scopes.parse().unwrap(), ..new_key(kind, &key) };
    assert!(store.create_key(project_id, &new, clock::now()).await.unwrap());
    key
}

/// What a route takes. The columns of a row are who asks.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Nothing,
    IngestKey,
    Session,
    Read,
    Admin,
}

/// Who asks, and what each is answered where `Takes` is Nothing, IngestKey, Session, Read, Admin; `in` is let
/// in, `csrf` is let in only to read.
#[rustfmt::skip]
const CALLERS: [(&str, [&str; 5]); 11] = [
    ("nobody",            ["in", "401 missing_key",   "401 not_signed_in", "401 missing_key",   "401 missing_key"]),
    ("ingest key",        ["in", "in",                "401 not_signed_in", "403 forbidden_key", "403 forbidden_key"]),
    ("secret, ingest",    ["in", "in",                "401 not_signed_in", "403 forbidden_key", "403 forbidden_key"]),
    ("secret, read",      ["in", "403 forbidden_key", "401 not_signed_in", "in",                "403 forbidden_key"]),
    ("secret, admin",     ["in", "403 forbidden_key", "401 not_signed_in", "403 forbidden_key", "in"]),
    ("revoked key",       ["in", "401 unknown_key",   "401 not_signed_in", "401 unknown_key",   "401 unknown_key"]),
    ("key never made",    ["in", "401 unknown_key",   "401 not_signed_in", "401 unknown_key",   "401 unknown_key"]),
    ("basic login",       ["in", "401 missing_key",   "401 not_signed_in", "401 missing_key",   "401 missing_key"]),
    // A cookie is sent along by browsers, also for other sites' pages: it must not write events.
    ("session",           ["in", "401 missing_key",   "csrf",              "in",                "csrf"]),
    ("session with csrf", ["in", "401 missing_key",   "in",                "in",                "in"]),
    ("session made up",   ["in", "401 missing_key",   "401 not_signed_in", "401 missing_key",   "401 missing_key"]),
];

/// Every route there is. `/openapi.json` names them all, so that a new one without a row is noticed.
const ROUTES: &[(&str, Takes)] = &[
    ("POST /v1/events", Takes::IngestKey),
    ("GET /v1/events", Takes::Read),
    ("POST /v1/session", Takes::Nothing),
    ("GET /v1/session", Takes::Session),
    ("DELETE /v1/session", Takes::Session),
    ("GET /v1/report", Takes::Read),
    ("GET /v1/breakdown", Takes::Read),
    ("GET /v1/properties", Takes::Read),
    ("GET /v1/funnel", Takes::Read),
    ("GET /v1/retention", Takes::Read),
    ("GET /v1/sessions", Takes::Read),
    ("GET /v1/sessions/{id}", Takes::Read),
    ("GET /v1/metrics", Takes::Read),
    ("GET /v1/dashboard", Takes::Read),
    ("GET /v1/events/stats", Takes::Read),
    ("GET /v1/outcomes", Takes::Read),
    ("GET /v1/delivery", Takes::Read),
    ("GET /v1/forwarders", Takes::Read),
    ("GET /v1/forwarders/failed", Takes::Read),
    ("POST /v1/forwarders/{name}/retry", Takes::Admin),
    ("GET /v1/health", Takes::Read),
    ("GET /v1/live", Takes::Read),
    ("GET /v1/export", Takes::Read),
    ("GET /v1/alerts", Takes::Read),
    ("POST /v1/alerts", Takes::Admin),
    ("POST /v1/alerts/test", Takes::Admin),
    ("PUT /v1/alerts/{id}", Takes::Admin),
    ("DELETE /v1/alerts/{id}", Takes::Admin),
    ("GET /v1/quarantine", Takes::Read),
    ("GET /v1/quarantine/{id}", Takes::Read),
    ("DELETE /v1/quarantine/{id}", Takes::Admin),
    ("POST /v1/quarantine/{id}/replay", Takes::Admin),
    ("GET /v1/keys", Takes::Admin),
    ("POST /v1/keys", Takes::Admin),
    ("DELETE /v1/keys/{id}", Takes::Admin),
    ("GET /v1/project", Takes::Admin),
    ("PUT /v1/project", Takes::Admin),
    ("DELETE /v1/users/{id}", Takes::Admin),
    ("GET /v1/erasures/{id}", Takes::Admin),
    ("GET /demo/config.json", Takes::Nothing),
    ("GET /demo/received", Takes::Nothing),
    // As it is set at first: with a key, unless somebody asks from this machine and that is set to be enough.
    ("GET /metrics", Takes::Read),
    ("GET /health/live", Takes::Nothing),
    ("GET /health/ready", Takes::Nothing),
    ("GET /openapi.json", Takes::Nothing),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_its_row() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let document = server.get("/openapi.json", &[]).await.json();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(
            item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    let mut rows: Vec<String> = ROUTES.iter().map(|(route, _)| (*route).to_owned()).collect();
    described.sort();
    rows.sort();
    assert_eq!(rows, described, "the table above, and the routes there are");
}

on_both! {
    async fn the_table_of_rules(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let revoked = make_key(&*store, 1, KeyKind::Secret, "ingest,read,admin").await;
        let id = store.keys().await.unwrap().last().unwrap().id;
        assert!(store.revoke_key(1, id, clock::now()).await.unwrap());
        let mut bearers = vec![("ingest key", format!("Bearer {}", server.ingest_key))];
        for (caller, scopes) in
            [("secret, ingest", "ingest"), ("secret, read", "read"), ("secret, admin", "admin")]
        {
            let key = make_key(&*store, 1, KeyKind::Secret, scopes).await;
            bearers.push((caller, format!("Bearer {key}")));
        }
        bearers.push(("revoked key", format!("Bearer {revoked}")));
        bearers.push(("key never made", "Bearer sk_0123456789abcdef0123456789abcdef".to_owned()));
        bearers.push(("basic login", "Basic YTpi".to_owned()));

        for (route, takes) in ROUTES {
            let (method, path) = route.split_once(' ').unwrap();
            let path = path.replace("{id}", "019ab2c3-d4e5-7f60-8123-456789abcdef");
            let body = match *route {
                "POST /v1/events" => json!({ "events": [event("rule")] }).to_string(),
                _ if method == "GET" => String::new(),
                _ => "{}".to_owned(),
            };
            for (caller, row) in CALLERS {
                let bearer = bearers.iter().find(|(name, _)| *name == caller);
                let cookie = match caller {
                    "session made up" => Some("pharos_session=0123456789abcdef".to_owned()),
                    _ if !caller.starts_with("session") => None,
                    // One of its own for each question: one of them ends it.
                    _ => Some(cookie_for(&server, &create_login_link(&*store).await.unwrap()).await),
                };
                let mut headers = vec![JSON];
                headers.extend(bearer.map(|(_, bearer)| ("authorization", bearer.as_str())));
                headers.extend(cookie.as_deref().map(|cookie| ("cookie", cookie)));
                headers.extend((caller == "session with csrf").then_some(CSRF));

                let got = server.knock(method, &path, &headers, &body).await;
                let expected = match row[*takes as usize] {
                    "csrf" if method == "GET" => "in",
                    "csrf" => "403 csrf",
                    expected => expected,
                };
                // Whoever is let in may still be told that there is nothing, or that the body is wrong.
                let is_in = !["401", "403", "500"].iter().any(|status| got.starts_with(status))
                    || *route == "POST /v1/session" && got == "401 invalid_login_link";
                let got = if is_in { "in" } else { &got };
                assert_eq!(got, expected, "{route} by {caller}");
            }
        }
        store.close().await;
    }

    async fn a_session_changes_nothing_from_elsewhere(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let cookie = cookie(&server).await;
        let cookie = ("cookie", cookie.as_str());
        let rename = json!({ "name": "renamed" }).to_string();
        for (more, expected) in [
            (vec![], "403 csrf"),
            (vec![("sec-fetch-site", "same-origin")], "403 csrf"),
            (vec![CSRF, ("sec-fetch-site", "same-site")], "403 csrf"),
            (vec![CSRF, ("sec-fetch-site", "cross-site")], "403 csrf"),
            (vec![CSRF, ("sec-fetch-site", "none")], "403 csrf"),
            (vec![CSRF], "200"),
            (vec![CSRF, ("sec-fetch-site", "same-origin")], "200"),
        ] {
            let headers = [vec![JSON, cookie], more].concat();
            assert_eq!(server.knock("PUT", "/v1/project", &headers, &rename).await, expected, "{headers:?}");
        }
        let preflight = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-pharos-csrf"),
        ];
        let reply = server.send("OPTIONS", "/v1/project", &preflight, "").await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "nobody else may send the header");
    }

    async fn a_project_sees_nothing_of_another(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        store.create_project(2, "other", &[], clock::now()).await.unwrap();
        let other = format!("Bearer {}", make_key(&*store, 2, KeyKind::Secret, "ingest,read,admin").await);
        let theirs = ("authorization", other.as_str());
        let bearer = format!("Bearer {}", server.secret_key());
        let ours = ("authorization", bearer.as_str());
        let refused = json!({ "id": crate::support::new_id(), "event": "Ours" });
        assert_eq!(server.post_events(&[event("ours"), refused]).await.verdicts()[0], "accepted");
        let kept = server.get("/v1/quarantine", &[ours]).await.json()["quarantine"][0]["id"].clone();
        let kept = kept.as_str().unwrap();

        assert_eq!(server.get("/v1/events", &[theirs]).await.json()["events"], json!([]));
        assert_eq!(server.get("/v1/outcomes", &[theirs]).await.json()["received"], 0);
        assert_eq!(server.get("/v1/quarantine", &[theirs]).await.json()["quarantine"], json!([]));
        for (method, path) in [
            ("GET", format!("/v1/quarantine/{kept}")),
            ("POST", format!("/v1/quarantine/{kept}/replay")),
            ("DELETE", format!("/v1/quarantine/{kept}")),
            ("DELETE", "/v1/keys/1".to_owned()),
        ] {
            assert_eq!(server.knock(method, &path, &[theirs], "").await, "404 not_found", "{method} {path}");
        }
        let keys = server.get("/v1/keys", &[theirs]).await.json();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
        let project = server.get("/v1/project", &[theirs]).await.json();
        assert_eq!((&project["id"], &project["name"]), (&json!(2), &json!("other")));
        let change = json!({ "allowed_origins": ["https://theirs.example"] }).to_string();
        assert_eq!(server.knock("PUT", "/v1/project", &[theirs, JSON], &change).await, "200");
        assert_eq!(server.get("/v1/project", &[ours]).await.json()["allowed_origins"], json!([]));
        store.close().await;
    }

    async fn only_a_secret_key_writes_as_a_server(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let mut claims = event("by_a_page");
        claims["source"] = json!("server");
        assert_eq!(server.post_events(&[claims]).await.verdicts(), ["accepted"]);
        let bearer = format!("Bearer {}", server.secret_key());
        let batch = json!({ "events": [event("by_a_server")] }).to_string();
        let reply = server.send("POST", "/v1/events", &[("authorization", &bearer)], batch).await;
        assert_eq!(reply.verdicts(), ["accepted"]);
        let by = async |name: &str| server.recent(&format!("?event={name}")).await[0]["source"].clone();
        assert_eq!((by("by_a_page").await, by("by_a_server").await), (json!("client"), json!("server")));
    }

    async fn a_secret_key_in_the_address_is_refused(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let batch = json!({ "events": [event("leak")] }).to_string();
        for key in [server.secret_key(), "sk_whatever"] {
            let reply = server.send("POST", &format!("/v1/events?key={key}"), &[], batch.clone()).await;
            assert_eq!(reply.problem(), (400, "secret_key_in_url".to_owned()));
        }
        let reply = server.send("POST", &format!("/v1/events?key={}", server.ingest_key), &[], batch.clone()).await;
        assert_eq!(reply.verdicts(), ["accepted"]);
        // In a body it travels as safely as in a header.
        let batch = json!({ "key": server.secret_key(), "events": [event("kept")] }).to_string();
        assert_eq!(server.post(batch).await.verdicts(), ["accepted"]);
    }

    async fn keys_are_made_listed_and_revoked(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let admin = [JSON, ("authorization", bearer.as_str())];
        for (body, field) in [
            (json!({}), "body"),
            (json!({ "kind": "public" }), "kind"),
            (json!({ "kind": "secret", "scopes": ["write"] }), "scopes"),
            (json!({ "kind": "secret", "scopes": [] }), "scopes"),
            (json!({ "kind": "ingest", "scopes": ["read"] }), "scopes"),
            (json!({ "kind": "ingest", "name": "n".repeat(101) }), "name"),
            (json!({ "kind": "ingest", "nme": "x" }), "body"),
        ] {
            let reply = server.send("POST", "/v1/keys", &admin, body.to_string()).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{body}");
            assert_eq!(reply.json()["field"], field, "{body}");
        }
        let wanted = json!({ "kind": "secret", "name": "reader", "scopes": ["read"] }).to_string();
        let reply = server.send("POST", "/v1/keys", &admin, wanted).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let made = reply.json();
        let key = format!("Bearer {}", made["key"].as_str().unwrap());
        assert_eq!(server.knock("GET", "/v1/events", &[("authorization", &key)], "").await, "200");
        assert_eq!(server.knock("GET", "/v1/keys", &[("authorization", &key)], "").await, "403 forbidden_key");

        let usual = server.send("POST", "/v1/keys", &admin, json!({ "kind": "secret" }).to_string()).await.json();
        assert_eq!(usual["scopes"], json!(["ingest", "read"]));
        let list = server.get("/v1/keys", &admin).await;
        assert!(!list.text().contains(made["key"].as_str().unwrap()), "a secret key is shown once");
        let first = &list.json()["keys"][1];
        assert_eq!(first["scopes"], json!(["ingest", "read", "admin"]), "the first project's own");
        assert_eq!(list.json()["keys"].as_array().unwrap().len(), 4);

        let path = format!("/v1/keys/{}", made["id"]);
        assert_eq!(server.knock("DELETE", &path, &admin, "").await, "204");
        assert_eq!(server.knock("DELETE", &path, &admin, "").await, "404 not_found");
        let reply = server.knock("GET", "/v1/events", &[("authorization", &key)], "").await;
        assert_eq!(reply, "401 unknown_key", "at once on this server");
    }

    async fn the_last_use_of_a_key_is_known(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        assert_eq!(server.post_events(&[event("used")]).await.verdicts(), ["accepted"]);
        let bearer = format!("Bearer {}", server.secret_key());
        let admin = [JSON, ("authorization", bearer.as_str())];
        // Whatever changes keys writes it down, as the task does every ten seconds.
        let made = server.send("POST", "/v1/keys", &admin, json!({ "kind": "ingest" }).to_string()).await.json();
        assert_eq!(server.knock("DELETE", &format!("/v1/keys/{}", made["id"]), &admin, "").await, "204");
        let keys = server.get("/v1/keys", &admin).await.json();
        assert!(keys["keys"][0]["last_used_at"].is_string() && keys["keys"][1]["last_used_at"].is_string());
        assert!(keys["keys"][2]["last_used_at"].is_null(), "never used");
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
        assert!(store.revoke_key(1, id, now).await.unwrap());
        assert!(!store.revoke_key(1, id, now).await.unwrap(), "once");
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
