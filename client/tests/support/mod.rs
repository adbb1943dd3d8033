//! The real server on an address that stays, and one that answers as it is told.

#![allow(dead_code, reason = "each test binary uses some of it")]

use std::{
    collections::VecDeque,
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use pharos_client::{Builder, TelemetryClient};
use pharos_server::{Left, RunError, config::Config, run, settings::Values};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) const KEY: &str = "sk_0123456789abcdef0123456789abcdef";

/// A place for events, which outlives the servers on it, and an address for them.
pub(crate) struct Place {
    dir: TempDir,
    address: SocketAddr,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) origin: String,
    shutdown: CancellationToken,
    running: JoinHandle<Result<Left, RunError>>,
}

impl Place {
    pub(crate) fn new() -> Self {
        // Free a moment ago; a server is to come back to it.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { dir: TempDir::new().unwrap(), address }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn start(&self) -> Server {
        let values = Values::default()
            .with("data_dir", self.dir.path().to_str().unwrap())
            .with("pepper", "a pepper for tests, long enough to pass")
            .with("secret_key", KEY);
        let config = Config::from_values(&values).unwrap();
        let listener = TcpListener::bind(self.address).await.unwrap();
        let shutdown = CancellationToken::new();
        let (tell, told) = oneshot::channel();
        let running = tokio::spawn(run(config, listener, shutdown.clone(), move |_, _| {
            tell.send(()).unwrap();
        }));
        told.await.expect("the server starts");
        Server { origin: self.origin(), shutdown, running }
    }

    pub(crate) fn client(&self, server: &Server) -> Builder {
        TelemetryClient::builder(&server.origin, KEY)
    }
}

impl Server {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = http().get(format!("{}{path}", self.origin)).bearer_auth(KEY);
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    /// What is stored, at most 1,000.
    pub(crate) async fn events(&self) -> Vec<Value> {
        self.get("/v1/events?limit=1000").await["events"].as_array().unwrap().clone()
    }
}

/// A client to look with.
pub(crate) fn http() -> reqwest::Client {
    // As the package's reqwest brings no provider of its own. Another test may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// An answer: a status, `Retry-After`, a body.
type Answer = (u16, Option<&'static str>, Value);

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    batches: Vec<Value>,
}

/// Answers as it is told, then accepts everything.
pub(crate) struct Scripted {
    origin: String,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let app = Router::new().route("/v1/events", post(take)).with_state(script.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { origin, script, serving }
    }

    /// What is answered to the next batches.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn batches(&self) -> Vec<Value> {
        self.script.lock().unwrap().batches.clone()
    }

    pub(crate) fn client(&self) -> Builder {
        TelemetryClient::builder(&self.origin, KEY)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers[header::AUTHORIZATION], format!("Bearer {KEY}"));
    let mut text = Vec::new();
    if headers.contains_key(header::CONTENT_ENCODING) {
        flate2::read::GzDecoder::new(&*body).read_to_end(&mut text).unwrap();
    } else {
        text.extend_from_slice(&body);
    }
    let batch: Value = serde_json::from_slice(&text).unwrap();
    let accepted = vec![json!({ "verdict": "accepted" }); batch["events"].as_array().unwrap().len()];
    let mut script = script.lock().unwrap();
    script.batches.push(batch);
    let (status, retry_after, body) = script.answers.pop_front().unwrap_or((200, None, verdicts(&accepted)));
    let mut response = (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.parse().unwrap());
    }
    response
}

/// A reply with these verdicts.
pub(crate) fn verdicts(verdicts: &[Value]) -> Value {
    json!({ "verdicts": verdicts })
}

/// Waits until `condition` holds, or fails after twenty seconds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
