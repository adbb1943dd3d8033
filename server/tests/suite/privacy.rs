//! What a project allows and what a person says decide what is taken: origins, rules, consent, Global Privacy
//! Control, and rates.

use std::time::Duration;

use pharos_server::{
    config::GpcPolicy,
    policy::{parse_origins, parse_rules},
    rate_limit::Rate,
};
use serde_json::{Value, json};

use crate::support::{Backend, Place, Reply, TestServer, event, eventually, on_both};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn post_from(server: &TestServer, origin: Option<&str>, key: &str) -> String {
    let mut headers = vec![JSON];
    headers.extend(origin.map(|origin| ("origin", origin)));
    let batch = json!({ "key": key, "events": [event("visit")] }).to_string();
    let reply = server.send("POST", "/v1/events", &headers, batch).await;
    assert_eq!(reply.header("access-control-allow-origin"), "*", "the page may read why");
    if reply.status == 200 { reply.verdicts()[0].clone() } else { reply.problem().1 }
}

async fn put_project(server: &TestServer, change: Value) -> Reply {
    let bearer = format!("Bearer {}", server.secret_key());
    server.send("PUT", "/v1/project", &[JSON, ("authorization", &bearer)], change.to_string()).await
}

/// The stored event of this name.
async fn stored(server: &TestServer, name: &str) -> Value {
    server.recent(&format!("?event={name}")).await[0].clone()
}

