//! Events of a Rust program, to the real server and to one that answers as it is told.

mod support;

use std::time::Duration;

use pharos_client::{Consent, Error, Event, TelemetryClient, Verdict};
use serde_json::{Value, json};

use support::{Place, Scripted, eventually, verdicts};

/// For what must not leave by itself.
const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_committed_when_log_returns() {
    let place = Place::new();
    let server = place.start().await;
    let client = place.client(&server).build().unwrap();
    let call = Event::new("api_call").property("endpoint", "/api/products").property("status_code", 200);
    assert_eq!(client.log(call).await.unwrap(), Verdict::Accepted);
    let id = client.log_safe(Event::new("queued").user_id("user-42").session_id("s1")).unwrap();
    assert!(client.flush().await);
    let again = Event::new("queued").id(id);
    assert_eq!(client.log(again).await.unwrap(), Verdict::Duplicate);

    let stored = server.events().await;
    let by = |name: &str| stored.iter().find(|event| event["event"] == name).unwrap();
    assert_eq!(by("api_call")["properties"], json!({ "endpoint": "/api/products", "status_code": 200 }));
    assert_eq!((&by("api_call")["source"], &by("queued")["session_id"]), (&json!("server"), &json!("s1")));
    // The same person as in a page, which sends this hash.
    let same = server.get("/v1/events?user_id=u_0ba2824920f3c163d95df7354e6b020d").await;
    assert_eq!(same["events"][0]["id"], id.to_string());
    assert_eq!(client.stats().delivered, 3);
    assert!(client.shutdown().await);
    assert_eq!(client.log(Event::new("late")).await.unwrap_err().code(), "shut_down");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_is_refused_here_and_the_server_is_told_how_many() {
    let place = Place::new();
    let server = place.start().await;
    let client = place.client(&server).build().unwrap();
    let wrong = client.log(Event::new("Api-Call")).await.unwrap_err();
    assert_eq!((wrong.code(), wrong.field(), wrong.is_retryable()), ("invalid_event_name", "event", false));
    let wrong = client.log_safe(Event::new("a").property("note", "x".repeat(2049))).unwrap_err();
    assert_eq!((wrong.code(), wrong.field()), ("string_too_long", "properties.note"));
    assert_eq!(client.log(Event::new("good")).await.unwrap(), Verdict::Accepted);
    assert!(client.shutdown().await);
    assert_eq!(server.get("/v1/delivery").await["dropped"], json!([{ "reason": "invalid", "count": 2 }]));
    assert_eq!(server.events().await.len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_and_comes_back_gets_every_event_once() {
    let place = Place::new();
    let server = place.start().await;
    let builder = place.client(&server).flush_interval(Duration::from_millis(20)).batch_events(20);
    let client = builder.build().unwrap();
    let log = |from: usize, to: usize| {
        for i in from..to {
            client.log_safe(Event::new("step").property("i", i)).unwrap();
        }
    };
    log(0, 100);
    eventually("some are there", async || !server.events().await.is_empty()).await;
    server.stop().await;
    log(100, 300);
    let awaited = tokio::spawn({
        let client = client.clone();
        async move { client.log(Event::new("awaited")).await }
    });
    eventually("a try has failed", async || client.stats().last_error.is_some()).await;
    let server = place.start().await;
    assert!(matches!(awaited.await.unwrap(), Ok(Verdict::Accepted | Verdict::Duplicate)));
    eventually("all are delivered", async || client.stats().waiting == 0).await;
    let stored = server.events().await;
    let mut numbers: Vec<u64> = stored.iter().filter_map(|event| event["properties"]["i"].as_u64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..300).collect::<Vec<u64>>());
    assert_eq!((stored.len(), client.stats().dropped.len()), (301, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_the_newest_and_says_so() {
    let scripted = Scripted::start().await;
    let client = scripted.client().queue_events(10).flush_interval(NEVER).build().unwrap();
    let outcomes: Vec<bool> =
        (0..15).map(|i| client.log_safe(Event::new("step").property("i", i)).is_ok()).collect();
    assert_eq!(outcomes.iter().filter(|&&queued| queued).count(), 10);
    assert!(outcomes[..10].iter().all(|&queued| queued));
    assert_eq!(client.log(Event::new("step")).await.unwrap_err().code(), "queue_full");
    assert!(client.flush().await);
    let batches = scripted.batches();
    assert_eq!(batches[0]["events"].as_array().unwrap().len(), 10);
    assert_eq!(batches[0]["dropped"], json!({ "queue_full": 6 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_others_but_nobody_is_kept_waiting() {
    let scripted = Scripted::start().await;
    let client = scripted.client().flush_interval(NEVER).batch_events(50).build().unwrap();
    for i in 0..49 {
        client.log_safe(Event::new("step").property("i", i)).unwrap();
    }
    assert_eq!(scripted.batches().len(), 0);
    client.log(Event::new("awaited")).await.unwrap();
    let [batch] = &scripted.batches()[..] else { panic!("one batch") };
    assert_eq!(batch["events"].as_array().unwrap().len(), 50);
    assert_eq!((&batch["sdk"]["name"], &batch["key"]), (&json!("pharos-client"), &Value::Null));
    for i in 0..50 {
        client.log_safe(Event::new("step").property("i", i)).unwrap();
    }
    eventually("a complete batch leaves", async || scripted.batches().len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_respected() {
    let scripted = Scripted::start().await;
    scripted.answer([(429, Some("1"), json!({})), (503, None, json!({}))]);
    let client = scripted.client().flush_interval(NEVER).build().unwrap();
    let began = tokio::time::Instant::now();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.log(Event::new("a")).await }
    });
    eventually("the first answer is there", async || client.stats().last_error.is_some()).await;
    assert!(!client.flush().await, "it is too early");
    assert_eq!(waiting.await.unwrap().unwrap(), Verdict::Accepted);
    assert!(began.elapsed() >= Duration::from_secs(1));
    let ids: Vec<Value> = scripted.batches().iter().map(|batch| batch["events"][0]["id"].clone()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// On one thread, so that all five wait before the first is taken.
#[tokio::test]
async fn verdicts_are_told_one_by_one() {
    let scripted = Scripted::start().await;
    let answer = verdicts(&[
        json!({ "verdict": "invalid", "code": "key_too_long", "field": "properties.x", "detail": "expected" }),
        json!({ "verdict": "filtered", "reason": "disabled" }),
        json!({ "verdict": "quarantined" }),
        json!({ "verdict": "retry" }),
        json!({ "verdict": "invalid", "code": "of_tomorrow", "field": "event", "detail": "expected" }),
    ]);
    scripted.answer([(200, None, answer)]);
    let client = scripted.client().build().unwrap();
    let log = |name: &'static str| client.log(Event::new(name));
    let told = tokio::join!(biased; log("one"), log("two"), log("three"), log("four"), log("five"));
    assert_eq!(told.0.as_ref().unwrap_err().field(), "properties.x");
    assert!(matches!(told.0, Err(Error::Invalid(_))));
    assert_eq!(told.1.unwrap(), Verdict::Filtered { reason: "disabled".to_owned() });
    assert_eq!(told.2.unwrap(), Verdict::Quarantined);
    assert_eq!(told.3.unwrap(), Verdict::Accepted);
    assert_eq!(told.4.unwrap_err().code(), "of_tomorrow");
    let sizes: Vec<usize> =
        scripted.batches().iter().map(|batch| batch["events"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [5, 1], "what is to be tried again comes alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_refused_is_told_and_one_with_a_wrong_key_is_kept() {
    let scripted = Scripted::start().await;
    scripted.answer([
        (400, None, json!({ "code": "invalid_envelope" })),
        (401, None, json!({ "code": "unknown_key" })),
    ]);
    let problems = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = problems.clone();
    let builder = scripted.client().flush_interval(NEVER);
    let client =
        builder.on_problem(move |problem| told.lock().unwrap().push(problem.clone())).build().unwrap();
    client.log_safe(Event::new("gone")).unwrap();
    assert_eq!(client.log(Event::new("told")).await.unwrap_err().code(), "invalid_envelope");
    client.log_safe(Event::new("kept")).unwrap();
    assert_eq!(client.log(Event::new("told")).await.unwrap_err().code(), "unknown_key");
    assert_eq!((client.stats().waiting, client.stats().dropped["refused"]), (1, 3));
    eventually("it is sent", async || client.flush().await).await;
    assert_eq!(scripted.batches()[2]["events"][0]["event"], "kept");
    let problems: Vec<(String, usize, bool)> =
        problems.lock().unwrap().iter().map(|one| (one.code.clone(), one.events, one.is_lost)).collect();
    assert_eq!(problems, [("invalid_envelope".to_owned(), 1, true), ("unknown_key".to_owned(), 1, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_too_large_comes_in_halves_and_a_stranger_is_not_believed() {
    let scripted = Scripted::start().await;
    scripted.answer([(413, None, json!({})), (200, None, json!("Welcome to the hotel"))]);
    let client = scripted.client().flush_interval(NEVER).build().unwrap();
    for i in 0..10 {
        client.log_safe(Event::new("step").property("i", i)).unwrap();
    }
    eventually("all are delivered", async || client.flush().await).await;
    let sizes: Vec<usize> =
        scripted.batches().iter().map(|batch| batch["events"].as_array().unwrap().len()).collect();
    assert_eq!(sizes[..3], [10, 5, 5]);
    assert_eq!(client.stats().delivered, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_in_vain_is_told_in_time() {
    let nowhere = "http://127.0.0.1:9";
    let client = TelemetryClient::builder(nowhere, "sk_1")
        .delivery_timeout(Duration::from_millis(200))
        .drain_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = client.log(Event::new("a")).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { .. }) && error.is_retryable(), "{error}");
    assert_eq!((client.stats().waiting, client.stats().dropped["gave_up"]), (0, 1));
    client.log_safe(Event::new("b")).unwrap();
    assert!(!client.shutdown().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_caller_goes_away_is_sent_all_the_same() {
    let scripted = Scripted::start().await;
    scripted.answer([(503, None, json!({}))]);
    let client = scripted.client().build().unwrap();
    let cancelled = tokio::time::timeout(Duration::from_millis(50), client.log(Event::new("a"))).await;
    assert!(cancelled.is_err());
    eventually("it is delivered", async || client.stats().delivered == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_client_sends_what_waits() {
    let scripted = Scripted::start().await;
    let client = scripted.client().flush_interval(NEVER).build().unwrap();
    client.log_safe(Event::new("last")).unwrap();
    drop(client);
    eventually("it is sent", async || scripted.batches().len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_on_the_wire_or_on_the_disk() {
    let scripted = Scripted::start().await;
    scripted.answer([(503, None, json!({}))]);
    let folder = tempfile::tempdir().unwrap();
    let client = scripted.client().flush_interval(NEVER).queue_folder(folder.path()).build().unwrap();
    let planted = ["ada@example.org", "+44 20 7946 0958", "4111 1111 1111 1111", "hunter2-secret"];
    let event = || {
        Event::new("signed_up")
            .property("note", format!("to {} or {}", planted[0], planted[1]))
            .property("deep", json!({ "list": [planted[2]] }))
            .property("password", planted[3])
            .user_id(planted[0])
            .session_id(format!("of {}", planted[0]))
    };
    client.log_safe(event()).unwrap();
    assert!(!client.flush().await);
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read_to_string(file).unwrap();
    client.log(event()).await.unwrap();
    let sent = serde_json::to_string(&scripted.batches()).unwrap();
    for text in [&kept, &sent] {
        assert!(text.contains("signed_up"));
        for secret in planted {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    let batches = scripted.batches();
    let redacted = &batches.last().unwrap()["redacted"];
    assert!(redacted["email"].as_u64().unwrap() >= 2 && redacted["password"].is_u64(), "{redacted}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "what is delivered is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_travels_with_its_events() {
    let scripted = Scripted::start().await;
    let client = scripted.client().flush_interval(NEVER).build().unwrap();
    for consent in [Consent::Granted, Consent::Pending, Consent::Denied] {
        client.log_safe(Event::new("a").consent(consent)).unwrap();
    }
    let denied = client.log(Event::new("a").consent(Consent::Denied)).await.unwrap();
    assert_eq!(denied, Verdict::Filtered { reason: "consent".to_owned() });
    assert!(client.flush().await);
    let said: Vec<Value> = scripted.batches().iter().map(|batch| batch["consent"].clone()).collect();
    assert_eq!(said, ["granted", "pending"]);
    assert_eq!(client.stats().dropped["consent"], 2);
}

#[tokio::test]
async fn a_client_that_is_off_sends_nothing() {
    let client = TelemetryClient::builder("", "").enabled(false).build().unwrap();
    let verdict = client.log(Event::new("a")).await.unwrap();
    assert_eq!(verdict, Verdict::Filtered { reason: "disabled".to_owned() });
    client.log_safe(Event::new("a")).unwrap();
    assert!(client.flush().await && client.shutdown().await);
}
