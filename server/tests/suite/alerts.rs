//! Alerts: when they fire, whom they tell, and how often.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use hmac::{Hmac, KeyInit, Mac};
use pharos_model::Timestamp;
use pharos_server::{
    alerts::Alerts,
    clock,
    config::WebhookConfig,
    ingest::backlog::{Backlog, SPOOL_FILE},
    setup,
    store::Store,
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::support::{Backend, Place, TestServer, event, on_both};

const SECRET: &str = "a secret for webhooks";
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// A webhook's receiver: answers with the statuses given, then with 200, and keeps what it took.
#[derive(Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<Vec<u16>>>,
    taken: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<usize>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> (Self, WebhookConfig) {
        let receiver = Self::default();
        *receiver.answers.lock().unwrap() = answers.iter().rev().copied().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(Self::take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, WebhookConfig { url, secret: SECRET.to_owned() })
    }

    async fn take(State(this): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        *this.asked.lock().unwrap() += 1;
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{}.", header("x-pharos-timestamp")).as_bytes());
        mac.update(&body);
        let signature: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(header("x-pharos-signature"), format!("v1={signature}"));
        let status = this.answers.lock().unwrap().pop().unwrap_or(200);
        if status == 200 {
            this.taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        }
        StatusCode::from_u16(status).unwrap()
    }

    /// Rule and state of each notification taken.
    fn told(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.iter().map(|it| format!("{} {}", text(&it["rule"]["name"]), text(&it["state"]))).collect()
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A server for the API, and the alerts of another node, whose clock is the test's.
struct Scene {
    server: TestServer,
    store: Arc<dyn Store>,
    bearer: String,
    alerts: Alerts,
    /// An hour ahead: the lease that the server's own task holds has expired by then.
    now: Timestamp,
    _place: Place,
}

impl Scene {
    async fn new(backend: Backend, webhook: Option<WebhookConfig>) -> Self {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let store = setup::open_store(&place.config()).await.unwrap();
        let backlog = Backlog::new(place.dir.path().join(format!("other-{SPOOL_FILE}")), 1 << 20);
        backlog.open().await.unwrap();
        let alerts = Alerts::new(store.clone(), Arc::new(backlog), webhook);
        let bearer = format!("Bearer {}", server.secret_key());
        let now = Timestamp::from_unix_ms(clock::now().unix_ms() + HOUR_MS);
        Self { server, store, bearer, alerts, now, _place: place }
    }

    async fn api(&self, method: &str, path: &str, body: Value) -> Value {
        let headers = [("authorization", self.bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.server.send(method, path, &headers, body).await;
        assert!(reply.status < 300, "{method} {path}: {}", reply.text());
        if reply.body.is_empty() { Value::Null } else { reply.json() }
    }

    /// A rule of one's own, alone: the built-in ones are turned off.
    async fn only(&self, rule: Value) -> String {
        for id in ["low_event_rate", "no_data", "high_error_rate", "spool_growing"] {
            self.api("PUT", &format!("/v1/alerts/{id}"), json!({ "enabled": false })).await;
        }
        text(&self.api("POST", "/v1/alerts", rule).await["id"])
    }

    async fn round(&mut self) {
        self.now = Timestamp::from_unix_ms(self.now.unix_ms() + MINUTE_MS);
        self.alerts.round(self.now).await.unwrap();
    }

    /// Sends `count` events, `ago_ms` before now.
    async fn happened(&self, name: &str, count: usize, ago_ms: i64) {
        let at = Timestamp::from_unix_ms(self.now.unix_ms() - ago_ms).to_string();
        let one = || {
            let mut event = event(name);
            event["timestamp"] = json!(at);
            event
        };
        let events: Vec<_> = (0..count).map(|_| one()).collect();
        for events in events.chunks(500) {
            assert_eq!(self.server.post_events(events).await.count("accepted"), events.len() as u64);
        }
    }

    async fn rule(&self, id: &str) -> Value {
        let list = self.api("GET", "/v1/alerts", Value::Null).await;
        list["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap().clone()
    }

    /// State and notification of each change of the rule of one's own, the latest first.
    async fn history(&self) -> Vec<String> {
        let list = self.api("GET", "/v1/alerts", Value::Null).await;
        let line = |it: &Value| format!("{} {}", text(&it["state"]), text(&it["notified"]));
        let own = list["history"].as_array().unwrap().iter().filter(|it| it["name"] == "Sign-ups stopped");
        own.map(line).collect()
    }
}

fn sign_ups_stopped() -> Value {
    json!({ "name": "Sign-ups stopped", "event": "sign_up", "comparison": "below", "threshold": 3,
            "window_minutes": 10, "severity": "critical" })
}

on_both! {
    async fn each_change_of_state_is_told_once(backend: Backend) {
        let (receiver, webhook) = Receiver::start(&[]).await;
        let mut scene = Scene::new(backend, Some(webhook)).await;
        let id = scene.only(sign_ups_stopped()).await;
        for _ in 0..3 {
            scene.round().await;
        }
        assert_eq!(receiver.told(), ["Sign-ups stopped firing"]);
        let rule = scene.rule(&id).await;
        assert_eq!((text(&rule["state"]), &rule["value"]), ("firing".into(), &json!(0.0)), "{rule}");
        scene.happened("sign_up", 5, MINUTE_MS).await;
        scene.happened("other", 5, MINUTE_MS).await;
        for _ in 0..3 {
            scene.round().await;
        }
        assert_eq!(receiver.told(), ["Sign-ups stopped firing", "Sign-ups stopped ok"]);
        assert_eq!(scene.rule(&id).await["detail"], "5 sign_up in 10 minutes");
        for _ in 0..12 {
            scene.round().await;
        }
        assert_eq!(receiver.told().len(), 3, "and again when they stop again");
        assert_eq!(scene.history().await, ["firing sent", "ok sent", "firing sent"]);
        let taken = receiver.taken.lock().unwrap()[0].clone();
        assert_eq!((&taken["type"], &taken["rule"]["severity"]), (&json!("alert"), &json!("critical")), "{taken}");
        scene.store.close().await;
    }

    async fn a_webhook_that_fails_is_tried_again(backend: Backend) {
        let (receiver, webhook) = Receiver::start(&[500, 302]).await;
        let mut scene = Scene::new(backend, Some(webhook)).await;
        scene.only(sign_ups_stopped()).await;
        scene.round().await;
        assert_eq!((receiver.asked(), scene.history().await), (1, vec!["firing failed".to_owned()]));
        scene.round().await;
        assert_eq!(receiver.asked(), 2, "a redirection is not followed, and is no success");
        // The pause has doubled to a minute by now, and a round is a minute.
        scene.round().await;
        scene.round().await;
        assert_eq!((receiver.told().len(), receiver.asked()), (1, 3));
        assert_eq!(scene.history().await, ["firing sent"]);
        scene.store.close().await;
    }

    async fn a_webhook_that_is_not_there_is_given_up(backend: Backend) {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let url = format!("http://{gone}/");
        let mut scene = Scene::new(backend, Some(WebhookConfig { url, secret: SECRET.to_owned() })).await;
        let id = scene.only(sign_ups_stopped()).await;
        for _ in 0..40 {
            scene.round().await;
        }
        assert_eq!(scene.history().await, ["firing failed"]);
        let rows = scene.store.alert_rules(1).await.unwrap();
        let row = rows.iter().find(|row| row.id == id).unwrap();
        assert_eq!((row.attempts, row.told.as_str()), (6, "firing"), "tried a bounded number of times");
        scene.store.close().await;
    }

    async fn in_quiet_hours_nobody_is_told_before_they_end(backend: Backend) {
        let (receiver, webhook) = Receiver::start(&[]).await;
        let mut scene = Scene::new(backend, Some(webhook)).await;
        let clock_text = |at: i64| {
            let minutes = at.rem_euclid(24 * HOUR_MS) / MINUTE_MS;
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        };
        let now = scene.now.unix_ms();
        let mut rule = sign_ups_stopped();
        rule["quiet_hours"] = json!({ "start": clock_text(now), "end": clock_text(now + 5 * MINUTE_MS),
                                      "time_zone": "UTC" });
        scene.only(rule).await;
        scene.round().await;
        scene.round().await;
        assert_eq!((receiver.asked(), scene.history().await), (0, vec!["firing quiet".to_owned()]));
        for _ in 0..4 {
            scene.round().await;
        }
        assert_eq!((receiver.told().len(), scene.history().await), (1, vec!["firing sent".to_owned()]));
        scene.store.close().await;
    }

    async fn silence_and_a_trickle_fire_where_events_are_usual(backend: Backend) {
        let mut scene = Scene::new(backend, None).await;
        scene.round().await;
        assert_eq!(scene.rule("no_data").await["state"], "unknown", "nothing to learn from");
        for hours in 2..=6 {
            scene.happened("view", 120, hours * HOUR_MS).await;
        }
        // A trickle in the last hour, silence in the last quarter.
        scene.happened("view", 10, 30 * MINUTE_MS).await;
        scene.round().await;
        for (id, state) in [("low_event_rate", "firing"), ("no_data", "firing")] {
            let rule = scene.rule(id).await;
            assert_eq!(rule["state"], state, "{rule}");
        }
        scene.happened("view", 200, MINUTE_MS).await;
        scene.round().await;
        for id in ["low_event_rate", "no_data"] {
            let rule = scene.rule(id).await;
            assert_eq!(rule["state"], "ok", "{rule}");
        }
        let list = scene.api("GET", "/v1/alerts", Value::Null).await;
        let told = list["history"].as_array().unwrap().iter().filter(|it| it["notified"] != "none").count();
        assert_eq!(told, 0, "there is nobody to tell");
        scene.store.close().await;
    }

    async fn rules_are_made_changed_and_removed(backend: Backend) {
        let scene = Scene::new(backend, None).await;
        let list = scene.api("GET", "/v1/alerts", Value::Null).await;
        let ids: Vec<_> = list["rules"].as_array().unwrap().iter().map(|rule| text(&rule["id"])).collect();
        assert_eq!(ids, ["high_error_rate", "low_event_rate", "no_data", "spool_growing"]);
        assert_eq!(list["webhook"], json!({ "configured": false, "last_status": null }));
        let made = scene.api("POST", "/v1/alerts", sign_ups_stopped()).await;
        let path = format!("/v1/alerts/{}", text(&made["id"]));
        let mut changed = sign_ups_stopped();
        changed["threshold"] = json!(7);
        assert_eq!(scene.api("PUT", &path, changed).await["threshold"], json!(7.0));
        let builtin = scene.api("PUT", "/v1/alerts/no_data", json!({ "window_minutes": 30 })).await;
        assert_eq!((&builtin["window_minutes"], &builtin["builtin"]), (&json!(30), &json!(true)));
        scene.api("DELETE", &path, Value::Null).await;
        let headers = [("authorization", scene.bearer.as_str())];
        for (method, path) in [("DELETE", path.as_str()), ("DELETE", "/v1/alerts/no_data"), ("PUT", "/v1/alerts/none")] {
            let reply = scene.server.send(method, path, &headers, "{}").await;
            assert_eq!(reply.problem(), (404, "not_found".to_owned()), "{method} {path}");
        }
        for (body, field) in [("[]", "body"), ("nonsense", "body"), (r#"{"name":"x"}"#, "threshold")] {
            let reply = scene.server.send("POST", "/v1/alerts", &headers, body).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{body}");
            assert_eq!(reply.json()["field"], field, "{body}");
        }
        let tested = scene.api("POST", "/v1/alerts/test", Value::Null).await;
        assert_eq!((&tested["sent"], &tested["status"]), (&json!(false), &Value::Null));
        scene.store.close().await;
    }

    async fn of_several_nodes_one_tells(backend: Backend) {
        let (receiver, webhook) = Receiver::start(&[]).await;
        let mut scene = Scene::new(backend, Some(webhook.clone())).await;
        scene.only(sign_ups_stopped()).await;
        let spool = tempfile::TempDir::new().unwrap();
        let backlog = Arc::new(Backlog::new(spool.path().join(SPOOL_FILE), 1 << 20));
        let other = Alerts::new(scene.store.clone(), backlog, Some(webhook));
        for _ in 0..3 {
            scene.round().await;
            other.round(scene.now).await.unwrap();
        }
        assert_eq!(receiver.told(), ["Sign-ups stopped firing"]);
        scene.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_reaches_the_webhook() {
    let (receiver, webhook) = Receiver::start(&[]).await;
    let place = Place::new(Backend::Sqlite).await;
    let mut config = place.config();
    config.webhook = Some(webhook);
    let server = TestServer::start(config).await;
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.send("POST", "/v1/alerts/test", &[("authorization", &bearer)], "").await;
    assert_eq!(reply.json(), json!({ "sent": true, "status": 200, "detail": "the webhook answered 200" }));
    assert_eq!(receiver.taken.lock().unwrap()[0]["type"], "test");
}
