//! Requests of a real axum app, and tracing events, as telemetry.

mod support;

use std::time::Duration;

use axum::{
    Router,
    extract::MatchedPath,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use pharos_client::{
    TelemetryClient,
    layer::{RequestLayer, TelemetryLayer},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing_subscriber::prelude::*;

use support::{Scripted, eventually, http};

/// What was sent, events only.
async fn sent(scripted: &Scripted, client: &TelemetryClient) -> Vec<Value> {
    assert!(client.flush().await);
    scripted.batches().iter().flat_map(|batch| batch["events"].as_array().unwrap().clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_recorded_without_what_is_the_visitors() {
    let scripted = Scripted::start().await;
    let client = scripted.client().flush_interval(Duration::from_secs(3600)).build().unwrap();
    let requests = RequestLayer::new(client.clone(), |request| {
        request.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned())
    });
    let app = Router::new()
        .route("/orders/{id}", get(|headers: HeaderMap| async move { headers.len().to_string() }))
        .route("/orders", post(|| async { StatusCode::CREATED }))
        .route("/slow", get(|| async { std::future::pending::<()>().await }))
        .layer(requests);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let http = http();
    let secret = |request: reqwest::RequestBuilder| request.header("cookie", "token=secret").send();
    secret(http.get(format!("{address}/orders/4711?token=secret"))).await.unwrap();
    secret(http.post(format!("{address}/orders"))).await.unwrap();
    secret(http.get(format!("{address}/nowhere/4711"))).await.unwrap();
    let slow = secret(http.get(format!("{address}/slow")));
    assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
    eventually("the caller's going is noticed", async || client.stats().waiting == 4).await;
    serving.abort();

    let events = sent(&scripted, &client).await;
    let told: Vec<Value> = events
        .iter()
        .map(|event| {
            let mut properties = event["properties"].clone();
            assert!(properties["response_time"].is_u64());
            properties.as_object_mut().unwrap().remove("response_time");
            assert_eq!(event["event"], "api_call");
            properties
        })
        .collect();
    assert_eq!(
        told,
        [
            json!({ "endpoint": "/orders/{id}", "method": "GET", "status_code": 200 }),
            json!({ "endpoint": "/orders", "method": "POST", "status_code": 201 }),
            json!({ "endpoint": "unmatched", "method": "GET", "status_code": 404 }),
            json!({ "endpoint": "/slow", "method": "GET", "outcome": "cancelled" }),
        ]
    );
    let text = serde_json::to_string(&scripted.batches()).unwrap();
    assert!(!text.contains("4711") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn an_error_of_the_service_is_an_outcome() {
    use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
    let scripted = Scripted::start().await;
    let client = scripted.client().flush_interval(Duration::from_secs(3600)).build().unwrap();
    let failing = service_fn(|_: axum::http::Request<()>| async {
        Err::<axum::http::Response<()>, _>(std::io::Error::other("no"))
    });
    let layer = RequestLayer::new(client.clone(), |_| Some("/pay".to_owned())).with_event("payment_call");
    let mut service = ServiceBuilder::new().layer(layer).service(failing);
    let method = "X".repeat(50);
    let request = axum::http::Request::builder().method(&*method).body(()).unwrap();
    assert!(service.ready().await.unwrap().call(request).await.is_err());
    let events = sent(&scripted, &client).await;
    assert_eq!(events[0]["event"], "payment_call");
    let properties = &events[0]["properties"];
    assert_eq!((&properties["outcome"], &properties["method"]), (&json!("error"), &json!("unknown")));
}

#[tokio::test]
async fn events_of_the_target_are_telemetry_and_nothing_else_is() {
    let scripted = Scripted::start().await;
    // A problem that is traced with the layer's own target must not be a problem again.
    let client = scripted
        .client()
        .flush_interval(Duration::from_secs(3600))
        .queue_events(3)
        .on_problem(|problem| {
            tracing::info!(target: "telemetry", event = "telemetry_problem", code = %problem.code);
        })
        .build()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(TelemetryLayer::new(client.clone()));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "telemetry", event = "order_paid", total = 99.5, items = 3, gift = true, user_id = 42, "paid by ada@example.org");
        tracing::info!(target: "telemetry", event = "order_failed", why = ?Some("card"), note = %"to ada@example.org", session_id = "s1");
        tracing::info!(target: "telemetry", count = 1, "no event");
        tracing::info!(event = "elsewhere", "another target");
        tracing::warn!(target: "pharos_client", event = "own");
        tracing::info!(target: "telemetry", event = "Bad-Name");
        tracing::info!(target: "telemetry", event = "third");
        tracing::info!(target: "telemetry", event = "does_not_fit");
    });
    let events = sent(&scripted, &client).await;
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["order_paid", "order_failed", "third"]);
    assert_eq!(events[0]["properties"], json!({ "total": 99.5, "items": 3, "gift": true }));
    assert!(events[0]["user_id"].as_str().unwrap().starts_with("u_"));
    assert_eq!(events[1]["properties"], json!({ "why": "Some(\"card\")", "note": "to [email]" }));
    assert_eq!(events[1]["session_id"], "s1");
    assert_eq!(client.stats().dropped, [("invalid".to_owned(), 1), ("queue_full".to_owned(), 1)].into());

    let own = TelemetryLayer::new(client.clone()).with_target("audit");
    tracing::subscriber::with_default(tracing_subscriber::registry().with(own), || {
        tracing::info!(target: "audit", event = "audited");
        tracing::info!(target: "telemetry", event = "not_audited");
    });
    assert_eq!(sent(&scripted, &client).await.last().unwrap()["event"], "audited");
}
