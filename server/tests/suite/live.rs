//! `/v1/live` as its readers meet it.

use std::time::Duration;

use axum::http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use pharos_server::Left;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Backend, Place, TestServer, event, on_both};

const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of server-sent events.
struct Stream {
    body: Incoming,
    read: String,
}

impl Stream {
    async fn open(server: &TestServer, headers: &[(&str, &str)]) -> Self {
        let reply = server.open("/v1/live", headers).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Self { body: reply.into_body(), read: String::new() }
    }

    /// The next event's name and data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let (name, data) = (field("event: "), field("data: "));
                let found =
                    name.zip(data).map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.read = rest.to_owned();
                match found {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("something every second")?;
            self.read.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
    }

    async fn ended(&mut self) {
        while self.next().await.is_some() {}
    }
}

async fn status_of(reply: Response<Incoming>) -> u16 {
    reply.status().as_u16()
}

on_both! {
    async fn what_arrives_is_shown(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let mut stream = Stream::open(&server, &[("authorization", &bearer)]).await;
        assert_eq!(stream.next().await.unwrap().0, "counts", "one at once, for those who wait");

        let sent: Vec<Value> = (0..50).map(|n| event(if n < 30 { "page_view" } else { "sign_up" })).collect();
        server.post_events(&sent).await;
        // Known already: nothing new arrives.
        server.post_events(&sent).await;
        let (mut count, mut sampled, mut by_name) = (0, Vec::new(), [0, 0]);
        while count < 50 {
            let (name, data) = stream.next().await.unwrap();
            match name.as_str() {
                "sample" => sampled.push(data),
                _ => {
                    count += data["count"].as_u64().unwrap();
                    for (sum, name) in by_name.iter_mut().zip(["page_view", "sign_up"]) {
                        *sum += data["events"][name].as_u64().unwrap_or(0);
                    }
                    assert!(data["at"].is_string());
                }
            }
        }
        assert_eq!((count, by_name), (50, [30, 20]));
        assert_eq!(sampled.len(), 20, "no more than a person can read");
        let recent = server.recent("?limit=1000").await;
        for sample in &sampled {
            let stored = recent.iter().find(|stored| stored["id"] == sample["id"]).unwrap();
            assert_eq!(stored, sample, "as it is stored");
        }
    }

    async fn it_ends_when_the_server_stops(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let mut stream = Stream::open(&server, &[("authorization", &bearer)]).await;
        stream.next().await.unwrap();
        server.begin_stop();
        stream.ended().await;
        assert_eq!(server.stopped().await, Left { connections: 0, requests: 0 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_its_reader_signs_out() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let token = server.welcome.login_token.clone().unwrap();
    let body = json!({ "token": token }).to_string();
    let signed_in = server.send("POST", "/v1/session", &[("content-type", "application/json")], body).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let mut stream = Stream::open(&server, &[("cookie", &cookie)]).await;
    stream.next().await.unwrap();
    place.execute("DELETE FROM dashboard_sessions").await;
    stream.ended().await;
    assert_eq!(status_of(server.open("/v1/live", &[("cookie", &cookie)]).await).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_bounded_and_slow_ones_hold_up_nobody() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let bearer = format!("Bearer {}", server.secret_key());
    let mut open = Vec::new();
    for _ in 0..100 {
        let reply = server.open("/v1/live", &[("authorization", &bearer)]).await;
        assert_eq!(reply.status(), 200);
        open.push(reply);
    }
    assert_eq!(status_of(server.open("/v1/live", &[("authorization", &bearer)]).await).await, 503);
    // None of them reads a byte.
    for _ in 0..20 {
        let mut events: Vec<Value> = (0..100).map(|_| event("flood")).collect();
        for event in &mut events {
            event["properties"] = json!({ "text": "t".repeat(1000) });
        }
        assert_eq!(server.post_events(&events).await.count("accepted"), 100);
    }
    drop(open);
    crate::support::eventually("a place is free again", async || {
        status_of(server.open("/v1/live", &[("authorization", &bearer)]).await).await == 200
    })
    .await;
}
