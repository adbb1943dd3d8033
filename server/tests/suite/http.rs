//! What holds for every request: headers, limits, slow and rude clients.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::support::{Backend, Place, TestServer, event, on_both};

/// Sends bytes as they are; returns what comes back until the server closes.
async fn raw(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    read_to_close(&mut stream).await
}

async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut reply)).await;
    // A reset is a way of closing.
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&reply).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_may_send_events() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let preflight = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,content-encoding"),
    ];
    let reply = server.send("OPTIONS", "/v1/events", &preflight, "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-allow-methods").contains("POST"));
    assert!(reply.header("access-control-allow-headers").contains("content-encoding"));
    assert_eq!(reply.header("access-control-max-age"), "86400");

    let batch = server.batch(&[event("from_elsewhere")]);
    let reply = server.send("POST", "/v1/events", &[("origin", "https://shop.example")], batch).await;
    assert_eq!(reply.verdicts(), ["accepted"]);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-expose-headers").contains("retry-after"));
    assert_eq!(reply.header("access-control-allow-credentials"), "", "cookies stay out of it");

    let reply = server.send("OPTIONS", "/v1/session", &preflight, "").await;
    assert_eq!(reply.header("access-control-allow-origin"), "", "only events and the SDK are open");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_headers() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    for (method, path) in
        [("GET", "/"), ("GET", "/demo/"), ("GET", "/login"), ("GET", "/nowhere"), ("PUT", "/v1/events")]
    {
        let reply = server.send(method, path, &[("x-request-id", "chosen by the caller")], "").await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("x-request-id").len(), 16, "{path}");
        assert!(reply.header("cache-control").starts_with("no-"), "{path}");
    }
    for path in ["/", "/demo/", "/login"] {
        let reply = server.get(path, &[]).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert!(reply.status == 200 || reply.text().contains("make build"), "{path}: {}", reply.text());
    }
    assert_eq!(server.get("/assets/../../Cargo.toml", &[]).await.status, 404);
    assert_eq!(server.send("PUT", "/v1/events", &[], "").await.problem().1, "method_not_allowed");
    assert_eq!(server.get("/nowhere", &[]).await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_cut_off() {
    let place = Place::new(Backend::Sqlite).await;
    let mut config = place.config();
    config.limits.header_timeout = Duration::from_millis(400);
    config.limits.body_timeout = Duration::from_millis(800);
    config.limits.body_idle_timeout = Duration::from_millis(200);
    let server = TestServer::start(config).await;
    let began = Instant::now();

    assert_eq!(raw(&server, b"POST /v1/events HTTP/1.1\r\nhost: x\r\n").await, "", "headers that never end");
    assert_eq!(raw(&server, b"").await, "", "silence");

    let head = b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{";
    let reply = raw(&server, head).await;
    assert!(reply.starts_with("HTTP/1.1 408 ") && reply.contains("request_timeout"), "{reply}");

    // Never silent for long, but far too slow.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head).await.unwrap();
    let (mut read, mut write) = stream.split();
    let drip = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if write.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut reply = Vec::new();
    tokio::select! {
        read = timeout(Duration::from_secs(10), read.read_to_end(&mut reply)) => { let _ = read.unwrap(); }
        () = drip => {}
    }
    let reply = String::from_utf8_lossy(&reply);
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
    assert!(began.elapsed() < Duration::from_secs(8));
    assert_eq!(server.post_events(&[event("unharmed")]).await.verdicts(), ["accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rude_clients_get_a_status_or_a_closed_connection() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let flood = format!("GET / HTTP/1.1\r\n{}\r\n", "x-flood: 0123456789\r\n".repeat(10_000));
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    for (name, bytes) in [
        ("many headers", flood.as_bytes()),
        ("a long path", long.as_bytes()),
        ("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        (
            "two lengths",
            b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        ),
    ] {
        let reply = raw(&server, bytes).await;
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 4"), "{name}: {reply}");
    }
    let announced = "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 52428800\r\n\r\n";
    let reply = raw(&server, announced.as_bytes()).await;
    assert!(reply.starts_with("HTTP/1.1 413 ") && reply.contains("batch_too_large"), "{reply}");
    assert_eq!(server.post_events(&[event("unharmed")]).await.verdicts(), ["accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_and_given_back() {
    let place = Place::new(Backend::Sqlite).await;
    let mut config = place.config();
    config.limits.connections_max = 3;
    let server = TestServer::start(config).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        idle.push(stream);
    }
    let mut fourth = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_to_close(&mut fourth).await, "", "one too many");
    drop(idle);
    crate::support::eventually("a connection is free again", async || {
        server.try_send("GET", "/health/live", &[], "").await.is_some_and(|reply| reply.status == 200)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_memory_refuses_and_recovers() {
    let place = Place::new(Backend::Sqlite).await;
    let mut config = place.config();
    config.limits.queue_bytes = 10_000;
    let server = TestServer::start(config).await;
    let many: Vec<_> = (0..100).map(|_| event("many")).collect();
    let reply = server.post_events(&many).await;
    assert_eq!(reply.problem(), (503, "overloaded".to_owned()));
    assert_eq!(reply.header("retry-after"), "2");
    assert!(place.ids().await.is_empty(), "nothing of a refused request is stored");
    for _ in 0..20 {
        assert_eq!(server.post_events(&many[..5]).await.status, 200, "what was held is given back");
    }
}

on_both! {
    async fn a_beacon_that_hangs_up_is_stored_all_the_same(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let batch = json!({ "key": server.ingest_key, "events": [event("page_left")] }).to_string();
        let request = format!(
            "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{batch}",
            batch.len()
        );
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        crate::support::eventually("the event is stored", async || place.ids().await.len() == 1).await;
        drop(stream);
    }
}
