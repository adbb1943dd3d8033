//! Events that are sent on, to a server that keeps the protocol's rules and fails as it is told to.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use pharos_model::Timestamp;
use pharos_server::{
    clock,
    config::{Config, Database},
    forward::Outgoing,
    outbound::Client,
    settings::Values,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    command_line::Serving,
    support::{
        Backend, Place, TestServer, event, eventually, on_both,
        receiver::{Fault, Receiver, violations},
    },
};

const SECRET: &str = "0123456789abcdef";
const KEY: &str = "sk_0123456789abcdef0123456789abcdef";

/// Where a server says that it listens.
fn address(welcome: &str) -> &str {
    let start = welcome.find("http://").unwrap();
    let rest = &welcome[start..];
    let host_end = rest["http://".len()..].find('/').unwrap() + "http://".len();
    &rest[..host_end]
}

/// Settings of a server that sends on to `to`.
fn settings(to: SocketAddr, more: &[(&str, &str)]) -> Values {
    let mut values = Values::default()
        .with("analytics_enabled", "true")
        .with("ga4_measurement_id", "G-TEST")
        .with("ga4_api_secret", "secret")
        .with("ga4_endpoint", format!("http://{to}"))
        .with("ga4_consent", "if_asked")
        .with("ga4_dimensions", "*")
        .with("forward_timeout", "300");
    for (name, value) in more {
        values = values.with(name, *value);
    }
    values
}

fn config(place: &Place, values: &Values) -> Config {
    let mut config = place.config();
    let read = Config::from_values(values).unwrap();
    config.destinations = read.destinations;
    config.limits.forward_timeout = read.limits.forward_timeout;
    config
}

/// One that sends on to Google Analytics.
async fn start(place: &Place, to: &Receiver, more: &[(&str, &str)]) -> TestServer {
    TestServer::start(config(place, &settings(to.address, more))).await
}

/// Sends events with the secret key, as a server does.
async fn post(server: &TestServer, secret: &str, more: Value, events: &[Value]) {
    let mut body = json!({ "events": events });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let bearer = format!("Bearer {secret}");
    let reply = server.send("POST", "/v1/events", &[("authorization", &bearer)], body.to_string()).await;
    assert_eq!(reply.verdicts(), vec!["accepted"; events.len()]);
}

async fn post_plain(server: &TestServer, events: &[Value]) {
    post(server, server.secret_key(), json!({}), events).await;
}