on_both! {
    async fn only_pages_of_the_list_may_send(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.policy.origins = parse_origins("https://setting.example").unwrap();
        let server = TestServer::start(config).await;
        let key = server.ingest_key.clone();
        assert_eq!(post_from(&server, Some("https://setting.example"), &key).await, "accepted");
        assert_eq!(post_from(&server, Some("https://shop.example"), &key).await, "forbidden_origin");

        let list = json!({ "allowed_origins": ["https://shop.example", "https://*.shop.example"] });
        assert_eq!(put_project(&server, list).await.status, 200);
        for (origin, expected) in [
            (Some("https://shop.example"), "accepted"),
            (Some("https://www.shop.example"), "accepted"),
            (Some("https://setting.example"), "forbidden_origin"),
            (Some("https://shop.example.evil.example"), "forbidden_origin"),
            (Some("null"), "forbidden_origin"),
            (Some(&*format!("http://{}", server.address)), "accepted"),
            // A program is no page, and says no origin.
            (None, "accepted"),
        ] {
            assert_eq!(post_from(&server, origin, &key).await, expected, "{origin:?}");
        }
        let secret = server.secret_key().to_owned();
        assert_eq!(post_from(&server, Some("https://evil.example"), &secret).await, "accepted", "a server's key");
        assert_eq!(place.ids().await.len(), 6, "nothing of what was refused");
        assert_eq!(put_project(&server, json!({ "allowed_origins": [] })).await.status, 200);
        assert_eq!(post_from(&server, Some("https://any.example"), &key).await, "accepted");
        assert_eq!(put_project(&server, json!({ "allowed_origins": null })).await.status, 200);
        assert_eq!(post_from(&server, Some("https://any.example"), &key).await, "forbidden_origin");
    }

    async fn a_projects_rules_strip_its_events(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.policy.rules = parse_rules(r#"{"keys":{"crew_code":"remove"}}"#).unwrap();
        let server = TestServer::start(config).await;
        let send = async |name: &str| {
            let mut event = event(name);
            event["properties"] = json!({ "crew_code": "x7", "note": "at 203.0.113.7", "mail": "ada@example.org" });
            assert_eq!(server.post_events(&[event]).await.verdicts(), ["accepted"]);
            stored(&server, name).await["properties"].clone()
        };
        assert_eq!(send("by_setting").await, json!({ "note": "at [ip]" }));
        let rules = json!({ "kinds": { "ip": "keep" }, "keys": { "crew_code": "mask" } });
        let reply = put_project(&server, json!({ "pii_rules": rules })).await;
        assert_eq!(reply.json()["pii_rules"], rules, "{}", reply.text());
        assert_eq!(send("by_project").await, json!({ "crew_code": "[custom]", "note": "at 203.0.113.7" }));

        for (change, field) in [
            (json!({ "pii_rules": { "kinds": { "emial": "keep" } } }), "pii_rules.kinds.emial"),
            (json!({ "pii_rules": [] }), "pii_rules"),
            (json!({ "allowed_origins": ["https://a.example", "a.example"] }), "allowed_origins.1"),
            (json!({ "allowed_origins": "https://a.example" }), "body"),
            (json!({ "name": " " }), "name"),
            (json!({ "nmae": "x" }), "body"),
        ] {
            let reply = put_project(&server, change.clone()).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{change}");
            assert_eq!(reply.json()["field"], field, "{change}");
        }
        assert_eq!(send("still_by_project").await["crew_code"], "[custom]", "what was refused changed nothing");
    }

    async fn what_was_stripped_is_counted_by_kind_and_side(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let mut one = event("stripped");
        one["properties"] = json!({ "mail": "ada@example.org", "note": "bob@example.org, 203.0.113.7" });
        let batch = json!({ "key": server.ingest_key, "redacted": { "email": 3, "of_tomorrow": 9 }, "events": [one] });
        assert_eq!(server.post(batch.to_string()).await.verdicts(), ["accepted"]);
        // A page may have nothing else to say.
        let batch = json!({ "key": server.ingest_key, "redacted": { "phone": 1 }, "events": [] });
        assert_eq!(server.post(batch.to_string()).await.status, 200);
        let counts = "SELECT side || ' ' || kind || ' ' || sum(count) FROM redactions GROUP BY side, kind ORDER BY 1";
        assert_eq!(
            place.column(counts).await,
            ["page email 3", "page phone 1", "server email 2", "server ip 1"]
        );
        let bearer = format!("Bearer {}", server.secret_key());
        let outcomes = server.get("/v1/outcomes", &[("authorization", &bearer)]).await.json();
        assert_eq!(outcomes["received"], 1, "they are no outcomes of events");
    }

    async fn consent_and_global_privacy_control_are_honoured(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.gpc = GpcPolicy::Site;
        let server = TestServer::start(config).await;
        for (name, fields, header, expected) in [
            ("says_nothing", json!({}), None, "accepted"),
            ("consent_denied", json!({ "consent": "denied" }), None, "filtered consent"),
            ("consent_pending", json!({ "consent": "pending" }), None, "accepted"),
            ("consent_granted", json!({ "consent": "granted" }), None, "accepted"),
            ("header", json!({}), Some("1"), "filtered gpc"),
            ("header_off", json!({}), Some("0"), "accepted"),
            ("in_context", json!({ "context": { "gpc": true } }), None, "filtered gpc"),
            ("anonymous", json!({ "gpc": "anonymous" }), Some("1"), "accepted"),
            ("ignored", json!({ "gpc": "ignore" }), Some("1"), "accepted"),
        ] {
            let mut one = event(name);
            one["user_id"] = json!("ada");
            let mut batch = json!({ "key": server.ingest_key, "events": [one] });
            batch.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let mut headers = vec![JSON];
            headers.extend(header.map(|value| ("sec-gpc", value)));
            let reply = server.send("POST", "/v1/events", &headers, batch.to_string()).await;
            assert_eq!(reply.verdicts(), [expected], "{name}");
        }
        for (name, known, context) in [
            ("says_nothing", true, [Value::Null, Value::Null]),
            ("consent_pending", false, [json!("pending"), Value::Null]),
            ("consent_granted", true, [json!("granted"), Value::Null]),
            ("anonymous", false, [Value::Null, json!(true)]),
            ("ignored", true, [Value::Null, json!(true)]),
        ] {
            let event = stored(&server, name).await;
            assert_eq!(event["user_id"].is_string(), known, "{event}");
            assert_eq!([&event["context"]["consent"], &event["context"]["gpc"]], [&context[0], &context[1]], "{name}");
            let has_address = event["context"]["ip"].is_string();
            assert_eq!(has_address, known, "{event}");
        }
        assert_eq!(place.ids().await.len(), 6);
        for bad in [json!({ "consent": "yes" }), json!({ "gpc": true })] {
            let mut batch = json!({ "key": server.ingest_key, "events": [] });
            batch.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
            assert_eq!(server.post(batch.to_string()).await.problem().1, "invalid_envelope");
        }
    }

    async fn too_much_is_refused_counted_and_told_when_to_come_back(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        // A thousand seconds from empty to full: none of it comes back while this runs.
        config.rates.key_events =
            Some(Rate { count: 1, period: Duration::from_secs(100), window: Duration::from_secs(1000) });
        config.rates.address_events =
            Some(Rate { count: 1, period: Duration::from_secs(100), window: Duration::from_secs(500) });
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let server = TestServer::start(config).await;
        let from = async |ip: &str, events: usize| {
            let events: Vec<Value> = (0..events).map(|_| event("burst")).collect();
            server.send("POST", "/v1/events", &[JSON, ("x-forwarded-for", ip)], server.batch(&events)).await
        };
        assert_eq!(from("203.0.113.1", 4).await.count("accepted"), 4);
        let refused = from("203.0.113.1", 2).await;
        assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
        let wait_s: u64 = refused.header("retry-after").parse().unwrap();
        assert!((95..=100).contains(&wait_s), "{wait_s}: one more may pass now, and one each hundred seconds");
        assert_eq!(from("203.0.113.1", 1).await.count("accepted"), 1, "the refusal took nothing");
        assert_eq!(from("203.0.113.2", 5).await.count("accepted"), 5, "another address");
        assert_eq!(from("203.0.113.3", 1).await.problem().0, 429, "the key has had its ten");
        assert_eq!(from("127.0.0.1", 1).await.problem().0, 429, "this machine's own, too");

        let bearer = format!("Bearer {}", server.secret_key());
        let mut outcomes = Value::Null;
        eventually("the refusals are counted", async || {
            outcomes = server.get("/v1/outcomes", &[("authorization", &bearer)]).await.json();
            outcomes["received"] == 14
        }).await;
        let sums = outcomes["outcomes"].as_array().unwrap();
        let refused = sums.iter().find(|sum| sum["outcome"] == "refused").unwrap();
        assert_eq!((&refused["reason"], &refused["count"]), (&json!("rate_limited"), &json!(4)));
    }

    async fn failed_sign_ins_are_limited(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let token = server.welcome.login_token.clone().unwrap();
        let try_token = async |token: &str| {
            server.send("POST", "/v1/session", &[JSON], json!({ "token": token }).to_string()).await
        };
        let mut failed = 0;
        let refused = loop {
            let reply = try_token("wrong").await;
            if reply.status != 401 {
                break reply;
            }
            failed += 1;
            assert!(failed < 40, "twenty at once, and one more every three seconds");
        };
        assert!(failed >= 20, "{failed}");
        assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
        assert!((1..=3).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
        assert_eq!(try_token(&token).await.problem().0, 429, "whoever guesses right now is not told");
    }
}