/// What the server says of its first destination.
async fn told(server: &TestServer, secret: &str) -> Value {
    let bearer = format!("Bearer {secret}");
    let reply = server.get("/v1/forwarders", &[("authorization", &bearer)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["forwarders"][0].clone()
}

async fn settled(server: &TestServer, sent: i64, failed: i64) -> Value {
    let secret = server.secret_key();
    eventually("everything is settled", async || {
        let told = told(server, secret).await;
        (&told["pending"], &told["sent"], &told["failed"]) == (&json!(0), &json!(sent), &json!(failed))
    })
    .await;
    told(server, secret).await
}

fn ids(events: &[Value]) -> BTreeMap<String, usize> {
    events.iter().map(|event| (event["id"].as_str().unwrap().to_owned(), 1)).collect()
}

fn with(name: &str, field: &str, value: Value) -> Value {
    let mut event = event(name);
    event[field] = value;
    event
}

on_both! {
    async fn server_events_go_to_google_once(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        let server = start(&place, &google, &[]).await;
        // Of one session, more than a request takes; of others; of none.
        let mut events: Vec<Value> = (0..60).map(|_| with("paid", "session_id", json!("s1"))).collect();
        events.extend((0..5).map(|n| with("refunded", "session_id", json!(format!("other{n}")))));
        events.push(event("restocked"));
        post_plain(&server, &events).await;
        // What pages send goes by the browser's own tag.
        server.post_events(&[event("paid")]).await;
        let told = settled(&server, 66, 0).await;
        assert_eq!(google.events(), ids(&events));
        assert_eq!((&told["name"], &told["uncertain"], &told["last_error"]), (&json!("ga4"), &json!(0), &json!(null)));
        assert!(told["last_sent_at"].is_string());

        let sizes: Vec<usize> =
            google.taken().iter().map(|request| request.json()["events"].as_array().unwrap().len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 66);
        assert_eq!(sizes.iter().filter(|&&size| size > 1).collect::<Vec<_>>().len(), 3, "60 of one session: {sizes:?}");
        for request in google.taken() {
            assert_eq!(request.path, "/mp/collect?measurement_id=G-TEST&api_secret=secret");
            // Nothing of the context, no address, no user.
            let names: Vec<_> = request.json().as_object().unwrap().keys().cloned().collect();
            assert_eq!(names, ["client_id", "consent", "events"]);
        }
        assert_eq!(place.column("SELECT destination FROM forward_outbox").await, Vec::<String>::new());
        // Again is a duplicate, and is not sent again.
        let bearer = format!("Bearer {}", server.secret_key());
        let body = json!({ "events": &events[..5] }).to_string();
        server.send("POST", "/v1/events", &[("authorization", &bearer)], body).await;
        post_plain(&server, &[event("last")]).await;
        settled(&server, 67, 0).await;
    }

    async fn consent_is_required_unless_set_otherwise(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        let server = start(&place, &google, &[("ga4_consent", "required")]).await;
        let (unasked, pending, granted) = (event("unasked"), event("pending"), event("granted"));
        post_plain(&server, &[unasked]).await;
        let secret = server.secret_key();
        post(&server, secret, json!({ "consent": "pending" }), &[pending]).await;
        post(&server, secret, json!({ "consent": "granted" }), std::slice::from_ref(&granted)).await;
        settled(&server, 1, 0).await;
        assert_eq!(google.events(), ids(&[granted]));
    }

    async fn what_google_does_not_take_is_given_up_with_a_reason(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        let server = start(&place, &google, &[]).await;
        let ago = |ms: i64| json!(Timestamp::from_unix_ms(clock::now().unix_ms() - ms).to_string());
        let many: Value = (0..30).map(|n| (format!("p{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
        let good = with("good", "timestamp", ago(71 * 3_600_000));
        let events = [
            good.clone(),
            event("page_view"),
            event("google_thing"),
            event("_private"),
            event(&"n".repeat(41)),
            with("paid", "timestamp", ago(73 * 3_600_000)),
            with("paid", "timestamp", ago(-3_600_000)),
            with("paid", "properties", json!({ "text": "x".repeat(101) })),
            with("paid", "properties", json!({ "list": [1] })),
            with("paid", "properties", json!({ "Bad-Name": 1 })),
            with("paid", "properties", json!({ "gclid": 1 })),
            with("paid", "properties", many),
        ];
        post_plain(&server, &events).await;
        let told = settled(&server, 1, 11).await;
        assert_eq!(google.events(), ids(&[good]));
        let reasons: Vec<(&str, i64)> = told["failed_by_reason"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["reason"].as_str().unwrap(), one["count"].as_i64().unwrap()))
            .collect();
        assert_eq!(
            reasons,
            [
                ("event_name_invalid", 1), ("event_name_reserved", 3), ("in_the_future", 1),
                ("parameter_name_invalid", 1), ("parameter_name_reserved", 1), ("too_many_parameters", 1),
                ("too_old", 1), ("value_not_scalar", 1), ("value_too_long", 1),
            ]
        );
        // Each is kept, to be looked at.
        let bearer = format!("Bearer {}", server.secret_key());
        let failed = async || {
            let reply = server.get("/v1/forwarders/failed", &[("authorization", &bearer)]).await;
            reply.json()["failed"].as_array().unwrap().clone()
        };
        let kept = failed().await;
        let old = kept.iter().find(|one| one["reason"] == "too_old").unwrap();
        assert_eq!((kept.len(), &old["event_id"], &old["event"]), (11, &events[5]["id"], &json!("paid")));
        assert_eq!(old["timestamp"], events[5]["timestamp"]);
        // Given another try, what is as it was is given up again, and counted once.
        let retry = async |path: &str| server.knock("POST", path, &[("authorization", &bearer)], "").await;
        assert_eq!(retry("/v1/forwarders/ga4/retry").await, "204");
        settled(&server, 1, 11).await;
        assert_eq!(failed().await.len(), 11);
        assert_eq!(retry("/v1/forwarders/none/retry").await, "404 not_found");
        assert_eq!(retry("/v1/forwarders/ga4/retry?reasons=x").await, "400 invalid_parameter");
        assert_eq!(google.events().len(), 1);
    }

    async fn what_was_given_up_is_sent_once_its_cause_is_gone(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        google.fail([Fault::Status(403), Fault::Status(400)]);
        let server = start(&place, &google, &[]).await;
        let (first, second) = (event("first"), event("second"));
        post_plain(&server, std::slice::from_ref(&first)).await;
        settled(&server, 0, 1).await;
        post_plain(&server, &[second]).await;
        settled(&server, 0, 2).await;
        let bearer = format!("Bearer {}", server.secret_key());
        let path = "/v1/forwarders/ga4/retry?reason=status_403";
        assert_eq!(server.knock("POST", path, &[("authorization", &bearer)], "").await, "204");
        settled(&server, 1, 1).await;
        assert_eq!(google.events(), ids(&[first]));
    }

    async fn metrics_tell_what_waits_and_for_how_long(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        google.fail([Fault::RetryAfter(503, 3000); 2]);
        let server = start(&place, &google, &[]).await;
        let secret = server.secret_key().to_owned();
        post_plain(&server, &[event("paid")]).await;
        eventually("it is tried", async || told(&server, &secret).await["last_error"] == "status 503").await;
        // As if it had waited for an hour; what waits is counted at the start.
        place.execute("UPDATE forward_outbox SET enqueued_at_ms = enqueued_at_ms - 3600000").await;
        server.stop().await;
        let server = start(&place, &google, &[]).await;
        let bearer = format!("Bearer {secret}");
        let value = async |name: &str| -> f64 {
            let metrics = server.get("/metrics", &[("authorization", &bearer)]).await.text();
            let line = metrics.lines().find(|line| line.starts_with(&format!("{name}{{destination=\"ga4\"")));
            line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
        };
        eventually("it is counted", async || value("pharos_forward_pending").await == 1.0).await;
        let lag = value("pharos_forward_lag_seconds").await;
        assert!((3600.0..3700.0).contains(&lag), "{lag}");
    }

    async fn failures_are_tried_again_and_lose_nothing(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        google.fail([Fault::Status(503), Fault::RetryAfter(429, 1)]);
        let server = start(&place, &google, &[]).await;
        let events: Vec<Value> = (0..3).map(|_| with("paid", "session_id", json!("s"))).collect();
        post_plain(&server, &events).await;
        let told = settled(&server, 3, 0).await;
        assert_eq!(google.events(), ids(&events), "none of them twice");
        assert_eq!((&told["uncertain"], google.refused()), (&json!(0), 2));
    }

    async fn an_answer_that_never_came_is_counted_as_uncertain(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        google.fail([Fault::TakenAndCut, Fault::TakenAndSilent]);
        let server = start(&place, &google, &[]).await;
        let events: Vec<Value> = (0..3).map(|_| with("paid", "session_id", json!("s"))).collect();
        post_plain(&server, &events).await;
        let told = settled(&server, 3, 0).await;
        // The receiver finds them by event_id: taken three times, twice without an answer.
        assert!(google.events().values().all(|&times| times == 3));
        assert_eq!(told["uncertain"], json!(6));
    }

    async fn a_request_that_is_refused_is_not_made_again(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        google.fail([Fault::Status(400)]);
        let server = start(&place, &google, &[]).await;
        post_plain(&server, &[event("first")]).await;
        let told = settled(&server, 0, 1).await;
        assert_eq!(told["failed_by_reason"], json!([{ "reason": "status_400", "count": 1 }]));
        let second = event("second");
        post_plain(&server, std::slice::from_ref(&second)).await;
        settled(&server, 1, 1).await;
        assert_eq!(google.events(), ids(&[second]));
    }

    async fn debugging_asks_the_validation_server_first(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        let server = start(&place, &google, &[("ga4_debug", "true"), ("ga4_dimensions", "plan")]).await;
        let good = with("paid", "properties", json!({ "plan": "team", "other": "stays here" }));
        let bad = with("paid", "properties", json!({ "plan": "forbidden" }));
        post_plain(&server, &[good.clone(), bad]).await;
        let told = settled(&server, 1, 1).await;
        assert_eq!((google.events(), google.checked()), (ids(&[good]), 2));
        assert_eq!(told["failed_by_reason"], json!([{ "reason": "ga4_value_invalid", "count": 1 }]));
        assert_eq!(google.taken()[0].json()["events"][0]["params"]["plan"], "team");
        assert!(!google.taken()[0].body.contains("stays here"));
    }

    async fn nodes_share_one_outbox(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        let first = start(&place, &google, &[]).await;
        let second = start(&place, &google, &[]).await;
        let events: Vec<Value> = (0..300).map(|n| with("paid", "session_id", json!(format!("s{}", n % 40)))).collect();
        for some in events.chunks(30) {
            post_plain(&first, some).await;
        }
        settled(&first, 300, 0).await;
        assert_eq!(google.events(), ids(&events));
        second.stop().await;
    }

    async fn a_destination_that_is_away_gets_everything_when_it_is_back(backend: Backend) {
        let place = Place::new(backend).await;
        let address = Receiver::start().await.address;
        let values = settings(address, &[]);
        let server = TestServer::start(config(&place, &values)).await;
        let secret = server.secret_key().to_owned();
        let events: Vec<Value> = (0..40).map(|n| with("paid", "session_id", json!(format!("s{n}")))).collect();
        post(&server, &secret, json!({}), &events).await;
        eventually("it is tried", async || told(&server, &secret).await["last_error"] == "no connection").await;
        server.stop().await;

        let server = TestServer::start(config(&place, &values)).await;
        let google = Receiver::start_at(address).await;
        // The waits of the tries before need not be waited for here.
        place.execute("UPDATE forward_outbox SET due_at_ms = 0").await;
        eventually("all are sent", async || told(&server, &secret).await["sent"] == 40).await;
        assert_eq!(google.events(), ids(&events), "once");
        assert_eq!(told(&server, &secret).await["uncertain"], 0, "nobody was there to take them");
    }

    async fn a_webhook_is_given_up_after_three_days(backend: Backend) {
        let place = Place::new(backend).await;
        let hook = Receiver::start().await;
        hook.fail([Fault::Status(503); 5]);
        let values = Values::default()
            .with("forward_webhook_url", format!("http://{}/hook", hook.address))
            .with("forward_webhook_secret", SECRET);
        let server = TestServer::start(config(&place, &values)).await;
        let secret = server.secret_key();
        post_plain(&server, &[event("paid")]).await;
        eventually("it is tried", async || told(&server, secret).await["last_error"] == "status 503").await;
        place.execute("UPDATE forward_outbox SET enqueued_at_ms = enqueued_at_ms - 260000000, due_at_ms = 0").await;
        let told = settled(&server, 0, 1).await;
        assert_eq!(told["failed_by_reason"], json!([{ "reason": "gave_up", "count": 1 }]));
        let bearer = format!("Bearer {secret}");
        let line = r#"pharos_forward_events_total{destination="webhook",outcome="failed"} 1"#;
        // Counted after it is written down.
        eventually("it is counted", async || {
            let metrics = server.get("/metrics", &[("authorization", &bearer)]).await.text();
            metrics.lines().any(|shown| shown == line)
        })
        .await;
    }

    async fn a_process_killed_between_send_and_mark_neither_loses_nor_hides_anything(backend: Backend) {
        let place = Place::new(backend).await;
        let google = Receiver::start().await;
        let endpoint = format!("http://{}", google.address);
        let database = match &place.database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url.clone(),
        };
        let binary = || {
            Serving::start(&place.dir, &[
                ("DATABASE_URL", &database),
                ("TELEMETRY_LISTEN", "127.0.0.1:0"),
                ("TELEMETRY_DATA_DIR", place.dir.path().to_str().unwrap()),
                ("TELEMETRY_SECRET_KEY", KEY),
                ("TELEMETRY_ANALYTICS_ENABLED", "true"),
                ("TELEMETRY_GA4_MEASUREMENT_ID", "G-TEST"),
                ("TELEMETRY_GA4_API_SECRET", "secret"),
                ("TELEMETRY_GA4_ENDPOINT", &endpoint),
                ("TELEMETRY_GA4_CONSENT", "if_asked"),
                // Longer than this test: what ends a request here is the process.
                ("TELEMETRY_FORWARD_TIMEOUT", "15000"),
            ])
        };
        // Takes one request and leaves it without an answer; the other events are sent and answered.
        google.fail([Fault::TakenAndSilent]);
        let (serving, welcome) = tokio::task::block_in_place(binary);
        let events: Vec<Value> =
            (0..20).map(|n| with("paid", "session_id", json!(format!("s{n}")))).collect();
        let url = format!("{}/v1/events", address(&welcome));
        let bearer = format!("Bearer {KEY}");
        let client = Client::new(Duration::from_secs(10));
        let body = json!({ "events": events }).to_string();
        let answer = client.post(&url, &[("authorization", bearer)], body).await.unwrap();
        assert_eq!(answer.status, 200);
        eventually("the one without an answer is on its way", async || !google.taken().is_empty()).await;
        // SIGKILL.
        drop(serving);

        // Its lease need not be waited for here.
        place.execute("UPDATE forward_outbox SET due_at_ms = 0").await;
        let again = tokio::task::block_in_place(binary);
        eventually("all are sent", async || {
            place.column("SELECT CAST(event_id AS text) FROM forward_outbox").await.is_empty()
        })
        .await;
        let times = google.events();
        assert_eq!(times.keys().collect::<Vec<_>>(), ids(&events).keys().collect::<Vec<_>>(), "none is lost");
        // Eight requests were on their way: what was taken twice is among what is counted as uncertain.
        let twice = times.values().filter(|&&times| times > 1).count();
        let uncertain: usize =
            place.column("SELECT CAST(uncertain AS text) FROM forward_totals").await[0].parse().unwrap();
        assert!((1..=8).contains(&uncertain) && twice >= 1 && twice <= uncertain, "{twice} of {uncertain}");
        drop(again);
    }

    async fn a_webhook_gets_signed_batches(backend: Backend) {
        let place = Place::new(backend).await;
        let hook = Receiver::start().await;
        hook.fail([Fault::TakenAndCut]);
        let values = Values::default()
            .with("forward_webhook_url", format!("http://{}/hook", hook.address))
            .with("forward_webhook_secret", SECRET)
            .with("forward_webhook_events", "!debug_*")
            .with("forward_timeout", "300");
        let server = TestServer::start(config(&place, &values)).await;
        let mut events: Vec<Value> = (0..150).map(|_| event("paid")).collect();
        assert_eq!(server.post_events(&events).await.count("accepted"), 150);
        server.post_events(&[event("debug_noise")]).await;
        let told = settled(&server, 150, 0).await;
        assert_eq!(told["name"], "webhook");
        // The batch whose answer was cut off came again, and is known by its key.
        let batches: BTreeMap<String, String> =
            hook.taken().into_iter().map(|one| (one.headers["idempotency-key"].clone(), one.body)).collect();
        let received = hook.taken();
        assert_eq!(received.len(), batches.len() + 1);
        let mut times: Vec<usize> = hook.events().into_values().collect();
        times.sort_unstable();
        assert_eq!((times.len(), times[0]), (150, 1));
        for request in &received {
            assert_eq!(batches[&request.headers["idempotency-key"]], request.body, "the same key, the same content");
            let seconds = request.headers["x-pharos-timestamp"].parse().unwrap();
            for (name, value) in pharos_server::outbound::signature(SECRET, seconds, &request.body) {
                assert_eq!(request.headers[name], value);
            }
            assert!(request.json()["events"].as_array().unwrap().len() <= 100);
        }
        // As it is stored: read back, it is the same.
        let stored = server.recent("?limit=1000&event=paid").await;
        events.clear();
        events.extend(batches.values().flat_map(|body| {
            let body: Value = serde_json::from_str(body).unwrap();
            body["events"].as_array().unwrap().clone()
        }));
        assert_eq!(events.len(), stored.len());
        for event in &events {
            assert!(stored.contains(event), "{event}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_destination_nothing_is_written_down() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    post_plain(&server, &[event("paid")]).await;
    assert_eq!(place.column("SELECT event_id FROM forward_outbox").await, Vec::<String>::new());
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.get("/v1/forwarders", &[("authorization", &bearer)]).await;
    assert_eq!(reply.json(), json!({ "forwarders": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_the_answer_that_is_owed() {
    let place = Place::new(Backend::Sqlite).await;
    let google = Receiver::start().await;
    google.fail([Fault::TakenAndSilent]);
    let server = start(&place, &google, &[]).await;
    post_plain(&server, &[event("paid")]).await;
    eventually("it is on its way", async || !google.taken().is_empty()).await;
    server.stop().await;
    // It was written down that no answer came, rather than left to be found after a lease.
    assert_eq!(place.column("SELECT CAST(state AS text) FROM forward_outbox").await, ["3"]);
}

/// An event to be sent, with what matters to the mapping.
fn outgoing(name: String, properties: &Value, session: Option<String>, age_ms: i64) -> Outgoing {
    let at = |ms: i64| Timestamp::from_unix_ms(clock::now().unix_ms() - ms);
    Outgoing {
        id: crate::support::new_id(),
        project_id: 1,
        enqueued_at: at(0),
        event: name,
        timestamp: at(age_ms),
        properties: properties.to_string(),
        user_id: None,
        session_id: session,
        source: "server".to_owned(),
        seq: None,
        context: "{}".to_owned(),
        created_at: at(0),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,120}".prop_map(Value::from),
        "[a-zäß😀]{95,105}".prop_map(Value::from),
        Just(json!([1, 2])),
        Just(json!({ "a": 1 })),
    ]
}

fn any_event() -> impl Strategy<Value = Outgoing> {
    let name = prop_oneof![
        "[a-z_]{1,60}",
        "[a-z]{1,10}",
        Just("error".to_owned()),
        Just("page_view".to_owned()),
        "(firebase|ga|google)_[a-z]{1,5}",
    ];
    let key = prop_oneof!["[a-z_]{1,12}", "\\PC{1,64}", "[A-Za-z0-9_]{30,64}", Just("gclid".to_owned())];
    let scalars = proptest::collection::hash_map("[a-z]{1,12}", "[a-z]{0,90}".prop_map(Value::from), 0..28);
    let properties = prop_oneof![proptest::collection::hash_map(key, any_value(), 0..4), scalars];
    let session = proptest::option::of("s[0-9]");
    let age_ms = prop_oneof![0..80 * 3_600_000_i64, -3_600_000..0_i64];
    (name, properties, session, age_ms).prop_map(|(name, properties, session, age_ms)| {
        let properties = Value::Object(properties.into_iter().collect());
        outgoing(name, &properties, session, age_ms)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any events become requests that the protocol takes, and every event is in one of them or has a reason.
    #[test]
    fn any_event_is_taken_by_the_protocol_or_has_a_reason(
        events in proptest::collection::vec(any_event(), 1..60)
    ) {
        let values = settings("127.0.0.1:1".parse().unwrap(), &[]);
        let config = Config::from_values(&values).unwrap();
        let destination = config.destinations.iter().next().unwrap();
        let (bodies, refused) = destination.kind.preview(&events, clock::now());
        let mut seen: Vec<String> = refused.iter().map(|(id, _)| id.clone()).collect();
        for body in &bodies {
            prop_assert_eq!(violations(body), Vec::<String>::new());
            let body: Value = serde_json::from_str(body).unwrap();
            for event in body["events"].as_array().unwrap() {
                let id = event["params"]["event_id"].as_str().unwrap();
                let sent = events.iter().find(|one| one.id == id).unwrap();
                // Nothing is given another time, name or value.
                prop_assert_eq!(event["timestamp_micros"].as_i64().unwrap(), sent.timestamp.unix_ms() * 1000);
                prop_assert_eq!(event["name"].as_str().unwrap(), &sent.event);
                let properties: Value = serde_json::from_str(&sent.properties).unwrap();
                for (key, value) in properties.as_object().unwrap().iter().filter(|(_, value)| value.is_string()) {
                    prop_assert_eq!(&event["params"][key], value);
                }
                seen.push(id.to_owned());
            }
        }
        seen.sort_unstable();
        let mut all: Vec<String> = events.iter().map(|event| event.id.clone()).collect();
        all.sort_unstable();
        prop_assert_eq!(seen, all);
    }
}
